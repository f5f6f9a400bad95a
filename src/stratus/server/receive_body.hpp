// A request's body into a blob, in pieces large enough for the pool.
#pragma once

#include "stratus/net/http_server.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/store/blob_store.hpp"

namespace stratus::server {

// Writes on `pool`. After an error the writer holds the bytes that came before it; `received` counts them.
net::Task<Result<void>> receive_body(net::Exchange& exchange, store::BlobWriter& writer,
                                     net::WorkerPool& pool, std::uint64_t& received);

}  // namespace stratus::server
