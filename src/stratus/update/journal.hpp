// The journal's bytes (docs/formats/journal.md): a mark, then records that are only ever appended, each with
// its length and CRC-32. Pure; agent/state_store.hpp keeps the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus::update {

inline constexpr std::string_view kJournalMark = "stratus-journal 1\n";
inline constexpr std::size_t kMaxJournalRecord = 64u << 10;  // bytes of payload

std::uint32_t crc32(std::string_view bytes);  // IEEE 802.3, as in zlib

// One record around `payload`.
std::string encode_journal_record(std::string_view payload);

struct JournalContents {
  std::optional<std::string> last;  // payload of the last whole record
  std::size_t records = 0;
  std::size_t valid_bytes = 0;  // mark and whole records; what follows is a torn or damaged tail
};
// Reads up to the first record that is not whole. `corrupt` when the mark is missing.
Result<JournalContents> read_journal(std::string_view bytes);

}  // namespace stratus::update
