#include "stratus/cli/start_check.hpp"

#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace stratus::cli {
namespace {

constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr int kMaxLinks = 40;  // as Linux has it

// Components of a path in reverse order, so that the next one is at the end.
void push_components(std::vector<std::string>& to, std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  to.insert(to.end(), parts.rbegin(), parts.rend());
}

// The node that an absolute path means, links followed as with "/" at the root of the tree; null without one.
const oci::TreeNode* resolve(const oci::Tree& tree, std::string_view path) {
  std::vector<std::string> left;
  push_components(left, path);
  std::string at;
  int links = 0;
  while (!left.empty()) {
    const std::string part = std::move(left.back());
    left.pop_back();
    if (part == "..") {
      const std::size_t slash = at.rfind('/');
      at.resize(slash == std::string::npos ? 0 : slash);
      continue;
    }
    const std::string next = at.empty() ? part : at + "/" + part;
    const auto found = tree.nodes.find(next);
    if (found == tree.nodes.end()) return nullptr;
    if (found->second.entry.type == oci::EntryType::symlink) {
      if (++links > kMaxLinks) return nullptr;
      const std::string& target = found->second.entry.link_target;
      if (target.starts_with('/')) at.clear();
      push_components(left, target);
      continue;
    }
    at = next;
  }
  const auto found = tree.nodes.find(at);
  return found == tree.nodes.end() ? nullptr : &found->second;
}

std::string search_path(const oci::ImageConfig& config) {
  for (const std::string& setting : config.env) {
    if (setting.starts_with("PATH=")) return setting.substr(5);
  }
  return std::string(kDefaultPath);
}

}  // namespace

std::string check_start(const oci::ImageConfig& config, const oci::Tree& tree) {
  const std::vector<std::string> command = config.command();
  if (command.empty() || command.front().empty()) {
    return "nothing says what to start; give --entrypoint or --cmd";
  }
  const std::string& program = command.front();
  const oci::TreeNode* node = nullptr;
  if (program.find('/') != std::string::npos) {
    node = resolve(tree, program.starts_with('/') ? program : config.working_dir + "/" + program);
  } else {
    const std::string path = search_path(config);
    for (std::size_t begin = 0; begin <= path.size() && node == nullptr;) {
      const std::size_t end = std::min(path.find(':', begin), path.size());
      node = resolve(tree, path.substr(begin, end - begin) + "/" + program);
      begin = end + 1;
    }
    if (node == nullptr) return fmt::format("{} is in no directory of the image's PATH ({})", program, path);
  }
  if (node == nullptr) return fmt::format("there is no {} in the image", program);
  if (node->entry.type != oci::EntryType::file) return fmt::format("{} is not a file", program);
  if ((node->entry.mode & 0111u) == 0) return fmt::format("{} is not executable", program);
  return "";
}

}  // namespace stratus::cli
