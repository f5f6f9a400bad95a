#include "stratus/db/fleet_sql.hpp"

#include <fmt/format.h>

namespace stratus::db {
namespace {

constexpr std::string_view kFailedInRollout = "'failed', 'timeout', 'rolled_back'";

}  // namespace

// Subqueries instead of a join: in a list they are asked only for the rows of the page.
std::string health_sql(std::string_view since) {
  return fmt::format(
      "CASE WHEN d.last_seen_ms = d.first_seen_ms AND d.name = '' AND d.sequence = 0 AND NOT EXISTS "
      "(SELECT 1 FROM device_presence p WHERE p.device = d.id) THEN 'never' "
      "WHEN EXISTS (SELECT 1 FROM device_presence p WHERE p.device = d.id AND p.online = 1) "
      "OR (d.last_seen_ms > {} AND NOT EXISTS (SELECT 1 FROM device_presence p WHERE p.device = d.id "
      "AND p.changed_ms >= d.last_seen_ms)) "
      "THEN CASE WHEN d.state IN ('failed', 'rolled_back') THEN 'degraded' ELSE 'online' END "
      "ELSE 'offline' END",
      since);
}

// What a rollout brought stands until the name's target changes. What one that is not over wants comes first:
// who waits for it is behind, who went back from it is failing, whatever they run.
std::string compliance_sql() {
  const std::string of_rollout =
      "EXISTS (SELECT 1 FROM rollout_devices r JOIN rollouts o ON o.id = r.rollout WHERE r.device = d.id "
      "AND o.state IN ('running', 'paused') AND r.state IN ({}))";
  const std::string failed = fmt::format(fmt::runtime(of_rollout), kFailedInRollout);
  const std::string open =
      fmt::format(fmt::runtime(of_rollout), "'waiting', 'requested', 'downloading', 'installing'");
  return fmt::format(
      "(SELECT CASE WHEN {} THEN 'failing' WHEN {} THEN 'behind' "
      "WHEN w.wanted = '' THEN 'none' WHEN d.running = w.wanted THEN 'on_target' "
      "WHEN d.target = w.wanted AND d.state IN ('failed', 'rolled_back') THEN 'failing' ELSE 'behind' END "
      "FROM (SELECT COALESCE((SELECT a.digest FROM device_assignments a LEFT JOIN targets t "
      "ON t.name = a.name WHERE a.device = d.id AND a.name = d.name "
      "AND (t.changed_ms IS NULL OR t.changed_ms <= a.since_ms)), "
      "(SELECT t.digest FROM targets t WHERE t.name = d.name), '') AS wanted) w)",
      failed, open);
}

std::string may_fail_sql() {
  return fmt::format(
      "(d.state IN ('failed', 'rolled_back') OR d.id IN (SELECT r.device FROM rollout_devices r JOIN "
      "rollouts o ON o.id = r.rollout WHERE o.state IN ('running', 'paused') AND r.state IN ({})))",
      kFailedInRollout);
}

}  // namespace stratus::db
