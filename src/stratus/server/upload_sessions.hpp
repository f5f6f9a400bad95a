// Blob uploads in progress (OCI distribution specification 1.1, "Pushing blobs"). What was received is in the
// store's partial blobs, so an upload goes on after a restart; in memory is only the open writer with its
// running hash. Used on the loop's thread; what blocks goes to the pool.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "stratus/base/clock.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/store/file_blob_store.hpp"

namespace stratus::server {

class UploadSessions {
  struct Session {
    std::unique_ptr<store::PartialBlob> blob;
    bool busy = false;
    SteadyTime last_used{};
  };

 public:
  // The exclusive use of one upload; gives it back when it goes.
  class Lease {
   public:
    explicit Lease(std::shared_ptr<Session> session) : session_(std::move(session)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) noexcept = default;
    ~Lease() {
      if (session_) session_->busy = false;
    }
    store::PartialBlob& blob() const { return *session_->blob; }

   private:
    std::shared_ptr<Session> session_;
  };

  // At most so many writers stay open; one that is closed is opened again when its client goes on.
  UploadSessions(store::FileBlobStore& blobs, net::WorkerPool& pool, std::size_t max_open = 256)
      : blobs_(blobs), pool_(pool), max_open_(max_open) {}

  // A new upload into `name`; answers its id.
  net::Task<Result<std::string>> start(std::string name);
  // `not_found`: no such upload into `name`; `conflict`: another request is using it.
  net::Task<Result<Lease>> acquire(std::string name, std::string id);
  // After its blob was committed or discarded.
  void forget(const std::string& name, const std::string& id);
  // Closes writers that were not used for `idle`: the collector may then judge them by their age.
  void close_idle(std::chrono::seconds idle);
  std::size_t open() const { return sessions_.size(); }

 private:
  void make_room();

  store::FileBlobStore& blobs_;
  net::WorkerPool& pool_;
  std::size_t max_open_;
  std::map<std::string, std::shared_ptr<Session>> sessions_;  // by key of the partial blob
};

}  // namespace stratus::server
