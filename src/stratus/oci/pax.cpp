#include "stratus/oci/pax.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace stratus::oci {

Result<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail(ErrorCode::corrupt, fmt::format("'{}' is not a number", text.substr(0, 40)));
  }
  return value;
}

Result<void> parse_pax(BytesView payload, PaxRecords& records) {
  std::string_view rest = as_text(payload);
  while (!rest.empty()) {
    const std::size_t space = rest.substr(0, 21).find(' ');
    if (space == std::string_view::npos) return fail(ErrorCode::corrupt, "pax record without a length");
    STRATUS_TRY(length, parse_decimal(rest.substr(0, space)).with_context("pax record length"));
    if (length > rest.size() || length < space + 3 || rest[length - 1] != '\n') {
      return fail(ErrorCode::corrupt, "pax record with a wrong length");
    }
    const std::string_view record = rest.substr(space + 1, length - space - 2);
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return fail(ErrorCode::corrupt, "pax record without a key");
    }
    const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
    // Only extended attributes may hold any byte in their value.
    if (key.find('\0') != key.npos || (!key.starts_with(kXattrPrefix) && value.find('\0') != value.npos)) {
      return fail(ErrorCode::corrupt, "pax record with a NUL byte");
    }
    records.insert_or_assign(std::string(key), std::string(value));
    rest.remove_prefix(length);
  }
  return {};
}

std::string format_pax_record(std::string_view key, std::string_view value) {
  // The length counts its own digits, so it is found by trying.
  const std::size_t body = key.size() + value.size() + 3;
  std::size_t length = body + 1;
  while (body + fmt::formatted_size("{}", length) != length) ++length;
  return fmt::format("{} {}={}\n", length, key, value);
}

Result<PaxTime> parse_pax_time(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorCode::corrupt, fmt::format("'{}' is not a time", text.substr(0, 40)));
  };
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  const std::size_t dot = std::min(digits.find('.'), digits.size());
  const auto whole = parse_decimal(digits.substr(0, dot));
  if (!whole || *whole > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() - 1))
    return bad();
  PaxTime out{static_cast<std::int64_t>(*whole), 0};
  std::uint32_t unit = 100'000'000;
  for (std::size_t i = dot + 1; i < digits.size(); ++i, unit /= 10) {
    if (digits[i] < '0' || digits[i] > '9') return bad();
    out.nanoseconds += static_cast<std::uint32_t>(digits[i] - '0') * unit;
  }
  if (negative) {
    out.seconds = -out.seconds;
    if (out.nanoseconds != 0) {
      out.seconds -= 1;
      out.nanoseconds = 1'000'000'000 - out.nanoseconds;
    }
  }
  return out;
}

std::string format_pax_time(PaxTime time) {
  if (time.nanoseconds == 0) return fmt::format("{}", time.seconds);
  const bool negative = time.seconds < 0;
  // Back to sign and magnitude: {-2, 500'000'000} is -1.5.
  const std::int64_t seconds = negative ? -(time.seconds + 1) : time.seconds;
  const std::uint32_t fraction = negative ? 1'000'000'000 - time.nanoseconds : time.nanoseconds;
  std::string text = fmt::format("{}{}.{:09}", negative ? "-" : "", seconds, fraction);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace stratus::oci
