// What a layer may contain, asked in one place by everything that reads layers: unpacking on a device, trees
// for publishing, deltas' old files (OCI image specification 1.1, layer.md, "Whiteouts").
//
// Layers are hostile until proven otherwise. A path with "..", an absolute path, a device node that nobody
// asked for or a number beyond the limits is refused with its reason; nothing is "cleaned up" silently.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"
#include "stratus/oci/tar_entry.hpp"

namespace stratus::oci {

enum class LayerMark : std::uint8_t {
  none,      // an ordinary entry
  whiteout,  // ".wh.NAME": NAME of the layers below is gone
  opaque,    // ".wh..wh..opq": nothing of the layers below shows in this directory
  ignored,   // other names beginning with ".wh..wh.": AUFS's own bookkeeping
};

// Where an entry belongs: components joined by '/', no "." or "..", no slash at either end.
struct LayerPath {
  std::string parent;  // "" is the root
  std::string name;    // of a whiteout: what it hides; of an opaque mark: ""; "" with mark none is the root
  LayerMark mark = LayerMark::none;

  // The entry's own path, or what the whiteout hides; of an opaque mark its directory.
  std::string path() const;
};

// `invalid` for absolute paths, "..", NUL, components over 255 bytes, paths over 4,095 bytes or 255 levels,
// and whiteouts of nothing.
Result<LayerPath> parse_layer_path(std::string_view path);
// The target of a hard link, by the same rules and never a whiteout.
Result<std::string> parse_link_path(std::string_view path);

struct LayerPolicy {
  bool keep_devices = false;  // refuse block and character devices otherwise
  bool keep_setuid = true;    // drop setuid and setgid bits of files otherwise
  std::uint64_t max_entries = 1'000'000;
  std::uint64_t max_bytes = 16ull << 30;      // of all files together
  std::uint64_t max_xattr_bytes = 64u << 10;  // of one entry, names and values
};

// One object a layer; counts what passes.
class LayerGuard {
 public:
  explicit LayerGuard(const LayerPolicy& policy) : policy_(policy) {}
  // Where the entry belongs, or why it may not pass: `denied` for device nodes, `no_space` beyond a limit,
  // `invalid` otherwise. `entry` is changed as the policy asks (setuid).
  Result<LayerPath> admit(TarEntry& entry);
  std::uint64_t entries() const { return entries_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  LayerPolicy policy_;
  std::uint64_t entries_ = 0;
  std::uint64_t bytes_ = 0;
};

// Attributes that belong to the machine and not to the image, left out everywhere (SELinux labels).
bool is_host_xattr(std::string_view name);

// In quotes, control characters as \xNN, cut to a readable length: for messages.
std::string shown(std::string_view path);

}  // namespace stratus::oci
