#include "stratus/gateway/kept_answer.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/crypto/sha256.hpp"

namespace stratus::gateway {
namespace {

constexpr std::size_t kMaxHead = 64u << 10;
constexpr std::array<std::string_view, 4> kDirectives{"", "no-cache", "no-store", "private"};  // of Sharing

}  // namespace

std::string_view cache_control_of(Sharing sharing) { return kDirectives[static_cast<std::size_t>(sharing)]; }

Sharing parse_cache_control(std::string_view directive) {
  const auto found = std::find(kDirectives.begin(), kDirectives.end(), directive);
  return found == kDirectives.end() ? Sharing::all : static_cast<Sharing>(found - kDirectives.begin());
}

std::string encode_kept(const KeptAnswer& kept) {
  const Answer& answer = *kept.answer;
  boost::json::object head{{"key", kept.key},
                           {"status", answer.status},
                           {"fetched_ms", kept.fetched_wall.time_since_epoch().count()},
                           {"order", kept.order},
                           {"body", sha256(std::string_view(answer.body)).text()}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) head[name] = value;
  };
  add("type", answer.content_type);
  add("digest", answer.digest);
  add("link", answer.link);
  add("filters", answer.filters);
  return boost::json::serialize(head) + "\n" + answer.body;
}

Result<KeptAnswer> parse_kept(std::string_view text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || end > kMaxHead) return fail(ErrorCode::corrupt, "no head line");
  STRATUS_TRY(value, parse_json(text.substr(0, end), kMaxHead));
  ObjectReader reader(value, "");
  auto answer = std::make_shared<Answer>();
  KeptAnswer kept;
  kept.key = reader.text("key", 4096);
  answer->status = static_cast<int>(std::min<std::uint64_t>(reader.number("status"), 999));
  kept.fetched_wall = WallTime(Millis(static_cast<std::int64_t>(reader.number("fetched_ms"))));
  kept.order = reader.optional_number("order", 0);
  const Digest body = reader.digest("body");
  answer->content_type = reader.optional_text("type", 256);
  answer->digest = reader.optional_text("digest", 256);
  answer->link = reader.optional_text("link", 4096);
  answer->filters = reader.optional_text("filters", 256);
  STRATUS_CHECK(reader.done());
  answer->body = text.substr(end + 1);
  if (sha256(std::string_view(answer->body)) != body) return fail(ErrorCode::corrupt, "the body is another");
  kept.answer = std::move(answer);
  return kept;
}

}  // namespace stratus::gateway
