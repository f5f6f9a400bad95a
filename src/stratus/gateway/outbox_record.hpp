// A report or sample on its way to the upstream, and how records stand in a file one behind the other
// (docs/formats/gateway-cache.md). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stratus::gateway {

struct OutboxRecord {
  std::string target;  // "/api/v1/devices/a/reports", percent-encoded
  std::string body;
  std::string via;          // the gateways it came through
  std::string signature{};  // the device's, passed on untouched; "" for none

  bool operator==(const OutboxRecord&) const = default;
};

inline constexpr std::size_t kRecordHead = 12;
inline constexpr std::size_t kRecordState = 3;  // offset of the byte that says whether it is done with
inline constexpr char kRecordDone = 1;
inline constexpr std::size_t kMaxRecordText = 64u << 10;

// Appends the bytes of one record that waits. False, and nothing appended, when it is too long.
bool append_record(const OutboxRecord& record, std::string& out);

struct FramedRecord {
  OutboxRecord record;
  std::size_t length = 0;  // head and text
  bool done = false;
};
// The record at the start of `bytes`; nullopt when none stands there whole.
std::optional<FramedRecord> parse_record(std::string_view bytes);

struct FoundRecord {
  std::uint64_t offset = 0;
  std::uint32_t length = 0;
  bool done = false;
  std::string target;
};
struct RecordScan {
  std::vector<FoundRecord> found;
  std::size_t damaged = 0;  // stretches before or between whole records that are none
  std::uint64_t end = 0;    // behind the last whole record
};
// All whole records of a file. Behind damage it goes on at the next whole record: the checksum decides, and
// a record's text, a path and JSON, holds no byte that could begin one.
RecordScan scan_records(std::string_view file);

}  // namespace stratus::gateway
