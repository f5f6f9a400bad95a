#include "stratus/cli/settings.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/cli/server_connection.hpp"

namespace stratus::cli {

namespace json = boost::json;

Result<void> retention(const RetentionOptions& options, const CommonOptions& common) {
  constexpr std::size_t kMaxRetention = 64u << 10;
  STRATUS_TRY(server, ServerConnection::open(common));
  Request request;
  request.path = "/api/v1/settings/retention";
  STRATUS_TRY(answer, server->expect_success(request));
  if (options.metrics || options.events || options.history) {
    STRATUS_TRY(now, parse_json(answer.body, kMaxRetention));
    ObjectReader reader(now, "retention");
    const json::object wanted{{"metrics_days", options.metrics.value_or(reader.number("metrics_days"))},
                              {"events_days", options.events.value_or(reader.number("events_days"))},
                              {"history_days", options.history.value_or(reader.number("history_days"))}};
    STRATUS_CHECK(reader.done());
    request.method = "PUT";
    request.content_type = "application/json";
    request.body = json::serialize(wanted);
    request.headers.set("If-Match", std::string(answer.headers.get("ETag").value_or("*")));
    STRATUS_TRY(changed, server->expect_success(request));
    answer = std::move(changed);
  }
  STRATUS_TRY(kept, parse_json(answer.body, kMaxRetention));
  ObjectReader reader(kept, "retention");
  say(common, fmt::format("measurements  {:>5} days", reader.number("metrics_days")));
  say(common, fmt::format("events, logs  {:>5} days", reader.number("events_days")));
  say(common, fmt::format("history       {:>5} days", reader.number("history_days")));
  const std::string who = reader.optional_text("changed_by", 256);
  if (!who.empty())
    say(common, fmt::format("set by {}, {:.19}", who, reader.optional_text("changed_at", 64)));
  STRATUS_CHECK(reader.done());
  print_json(common, json::serialize(kept));
  return {};
}

}  // namespace stratus::cli
