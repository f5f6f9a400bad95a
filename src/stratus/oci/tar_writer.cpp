#include "stratus/oci/tar_writer.hpp"

#include <fmt/format.h>

#include "stratus/oci/pax.hpp"
#include "stratus/oci/tar_block.hpp"

namespace stratus::oci {
namespace {

constexpr std::uint8_t kZeros[2 * kTarBlock] = {};

char type_flag(EntryType type) {
  switch (type) {
    case EntryType::file:
      return '0';
    case EntryType::hard_link:
      return '1';
    case EntryType::symlink:
      return '2';
    case EntryType::char_device:
      return '3';
    case EntryType::block_device:
      return '4';
    case EntryType::directory:
      return '5';
    case EntryType::fifo:
      return '6';
  }
  return '0';
}

// The field when it fits, else a record and an empty field.
std::uint64_t fit(std::uint64_t value, std::uint64_t limit, const char* key, PaxRecords& records) {
  if (value <= limit) return value;
  records.emplace(key, fmt::format("{}", value));
  return 0;
}

std::string fit_text(const std::string& value, const char* key, PaxRecords& records) {
  if (value.size() > kMaxUstarName) records.emplace(key, value);
  return value.substr(0, kMaxUstarName);
}

}  // namespace

Result<void> TarWriter::begin(const TarEntry& entry) {
  PaxRecords records;
  TarBlock block;
  std::string path = entry.path;
  if (entry.type == EntryType::directory && !path.ends_with('/')) path += '/';
  block.name = fit_text(path, "path", records);
  block.link_name = fit_text(entry.link_target, "linkpath", records);
  block.type = type_flag(entry.type);
  block.mode = entry.mode & 07777;
  block.uid = fit(entry.uid, kMaxOctal7, "uid", records);
  block.gid = fit(entry.gid, kMaxOctal7, "gid", records);
  size_ = left_ = entry.type == EntryType::file ? entry.size : 0;
  block.size = fit(size_, kMaxOctal11, "size", records);
  const bool odd_time =
      entry.mtime_ns != 0 || entry.mtime_s < 0 || static_cast<std::uint64_t>(entry.mtime_s) > kMaxOctal11;
  block.mtime =
      entry.mtime_s < 0 || static_cast<std::uint64_t>(entry.mtime_s) > kMaxOctal11 ? 0 : entry.mtime_s;
  if (odd_time) records.emplace("mtime", format_pax_time({entry.mtime_s, entry.mtime_ns}));
  if (entry.device_major > kMaxOctal7 || entry.device_minor > kMaxOctal7) {
    return fail(ErrorCode::invalid, fmt::format("{}: device number too large for tar", entry.path));
  }
  block.device_major = entry.device_major;
  block.device_minor = entry.device_minor;
  for (const auto& [name, value] : entry.xattrs) records.emplace(std::string(kXattrPrefix) + name, value);

  if (!records.empty()) {
    std::string payload;
    for (const auto& [key, value] : records) payload += format_pax_record(key, value);
    TarBlock extended;
    extended.name = "pax";
    extended.type = 'x';
    extended.mode = 0644;
    extended.size = payload.size();
    payload.resize(payload.size() + tar_padding(payload.size()));
    STRATUS_CHECK(sink_(encode_tar_block(extended)));
    STRATUS_CHECK(sink_(as_bytes(payload)));
  }
  return sink_(encode_tar_block(block));
}

Result<void> TarWriter::data(BytesView bytes) {
  if (bytes.size() > left_) return fail(ErrorCode::internal, "tar entry: more data than its size");
  left_ -= bytes.size();
  return sink_(bytes);
}

Result<void> TarWriter::end() {
  if (left_ != 0) return fail(ErrorCode::internal, "tar entry: less data than its size");
  const std::size_t padding = tar_padding(size_);
  return padding == 0 ? Result<void>() : sink_(BytesView(kZeros).first(padding));
}

Result<void> TarWriter::finish() { return sink_(kZeros); }

}  // namespace stratus::oci
