// The catalogue: devices, their reports and samples, releases, targets, operations. What has history and
// queries; blobs, tags and referrers are files (store/).
//
// Threads, durability and errors are those of the Database below it: `done` is called from its writer's
// thread, reads block. Digests are their texts here ("sha256:…" or "" for none).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/result.hpp"
#include "stratus/db/database.hpp"
#include "stratus/db/device_history.hpp"

namespace stratus::db {

struct Device {
  std::string id;
  std::int64_t first_seen_ms = 0;
  std::int64_t last_seen_ms = 0;
  std::string name;  // the image it follows
  std::string running;
  std::string running_version;
  std::string target;  // of its last report
  std::string target_version;
  std::string state;
  std::string reason;
  std::int64_t sequence = 0;
};

struct Report {
  std::string device;
  std::int64_t sequence = 0;
  std::int64_t received_ms = 0;
  std::int64_t reported_ms = 0;  // by the device's clock
  std::string name, running, running_version, target, target_version, state, reason;
  std::string body;        // as it came
  std::int64_t bytes = 0;  // fetched for the update
  // Whether it tells what the device itself runs; otherwise it is about something beside that, and counts for
  // the device only when nothing else is known of it (`beside`) or not at all (`never`).
  enum class Main : std::uint8_t { always, beside, never };
  Main main = Main::always;
  std::optional<std::vector<ShownContent>> shown;  // everything that the device shows now, if it says so
};

struct Sighting {  // a device asked what is next
  std::string device;
  std::string name;
  std::string running;
  std::int64_t seen_ms = 0;
  Report::Main main = Report::Main::always;
};

struct Sample {
  std::int64_t id = 0;
  std::int64_t received_ms = 0;
  std::string body;
};

struct Release {
  std::string name;
  std::string version;
  std::string digest;
  std::int64_t created_ms = 0;
};

struct Target {
  std::string name;
  std::string version;
  std::string digest;
  std::int64_t changed_ms = 0;
};

struct Operation {
  std::string id;
  std::string kind;  // "deploy", "gc"
  std::string name;
  std::string version;
  std::string state;   // "running", "done", "failed"
  std::string detail;  // one line for people
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::int64_t created_ms = 0;
  std::int64_t finished_ms = 0;
};

// Where a page of a device's history ended: of reports the time of receipt and the sequence, of samples the
// id.
struct HistoryKey {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t second = std::numeric_limits<std::int64_t>::max();
};

template <class Item>
struct HistoryPage {
  std::vector<Item> items;
  bool more = false;  // there are older ones
  HistoryKey last;    // of the last item

  static constexpr std::size_t kMaxBytes = 1u << 20;
};

struct CatalogueLimits {
  std::int64_t samples_per_device = 10'000;
  std::int64_t reports_per_device = 1'000;
  std::int64_t devices = 200'000;
  std::int64_t operations = 10'000;
};

class Catalogue {
 public:
  using Done = std::function<void(Result<void>)>;

  // On `database`, which must outlive it. Operations that a crash left running become failed. Blocks.
  static Result<std::unique_ptr<Catalogue>> open(Database& database, CatalogueLimits limits);
  virtual ~Catalogue() = default;  // waits for its queued writes

  // A repeat (same device, sequence and body) succeeds and changes nothing.
  virtual void add_report(Report report, Done done) = 0;
  // The same within a transaction of the caller's.
  virtual Result<void> add_report_in(Transaction& transaction, const Report& report) = 0;
  virtual void add_sample(std::string device, std::string body, std::int64_t received_ms, Done done) = 0;
  virtual void note_sightings(std::vector<Sighting> sightings, Done done) = 0;
  // `conflict`: the version exists with another digest. Repeating is fine.
  virtual void add_release(Release release, Done done) = 0;
  // Idempotent.
  virtual void remove_release(std::string name, std::string version, Done done) = 0;
  virtual void set_target(Target target, Done done) = 0;
  virtual void put_operation(Operation operation, Done done) = 0;

  virtual Result<std::vector<Device>> devices(std::string_view after, std::int64_t limit) = 0;  // by id
  virtual Result<Device> device(std::string_view id) = 0;
  // Of one device, newest first, beginning after `after`. A page ends at `limit` rows or
  // HistoryPage::kMaxBytes of bodies, whatever comes first, but has at least one row if there is one.
  virtual Result<HistoryPage<Report>> reports(std::string_view device, std::int64_t limit,
                                              HistoryKey after = {}) = 0;
  virtual Result<HistoryPage<Sample>> samples(std::string_view device, std::int64_t limit,
                                              HistoryKey after = {}) = 0;
  virtual Result<std::vector<Release>> releases(std::string_view name) = 0;  // "": all; newest first per name
  virtual Result<std::vector<Target>> targets() = 0;
  virtual Result<Operation> operation(std::string_view id) = 0;
  // What the devices following `name` run, most frequent first.
  virtual Result<std::vector<std::string>> running_images(std::string_view name, std::int64_t limit) = 0;
  struct Counts {
    std::int64_t devices = 0, reports = 0, samples = 0, releases = 0;
  };
  virtual Result<Counts> counts() = 0;
};

}  // namespace stratus::db
