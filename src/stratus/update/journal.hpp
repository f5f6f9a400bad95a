// The journal's bytes (docs/formats/journal.md): a mark, then records that are only ever appended, each with
// its length and CRC-32. Pure; agent/state_store.hpp keeps the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/result.hpp"

namespace stratus::update {

inline constexpr std::string_view kJournalMark = "stratus-journal 1\n";
inline constexpr std::size_t kMaxJournalRecord = 64u << 10;  // bytes of payload

std::uint32_t crc32(std::string_view bytes);  // IEEE 802.3, as in zlib

// One record around `payload`.
std::string encode_journal_record(std::string_view payload);

struct JournalContents {
  std::vector<std::string_view>
      payloads;                 // of the whole records, oldest first; into the bytes that were read
  std::size_t valid_bytes = 0;  // up to the end of the last of them; what follows is a torn tail

  std::optional<std::string_view> last() const {
    return payloads.empty() ? std::nullopt : std::optional(payloads.back());
  }
};
// Passes over a record that is damaged inside, since newer ones may follow it. `corrupt` when the mark is
// missing.
Result<JournalContents> read_journal(std::string_view bytes);

}  // namespace stratus::update
