#include "stratus/agent/fetcher.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/runtime/process.hpp"
#include "stratus/update/pacing.hpp"

namespace stratus::agent {
namespace {

constexpr std::size_t kHashBuffer = 128u << 10;  // bytes

std::filesystem::path mark_of(const BlobRequest& request) { return request.file.string() + ".mark"; }

std::string boot_of_now() {
  auto boot = runtime::boot_id();
  return boot ? std::move(*boot) : std::string("unknown");
}

// How much of `size` bytes is there for sure. Without a mark all of it: small, or of a time before marks; its
// digest decides in the end.
std::uint64_t believable(const BlobRequest& request, std::uint64_t size) {
  const auto mark = read_file(mark_of(request), 256);
  if (!mark) return size;
  const std::size_t space = mark->find(' ');
  if (space == std::string::npos) return 0;
  if (std::string_view(*mark).substr(space + 1) == boot_of_now()) return size;
  std::uint64_t synced = 0;
  (void)std::from_chars(mark->data(), mark->data() + space, synced);
  return std::min(synced, size);
}

// A partial file with the running hash of what it holds.
struct Partial {
  FileDescriptor file;
  std::uint64_t length = 0;
  Sha256 hash;
  bool foreign = false;        // what was answered cannot be (part of) the blob: nothing of it is kept
  bool inherited = false;      // an earlier attempt began it
  std::uint64_t received = 0;  // bytes that came in this attempt

  // Hashes what an earlier run left; a longer file than the blob is not ours.
  static Result<Partial> open(const BlobRequest& request) {
    Partial partial;
    STRATUS_TRY(file, open_file(request.file, O_RDWR | O_CREAT, 0600));
    partial.file = std::move(file);
    STRATUS_TRY(found, file_size(partial.file.get()));
    std::uint64_t size = found;
    if (size > request.size) {
      STRATUS_CHECK(partial.restart());
      return partial;
    }
    const std::uint64_t believed = believable(request, size);
    if (believed < size && ::ftruncate(partial.file.get(), static_cast<off_t>(believed)) != 0)
      return fail(Error::from_errno("truncate a partial blob"));
    size = believed;
    partial.inherited = size > 0;
    std::vector<std::uint8_t> buffer(std::min<std::uint64_t>(kHashBuffer, size));
    while (partial.length < size) {
      const std::span<std::uint8_t> piece(buffer.data(),
                                          std::min<std::uint64_t>(buffer.size(), size - partial.length));
      STRATUS_CHECK(pread_exact(partial.file.get(), piece, partial.length));
      partial.hash.update(piece);
      partial.length += piece.size();
    }
    return partial;
  }

  Result<void> restart() {
    if (::ftruncate(file.get(), 0) != 0) return fail(Error::from_errno("truncate a partial blob"));
    length = 0;
    hash = Sha256();
    foreign = inherited = false;
    return {};
  }

  // From here on a power cut does not take what came so far.
  Result<void> sync(const BlobRequest& request) {
    if (::fdatasync(file.get()) != 0) return fail(Error::from_errno("sync a partial blob"));
    return write_file_atomically(mark_of(request), fmt::format("{} {}", length, boot_of_now()), 0600);
  }

  Result<void> append(BytesView bytes, std::uint64_t limit) {
    if (bytes.size() > limit - length) {
      foreign = true;
      return fail(ErrorCode::corrupt, "more bytes than the blob has");
    }
    STRATUS_CHECK(pwrite_all(file.get(), bytes, length));
    hash.update(bytes);
    length += bytes.size();
    return {};
  }
};

// What a server says must fit what was asked; a captive portal's page, say, is no blob.
Result<void> check_head(const net::ClientResponse& head, Partial& partial) {
  if (head.status == 200) return partial.restart();  // the whole, whatever we had
  if (head.status != 206) return fail(ErrorCode::unavailable, fmt::format("answered {}", head.status));
  const std::string expected = fmt::format("bytes {}-", partial.length);
  const auto range = head.headers.get("Content-Range");
  if (!range || range->substr(0, expected.size()) != expected) {
    partial.foreign = true;
    return fail(ErrorCode::corrupt, "answered another range than asked for");
  }
  return {};
}

Error status_error(const net::ClientResponse& response, const std::string& url) {
  const ErrorCode code = error_code_of_http_status(response.status);
  return Error(code, fmt::format("{} answered {}", url, response.status));
}

Result<void> over_budget(const BlobRequest& request) {
  return fail(ErrorCode::denied,
              fmt::format("{}: wrong bytes or beginning again would take more than the byte budget allows",
                          request.url),
              kOverBudget);
}

net::Task<Result<void>> fetch_piece(net::HttpClient& client, const BlobRequest& request, Partial& partial,
                                    std::uint64_t piece) {
  net::ClientRequest get;
  get.url = request.url;
  const bool whole = partial.length == 0 && piece >= request.size;
  get.max_response = request.size;  // what is too long for the blob is refused by append()
  const std::uint64_t before = partial.length;
  const std::uint64_t end = std::min(partial.length + piece, request.size);
  if (!whole) get.headers.set("Range", fmt::format("bytes={}-{}", partial.length, end - 1));
  if (request.size - partial.length > request.allowance - std::min(request.allowance, partial.received))
    co_return over_budget(request);
  bool is_blob = false;
  bool disk_full = false;
  std::function<Result<void>(const net::ClientResponse&)> on_head = [&](const net::ClientResponse& head) {
    is_blob = true;
    return check_head(head, partial);
  };
  ByteSink sink = [&](BytesView bytes) -> Result<void> {
    partial.received += bytes.size();
    if (request.on_received) request.on_received(bytes.size());
    if (request.is_cancelled && request.is_cancelled()) return fail(ErrorCode::cancelled, "cancelled");
    if (partial.received > request.allowance) return over_budget(request);
    Result<void> appended = partial.append(bytes, request.size);
    disk_full = !appended && appended.error().code() == ErrorCode::no_space;
    if (appended && request.on_progress) request.on_progress(partial.length);
    return appended;
  };
  auto response = co_await client.download(get, on_head, sink);
  if (!response && response.error().code() == ErrorCode::no_space && !disk_full) {
    // Not our disk: an answer longer than the blob, or an error's page longer than anybody reads.
    partial.foreign = is_blob;
    co_return fail(is_blob ? ErrorCode::corrupt : ErrorCode::unavailable,
                   fmt::format("{}: {}", request.url, response.error().text()));
  }
  if (!response) co_return fail(std::move(response.error()).with_context(request.url));
  if (response->status != 200 && response->status != 206)
    co_return fail(status_error(*response, request.url));
  if (partial.length == before) co_return fail(ErrorCode::unavailable, request.url + ": an empty answer");
  co_return Result<void>();
}

}  // namespace

net::Task<Result<void>> fetch_blob(net::HttpClient& client, net::WorkerPool& worker, BlobRequest request) {
  std::function<Result<Partial>()> open = [&request] { return Partial::open(request); };
  auto opened = co_await worker.run(open);
  if (!opened) co_return forward_error(std::move(opened));
  Partial partial = std::move(*opened);
  if (request.on_progress) request.on_progress(partial.length);
  std::uint64_t chunk = request.size <= update::kSmallBlob ? request.size : update::kSmallBlob;
  while (partial.length < request.size) {
    const auto began = std::chrono::steady_clock::now();
    const std::uint64_t before = partial.length;
    auto fetched = co_await fetch_piece(client, request, partial, chunk);
    if (partial.foreign) (void)partial.restart();
    if (!fetched) co_return forward_error(std::move(fetched));
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    if (partial.length < request.size) {
      std::function<Result<void>()> sync = [&] { return partial.sync(request); };
      auto synced = co_await worker.run(sync);
      if (!synced) co_return synced;
    }
    if (partial.length > before) chunk = update::next_chunk(chunk, partial.length - before, elapsed);
  }
  const Digest found = partial.hash.peek();
  (void)::unlink(mark_of(request).c_str());
  if (found == request.digest) co_return Result<void>();
  const bool inherited = partial.inherited;
  (void)partial.restart();
  co_return fail(ErrorCode::corrupt, fmt::format("{}: the bytes{} have digest {}, not {}", request.url,
                                                 inherited ? ", some left by an earlier attempt," : "",
                                                 found.short_hex(), request.digest.short_hex()));
}

}  // namespace stratus::agent
