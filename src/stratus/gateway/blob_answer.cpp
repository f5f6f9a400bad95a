#include "stratus/gateway/blob_answer.hpp"

#include <fmt/format.h>

namespace stratus::gateway {

std::string blob_target(const std::string& name, const Digest& digest) {
  return "/v2/" + name + "/blobs/" + digest.text();
}

net::ResponseHead blob_head(const net::RequestHead& request, const Digest& digest) {
  net::ResponseHead head;
  if (request.method == "HEAD") {
    head.headers.set("Content-Type", "application/octet-stream");
    head.headers.set("Docker-Content-Digest", digest.text());
    head.headers.set("Accept-Ranges", "bytes");
  }
  return head;
}

void make_partial(net::ResponseHead& head, const net::ByteRange& range, std::uint64_t total) {
  head.status = 206;
  head.headers.set("Content-Range",
                   fmt::format("bytes {}-{}/{}", range.first, range.first + range.length - 1, total));
}

net::Task<Result<void>> respond_unsatisfiable(net::Exchange& exchange, std::uint64_t total) {
  net::ResponseHead head;
  head.status = 416;
  head.headers.set("Content-Range", fmt::format("bytes */{}", total));
  return exchange.respond(std::move(head), std::string());
}

}  // namespace stratus::gateway
