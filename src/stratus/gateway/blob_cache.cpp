// What askers see of the cache; the transfers are in blob_transfer.cpp.
#include "stratus/gateway/blob_cache.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/gateway/blob_answer.hpp"
#include "stratus/gateway/via.hpp"

namespace stratus::gateway {
namespace {

constexpr std::size_t kMaxOpen = 256;
constexpr std::size_t kMaxKnown = 1024;
constexpr std::uint64_t kPiece = 1u << 20;  // sent between two looks at the transfer
constexpr std::chrono::hours kPartialLife{24};

Sha256 hash_of_start(int fd, std::uint64_t length, Result<void>& failed) {
  Sha256 hash;
  Bytes buffer(256 * 1024);
  for (std::uint64_t at = 0; at < length && failed;) {
    const std::span piece(buffer.data(), std::min<std::uint64_t>(buffer.size(), length - at));
    failed = pread_exact(fd, piece, at);
    hash.update(piece);
    at += piece.size();
  }
  return hash;
}

}  // namespace

struct BlobCache::OpenBlob {
  store::BlobReader reader;
};

BlobCache::BlobCache(net::Executor executor, store::FileBlobStore& store, Upstream& upstream,
                     net::WorkerPool& pool, Counters& counters, std::uint64_t limit,
                     std::function<std::unordered_set<Digest>()> pinned)
    : store_(store),
      upstream_(upstream),
      pool_(pool),
      counters_(counters),
      pinned_(std::move(pinned)),
      executor_(executor),
      passage_(upstream, pool, counters),
      index_(limit),
      tasks_(executor) {}

BlobCache::~BlobCache() = default;

Result<void> BlobCache::load() {
  STRATUS_CHECK(store_.for_each(
      [&](const store::BlobInfo& info) { index_.add(info.digest, info.size, info.last_used); }));
  const WallTime oldest = system_clock().wall() - kPartialLife;
  std::vector<std::string> old;
  STRATUS_CHECK(store_.for_each_partial([&](const store::PartialInfo& partial) {
    const bool ours = Digest::parse("sha256:" + partial.key).has_value();
    if (ours && partial.last_written >= oldest) {
      index_.add_partial(partial.key, partial.size);
    } else {
      old.push_back(partial.key);
    }
  }));
  // One that a predecessor still writes stays.
  for (const std::string& key : old) (void)store_.discard_partial(key);
  // The limit may be smaller than last time.
  if (const auto removals = make_room(0, 0)) remove_files(store_, *removals);
  log::info("blobs", "{} blobs, {} of {} in the cache", index_.count(), human_bytes(index_.bytes()),
            human_bytes(index_.limit()));
  return {};
}

net::Task<void> BlobCache::stop() { co_await tasks_.stop(); }

net::Task<Result<void>> BlobCache::serve(net::Exchange& exchange, const std::string& name,
                                         const Digest& digest) {
  for (;;) {
    if (index_.contains(digest)) {
      auto blob = co_await open(digest);
      if (blob) {
        ++counters_.hits;
        const std::shared_ptr<OpenBlob> held = *blob;
        co_return co_await serve_whole(exchange, digest, *held);
      }
      log::warning("blobs", "{} was in the cache and cannot be read: {}", digest.text(), blob.error().text());
      index_.remove(digest);
    }
    const auto running = fills_.find(digest);
    FillPointer fill = running != fills_.end() ? running->second : nullptr;
    if (!fill && exchange.request().method == "HEAD") {
      co_return co_await passage_.pass(exchange, name, digest);
    }
    if (fill) {
      ++counters_.joined;
      (void)fill->names.join(name, known_.contains(name));
    } else {
      ++counters_.misses;
      fill = std::make_shared<Fill>(executor_, name, via_of(exchange.request().headers), digest);
      fills_[digest] = fill;
      tasks_.spawn(run(fill));
    }
    auto served = co_await serve_filling(exchange, name, fill);
    // It ended because of other askers' repositories, before ours was tried: once more.
    const bool untried = !served && fill->state == Fill::State::failed && is_about_name(served.error()) &&
                         fill->names.refusal_of(name) == nullptr;
    if (!untried) co_return served;
  }
}

void BlobCache::note_known(const std::string& name) {
  if (known_.size() >= kMaxKnown) known_.clear();
  known_.insert(name);
}

net::Task<Result<std::shared_ptr<BlobCache::OpenBlob>>> BlobCache::open(const Digest& digest) {
  if (index_.use(digest, system_clock().wall())) {
    pool_.post([&store = store_, digest] { (void)store.touch(digest); });
  }
  const auto known = open_.find(digest);
  if (known != open_.end()) co_return known->second;
  auto open_file = [&] { return store_.open(digest); };
  auto reader = co_await pool_.run(open_file);
  if (!reader) co_return forward_error(std::move(reader));
  if (open_.size() >= kMaxOpen) {
    std::erase_if(open_, [](const auto& entry) { return entry.second.use_count() == 1; });
  }
  auto blob = std::make_shared<OpenBlob>(OpenBlob{std::move(*reader)});
  if (index_.contains(digest)) open_[digest] = blob;  // else evicted meanwhile
  co_return blob;
}

net::Task<Result<void>> BlobCache::serve_whole(net::Exchange& exchange, const Digest& digest,
                                               const OpenBlob& blob) {
  const std::uint64_t total = blob.reader.size;
  net::ByteRange range{0, total};
  const auto verdict = net::parse_range(exchange.request().headers.get("Range"), total, range);
  if (verdict == net::RangeVerdict::unsatisfiable) co_return co_await respond_unsatisfiable(exchange, total);
  net::ResponseHead head = blob_head(exchange.request(), digest);
  if (verdict == net::RangeVerdict::partial) make_partial(head, range, total);
  const int fd = blob.reader.fd.get();
  (void)co_await exchange.respond_file(head, fd, range.first, range.length);
  co_return Result<void>();
}

net::Task<Result<void>> BlobCache::serve_filling(net::Exchange& exchange, const std::string& name,
                                                 FillPointer fill) {
  // A blob that is withheld as a whole is not even announced before it is verified, so that its failure can
  // still be told.
  while (fill->running() && (!fill->total || *fill->total <= kWithheld)) {
    if (const Error* const refusal = fill->names.refusal_of(name)) co_return fail(*refusal);
    co_await fill->changed.wait();
  }
  if (fill->state == Fill::State::failed) co_return fail(*fill->error);
  if (fill->state == Fill::State::unstorable) {
    co_return co_await passage_.pass(exchange, name, fill->digest);
  }
  const std::uint64_t total = *fill->total;
  net::ByteRange range{0, total};
  const auto verdict = net::parse_range(exchange.request().headers.get("Range"), total, range);
  if (verdict == net::RangeVerdict::unsatisfiable) co_return co_await respond_unsatisfiable(exchange, total);
  net::ResponseHead head = blob_head(exchange.request(), fill->digest);
  if (verdict == net::RangeVerdict::partial) make_partial(head, range, total);
  auto begun = co_await exchange.begin(head, range.length);
  if (!begun) co_return Result<void>();
  std::uint64_t at = range.first;
  const std::uint64_t end = range.first + (exchange.request().method == "HEAD" ? 0 : range.length);
  while (at < end) {
    const std::uint64_t ready = std::min(end, fill->readable());
    if (ready > at) {
      const std::uint64_t length = std::min(ready - at, kPiece);
      const int fd = fill->fd.get();
      auto sent = co_await exchange.write_file(fd, at, length);
      if (!sent) co_return Result<void>();
      at += length;
    } else if (fill->state == Fill::State::failed) {
      co_return Result<void>();  // unfinished: the connection is cut
    } else if (fill->state == Fill::State::unstorable) {
      co_return co_await leave(exchange, fill, range, at);
    } else {
      co_await fill->changed.wait();
    }
  }
  (void)co_await exchange.finish();
  co_return Result<void>();
}

// The transfer found no room: this asker goes on with its own, from where it stands.
net::Task<Result<void>> BlobCache::leave(net::Exchange& exchange, FillPointer fill, net::ByteRange range,
                                         std::uint64_t at) {
  Passage::Rest rest;
  rest.at = at;
  rest.end = range.first + range.length;
  rest.total = *fill->total;
  if (range.first == 0 && range.length == rest.total) {
    Result<void> read;
    auto rebuild = [&] { return hash_of_start(fill->fd.get(), at, read); };
    Sha256 hash = co_await pool_.run(rebuild);
    if (!read) co_return Result<void>();
    rest.hash = std::move(hash);
  }
  co_return co_await passage_.pass_rest(exchange, fill->names.current(), fill->digest, std::move(rest));
}

std::optional<Removals> BlobCache::make_room(std::uint64_t bytes, std::uint64_t disk_bytes) {
  const std::function<bool(const Digest&)> in_use = [&](const Digest& digest) {
    const auto found = open_.find(digest);
    return found != open_.end() && found->second.use_count() > 1;
  };
  const std::unordered_set<Digest> pinned = pinned_ ? pinned_() : std::unordered_set<Digest>();
  auto removals = index_.make_room(bytes, disk_bytes, pinned, in_use);
  if (!removals) return removals;
  counters_.evictions += removals->blobs.size();
  for (const Digest& digest : removals->blobs) open_.erase(digest);
  return removals;
}

}  // namespace stratus::gateway
