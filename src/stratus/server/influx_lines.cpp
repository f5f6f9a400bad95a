#include "stratus/server/influx_lines.hpp"

#include <cmath>
#include <cstdlib>

#include <fmt/format.h>
#include <zlib.h>

namespace stratus::server {
namespace {

// Of tags and field keys. A backslash is not escaped there: it stands for itself unless one of these follows,
// so a value that ends with one gets a character behind it.
void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == ',' || c == '=' || c == ' ') out += '\\';
    out += c == '\n' || c == '\r' || c == '\t' ? '_' : c;
  }
  if (text.ends_with('\\')) out += '_';
}

}  // namespace

std::string influx_line(std::string_view device, std::string_view kind,
                        const std::vector<std::pair<std::string, double>>& values, std::int64_t time_ms) {
  std::string fields;
  for (const auto& [name, value] : values) {
    if (!std::isfinite(value) || name.empty()) continue;
    if (!fields.empty()) fields += ',';
    append_escaped(fields, name);
    fields += fmt::format("={}", value);
  }
  if (fields.empty() || device.empty()) return "";
  std::string line(kInfluxMeasurement);
  line += ",device=";
  append_escaped(line, device);
  if (!kind.empty()) line += ",kind=";
  append_escaped(line, kind);
  return fmt::format("{} {} {}\n", line, fields, time_ms);
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  // Speed counts: the lines repeat themselves so much that more effort gains little.
  if (::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    std::abort();
  std::string out(::deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (::deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

}  // namespace stratus::server
