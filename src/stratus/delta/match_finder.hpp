// Finds where bytes of a new file occur in a reference.
#pragma once

#include <cstdint>
#include <memory>

#include "stratus/base/bytes.hpp"

namespace stratus::delta {

struct Match {
  std::uint64_t position = 0;  // in the reference
  std::size_t size = 0;        // 0: none worth having
  std::size_t rank = 0;        // the finder's own
};

class MatchFinder {
 public:
  virtual ~MatchFinder() = default;
  // A long match for the beginning of `target`. Shorter ones than `kLeast` may be missed.
  virtual Match find(BytesView target) const = 0;
  // Of the places with as long a match as `match`, which `find` found, one near `position`.
  virtual Match nearest(const Match& match, std::uint64_t position) const {
    static_cast<void>(position);
    return match;
  }

  static constexpr std::size_t kLeast = 8;
};

// The longest match, by a suffix array: 4 bytes of memory and more than 0.1 µs for each of the reference,
// which must be smaller than 2 GiB. The reference must outlive the finder. Null when there is no memory.
std::unique_ptr<MatchFinder> make_suffix_finder(BytesView reference);

// A good match of at least 32 bytes, by a hash of every 16th position: half a byte of memory for each of the
// reference, whatever its size.
std::unique_ptr<MatchFinder> make_block_finder(BytesView reference);

}  // namespace stratus::delta
