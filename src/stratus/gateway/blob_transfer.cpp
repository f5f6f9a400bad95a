// The cache's transfers: fetching a blob once, for all who ask.
#include <fcntl.h>
#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/gateway/blob_cache.hpp"
#include "stratus/gateway/chance.hpp"
#include "stratus/gateway/part_head.hpp"
#include "stratus/gateway/via.hpp"

namespace stratus::gateway {
namespace {

constexpr std::uint64_t kDiskMargin = 256u << 10;  // directory entries, the reports' queue

bool try_again(const Error& error) {
  return error.code() == ErrorCode::unavailable || error.code() == ErrorCode::timeout;
}

}  // namespace

void remove_files(store::FileBlobStore& store, const Removals& removals) {
  for (const std::string& key : removals.partials) (void)store.discard_partial(key);
  for (const Digest& digest : removals.blobs) (void)store.remove(digest);
}

// However this ends, also by cancellation: the askers are told and the next ask starts anew.
net::Task<void> BlobCache::run(FillPointer fill) {
  struct End {
    BlobCache& cache;
    Fill& fill;
    ~End() {
      if (fill.running()) {
        fill.error = Error(ErrorCode::unavailable, "the gateway is stopping");
        fill.state = Fill::State::failed;
      }
      cache.index_.release(fill.promised);
      cache.fills_.erase(fill.digest);
      fill.announce(true);
    }
  };
  const End end = End{*this, *fill};
  auto done = co_await transfer(fill);
  if (done) {
    fill->state = Fill::State::complete;
  } else if (done.error().code() == ErrorCode::no_space || done.error().code() == ErrorCode::conflict) {
    if (done.error().code() == ErrorCode::no_space) ++counters_.disk_full;
    log::error("blobs", "not cached, passing through: {}", done.error().text());
    fill->state = Fill::State::unstorable;
  } else {
    log::warning("blobs", "{}: {}", fill->digest.text(), done.error().text());
    fill->error = std::move(done.error());
    fill->state = Fill::State::failed;
  }
}

net::Task<Result<void>> BlobCache::transfer(FillPointer fill) {
  const std::string key = fill->digest.hex();
  // Ours from now on; make_room must not take it away.
  index_.remove_partial(key);
  auto open_partial = [&] { return store_.open_partial(key, store::PartialMode::create_or_resume); };
  auto opened = co_await pool_.run(open_partial);
  if (!opened && opened.error().code() == ErrorCode::conflict) {
    co_return fail(ErrorCode::conflict, key + " is being fetched by another gateway on this directory");
  }
  if (!opened) co_return fail(ErrorCode::no_space, std::move(opened.error()).with_context("store").text());
  store::PartialBlob& partial = **opened;
  fill->fd = FileDescriptor(::fcntl(partial.fd(), F_DUPFD_CLOEXEC, 0));
  if (!fill->fd) co_return fail(Error::from_errno("duplicate descriptor"));
  fill->written = partial.size();
  if (partial.size() > 0) log::info("blobs", "{} resumes at byte {}", fill->digest.text(), partial.size());

  auto fetched = co_await fetch_all(*fill, partial);
  // Not when the upstream does not know it: that is about the asker's repository, not about the bytes.
  const bool spoilt = !fetched && (fetched.error().code() == ErrorCode::corrupt ||
                                   fetched.error().code() == ErrorCode::no_space);
  Result<void> ended;
  std::uint64_t kept = 0;
  auto finish = [&]() -> bool {
    if (fetched) {
      auto committed = partial.commit(fill->digest);
      if (committed) return true;
      ended = forward_error(std::move(committed));
    }
    if (spoilt || !ended || partial.size() == 0) {
      (void)partial.discard();
    } else {
      (void)partial.sync();
      kept = partial.size();
    }
    return false;
  };
  const bool stored = co_await pool_.run(finish);
  if (stored) {
    index_.add(fill->digest, *fill->total, system_clock().wall());
    co_return Result<void>();
  }
  if (kept > 0) index_.add_partial(key, kept);
  const bool was_fetched = fetched.has_value();
  Result<void> failed = was_fetched ? std::move(ended) : std::move(fetched);
  if (was_fetched && failed.error().code() != ErrorCode::corrupt) {
    failed = fail(ErrorCode::no_space, failed.error().text());
  }
  if (failed.error().code() == ErrorCode::corrupt) ++counters_.corrupt;
  co_return failed;
}

net::Task<Result<void>> BlobCache::fetch_all(Fill& fill, store::PartialBlob& partial) {
  unsigned fruitless = 0;
  bool any = false;
  for (;;) {
    const std::uint64_t before = partial.size();
    auto done = co_await attempt(fill, partial);
    if (fill.total && partial.size() == *fill.total && (done || try_again(done.error()))) {
      co_return Result<void>();
    }
    Error error =
        done ? Error(ErrorCode::unavailable, "the upstream ended before the blob did") : done.error();
    if (is_about_name(error)) {
      const bool another = fill.names.refuse(error);
      fill.announce(true);
      if (!another) co_return fail(std::move(error));
      continue;
    }
    if (!try_again(error)) co_return fail(std::move(error));
    any = any || partial.size() > before;
    fruitless = partial.size() > before ? 1 : fruitless + 1;
    if (fruitless >= (any ? kFruitlessAttempts : kFirstAttempts)) co_return fail(std::move(error));
    fill.announce(true);
    const Millis pause = update::back_off_delay(kTransferPause, fruitless, chance());
    log::debug("blobs", "{} broke off at byte {}, again in {} ms: {}", fill.digest.text(), partial.size(),
               pause.count(), error.text());
    co_await net::sleep_for(pause);
  }
}

net::Task<Result<void>> BlobCache::attempt(Fill& fill, store::PartialBlob& partial) {
  const std::string target = blob_target(fill.names.current(), fill.digest);
  net::Headers headers = via_headers(fill.via);
  const std::uint64_t from = partial.size();
  if (from > 0) headers.set("Range", fmt::format("bytes={}-", from));
  ++counters_.transfers;
  if (from > 0) ++counters_.resumed;
  std::uint64_t skip = 0;
  const std::function<Result<void>(const net::ClientResponse&)> on_head =
      [&](const net::ClientResponse& answer) -> Result<void> {
    STRATUS_TRY(part, read_part_head(answer.status, answer.headers, from, fill.total));
    skip = part.skip;
    note_known(fill.names.current());
    if (fill.total) return {};
    STRATUS_CHECK(reserve(fill, part.total));
    fill.total = part.total;
    fill.announce(true);
    return {};
  };
  const net::HttpClient::PacedSink sink = [&](BytesView data) { return take(fill, partial, data, skip); };
  auto answer = co_await upstream_.stream(target, headers, on_head, sink);
  if (!answer) co_return forward_error(std::move(answer));
  if (answer->status == 416 && from > 0) {
    // Everything was there before the restart, only the name was not.
    const auto total = total_of_unsatisfiable(answer->headers);
    if (!total || *total != from || (fill.total && *fill.total != from)) {
      co_return fail(ErrorCode::corrupt, "the upstream has no bytes behind those we hold");
    }
    fill.total = from;
    co_return Result<void>();
  }
  if (answer->status < 200 || answer->status > 299) co_return fail(error_of_status(*answer, target));
  co_return Result<void>();
}

net::Task<Result<void>> BlobCache::take(Fill& fill, store::PartialBlob& partial, BytesView data,
                                        std::uint64_t& skip) {
  counters_.blobs.received(fill.digest, data.size());
  const std::size_t skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip, data.size()));
  skip -= skipped;
  data = data.subspan(skipped);
  if (data.size() > *fill.total - partial.size()) {
    co_return fail(ErrorCode::corrupt, "the upstream sends more than it announced");
  }
  if (data.empty()) co_return Result<void>();
  auto write = [&] { return partial.write(data); };
  auto written = co_await pool_.run(write);
  if (!written && written.error().code() == ErrorCode::no_space) {
    // The disk is fuller than it looked: others may have to go after all.
    if (const auto removals = make_room(0, *fill.total - partial.size() + kDiskMargin)) {
      auto remove_and_write = [&] {
        remove_files(store_, *removals);
        return partial.write(data);
      };
      written = co_await pool_.run(remove_and_write);
    }
  }
  // Whatever the disk's trouble is: the askers are served all the same.
  if (!written) co_return fail(ErrorCode::no_space, written.error().text());
  fill.written = partial.size();
  fill.announce(fill.written == *fill.total);
  co_return Result<void>();
}

// Promises the transfer its room, at the cost of others where it must.
Result<void> BlobCache::reserve(Fill& fill, std::uint64_t total) {
  std::uint64_t missing_on_disk = 0;
  const std::uint64_t wanted = total - std::min(total, fill.written) + kDiskMargin;
  if (const auto disk = disk_space(store_.root()); disk && disk->free_bytes < wanted) {
    missing_on_disk = wanted - disk->free_bytes;
  }
  const auto removals = make_room(total, missing_on_disk);
  if (!removals) {
    return fail(ErrorCode::no_space,
                fmt::format("no room for {} of {}: {} cached of {} at most, {} more wanted on the disk",
                            human_bytes(total), fill.digest.text(), human_bytes(index_.bytes()),
                            human_bytes(index_.limit()), human_bytes(missing_on_disk)));
  }
  fill.promised = total;
  index_.promise(total);
  if (!removals->blobs.empty() || !removals->partials.empty()) {
    pool_.post([&store = store_, removals = *removals] { remove_files(store, removals); });
  }
  return {};
}

}  // namespace stratus::gateway
