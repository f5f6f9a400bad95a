#include "stratus/oci/layer_rules.hpp"

#include <fmt/format.h>

namespace stratus::oci {
namespace {

constexpr std::size_t kMaxName = 255, kMaxPath = 4095, kMaxDepth = 255;
constexpr std::string_view kWhiteout = ".wh.", kWhiteoutMeta = ".wh..wh.", kOpaque = ".wh..wh..opq";

// Components joined by '/', or why not. "" for the root.
Result<std::string> normalise(std::string_view path) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::invalid, fmt::format("path {} {}", shown(path), why));
  };
  if (path.starts_with('/')) return bad("is absolute; a layer's paths are relative");
  if (path.find('\0') != path.npos) return bad("contains a NUL byte");
  if (path.size() > kMaxPath) return bad("is longer than 4095 bytes");
  std::string out;
  std::size_t depth = 0;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view component = path.substr(0, slash);
    path = slash == path.npos ? std::string_view() : path.substr(slash + 1);
    if (component.empty() || component == ".") continue;
    if (component == "..") return fail(ErrorCode::invalid, "a path with '..' would lead out of the layer");
    if (component.size() > kMaxName) return fail(ErrorCode::invalid, "a name longer than 255 bytes");
    if (++depth > kMaxDepth) return fail(ErrorCode::invalid, "a path of more than 255 levels");
    if (!out.empty()) out += '/';
    out += component;
  }
  return out;
}

}  // namespace

std::string LayerPath::path() const {
  if (name.empty()) return parent;
  return parent.empty() ? name : parent + "/" + name;
}

Result<LayerPath> parse_layer_path(std::string_view path) {
  STRATUS_TRY(whole, normalise(path).with_context(shown(path)));
  LayerPath out;
  const std::size_t slash = whole.rfind('/');
  out.parent = slash == whole.npos ? std::string() : whole.substr(0, slash);
  out.name = slash == whole.npos ? whole : whole.substr(slash + 1);
  if (out.parent.starts_with(kWhiteout) || out.parent.find("/.wh.") != std::string::npos) {
    return fail(ErrorCode::invalid, fmt::format("{} lies below a whiteout", shown(path)));
  }
  if (out.name == kOpaque) {
    out.mark = LayerMark::opaque;
    out.name.clear();
  } else if (out.name.starts_with(kWhiteoutMeta)) {
    out.mark = LayerMark::ignored;
  } else if (out.name.starts_with(kWhiteout)) {
    out.mark = LayerMark::whiteout;
    out.name.erase(0, kWhiteout.size());
    if (out.name.empty() || out.name == "." || out.name == "..") {
      return fail(ErrorCode::invalid, fmt::format("{} is a whiteout of nothing", shown(path)));
    }
  }
  return out;
}

Result<std::string> parse_link_path(std::string_view path) {
  STRATUS_TRY(target, parse_layer_path(path).with_context("hard link target"));
  if (target.mark != LayerMark::none || target.name.empty()) {
    return fail(ErrorCode::invalid, fmt::format("hard link target {} is not a file", shown(path)));
  }
  return target.path();
}

Result<LayerPath> LayerGuard::admit(TarEntry& entry) {
  STRATUS_TRY(path, parse_layer_path(entry.path));
  const auto refuse = [&](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("{} {}", shown(entry.path), why));
  };
  if (++entries_ > policy_.max_entries) {
    return fail(ErrorCode::no_space, fmt::format("more than {} entries in one layer", policy_.max_entries));
  }
  if (entry.size > policy_.max_bytes || (bytes_ += entry.size) > policy_.max_bytes) {
    return refuse(ErrorCode::no_space,
                  fmt::format("takes the layer beyond the {} bytes allowed", policy_.max_bytes));
  }
  const bool device = entry.type == EntryType::char_device || entry.type == EntryType::block_device;
  if (device && path.mark == LayerMark::none) {
    if (!policy_.keep_devices) {
      return refuse(ErrorCode::denied,
                    "is a device node, which is refused here (--devices keep allows them)");
    }
    if (entry.type == EntryType::char_device && entry.device_major == 0 && entry.device_minor == 0) {
      return refuse(ErrorCode::invalid, "is character device 0/0, which overlayfs takes for a deletion");
    }
  }
  if (entry.type != EntryType::directory && path.mark == LayerMark::none && path.name.empty()) {
    return refuse(ErrorCode::invalid, "would replace the root directory");
  }
  if (entry.type == EntryType::symlink && (entry.link_target.empty() || entry.link_target.size() > kMaxPath ||
                                           entry.link_target.find('\0') != std::string::npos)) {
    return refuse(ErrorCode::invalid, "is a symbolic link with an unusable target");
  }
  std::uint64_t xattr_bytes = 0;
  for (const auto& [name, value] : entry.xattrs) {
    xattr_bytes += name.size() + value.size();
    if (name.empty() || name.size() > kMaxName || name.find('\0') != std::string::npos) {
      return refuse(ErrorCode::invalid, "has an extended attribute with an unusable name");
    }
    // These steer overlayfs on the device: a layer could show or hide what is not its own.
    if (name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.")) {
      return refuse(ErrorCode::denied,
                    fmt::format("has the attribute {}, which would steer overlayfs", name));
    }
  }
  if (xattr_bytes > policy_.max_xattr_bytes) {
    return refuse(ErrorCode::no_space,
                  fmt::format("has more than {} bytes of extended attributes", policy_.max_xattr_bytes));
  }
  if (!policy_.keep_setuid && entry.type == EntryType::file) entry.mode &= 01777;
  return path;
}

bool is_host_xattr(std::string_view name) { return name == "security.selinux"; }

std::string shown(std::string_view path) {
  constexpr std::size_t kShown = 200;
  std::string out = "'";
  for (const char character : path.substr(0, kShown)) {
    if (static_cast<unsigned char>(character) < 0x20 || character == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(character));
    } else {
      out += character;
    }
  }
  return out + (path.size() > kShown ? "…'" : "'");
}

}  // namespace stratus::oci
