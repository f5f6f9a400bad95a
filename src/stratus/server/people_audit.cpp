// The audit log's routes. See people.hpp and docs/security/audit.md.
#include <charconv>

#include <boost/json.hpp>

#include "stratus/base/result.hpp"
#include "stratus/server/audit_log.hpp"
#include "stratus/server/cursor.hpp"
#include "stratus/server/people.hpp"
#include "stratus/server/people_json.hpp"

namespace stratus::server {

namespace json = boost::json;

namespace {

json::object describe_entry(const wire::AuditEntry& entry) {
  json::error_code broken;
  json::value detail = json::parse(entry.detail, broken);
  return json::object{
      {"sequence", entry.sequence}, {"time", format_ms(entry.time_ms)},
      {"actor", entry.actor},       {"action", entry.action},
      {"object", entry.object},     {"detail", broken ? json::value(entry.detail) : std::move(detail)},
      {"address", entry.address},   {"request", entry.request},
      {"hash", entry.hash}};
}

Result<std::int64_t> number_of(const std::optional<std::string>& text, std::int64_t otherwise,
                               const char* name) {
  if (!text || text->empty()) return otherwise;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc() && end == text->data() + text->size()) return number;
  return fail(ErrorCode::invalid, std::string(name) + ": not a whole number");
}

}  // namespace

People::Answer People::list_audit(Call& call) {
  const std::int64_t limit = call.limit(100, 1000);
  AuditFilter filter;
  filter.actor = call.query("actor").value_or("");
  filter.action = call.query("action").value_or("");
  filter.object = call.query("object").value_or("");
  auto since = number_of(call.query("since_ms"), 0, "since_ms");
  if (!since) co_return forward_error(std::move(since));
  auto until = number_of(call.query("until_ms"), INT64_MAX, "until_ms");
  if (!until) co_return forward_error(std::move(until));
  filter.since_ms = *since;
  filter.until_ms = *until;
  std::int64_t before = INT64_MAX;
  if (const auto cursor = call.query("cursor"); cursor && !cursor->empty()) {
    const auto parts = decode_cursor(*cursor, 1);
    if (!parts) co_return fail(parts.error());
    auto number = number_of(parts->front(), INT64_MAX, "cursor");
    if (!number) co_return forward_error(std::move(number));
    before = *number;
  }
  auto list = [&] { return audit_before(changes_.database(), filter, before, limit + 1); };
  auto entries = co_await reads_.run(list);
  if (!entries) co_return forward_error(std::move(entries));
  json::object page;
  const bool more = static_cast<std::int64_t>(entries->size()) > limit;
  if (more) entries->pop_back();
  json::array items;
  for (const wire::AuditEntry& entry : *entries) items.push_back(describe_entry(entry));
  page["items"] = std::move(items);
  if (more) page["next"] = encode_cursor({std::to_string(entries->back().sequence)});
  const std::string body = json::serialize(page);
  co_return co_await call.respond_json(200, body);
}

People::Answer People::export_audit(Call& call) {
  auto after = number_of(call.query("after"), 0, "after");
  if (!after) co_return forward_error(std::move(after));
  // Read before the head is sent: a failing database is a problem, not a torn export.
  std::int64_t last = *after;
  auto read = [&] { return audit_after(changes_.database(), last, 1000); };
  auto entries = co_await reads_.run(read);
  if (!entries) co_return forward_error(std::move(entries));
  net::ResponseHead head;
  head.headers.set("Content-Type", "application/jsonl");
  head.headers.set("Content-Disposition", "attachment; filename=\"stratus-audit.jsonl\"");
  auto sent = co_await call.exchange().begin(head, std::nullopt);
  while (sent && entries && !entries->empty()) {
    std::string lines;
    for (const wire::AuditEntry& entry : *entries) lines += wire::encode_audit_entry(entry) + "\n";
    last = entries->back().sequence;
    sent = co_await call.exchange().write(as_bytes(lines));
    if (sent) entries = co_await reads_.run(read);
  }
  // Without an orderly end the reader notices that the export is torn.
  if (sent && entries) sent = co_await call.exchange().finish();
  co_return Result<void>();
}

People::Answer People::verify_audit_log(Call& call) {
  auto verify = [&] { return verify_audit(changes_.database()); };
  auto checked = co_await reads_.run(verify);
  if (!checked && checked.error().code() != ErrorCode::corrupt) co_return forward_error(std::move(checked));
  json::object body{{"sound", checked.has_value()}};
  if (checked) {
    body["sequence"] = checked->sequence;
    body["hash"] = checked->hash;
  } else {
    body["problem"] = checked.error().text();
  }
  const std::string text = json::serialize(body);
  co_return co_await call.respond_json(200, text);
}

}  // namespace stratus::server
