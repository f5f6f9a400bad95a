#include "stratus/runtime/control_group.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "stratus/base/file.hpp"

namespace stratus::runtime {
namespace {

namespace fs = std::filesystem;
const fs::path kRoot = "/sys/fs/cgroup";

bool is_version_2() {
  struct statfs status {};
  return ::statfs(kRoot.c_str(), &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

Result<void> write_value(const fs::path& path, const std::string& value) {
  STRATUS_TRY(fd, open_file(path, O_WRONLY));
  return write_all(fd.get(), as_bytes(value)).with_context(path.string());
}

Result<void> make_directory(const fs::path& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    return fail(Error::from_errno("mkdir " + path.string()));
  }
  return {};
}

Result<void> limit_version_2(const fs::path& parent, const fs::path& directory, const Limits& limits) {
  STRATUS_CHECK(write_value(kRoot / "cgroup.subtree_control", "+memory +pids"));
  STRATUS_CHECK(make_directory(parent));
  STRATUS_CHECK(write_value(parent / "cgroup.subtree_control", "+memory +pids"));
  STRATUS_CHECK(make_directory(directory));
  if (limits.memory_bytes > 0) {
    STRATUS_CHECK(write_value(directory / "memory.max", std::to_string(limits.memory_bytes)));
    (void)write_value(directory / "memory.swap.max", "0");  // absent without swap
  }
  if (limits.pids > 0) STRATUS_CHECK(write_value(directory / "pids.max", std::to_string(limits.pids)));
  return {};
}

Result<void> limit_version_1(const std::string& controller, const fs::path& directory, const Limits& limits) {
  STRATUS_CHECK(make_directory(directory.parent_path()));
  STRATUS_CHECK(make_directory(directory));
  if (controller == "pids") return write_value(directory / "pids.max", std::to_string(limits.pids));
  STRATUS_CHECK(write_value(directory / "memory.limit_in_bytes", std::to_string(limits.memory_bytes)));
  // With swap accounting the sum must not be more; absent otherwise.
  (void)write_value(directory / "memory.memsw.limit_in_bytes", std::to_string(limits.memory_bytes));
  return {};
}

std::vector<fs::path> parents() {
  if (is_version_2()) return {kRoot / "stratus"};
  return {kRoot / "memory" / "stratus", kRoot / "pids" / "stratus"};
}

}  // namespace

ControlGroup make_control_group(const std::string& instance, const Limits& limits,
                                std::vector<std::string>& missing) {
  ControlGroup group;
  const auto note = [&](const std::string& what, const Result<void>& done, const fs::path& directory) {
    if (done) {
      group.directories.push_back(directory.string());
    } else {
      missing.push_back(fmt::format("no {} limit: {}", what, done.error().text()));
    }
  };
  if (is_version_2()) {
    const fs::path parent = kRoot / "stratus";
    note("memory and pids", limit_version_2(parent, parent / instance, limits), parent / instance);
    return group;
  }
  for (const std::string controller : {"memory", "pids"}) {
    if ((controller == "memory" ? limits.memory_bytes : limits.pids) == 0) continue;
    const fs::path directory = kRoot / controller / "stratus" / instance;
    note(controller, limit_version_1(controller, directory, limits), directory);
  }
  return group;
}

Result<void> enter_control_group(const ControlGroup& group, int pid) {
  for (const std::string& directory : group.directories) {
    STRATUS_CHECK(write_value(fs::path(directory) / "cgroup.procs", std::to_string(pid)));
  }
  return {};
}

Result<std::vector<FileDescriptor>> open_control_group(const std::string& instance) {
  std::vector<FileDescriptor> groups;
  if (instance.empty()) return groups;
  for (const fs::path& parent : parents()) {
    auto procs = open_file(parent / instance / "cgroup.procs", O_WRONLY);
    if (!procs && procs.error().code() == ErrorCode::not_found) continue;
    if (!procs) return forward_error(std::move(procs));
    groups.push_back(std::move(*procs));
  }
  return groups;
}

void remove_control_group(const std::string& instance) {
  for (const fs::path& parent : parents()) {
    const std::string directory = (parent / instance).string();
    // A check that ran inside may need another moment to end.
    for (int attempt = 0; ::rmdir(directory.c_str()) != 0 && errno == EBUSY && attempt < 10; ++attempt) {
      ::usleep(2'000);
    }
  }
}

std::vector<std::string> list_control_groups() {
  std::set<std::string> names;
  for (const fs::path& parent : parents()) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(parent, ignored)) {
      if (entry.is_directory(ignored)) names.insert(entry.path().filename().string());
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace stratus::runtime
