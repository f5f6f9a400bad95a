#include "stratus/update/journal.hpp"

#include <array>

namespace stratus::update {
namespace {

constexpr std::size_t kHead = 8;  // length, CRC-32; little endian

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320u : 0u);
    table[i] = value;
  }
  return table;
}
constexpr auto kTable = make_table();

void put_u32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(value >> shift & 0xff));
}

std::uint32_t get_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t value = ~0u;
  for (const char byte : bytes)
    value = (value >> 8) ^ kTable[(value ^ static_cast<unsigned char>(byte)) & 0xff];
  return ~value;
}

std::string encode_journal_record(std::string_view payload) {
  std::string record;
  record.reserve(kHead + payload.size());
  put_u32(record, static_cast<std::uint32_t>(payload.size()));
  put_u32(record, crc32(payload));
  record.append(payload);
  return record;
}

Result<JournalContents> read_journal(std::string_view bytes) {
  JournalContents contents;
  if (bytes.empty()) return contents;
  if (bytes.substr(0, kJournalMark.size()) != kJournalMark) {
    return fail(ErrorCode::corrupt, "this is no journal of a stratus-agent, or of a newer one");
  }
  contents.valid_bytes = kJournalMark.size();
  std::size_t at = kJournalMark.size();
  for (;;) {
    const std::string_view rest = bytes.substr(at);
    if (rest.size() < kHead) return contents;
    const std::size_t length = get_u32(rest);
    if (length == 0 || length > kMaxJournalRecord || rest.size() - kHead < length) return contents;
    const std::string_view payload = rest.substr(kHead, length);
    at += kHead + length;
    if (crc32(payload) != get_u32(rest.substr(4))) continue;
    contents.payloads.push_back(payload);
    contents.valid_bytes = at;
  }
}

}  // namespace stratus::update
