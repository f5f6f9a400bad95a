// The OCI registry under /v2/ (OCI distribution specification 1.1, end-1 … end-14). Reads are open, writes
// need the permission releases:write. Runs on the loop; files go to the pool.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "stratus/net/bounded_pool.hpp"
#include "stratus/net/http_server.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/oci/registry_route.hpp"
#include "stratus/server/router.hpp"
#include "stratus/server/upload_sessions.hpp"
#include "stratus/store/repository_store.hpp"

namespace stratus::server {

using oci::OciError;
using oci::RegistryEndpoint;
using oci::RegistryRoute;

struct RegistryHooks {
  // A manifest or tag of the repository came or went.
  std::function<void(const std::string& name)> changed = [](const std::string&) {};
  // Runs `remove` unless a release needs the manifest or blob; then `denied`. On the pool.
  std::function<Result<void>(const std::string& name, const Digest& digest,
                             const std::function<Result<void>()>& remove)>
      unless_needed = [](const std::string&, const Digest&, const std::function<Result<void>()>& remove) {
        return remove();
      };
  // Whether somebody without a token may read; the error's text is the answer when not.
  std::function<Result<void>(const net::RequestHead& request)> may_read = [](const net::RequestHead&) {
    return Result<void>();
  };
};

struct RegistryCounters {
  std::uint64_t blob_bytes_received = 0;
  std::uint64_t blob_bytes_sent = 0;
  std::uint64_t manifests_pushed = 0;
};

class Registry {
 public:
  // All must outlive it.
  Registry(store::RepositoryStore& repositories, net::WorkerPool& pool, net::BoundedPool& lists,
           net::WorkerPool& writes, Authenticator& authenticator, RegistryHooks hooks)
      : repositories_(repositories),
        pool_(pool),
        lists_(lists),
        writes_(writes),
        authenticator_(authenticator),
        hooks_(std::move(hooks)),
        uploads_(repositories.blobs(), writes) {}

  net::Task<void> handle(net::Exchange& exchange);
  const RegistryCounters& counters() const { return counters_; }
  UploadSessions& uploads() { return uploads_; }

 private:
  // What an endpoint answers when it does not succeed. An OciError is complete; an Error from below is mapped
  // by `oci_error_of`.
  template <class T>
  using Outcome = tl::expected<T, OciError>;
  using Done = Outcome<void>;

  net::Task<Done> dispatch(net::Exchange& exchange, const RegistryRoute& route);
  net::Task<Done> greet(net::Exchange& exchange);
  net::Task<Done> list_repositories(net::Exchange& exchange);
  net::Task<Done> get_blob(net::Exchange& exchange, const RegistryRoute& route);
  net::Task<Done> delete_blob(net::Exchange& exchange, const RegistryRoute& route);
  net::Task<Done> start_upload(net::Exchange& exchange, const RegistryRoute& route);
  net::Task<Done> push_at_once(net::Exchange& exchange, const RegistryRoute& route, const Digest& digest);
  net::Task<Done> upload_status(net::Exchange& exchange, const RegistryRoute& route);
  net::Task<Done> upload_chunk(net::Exchange& exchange, const RegistryRoute& route);
  net::Task<Done> finish_upload(net::Exchange& exchange, const RegistryRoute& route);
  net::Task<Done> cancel_upload(net::Exchange& exchange, const RegistryRoute& route);
  net::Task<Done> get_manifest(net::Exchange& exchange, const RegistryRoute& route);
  net::Task<Done> put_manifest(net::Exchange& exchange, const RegistryRoute& route);
  net::Task<Done> delete_manifest(net::Exchange& exchange, const RegistryRoute& route);
  net::Task<Done> list_tags(net::Exchange& exchange, const RegistryRoute& route);
  net::Task<Done> list_referrers(net::Exchange& exchange, const RegistryRoute& route);

  net::Task<Done> commit_and_link(const RegistryRoute& route, store::BlobWriter& writer,
                                  const Digest& digest);
  net::Task<Done> check_may_write(net::Exchange& exchange);
  void complain_of_no_space(const std::string& why);

  store::RepositoryStore& repositories_;
  net::WorkerPool& pool_;
  net::BoundedPool& lists_;
  net::WorkerPool& writes_;  // their own threads: a slow disk must not hold up who only reads
  Authenticator& authenticator_;
  RegistryHooks hooks_;
  UploadSessions uploads_;
  RegistryCounters counters_;
  std::optional<std::chrono::steady_clock::time_point> complained_;  // of a full disk
};

}  // namespace stratus::server
