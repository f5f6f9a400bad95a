// One member of a tar archive as OCI layers use it (POSIX.1-2001 pax, GNU long names and base-256 numbers;
// OCI image specification 1.1, layer.md).
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace stratus::oci {

enum class EntryType : std::uint8_t { file, directory, symlink, hard_link, char_device, block_device, fifo };

struct TarEntry {
  std::string path;  // as in the archive: relative, may start with "./", end with "/"; not yet checked
  EntryType type = EntryType::file;
  std::uint32_t mode = 0;  // permission bits with setuid, setgid and sticky; no file type
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size = 0;    // bytes of data that follow; only files have any
  std::int64_t mtime_s = 0;  // seconds since 1970
  std::uint32_t mtime_ns = 0;
  std::string link_target;  // symlink and hard_link
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::map<std::string, std::string> xattrs;  // "SCHILY.xattr." records, name without that prefix
};

}  // namespace stratus::oci
