#include "stratus/gateway/outbox_record.hpp"

#include <algorithm>

#include "stratus/base/bytes.hpp"
#include "stratus/crypto/sha256.hpp"

namespace stratus::gateway {
namespace {

std::uint8_t at(std::string_view bytes, std::size_t index) { return static_cast<std::uint8_t>(bytes[index]); }

}  // namespace

bool append_record(const OutboxRecord& record, std::string& out) {
  const std::string via = record.via.empty() ? std::string() : " " + record.via;
  const std::string signature = record.signature.empty() ? std::string() : "\t" + record.signature;
  const std::string text = record.target + via + signature + "\n" + record.body;
  if (text.size() > kMaxRecordText) return false;
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(text.size() >> shift & 0xff));
  const Digest digest = sha256(std::string_view(text));
  out.append(as_text(digest.bytes().first(8))).append(text);
  return true;
}

std::optional<FramedRecord> parse_record(std::string_view bytes) {
  if (bytes.size() < kRecordHead) return std::nullopt;
  const std::size_t size = at(bytes, 0) | at(bytes, 1) << 8 | at(bytes, 2) << 16;
  const bool done = bytes[kRecordState] == kRecordDone;
  if (bytes[kRecordState] != 0 && !done) return std::nullopt;
  if (size > kMaxRecordText || size > bytes.size() - kRecordHead) return std::nullopt;
  const std::string_view text = bytes.substr(kRecordHead, size);
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return std::nullopt;
  const Digest digest = sha256(text);
  if (as_text(digest.bytes().first(8)) != bytes.substr(4, 8)) return std::nullopt;
  FramedRecord framed;
  const std::size_t tab = std::min(line, text.find('\t'));
  const std::size_t blank = std::min(tab, text.find(' '));
  framed.record.target = std::string(text.substr(0, blank));
  if (blank < tab) framed.record.via = std::string(text.substr(blank + 1, tab - blank - 1));
  if (tab < line) framed.record.signature = std::string(text.substr(tab + 1, line - tab - 1));
  framed.record.body = std::string(text.substr(line + 1));
  framed.length = kRecordHead + size;
  framed.done = done;
  return framed;
}

RecordScan scan_records(std::string_view file) {
  RecordScan scan;
  std::size_t offset = 0;
  bool in_damage = false;
  while (offset + kRecordHead <= file.size()) {
    const auto framed = parse_record(file.substr(offset));
    if (!framed) {
      in_damage = true;
      ++offset;
      continue;
    }
    scan.damaged += in_damage ? 1 : 0;
    in_damage = false;
    scan.found.push_back(
        {offset, static_cast<std::uint32_t>(framed->length), framed->done, framed->record.target});
    offset += framed->length;
    scan.end = offset;
  }
  return scan;
}

}  // namespace stratus::gateway
