// Files that come and go by signed addresses (B1, B5, B69, B70, D17): whoever holds the address needs no
// other permission, for a short time. What comes is hashed while it arrives and lies in the blob store; it
// becomes something when firmware or content is made of it (docs/formats/artifacts.md). Runs on the loop.
#pragma once

#include <chrono>
#include <string>

#include "stratus/crypto/url_signer.hpp"
#include "stratus/db/artifacts.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/server/router.hpp"
#include "stratus/store/repository_store.hpp"

namespace stratus::server {

struct FileLimits {
  std::chrono::seconds upload_lifetime{3600};   // of an address to send a file to
  std::chrono::seconds download_lifetime{900};  // of an address to fetch one from
  std::uint64_t file_size = 16ull << 30;        // bytes
};

class Files {
 public:
  // All must outlive it. `reads` answers, `writes` takes what is received.
  Files(store::RepositoryStore& repositories, db::Database& database, net::WorkerPool& reads,
        net::WorkerPool& writes, crypto::UrlSigner signer, FileLimits limits)
      : repositories_(repositories),
        database_(database),
        reads_(reads),
        writes_(writes),
        signer_(std::move(signer)),
        limits_(limits) {}

  void register_routes(Router& router);

  struct Link {
    std::string url;  // absolute, as the asker reached us
    std::int64_t expires_ms = 0;
  };
  // A promise to take one file, and where to send it.
  net::Task<Result<std::pair<db::Upload, Link>>> begin_upload(const Call& call, std::string file_name,
                                                              std::string version);
  // `conflict` with reason "upload_incomplete" while its file has not come.
  net::Task<Result<db::Upload>> finished_upload(std::string id) const;
  // To fetch a blob that `repository` may serve, under a name of its own.
  Link download_link(const net::RequestHead& request, const std::string& repository,
                     const std::string& digest, const std::string& file_name) const;
  // The same as path and query only, for whoever came by another address (a gateway's, say).
  std::string download_path(const std::string& repository, const std::string& digest,
                            const std::string& file_name) const;
  // Forgets promises that expired a day ago; to be called now and then.
  net::Task<void> clean();

 private:
  net::Task<Result<void>> start_upload(Call& call);
  net::Task<Result<void>> take_upload(Call& call);
  net::Task<Result<void>> send_file(Call& call);
  Result<void> check_link(const net::RequestHead& request, std::string_view method) const;

  store::RepositoryStore& repositories_;
  db::Database& database_;
  net::WorkerPool& reads_;
  net::WorkerPool& writes_;
  crypto::UrlSigner signer_;
  FileLimits limits_;
};

// One part of a path: 1 to 255 bytes without '/', '\', control characters, and neither "." nor "..".
bool is_file_name(std::string_view name);

}  // namespace stratus::server
