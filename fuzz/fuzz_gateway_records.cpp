// What a gateway finds on its disk: records that wait for the upstream, kept answers. Damage is not believed,
// and what has the right digest is read without harm whatever it holds.
#include <cstdlib>
#include <string>
#include <string_view>

#include "stratus/crypto/sha256.hpp"
#include "stratus/gateway/kept_answer.hpp"
#include "stratus/gateway/outbox_record.hpp"

namespace {

using namespace stratus;           // NOLINT: a fuzz target
using namespace stratus::gateway;  // NOLINT

void require(bool condition) {
  if (!condition) std::abort();
}

void read_records(std::string_view file) {
  const RecordScan scan = scan_records(file);
  std::uint64_t end = 0;
  for (const FoundRecord& found : scan.found) {
    require(found.offset >= end && found.length >= kRecordHead);
    end = found.offset + found.length;
    require(end <= file.size());
    const auto framed = parse_record(file.substr(found.offset));
    require(framed && framed->length == found.length && framed->record.target == found.target);
  }
  require(end == scan.end);
}

// A record of any text, as a device behind the gateway may have sent it.
void read_text(std::string_view text) {
  std::string bytes;
  if (!append_record({std::string(text), "", "", ""}, bytes)) return;
  const auto framed = parse_record(bytes);
  require(framed && framed->length == bytes.size() && !framed->done);
  std::string again;
  require(append_record(framed->record, again));
  const auto second = parse_record(again);
  require(second && second->record == framed->record);
}

void read_answer(std::string_view text) {
  const auto kept = parse_kept(text);
  if (!kept) return;
  const std::string once = encode_kept(*kept);
  const auto again = parse_kept(once);
  require(again && encode_kept(*again) == once && *again->answer == *kept->answer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_records(text);
  read_text(text);
  read_answer(text);
  // A head that stands before a body that fits it, which no chance would find.
  const std::size_t brace = text.find('}');
  if (text.starts_with("{") && brace != std::string_view::npos) {
    const std::string_view body = text.substr(brace + 1);
    std::string head(text.substr(0, brace));
    head += R"(,"body":")" + sha256(body).text() + "\"}\n";
    read_answer(head.append(body));
  }
  return 0;
}
