// For tests only: archives in one expression.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "stratus/oci/tar_writer.hpp"

namespace stratus::oci::testing {

struct Member {
  TarEntry entry;
  std::string data;
};

inline Member file(std::string path, std::string data = "", std::uint32_t mode = 0644) {
  Member member;
  member.entry.path = std::move(path);
  member.entry.mode = mode;
  member.entry.size = data.size();
  member.entry.mtime_s = 1'600'000'000;
  member.data = std::move(data);
  return member;
}
inline Member of_type(EntryType type, std::string path, std::string target = "", std::uint32_t mode = 0755) {
  Member member = file(std::move(path), "", mode);
  member.entry.type = type;
  member.entry.link_target = std::move(target);
  return member;
}
inline Member directory(std::string path, std::uint32_t mode = 0755) {
  return of_type(EntryType::directory, std::move(path), "", mode);
}
inline Member symlink(std::string path, std::string target) {
  return of_type(EntryType::symlink, std::move(path), std::move(target), 0777);
}
inline Member hard_link(std::string path, std::string target) {
  return of_type(EntryType::hard_link, std::move(path), std::move(target), 0644);
}
inline Member device(std::string path, unsigned major, unsigned minor) {
  Member member = of_type(EntryType::char_device, std::move(path), "", 0666);
  member.entry.device_major = major;
  member.entry.device_minor = minor;
  return member;
}
inline Member with_xattr(Member member, std::string name, std::string value) {
  member.entry.xattrs.emplace(std::move(name), std::move(value));
  return member;
}

inline std::string tar_of(const std::vector<Member>& members) {
  std::string out;
  TarWriter writer([&](BytesView bytes) {
    out += as_text(bytes);
    return Result<void>();
  });
  for (const Member& member : members) {
    (void)writer.begin(member.entry);
    (void)writer.data(as_bytes(member.data));
    (void)writer.end();
  }
  (void)writer.finish();
  return out;
}

}  // namespace stratus::oci::testing
