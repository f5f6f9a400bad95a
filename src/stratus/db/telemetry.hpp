// Telemetry of devices in the database: measurements, events, presence and the progress of updates.
// Writes are repeatable: a message that comes twice is answered once.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/result.hpp"
#include "stratus/db/database.hpp"

namespace stratus::db {

struct MetricRow {
  std::string device;
  std::string kind;  // the topic: "status/system", "data/metrics", …
  std::int64_t time_ms = 0;
  std::int64_t received_ms = 0;
  std::string body;  // {"name":number,…}
};

struct EventRow {
  std::int64_t id = 0;  // grows; given by the database
  std::string device;
  std::string kind;
  std::int64_t time_ms = 0;
  std::int64_t seq = 0;
  std::int64_t received_ms = 0;
  std::string gateway;  // that passed it on, or ""
  std::string body;
};

struct PresenceRow {
  std::string device;
  bool online = false;
  std::int64_t changed_ms = 0;
  std::int64_t seen_ms = 0;
  std::string boot;
  std::string version;
  std::string gateway;
};

struct ProgressRow {
  std::string device;
  std::int64_t received_ms = 0;
  std::string body;
};

// Each device's last row counts where there are several, of measurements the first.
Result<void> add_metrics(Transaction& transaction, std::span<const MetricRow> rows);
Result<void> add_events(Transaction& transaction, std::span<const EventRow> rows);
Result<void> put_presence(Transaction& transaction, std::span<const PresenceRow> rows);
// Whoever speaks is online, by that gateway; only device, seen_ms and gateway count.
Result<void> put_online(Transaction& transaction, std::span<const PresenceRow> rows);
// Moves on when the inventory's devices were seen last. Quickest in the order of the devices.
struct SeenRow {
  std::string device;
  std::int64_t seen_ms = 0;
};
Result<void> note_seen(Transaction& transaction, std::span<const SeenRow> rows);
Result<void> put_progress(Transaction& transaction, std::span<const ProgressRow> rows);
// Everybody is away until they say otherwise: the broker was started anew.
Result<void> set_all_offline(Transaction& transaction, std::int64_t now_ms);

// Oldest first, those of one time by their kind; from … to (both included), of one kind or of all ("").
// At most `limit`. A next page begins at the last one's time and `after_kind`: of `from_ms` only the kinds
// after that. It takes for granted that the server's clock was never put back by more than a day: what was
// received before that may not be found while what came after it looks older.
Result<std::vector<MetricRow>> list_metrics(Reader& reader, std::string_view device, std::string_view kind,
                                            std::int64_t from_ms, std::int64_t to_ms, std::int64_t limit,
                                            std::string_view after_kind = {});
// Newest first, ids below `before` (0: all); of `kind` or `other`, or of all (kind "").
Result<std::vector<EventRow>> list_events(Reader& reader, std::string_view device, std::string_view kind,
                                          std::string_view other, std::int64_t before, std::int64_t limit);
// `not_found` for a device that was never heard of by messages.
Result<PresenceRow> find_presence(Reader& reader, std::string_view device);
Result<ProgressRow> find_progress(Reader& reader, std::string_view device);

// Removes at most `limit` events that were received before; answers how many.
Result<std::int64_t> prune_events(Transaction& transaction, std::int64_t before_ms, std::int64_t limit);

struct PrunedPage {
  std::int64_t removed = 0;
  std::int64_t last_id = 0;  // looked at; 0: there was nothing behind `after_id`
};
// Looks at the `limit` measurements that came after the one with `after_id`, and removes those of them that
// were received before. They lie in the order in which they came, which is not that of their times where the
// clock was set: a page without old ones does not say that there are none behind it.
Result<PrunedPage> prune_metrics(Transaction& transaction, std::int64_t before_ms, std::int64_t after_id,
                                 std::int64_t limit);

}  // namespace stratus::db
