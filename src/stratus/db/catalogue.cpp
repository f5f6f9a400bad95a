#include "stratus/db/catalogue.hpp"

#include <algorithm>
#include <unordered_map>

#include "stratus/db/device_history.hpp"
#include "stratus/db/devices.hpp"
#include "stratus/db/fleet_view.hpp"
#include "stratus/db/rollout_sums.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kDeviceColumns =
    "id, first_seen_ms, last_seen_ms, name, running, running_version, target, target_version, state, reason, "
    "sequence";

Device device_of(const Row& row) {
  return {row.text(0), row.integer(1), row.integer(2), row.text(3), row.text(4),    row.text(5),
          row.text(6), row.text(7),    row.text(8),    row.text(9), row.integer(10)};
}

// Counts rows of growing tables per device in memory, so that the trimming DELETE runs once in a while.
class Trimmer {
 public:
  explicit Trimmer(std::int64_t limit) : every_(std::max<std::int64_t>(1, limit / 10)) {}
  bool due(const std::string& device) {
    if (++since_[device] < every_) return false;
    since_.erase(device);
    return true;
  }

 private:
  std::int64_t every_;
  std::unordered_map<std::string, std::int64_t> since_;
};

class DatabaseCatalogue final : public Catalogue {
 public:
  DatabaseCatalogue(Database& database, CatalogueLimits limits, std::int64_t devices)
      : limits_(limits),
        device_count_(devices),
        trim_samples_(limits.samples_per_device),
        trim_reports_(limits.reports_per_device),
        trim_operations_(limits.operations),
        database_(database) {}
  // Works in the queue use this object: they end before it does.
  ~DatabaseCatalogue() override {
    (void)database_.write_now([](Transaction&) -> Result<void> { return {}; });
  }

  void add_report(Report report, Done done) override {
    database_.write([this, report = std::move(report)](Transaction& c) { return add_report_in(c, report); },
                    std::move(done));
  }

  Result<void> add_report_in(Transaction& c, const Report& report) override {
    STRATUS_CHECK(see(c, report.device, report.received_ms));
    // Sequences start again when a device is set up anew; then the body differs and counts.
    STRATUS_TRY(added, c.run("INSERT INTO reports (device, sequence, received_ms, body) "
                             "VALUES ($1, $2, $3, $4) ON CONFLICT (device, sequence) DO UPDATE SET "
                             "received_ms = excluded.received_ms, body = excluded.body "
                             "WHERE reports.body <> excluded.body",
                             {report.device, report.sequence, report.received_ms, report.body}));
    if (added.affected() == 0) return {};
    // A report that was overtaken by a later one (queued in a gateway) is history only.
    STRATUS_CHECK(c.run(
        "UPDATE devices SET name = $2, running = $3, running_version = $4, target = $5, target_version "
        "= $6, "
        "state = $7, reason = $8, sequence = $9, reported_ms = $10 "
        "WHERE id = $1 AND (sequence < $9 OR reported_ms < $10) AND ($11 = 0 OR ($11 = 1 AND (name = '' OR "
        "name = $2)))",
        {report.device, report.name, report.running, report.running_version, report.target,
         report.target_version, report.state, report.reason, report.sequence, report.reported_ms,
         static_cast<std::int64_t>(report.main)}));
    if (report.shown) STRATUS_CHECK(set_shown_contents(c, report.device, *report.shown, report.received_ms));
    STRATUS_CHECK(count(c, report));
    if (report.main != Report::Main::never) STRATUS_CHECK(remember(c, report));
    if (trim_reports_.due(report.device)) {
      STRATUS_CHECK(
          c.run("DELETE FROM reports WHERE device = $1 AND received_ms < (SELECT received_ms FROM reports "
                "WHERE device = $1 ORDER BY received_ms DESC LIMIT 1 OFFSET $2)",
                {report.device, limits_.reports_per_device - 1}));
    }
    return {};
  }

  void add_sample(std::string device, std::string body, std::int64_t received_ms, Done done) override {
    database_.write(
        [this, device = std::move(device), body = std::move(body),
         received_ms](Transaction& c) -> Result<void> {
          STRATUS_CHECK(see(c, device, received_ms));
          STRATUS_CHECK(c.run("INSERT INTO samples (device, received_ms, body) VALUES ($1, $2, $3)",
                              {device, received_ms, body}));
          if (trim_samples_.due(device)) {
            STRATUS_CHECK(
                c.run("DELETE FROM samples WHERE device = $1 AND id < (SELECT id FROM samples "
                      "WHERE device = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
                      {device, limits_.samples_per_device - 1}));
          }
          return {};
        },
        std::move(done));
  }

  void note_sightings(std::vector<Sighting> sightings, Done done) override {
    database_.write(
        [this, sightings = std::move(sightings)](Transaction& c) -> Result<void> {
          for (const Sighting& s : sightings) {
            const auto seen = see(c, s.device, s.seen_ms);
            // One device too many must not take the others with it.
            if (!seen && seen.error().code() == ErrorCode::conflict) continue;
            if (!seen) return seen;
            // Sightings are written late: what the device has reported since is newer. Its numbers may have
            // begun again, so the report that counts is the one that the device's row names.
            STRATUS_CHECK(c.run(
                "UPDATE devices SET running_version = CASE WHEN running = $3 THEN running_version "
                "ELSE '' END, "
                "name = $2, running = $3 WHERE id = $1 AND ($4 = 0 OR ($4 = 1 AND (name = '' OR name = $2))) "
                "AND $5 > COALESCE((SELECT received_ms FROM reports WHERE device = $1 "
                "AND reports.sequence = devices.sequence), 0)",
                {s.device, s.name, s.running, static_cast<std::int64_t>(s.main), s.seen_ms}));
          }
          return {};
        },
        std::move(done));
  }

  void add_release(Release release, Done done) override {
    database_.write(
        [release = std::move(release)](Transaction& c) -> Result<void> {
          STRATUS_CHECK(
              c.run("INSERT INTO releases (name, version, digest, created_ms) VALUES ($1, $2, $3, $4) "
                    "ON CONFLICT (name, version) DO NOTHING",
                    {release.name, release.version, release.digest, release.created_ms}));
          STRATUS_TRY(rows, c.run("SELECT digest FROM releases WHERE name = $1 AND version = $2",
                                  {release.name, release.version}));
          const std::string digest = rows[0].text(0);
          if (digest == release.digest) return {};
          return fail(ErrorCode::conflict, release.name + ":" + release.version + " is already " + digest +
                                               "; a version is never replaced: publish a new one");
        },
        std::move(done));
  }

  void remove_release(std::string name, std::string version, Done done) override {
    database_.write(
        [name = std::move(name), version = std::move(version)](Transaction& c) -> Result<void> {
          STRATUS_TRY(rows, c.run("DELETE FROM releases WHERE name = $1 AND version = $2 RETURNING digest",
                                  {name, version}));
          if (rows.empty()) return {};
          return check_not_brought(c, name + ":" + version, rows[0].text(0));
        },
        std::move(done));
  }

  void set_target(Target target, Done done) override {
    database_.write(
        [target = std::move(target)](Transaction& c) -> Result<void> {
          STRATUS_CHECK(
              c.run("INSERT INTO targets (name, version, digest, changed_ms) VALUES ($1, $2, $3, $4) "
                    "ON CONFLICT (name) DO UPDATE SET version = excluded.version, "
                    "digest = excluded.digest, changed_ms = excluded.changed_ms",
                    {target.name, target.version, target.digest, target.changed_ms}));
          return {};
        },
        std::move(done));
  }

  void put_operation(Operation o, Done done) override {
    database_.write(
        [this, o = std::move(o)](Transaction& c) -> Result<void> {
          STRATUS_CHECK(
              c.run("INSERT INTO operations (id, kind, name, version, state, detail, done, total, "
                    "created_ms, finished_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
                    "ON CONFLICT (id) DO UPDATE SET state = excluded.state, detail = excluded.detail, "
                    "done = excluded.done, total = excluded.total, finished_ms = excluded.finished_ms",
                    {o.id, o.kind, o.name, o.version, o.state, o.detail, o.done, o.total, o.created_ms,
                     o.finished_ms}));
          if (trim_operations_.due("")) {
            STRATUS_CHECK(
                c.run("DELETE FROM operations WHERE state <> 'running' AND created_ms < "
                      "(SELECT created_ms FROM operations ORDER BY created_ms DESC LIMIT 1 OFFSET $1)",
                      {limits_.operations - 1}));
          }
          return {};
        },
        std::move(done));
  }

  Result<std::vector<Device>> devices(std::string_view after, std::int64_t limit) override {
    return list<Device>(
        "SELECT " + std::string(kDeviceColumns) + " FROM devices WHERE id > $1 ORDER BY id LIMIT $2",
        {after, limit}, device_of);
  }

  Result<Device> device(std::string_view id) override {
    STRATUS_TRY(found, list<Device>("SELECT " + std::string(kDeviceColumns) + " FROM devices WHERE id = $1",
                                    {id}, device_of));
    if (found.empty()) return fail(ErrorCode::not_found, "no device " + std::string(id));
    return std::move(found.front());
  }

  Result<HistoryPage<Report>> reports(std::string_view device, std::int64_t limit,
                                      HistoryKey after) override {
    HistoryPage<Report> page;
    STRATUS_CHECK(fill_page(
        page, limit, after,
        [&](const HistoryKey& key, std::int64_t rows) {
          return database_.query(
              "SELECT received_ms, sequence, body FROM reports WHERE device = $1 "
              "AND (received_ms, sequence) < ($2, $3) ORDER BY received_ms DESC, sequence DESC LIMIT $4",
              {device, key.first, key.second, rows});
        },
        [&](const Row& row) {
          Report report;
          report.device = device;
          report.received_ms = row.integer(0);
          report.sequence = row.integer(1);
          report.body = row.text(2);
          return report;
        }));
    return page;
  }

  Result<HistoryPage<Sample>> samples(std::string_view device, std::int64_t limit,
                                      HistoryKey after) override {
    HistoryPage<Sample> page;
    STRATUS_CHECK(fill_page(
        page, limit, after,
        [&](const HistoryKey& key, std::int64_t rows) {
          return database_.query(
              "SELECT id, received_ms, body FROM samples WHERE device = $1 AND id < $2 ORDER BY id DESC "
              "LIMIT $3",
              {device, key.first, rows});
        },
        [](const Row& row) {
          return Sample{row.integer(0), row.integer(1), row.text(2)};
        }));
    return page;
  }

  Result<std::vector<Release>> releases(std::string_view name) override {
    return list<Release>(
        "SELECT name, version, digest, created_ms FROM releases WHERE $1 = '' OR name = $1 "
        "ORDER BY name, created_ms DESC, version DESC",
        {name}, [](const Row& row) {
          return Release{row.text(0), row.text(1), row.text(2), row.integer(3)};
        });
  }

  Result<std::vector<Target>> targets() override {
    return list<Target>("SELECT name, version, digest, changed_ms FROM targets ORDER BY name", {},
                        [](const Row& row) {
                          return Target{row.text(0), row.text(1), row.text(2), row.integer(3)};
                        });
  }

  Result<Operation> operation(std::string_view id) override {
    STRATUS_TRY(found, list<Operation>(
                           "SELECT id, kind, name, version, state, detail, done, total, created_ms, "
                           "finished_ms FROM operations WHERE id = $1",
                           {id}, [](const Row& row) {
                             return Operation{row.text(0),    row.text(1),   row.text(2),    row.text(3),
                                              row.text(4),    row.text(5),   row.integer(6), row.integer(7),
                                              row.integer(8), row.integer(9)};
                           }));
    if (found.empty()) return fail(ErrorCode::not_found, "no operation " + std::string(id));
    return std::move(found.front());
  }

  Result<std::vector<std::string>> running_images(std::string_view name, std::int64_t limit) override {
    return list<std::string>(
        "SELECT running FROM devices WHERE name = $1 AND running <> '' GROUP BY running "
        "ORDER BY COUNT(*) DESC, running LIMIT $2",
        {name, limit}, [](const Row& row) { return row.text(0); });
  }

  Result<Counts> counts() override {
    STRATUS_TRY(rows,
                database_.query("SELECT (SELECT COUNT(*) FROM devices), (SELECT COUNT(*) FROM reports), "
                                "(SELECT COUNT(*) FROM samples), (SELECT COUNT(*) FROM releases)"));
    return Counts{rows[0].integer(0), rows[0].integer(1), rows[0].integer(2), rows[0].integer(3)};
  }

 private:
  // Few rows at a time: their bodies may be large, and the page's end is known only by reading them. The
  // first two columns are the key, the third is the body.
  template <class T, class Read, class Make>
  static Result<void> fill_page(HistoryPage<T>& page, std::int64_t limit, HistoryKey after, Read read,
                                Make make) {
    constexpr std::int64_t kRows = 64;
    std::size_t bytes = 0;
    page.last = after;
    for (;;) {
      const auto count = static_cast<std::int64_t>(page.items.size());
      const std::int64_t wanted = std::min(kRows, limit + 1 - count);
      STRATUS_TRY(rows, read(page.last, wanted));
      for (const Row row : rows) {
        T item = make(row);
        bytes += item.body.size();
        const bool full =
            static_cast<std::int64_t>(page.items.size()) >= limit || bytes > HistoryPage<T>::kMaxBytes;
        page.more = full && !page.items.empty();
        if (page.more) return {};
        page.last = {row.integer(0), row.integer(1)};
        page.items.push_back(std::move(item));
      }
      if (static_cast<std::int64_t>(rows.size()) < wanted) return {};
    }
  }

  template <class T, class Make>
  Result<std::vector<T>> list(std::string_view sql, std::initializer_list<Value> values, Make make) {
    STRATUS_TRY(rows, database_.query(sql, values));
    std::vector<T> found;
    found.reserve(rows.size());
    for (const Row row : rows) found.push_back(make(row));
    return found;
  }

  // An update that ended belongs to the device's history.
  static Result<void> count(Transaction& c, const Report& report) {
    const bool installed = report.state == "committed";
    const bool ended =
        installed || report.state == "failed" || report.state == "rolled_back" || report.state == "cancelled";
    if (!ended) return {};
    const std::string& release = installed ? report.running : report.target;
    return count_update(c, {report.received_ms, report.name, release, report.state, report.bytes});
  }

  static Result<void> remember(Transaction& c, const Report& report) {
    const bool installed = report.state == "committed";
    if (!installed && report.state != "failed" && report.state != "rolled_back") return {};
    FirmwareEvent event;
    event.at_ms = report.received_ms;
    event.name = report.name;
    event.version = installed ? report.running_version : report.target_version;
    event.digest = installed ? report.running : report.target;
    event.outcome = report.state;
    event.reason = report.reason;
    return add_firmware_event(c, report.device, event);
  }

  // On the writer's thread. `conflict` for a device too many: asking again, as a gateway's queue does with
  // what did not fit, would hold up the reports behind it for ever.
  Result<void> see(Transaction& c, const std::string& device, std::int64_t now_ms) {
    STRATUS_TRY(known, c.run("UPDATE devices SET last_seen_ms = CASE WHEN last_seen_ms < $2 THEN $2 ELSE "
                             "last_seen_ms END WHERE id = $1",
                             {device, now_ms}));
    if (known.affected() != 0) return {};
    if (device_count_ >= limits_.devices) STRATUS_CHECK(recount(c, now_ms));
    if (device_count_ >= limits_.devices) {
      return fail(ErrorCode::conflict, "no more devices can be registered; remove old ones first");
    }
    STRATUS_CHECK(
        c.run("INSERT INTO devices (id, first_seen_ms, last_seen_ms) VALUES ($1, $2, $2)", {device, now_ms}));
    ++device_count_;
    return {};
  }

  // Devices may have been removed since; counting is not worth it for each stranger.
  Result<void> recount(Transaction& c, std::int64_t now_ms) {
    constexpr std::int64_t kEvery = 1'000;
    if (now_ms < recounted_ms_ + kEvery) return {};
    recounted_ms_ = now_ms;
    STRATUS_TRY(rows, c.run("SELECT COUNT(*) FROM devices"));
    device_count_ = rows[0].integer(0);
    return {};
  }

  CatalogueLimits limits_;
  std::int64_t device_count_;  // the writer's; a rolled-back insert makes it an upper bound
  std::int64_t recounted_ms_ = 0;
  Trimmer trim_samples_;
  Trimmer trim_reports_;
  Trimmer trim_operations_;
  Database& database_;
};

}  // namespace

Result<std::unique_ptr<Catalogue>> Catalogue::open(Database& database, CatalogueLimits limits) {
  STRATUS_CHECK(database.write_now([](Transaction& c) -> Result<void> {
    STRATUS_CHECK(
        c.run("UPDATE operations SET state = 'failed', "
              "detail = 'the server stopped before it was done; start it again' WHERE state = 'running'"));
    return {};
  }));
  STRATUS_TRY(devices, database.query("SELECT COUNT(*) FROM devices"));
  return std::make_unique<DatabaseCatalogue>(database, limits, devices[0].integer(0));
}

}  // namespace stratus::db
