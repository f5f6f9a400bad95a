#include "stratus/server/receive_body.hpp"

namespace stratus::server {
namespace {

constexpr std::size_t kPiece = 256 * 1024;  // bytes between two hops to the pool

}  // namespace

net::Task<Result<void>> receive_body(net::Exchange& exchange, store::BlobWriter& writer,
                                     net::WorkerPool& pool, std::uint64_t& received) {
  Bytes buffer(kPiece);
  for (bool end = false; !end;) {
    std::size_t filled = 0;
    Result<void> failed;
    while (filled < buffer.size()) {
      const std::span<std::uint8_t> room = std::span(buffer).subspan(filled);
      auto got = co_await exchange.read_body(room);
      if (!got) failed = forward_error(std::move(got));
      end = !failed || *got == 0;
      if (end) break;
      filled += *got;
    }
    if (filled > 0) {
      const BytesView piece = BytesView(buffer).first(filled);
      auto write = [&] { return writer.write(piece); };
      auto written = co_await pool.run(write);
      if (!written) co_return written;
      received += filled;
    }
    if (!failed) co_return failed;
  }
  co_return Result<void>();
}

}  // namespace stratus::server
