#include "host/delta_encoder.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "host/memory_flash.hpp"
#include <divsufsort.h>

#include "stratus/mcu/delta.hpp"
#include "stratus/mcu/sha256.hpp"

namespace stratus::mcu::host {
namespace {

using Data = Bytes;

struct Match {
  std::size_t at = 0;
  std::size_t length = 0;
};

struct Triple {
  std::size_t old_at, new_at, diff, extra;
};

class Matcher {
 public:
  explicit Matcher(const Data& base) : base_(base), order_(base.size()) {
    divsufsort(base_.data(), order_.data(), static_cast<saidx_t>(base_.size()));
  }
  // Longest prefix of text[from..] found anywhere in the base.
  Match longest(const Data& text, std::size_t from) const {
    std::size_t low = 0, high = order_.size();
    Match best;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      const auto suffix = static_cast<std::size_t>(order_[middle]);
      const std::size_t room = std::min(base_.size() - suffix, text.size() - from);
      std::size_t n = 0;
      while (n < room && base_[suffix + n] == text[from + n]) ++n;
      if (n > best.length) best = {suffix, n};
      const bool above = n == room ? room == text.size() - from : base_[suffix + n] > text[from + n];
      if (above) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return best;
  }

 private:
  const Data& base_;
  std::vector<saidx_t> order_;
};

// How far [old_at, new_at) reads as "mostly equal": the length with the best equal - unequal balance.
std::size_t extend_forward(const Data& base, const Data& target, std::size_t old_at, std::size_t new_at,
                           std::size_t limit) {
  long balance = 0, best = 0;
  std::size_t length = 0;
  for (std::size_t i = 0; i < limit && old_at + i < base.size(); ++i) {
    balance += base[old_at + i] == target[new_at + i] ? 1 : -1;
    if (balance > best) best = balance, length = i + 1;
  }
  return length;
}

std::size_t extend_backward(const Data& base, const Data& target, std::size_t old_at, std::size_t new_at,
                            std::size_t limit) {
  long balance = 0, best = 0;
  std::size_t length = 0;
  for (std::size_t i = 1; i <= limit && i <= old_at; ++i) {
    balance += base[old_at - i] == target[new_at - i] ? 1 : -1;
    if (balance > best) best = balance, length = i;
  }
  return length;
}

// Colin Percival's scheme ("Naive differences of executable code", 2003): a new alignment is worth it only
// when it explains clearly more bytes than going on with the old one.
std::vector<Triple> make_triples(const Data& base, const Data& target) {
  const Matcher matcher(base);
  std::vector<Triple> triples;
  std::size_t old_last = 0, new_last = 0;  // start of the alignment under way
  std::size_t scan = 0;
  Match match;
  long offset = 0;  // of the alignment under way: old = new + offset
  while (scan < target.size()) {
    std::size_t kept = 0;
    std::size_t counted = scan += match.length;
    for (; scan < target.size(); ++scan) {
      match = matcher.longest(target, scan);
      for (; counted < scan + match.length; ++counted) {
        const long there = static_cast<long>(counted) + offset;
        if (there >= 0 && there < static_cast<long>(base.size()) && base[there] == target[counted]) ++kept;
      }
      if ((match.length == kept && match.length != 0) || match.length > kept + 8) break;
      const long there = static_cast<long>(scan) + offset;
      if (there >= 0 && there < static_cast<long>(base.size()) && base[there] == target[scan] && kept > 0)
        --kept;
    }
    if (match.length == kept && scan != target.size()) continue;
    std::size_t forward = extend_forward(base, target, old_last, new_last, scan - new_last);
    std::size_t backward = 0;
    if (scan < target.size()) {
      backward = extend_backward(base, target, match.at, scan, scan - new_last);
    }
    if (new_last + forward > scan - backward) {  // both want the same bytes: the better split
      const std::size_t overlap = new_last + forward - (scan - backward);
      long balance = 0, best = 0;
      std::size_t first = 0;
      for (std::size_t i = 0; i < overlap; ++i) {
        const std::size_t at = new_last + forward - overlap + i;
        if (target[at] == base[old_last + forward - overlap + i]) ++balance;
        if (target[at] == base[match.at - backward + i]) --balance;
        if (balance > best) best = balance, first = i + 1;
      }
      forward -= overlap - first;
      backward -= first;
    }
    const std::size_t extra = scan - backward - (new_last + forward);
    if (forward + extra != 0) triples.push_back({old_last, new_last, forward, extra});
    old_last = match.at - backward;
    new_last = scan - backward;
    offset = static_cast<long>(match.at) - static_cast<long>(scan);
    if (scan == target.size()) break;
  }
  std::size_t covered =
      triples.empty() ? 0 : triples.back().new_at + triples.back().diff + triples.back().extra;
  if (covered < target.size()) {  // the last alignment reaches the end
    const std::size_t diff = extend_forward(base, target, old_last, new_last, target.size() - new_last);
    triples.push_back({old_last, new_last, diff, target.size() - new_last - diff});
  }
  return triples;
}

void put_varint(Data& out, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put_zero_runs(Data& out, const Data& field) {
  for (std::size_t i = 0; i < field.size();) {
    out.push_back(field[i]);
    if (field[i++] != 0) continue;
    std::uint32_t more = 0;
    while (i < field.size() && field[i] == 0) ++i, ++more;
    put_varint(out, more);
  }
}

Data serialise(const Data& base, const Data& target, const std::vector<Triple>& triples) {
  Data out;
  std::size_t position = 0;
  for (const Triple& t : triples) {
    put_varint(out, static_cast<std::uint32_t>(t.diff));
    put_varint(out, static_cast<std::uint32_t>(t.extra));
    const std::size_t old_at = t.diff != 0 ? t.old_at : position;
    const auto seek = static_cast<std::int32_t>(old_at) - static_cast<std::int32_t>(position);
    put_varint(out, static_cast<std::uint32_t>(seek) << 1 ^ static_cast<std::uint32_t>(seek >> 31));
    Data diff(t.diff);
    for (std::size_t i = 0; i < t.diff; ++i) {
      diff[i] = static_cast<std::uint8_t>(target[t.new_at + i] - base[old_at + i]);
    }
    put_zero_runs(out, diff);
    const auto extra = target.begin() + static_cast<std::ptrdiff_t>(t.new_at + t.diff);
    put_zero_runs(out, Data(extra, extra + static_cast<std::ptrdiff_t>(t.extra)));
    position = old_at + t.diff;
  }
  return out;
}

// Every token costs 9 or 13 bits, so the cheapest parse is a shortest path, found backwards.
Data pack(const Data& in) {
  constexpr std::size_t kMost = (1u << kDeltaLengthBits) - 1 + kDeltaMinimumMatch;
  constexpr std::size_t kPair = 9 + kDeltaLengthBits;
  std::vector<std::size_t> cost(in.size() + 1, 0);
  std::vector<std::uint8_t> take(in.size(), 1), distance(in.size(), 0);
  for (std::size_t i = in.size(); i-- > 0;) {
    cost[i] = cost[i + 1] + 9;
    std::size_t longest = 0;
    for (std::size_t d = 1; d <= kDeltaWindow && d <= i && longest < kMost; ++d) {
      std::size_t n = 0;
      while (n < kMost && i + n < in.size() && in[i + n] == in[i + n - d]) ++n;
      if (n > longest) longest = n, distance[i] = static_cast<std::uint8_t>(d - 1);
    }
    for (std::size_t n = kDeltaMinimumMatch; n <= longest; ++n) {
      if (cost[i + n] + kPair < cost[i])
        cost[i] = cost[i + n] + kPair, take[i] = static_cast<std::uint8_t>(n);
    }
  }
  Data out;
  std::uint32_t bits = 0;
  int count = 0;
  const auto put = [&](std::uint32_t value, int width) {
    for (int bit = width - 1; bit >= 0; --bit) {
      bits = bits << 1 | (value >> bit & 1);
      if (++count == 8) out.push_back(static_cast<std::uint8_t>(bits)), count = 0;
    }
  };
  for (std::size_t i = 0; i < in.size(); i += take[i]) {
    if (take[i] == 1) {
      put(0x100u | in[i], 9);
    } else {
      put(static_cast<std::uint32_t>(distance[i]) << kDeltaLengthBits | (take[i] - kDeltaMinimumMatch),
          kPair);
    }
  }
  if (count != 0) put(0, 8 - count);
  return out;
}

struct Collect final : ByteSink {
  Data data;
  bool write(const std::uint8_t* from, std::uint32_t size) override {
    data.insert(data.end(), from, from + size);
    return true;
  }
};

}  // namespace

Result<Bytes> encode_delta(BytesView base_view, BytesView target_view) {
  if (base_view.empty() || target_view.empty()) return fail(ErrorCode::invalid, "a delta needs two images");
  if (std::max(base_view.size(), target_view.size()) > 64u << 20) {
    return fail(ErrorCode::invalid, "an MCU image of more than 64 MiB");
  }
  const Data base(base_view.begin(), base_view.end()), target(target_view.begin(), target_view.end());

  Data out(kDeltaHeaderSize);
  store32(out.data(), kDeltaMagic);
  store32(out.data() + 4, static_cast<std::uint32_t>(base.size()));
  store32(out.data() + 8, static_cast<std::uint32_t>(target.size()));
  mcu::Sha256 hash;
  hash.begin();
  hash.add(base.data(), static_cast<std::uint32_t>(base.size()));
  hash.end(out.data() + 12);
  const Data packed = pack(serialise(base, target, make_triples(base, target)));
  out.insert(out.end(), packed.begin(), packed.end());

  MemoryFlash flash(base);
  Collect result;
  DeltaDecoder decoder(flash, 0, result);
  DeltaHeader header;
  Cause cause = parse_delta_header(out.data(), header);
  decoder.begin(header);
  if (cause == Cause::ok) cause = decoder.feed(packed.data(), static_cast<std::uint32_t>(packed.size()));
  if (cause == Cause::ok) cause = decoder.finish();
  if (cause != Cause::ok || result.data != target) {
    return fail(ErrorCode::internal,
                std::string("delta does not decode to its target: ") + cause_name(cause));
  }
  return out;
}

}  // namespace stratus::mcu::host
