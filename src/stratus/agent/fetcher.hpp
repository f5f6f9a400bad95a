// Downloads one blob into its partial file, going on where an earlier attempt stopped, whoever made it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/http_client.hpp"
#include "stratus/net/worker_pool.hpp"

namespace stratus::agent {

// Reason of an error: what is missing, or came, is more than may be fetched.
inline constexpr std::string_view kOverBudget = "over_budget";

struct BlobRequest {
  std::string url;
  std::filesystem::path file;  // what is there already counts once it was hashed
  Digest digest;
  std::uint64_t size = 0;                                    // exact; not one byte more is taken
  std::function<bool()> is_cancelled;                        // asked with each piece
  std::function<void(std::uint64_t)> on_progress = nullptr;  // bytes of the blob that are here
  std::function<void(std::uint64_t)> on_received = nullptr;  // so many bytes more came, whatever they are
  std::uint64_t allowance = std::numeric_limits<std::uint64_t>::max();  // most bytes that may come
};

// One attempt. What came survives a power cut: of a large blob each chunk is synced, and FILE.mark says how
// far and in which run of the machine; after another start only so much is believed, because a file system
// may have kept the length of what follows and not the bytes. Success: the file holds exactly the blob, the
// mark is gone. `corrupt`: the bytes were wrong and are gone; `no_space`; anything else: the link, and what
// came stays in the file; `denied` with reason kOverBudget: before more than the allowance is asked for.
// Small blobs take one request, large ones Range requests whose length follows the measured speed.
net::Task<Result<void>> fetch_blob(net::HttpClient& client, net::WorkerPool& worker, BlobRequest request);

}  // namespace stratus::agent
