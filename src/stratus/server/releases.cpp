#include "stratus/server/releases.hpp"

#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/oci/reference.hpp"

namespace stratus::server {

Result<void> Releases::load() {
  STRATUS_TRY(releases, catalogue_.releases(""));
  for (const db::Release& release : releases) {
    STRATUS_TRY(digest, Digest::parse(release.digest));
    releases_[{release.name, release.version}] = digest;
    digests_.insert({release.name, digest});
  }
  STRATUS_TRY(targets, catalogue_.targets());
  for (db::Target& target : targets) targets_[target.name] = std::move(target);
  return {};
}

net::Task<Result<void>> Releases::add(std::string name, std::string version, Digest digest) {
  if (!oci::is_repository_name(name) || !oci::is_tag(version)) {
    co_return fail(ErrorCode::invalid, fmt::format("'{}:{}' is not a name and a version", name, version));
  }
  // In this order: the collector either sees the release or finds its blobs just used.
  auto check = [&]() -> Result<void> {
    STRATUS_CHECK(repositories_.touch_tree(name, digest));
    return check_release(repositories_, name, digest);
  };
  auto checked = co_await pool_.run(check);
  if (!checked) co_return std::move(checked).with_context(fmt::format("register {}:{}", name, version));
  db::Release release{name, version, digest.text(), now_ms()};
  std::function<void(db::Catalogue::Done)> write = [&](db::Catalogue::Done done) {
    catalogue_.add_release(release, std::move(done));
  };
  auto written = co_await await_write(write);
  if (!written) co_return written;
  releases_[{name, version}] = digest;
  digests_.insert({name, digest});
  log::info("releases", "registered {}:{} {}", name, version, digest.text());
  co_return Result<void>();
}

net::Task<Result<void>> Releases::remove(std::string name, std::string version) {
  const auto digest = find(name, version);
  if (!digest) co_return fail(digest.error());
  if (const auto current = target(name); current && current->digest == digest->text()) {
    co_return fail(ErrorCode::conflict,
                   fmt::format("{}:{} is what devices run; deploy another version first", name, version));
  }
  std::function<void(db::Catalogue::Done)> write = [&](db::Catalogue::Done done) {
    catalogue_.remove_release(name, version, std::move(done));
  };
  auto written = co_await await_write(write);
  if (!written) co_return written;
  releases_.erase({name, version});
  digests_.clear();  // another version may have the same digest
  for (const auto& [key, value] : releases_) digests_.insert({key.first, value});
  log::info("releases", "removed {}:{} {}", name, version, digest->text());
  co_return Result<void>();
}

net::Task<Result<void>> Releases::set_target(std::string name, std::string version) {
  const auto digest = find(name, version);
  if (!digest) co_return fail(digest.error());
  db::Target target{name, version, digest->text(), now_ms()};
  std::function<void(db::Catalogue::Done)> write = [&](db::Catalogue::Done done) {
    catalogue_.set_target(target, std::move(done));
  };
  auto written = co_await await_write(write);
  if (!written) co_return written;
  targets_[name] = std::move(target);
  invalidate(name);
  log::info("releases", "{} is now {}", name, version);
  co_return Result<void>();
}

Result<db::Target> Releases::target(const std::string& name) const {
  const auto found = targets_.find(name);
  if (found == targets_.end())
    return fail(ErrorCode::not_found, "nothing was deployed under the name " + name);
  return found->second;
}

Result<Digest> Releases::find(const std::string& name, const std::string& version) const {
  const auto found = releases_.find({name, version});
  if (found != releases_.end()) return found->second;
  return fail(ErrorCode::not_found,
              fmt::format("no release {}:{}; publish or register it first", name, version));
}

bool Releases::is_released(const std::string& name, const Digest& digest) const {
  return digests_.contains({name, digest});
}

net::Task<Result<std::shared_ptr<const std::string>>> Releases::next(std::string name, Digest have) {
  const auto target = this->target(name);
  if (!target) {
    ++counters_.unknown;
    co_return fail(target.error());
  }
  const auto digest = Digest::parse(target->digest);
  if (!digest) co_return fail(digest.error());
  if (*digest == have) {
    ++counters_.up_to_date;
    co_return std::shared_ptr<const std::string>();
  }
  ++counters_.release;
  const std::uint64_t generation = generations_[name];
  const std::string key = name + "@" + have.hex();
  if (const auto found = cache_.find(key); found != cache_.end() && found->second.generation == generation) {
    ++counters_.cache_hits;
    co_return found->second.answer;
  }
  const NextQuestion question{name, target->version, *digest, have};
  auto read = [&] { return read_next(repositories_, question); };
  auto answer = co_await pool_.run(read);
  if (!answer) co_return forward_error(std::move(answer));
  bool settled = true;
  if (answer->delta_missing && queue_ != nullptr) {
    const DeltaQueue::State state = queue_->request({name, have, *digest});
    answer->next.delta_pending = state == DeltaQueue::State::pending;
    settled = state != DeltaQueue::State::refused;  // asked again as soon as there is room
  }
  auto encoded = std::make_shared<const std::string>(wire::encode_next(answer->next));
  if (settled) remember(key, generation, encoded);
  co_return encoded;
}

void Releases::remember(const std::string& key, std::uint64_t generation,
                        std::shared_ptr<const std::string> answer) {
  if (cache_.size() >= kMaxCached || cached_bytes_ + answer->size() > kMaxCachedBytes) {
    cache_.clear();
    cached_bytes_ = 0;
  }
  Cached& entry = cache_[key];
  if (entry.answer) cached_bytes_ -= entry.answer->size();
  cached_bytes_ += answer->size();
  entry = {generation, std::move(answer)};
}

}  // namespace stratus::server
