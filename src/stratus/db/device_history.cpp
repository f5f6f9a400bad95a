#include "stratus/db/device_history.hpp"

#include <algorithm>

namespace stratus::db {
namespace {

constexpr std::int64_t kKept = 200;  // events of each kind and device
constexpr std::size_t kMaxShown = 64;

bool is_same(const ShownContent& a, const ShownContent& b) {
  return a.content == b.content && a.version == b.version && a.digest == b.digest;
}

}  // namespace

Result<void> add_firmware_event(Transaction& transaction, std::string_view device,
                                const FirmwareEvent& event) {
  STRATUS_CHECK(transaction.run(
      "INSERT INTO device_firmware_history (device, at_ms, name, version, digest, outcome, reason) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {device, event.at_ms, event.name, event.version, event.digest, event.outcome, event.reason}));
  STRATUS_CHECK(
      transaction.run("DELETE FROM device_firmware_history WHERE device = $1 AND id <= (SELECT id FROM "
                      "device_firmware_history "
                      "WHERE device = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
                      {device, kKept}));
  return {};
}

Result<std::vector<FirmwareEvent>> firmware_history(Reader& reader, std::string_view device,
                                                    std::int64_t limit) {
  STRATUS_TRY(
      rows, reader.query("SELECT at_ms, name, version, digest, outcome, reason FROM device_firmware_history "
                         "WHERE device = $1 ORDER BY id DESC LIMIT $2",
                         {device, limit}));
  std::vector<FirmwareEvent> events;
  for (const Row row : rows) {
    events.push_back({row.integer(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5)});
  }
  return events;
}

Result<void> set_shown_contents(Transaction& transaction, std::string_view device,
                                const std::vector<ShownContent>& now, std::int64_t now_ms) {
  if (now.size() > kMaxShown) return fail(ErrorCode::invalid, "a device shows at most 64 contents at once");
  STRATUS_TRY(rows, transaction.run("SELECT id, content, version, digest FROM device_content_history "
                                    "WHERE device = $1 AND ended_ms IS NULL",
                                    {device}));
  std::vector<ShownContent> kept;
  for (const Row row : rows) {
    const ShownContent shown{row.text(1), row.text(2), row.text(3), 0, 0};
    const auto same = [&](const ShownContent& other) { return is_same(shown, other); };
    if (std::any_of(now.begin(), now.end(), same)) {
      kept.push_back(shown);
      continue;
    }
    STRATUS_CHECK(transaction.run("UPDATE device_content_history SET ended_ms = $2 WHERE id = $1",
                                  {row.integer(0), now_ms}));
  }
  for (const ShownContent& content : now) {
    const auto same = [&](const ShownContent& other) { return is_same(content, other); };
    if (std::any_of(kept.begin(), kept.end(), same)) continue;
    STRATUS_CHECK(
        transaction.run("INSERT INTO device_content_history (device, content, version, digest, started_ms) "
                        "VALUES ($1, $2, $3, $4, $5)",
                        {device, content.content, content.version, content.digest, now_ms}));
    kept.push_back(content);
  }
  STRATUS_CHECK(transaction.run(
      "DELETE FROM device_content_history WHERE device = $1 AND ended_ms IS NOT NULL AND id <= "
      "(SELECT id FROM device_content_history WHERE device = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
      {device, kKept}));
  return {};
}

Result<std::vector<ShownContent>> content_history(Reader& reader, std::string_view device,
                                                  std::int64_t limit) {
  STRATUS_TRY(
      rows, reader.query("SELECT content, version, digest, started_ms, ended_ms FROM device_content_history "
                         "WHERE device = $1 ORDER BY id DESC LIMIT $2",
                         {device, limit}));
  std::vector<ShownContent> contents;
  for (const Row row : rows) {
    contents.push_back({row.text(0), row.text(1), row.text(2), row.integer(3), row.integer(4)});
  }
  return contents;
}

Result<std::vector<std::string>> devices_showing(Reader& reader, std::string_view content,
                                                 std::string_view after, std::int64_t limit) {
  STRATUS_TRY(rows, reader.query("SELECT DISTINCT device FROM device_content_history WHERE content = $1 "
                                 "AND ended_ms IS NULL AND device > $2 ORDER BY device LIMIT $3",
                                 {content, after, limit}));
  std::vector<std::string> ids;
  for (const Row row : rows) ids.push_back(row.text(0));
  return ids;
}

}  // namespace stratus::db
