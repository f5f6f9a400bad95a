// Downloads one blob into its partial file, going on where an earlier attempt stopped, whoever made it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/http_client.hpp"
#include "stratus/net/worker_pool.hpp"

namespace stratus::agent {

struct BlobRequest {
  std::string url;
  std::filesystem::path file;  // what is there already counts once it was hashed
  Digest digest;
  std::uint64_t size = 0;                                    // exact; not one byte more is taken
  std::function<bool()> is_cancelled;                        // asked with each piece
  std::function<void(std::uint64_t)> on_progress = nullptr;  // bytes of the blob that are here
};

// One attempt. What came survives a power cut: of a large blob each chunk is synced, and FILE.mark says how
// far and in which run of the machine; after another start only so much is believed, because a file system
// may have kept the length of what follows and not the bytes. Success: the file holds exactly the blob, the
// mark is gone. `corrupt`: the bytes were wrong and are gone; `no_space`; anything else: the link, and what
// came stays in the file. Small blobs take one request, large ones Range requests whose length follows the
// measured speed.
net::Task<Result<void>> fetch_blob(net::HttpClient& client, net::WorkerPool& worker, BlobRequest request);

}  // namespace stratus::agent
