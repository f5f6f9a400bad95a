#include "stratus/server/upload_sessions.hpp"

#include "stratus/base/random.hpp"
#include "stratus/crypto/sha256.hpp"

namespace stratus::server {
namespace {

// Binds an upload to its repository without a record of its own.
std::string key_of(const std::string& name, const std::string& id) {
  return sha256(name).short_hex() + "-" + id;
}

}  // namespace

void UploadSessions::close_idle(std::chrono::seconds idle) {
  const SteadyTime now = system_clock().steady();
  std::erase_if(sessions_, [&](const auto& entry) {
    return !entry.second->busy && now - entry.second->last_used >= idle;
  });
}

void UploadSessions::make_room() {
  close_idle(std::chrono::minutes(10));
  while (sessions_.size() >= max_open_) {
    auto oldest = sessions_.end();
    for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
      if (at->second->busy) continue;
      if (oldest == sessions_.end() || at->second->last_used < oldest->second->last_used) oldest = at;
    }
    if (oldest == sessions_.end()) return;
    sessions_.erase(oldest);
  }
}

net::Task<Result<std::string>> UploadSessions::start(std::string name) {
  make_room();
  std::string id = random_hex(16);
  const std::string key = key_of(name, id);
  auto open = [&] { return blobs_.open_partial(key, store::PartialMode::create); };
  auto blob = co_await pool_.run(open);
  if (!blob) co_return forward_error(std::move(blob));
  auto session = std::make_shared<Session>();
  session->blob = std::move(*blob);
  session->last_used = system_clock().steady();
  sessions_[key] = std::move(session);
  co_return id;
}

net::Task<Result<UploadSessions::Lease>> UploadSessions::acquire(std::string name, std::string id) {
  const std::string key = key_of(name, id);
  if (const auto found = sessions_.find(key); found != sessions_.end()) {
    if (found->second->busy) co_return fail(ErrorCode::conflict, "another request is writing this upload");
    found->second->busy = true;
    found->second->last_used = system_clock().steady();
    co_return Lease(found->second);
  }
  make_room();
  auto session = std::make_shared<Session>();
  session->busy = true;
  session->last_used = system_clock().steady();
  sessions_[key] = session;
  auto open = [&] { return blobs_.open_partial(key, store::PartialMode::resume); };
  auto blob = co_await pool_.run(open);
  if (!blob) {
    sessions_.erase(key);
    co_return forward_error(std::move(blob));
  }
  session->blob = std::move(*blob);
  co_return Lease(std::move(session));
}

void UploadSessions::forget(const std::string& name, const std::string& id) {
  sessions_.erase(key_of(name, id));
}

}  // namespace stratus::server
