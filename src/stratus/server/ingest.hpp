// From messages to the database: a bounded queue, batches of one transaction, and only after the commit the
// word that a message is stored. Nothing is acknowledged before; what cannot be stored now waits, and the
// broker keeps what follows; what can never be stored is refused.
//
// Runs on the loop; the transaction's work runs on the database's writer thread.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "stratus/db/database.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/server/device_message.hpp"
#include "stratus/wire/mqtt/client_session.hpp"

namespace stratus::server {

struct IngestOptions {
  Millis flush{100};          // after the first message of a batch; at most a second
  Millis busy_flush{400};     // the same while much comes: each commit costs its syncing and its pages
  std::size_t busy = 400;     // messages of the batch before: so many are much
  std::size_t batch = 4'000;  // messages that are written at once without waiting; half the broker's window
  Millis first_pause{100};    // when the database does not take it
  Millis longest_pause{5'000};
};

struct IngestCounters {
  std::uint64_t stored = 0;
  std::uint64_t refused = 0;  // by the database or a handler, for good
  std::uint64_t batches = 0;
  std::uint64_t failed_batches = 0;
};

class Ingest {
 public:
  struct Item {
    DeviceMessage message;
    wire::mqtt::AckToken token;
  };
  // On the writer's thread, inside the batch's transaction: all messages of a kind, in order.
  using Store = std::function<Result<void>(db::Transaction&, std::span<const DeviceMessage* const>)>;
  // On the loop, after the commit.
  using Stored = std::function<void(const DeviceMessage&)>;
  // What became of an item; called once for each, on the loop.
  using Finished = std::function<void(const Item&, const Result<void>& how)>;
  using Finish = std::function<void()>;  // after the last of a batch

  // All must outlive it.
  Ingest(net::Executor loop, db::Database& database, IngestOptions options, Finished finished,
         Finish batch_done);

  // Before run(). Several may register for one kind.
  void on_message(std::string kind, Store store, Stored stored);

  // The caller bounds how many are under way.
  void add(Item item);
  net::Task<void> run();  // until cancelled

  std::size_t waiting() const { return queue_.size() + writing_; }
  const IngestCounters& counters() const { return counters_; }
  const std::string& problem() const { return problem_; }  // why nothing can be stored now, or ""

 private:
  struct Handler {
    Store store;
    Stored stored;
  };
  net::Task<void> store(std::vector<Item> batch);
  net::Task<Result<void>> write(const std::vector<Item>& batch);
  Result<void> write_in(db::Transaction& transaction, const std::vector<Item>& batch) const;
  void finish(const std::vector<Item>& batch, const Result<void>& how);

  net::Executor loop_;
  db::Database& database_;
  IngestOptions options_;
  Finished finished_;
  Finish batch_done_;
  std::multimap<std::string, Handler, std::less<>> handlers_;
  std::vector<Item> queue_;
  std::size_t writing_ = 0;
  net::Notifier changed_;
  IngestCounters counters_;
  std::string problem_;
};

}  // namespace stratus::server
