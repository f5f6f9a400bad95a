#include "stratus/db/retention.hpp"

#include "stratus/db/rollout_sums.hpp"

namespace stratus::db {

Result<Retention> find_retention(Reader& reader, const Retention& otherwise) {
  STRATUS_TRY(rows, reader.query("SELECT metrics_days, events_days, history_days, revision, changed_ms, "
                                 "changed_by FROM retention WHERE id = 1",
                                 {}));
  if (rows.empty()) return otherwise;
  const Row row = rows[0];
  return Retention{row.integer(0), row.integer(1), row.integer(2),
                   row.integer(3), row.integer(4), row.text(5)};
}

Result<void> put_retention(Transaction& transaction, const Retention& retention) {
  STRATUS_TRY(
      rows, transaction.run("INSERT INTO retention (id, metrics_days, events_days, history_days, revision, "
                            "changed_ms, changed_by) VALUES (1, $1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO "
                            "UPDATE SET metrics_days = excluded.metrics_days, events_days = "
                            "excluded.events_days, history_days = excluded.history_days, revision = "
                            "excluded.revision, changed_ms = excluded.changed_ms, changed_by = "
                            "excluded.changed_by WHERE retention.revision = excluded.revision - 1",
                            {retention.metrics_days, retention.events_days, retention.history_days,
                             retention.revision, retention.changed_ms, retention.changed_by}));
  if (rows.affected() == 1) return {};
  return fail(ErrorCode::conflict, "it was changed meanwhile; read it again", "precondition_failed");
}

Result<std::int64_t> prune_history(Transaction& transaction, std::int64_t before_ms, std::int64_t limit) {
  STRATUS_TRY(updates,
              forget_attempts(transaction,
                              "ended_ms < $1 AND rollout NOT IN (SELECT id FROM rollouts WHERE state IN "
                              "('draft', 'approval', 'scheduled', 'running', 'paused', 'aborting')) "
                              "ORDER BY ended_ms, device, rollout, content, attempt LIMIT $2",
                              {before_ms, limit}));
  STRATUS_TRY(firmware, transaction.run("DELETE FROM device_firmware_history WHERE id IN (SELECT id FROM "
                                        "device_firmware_history WHERE at_ms < $1 ORDER BY at_ms LIMIT $2)",
                                        {before_ms, limit}));
  STRATUS_TRY(contents,
              transaction.run("DELETE FROM device_content_history WHERE id IN (SELECT id FROM "
                              "device_content_history WHERE ended_ms < $1 ORDER BY ended_ms LIMIT $2)",
                              {before_ms, limit}));
  return updates + firmware.affected() + contents.affected();
}

}  // namespace stratus::db
