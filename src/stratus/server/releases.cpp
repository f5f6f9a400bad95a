#include "stratus/server/releases.hpp"

#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/oci/reference.hpp"

namespace stratus::server {
namespace {

// A version is in the set as long as this lives.
class Mark {
 public:
  using Set = std::multiset<std::pair<std::string, std::string>>;
  Mark(Set& set, const std::string& name, const std::string& version)
      : set_(set), place_(set.insert({name, version})) {}
  Mark(const Mark&) = delete;
  ~Mark() { set_.erase(place_); }

 private:
  Set& set_;
  Set::iterator place_;
};

}  // namespace

Result<void> Releases::load() {
  STRATUS_TRY(releases, catalogue_.releases(""));
  for (const db::Release& release : releases) {
    STRATUS_TRY(digest, Digest::parse(release.digest));
    releases_[{release.name, release.version}] = digest;
    digests_.insert({release.name, digest});
    guard_.hold(release.name, digest);
  }
  STRATUS_TRY(targets, catalogue_.targets());
  for (db::Target& target : targets) targets_[target.name] = std::move(target);
  return {};
}

net::Task<Result<void>> Releases::add(std::string name, std::string version, Digest digest) {
  if (!oci::is_repository_name(name) || !oci::is_tag(version)) {
    co_return fail(ErrorCode::invalid, fmt::format("'{}:{}' is not a name and a version", name, version));
  }
  // In this order: who deletes or collects either sees the hold and the release, or the check finds out.
  auto check = [&]() -> Result<void> {
    guard_.hold(name, digest);
    STRATUS_CHECK(repositories_.touch_tree(name, digest));
    return check_release(repositories_, name, digest);
  };
  auto checked = co_await pool_.run(check);
  Result<void> added = std::move(checked).with_context(fmt::format("register {}:{}", name, version));
  if (added) {
    db::Release release{name, version, digest.text(), now_ms()};
    std::function<void(db::Catalogue::Done)> write = [&](db::Catalogue::Done done) {
      catalogue_.add_release(release, std::move(done));
    };
    added = co_await await_write(write);
  }
  const bool is_new = added && releases_.insert({{name, version}, digest}).second;
  if (is_new) {
    digests_.insert({name, digest});
    invalidate(name);  // devices that run it may get deltas from now on
    log::info("releases", "registered {}:{} {}", name, version, digest.text());
  } else {
    auto let_go = [&]() -> Result<void> {
      guard_.let_go(name, digest);
      return {};
    };
    (void)co_await pool_.run(let_go);
  }
  co_return added;
}

net::Task<Result<void>> Releases::remove(std::string name, std::string version) {
  const auto digest = find(name, version);
  if (!digest) co_return fail(digest.error());
  const auto current = target(name);
  if ((current && current->version == version) || becoming_target_.contains({name, version})) {
    co_return fail(ErrorCode::conflict,
                   fmt::format("{}:{} is what devices run; deploy another version first", name, version));
  }
  if (needs_ && needs_(name, *digest))
    co_return fail(ErrorCode::conflict,
                   fmt::format("{}:{} is what a rollout brings to devices", name, version));
  const Mark mark(removing_, name, version);
  std::function<void(db::Catalogue::Done)> write = [&](db::Catalogue::Done done) {
    catalogue_.remove_release(name, version, std::move(done));
  };
  auto written = co_await await_write(write);
  if (!written) co_return written;
  if (releases_.erase({name, version}) == 0) co_return written;  // another request was quicker
  digests_.clear();                                              // another version may have the same digest
  for (const auto& [key, value] : releases_) digests_.insert({key.first, value});
  auto let_go = [&]() -> Result<void> {
    guard_.let_go(name, *digest);
    return {};
  };
  (void)co_await pool_.run(let_go);
  log::info("releases", "removed {}:{} {}", name, version, digest->text());
  co_return Result<void>();
}

net::Task<Result<void>> Releases::set_target(std::string name, std::string version) {
  const auto digest = find(name, version);
  if (!digest) co_return fail(digest.error());
  if (removing_.contains({name, version})) {
    co_return fail(ErrorCode::conflict, fmt::format("{}:{} is being removed", name, version));
  }
  const Mark mark(becoming_target_, name, version);
  db::Target target{name, version, digest->text(), now_ms()};
  std::function<void(db::Catalogue::Done)> write = [&](db::Catalogue::Done done) {
    catalogue_.set_target(target, std::move(done));
  };
  auto written = co_await await_write(write);
  if (!written) co_return written;
  targets_[name] = std::move(target);
  invalidate(name);
  log::info("releases", "{} is now {}", name, version);
  if (on_target_) on_target_(name);
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

net::Task<Result<std::shared_ptr<const std::string>>> Releases::next(std::string name, Digest have,
                                                                     std::string device) {
  const auto target = this->target(name);
  if (!target) {
    ++counters_.unknown;
    co_return fail(target.error());
  }
  const auto digest = Digest::parse(target->digest);
  if (!digest) co_return fail(digest.error());
  const std::string version = target->version;
  const Digest wanted = *digest;
  auto answer = co_await next_version(name, version, wanted, have, device);
  co_return answer;
}

net::Task<Result<std::shared_ptr<const std::string>>> Releases::next_version(std::string name,
                                                                             std::string version,
                                                                             Digest digest, Digest have,
                                                                             std::string device) {
  if (digest == have) {
    ++counters_.up_to_date;
    co_return std::shared_ptr<const std::string>();
  }
  ++counters_.release;
  const NextQuestion question{name, version, digest, have};
  const bool known = is_released(name, have);
  auto answer = co_await answers_.answer(question, known, device);
  co_return answer;
}

net::Task<Result<rollout::Requirement>> Releases::requirement(std::string name, Digest digest) {
  auto read = [&] { return read_requirement(repositories_, name, digest); };
  auto requirement = co_await pool_.run(read);
  co_return requirement;
}

NextCounters Releases::counters() const {
  NextCounters counters = counters_;
  counters.cache_hits = answers_.cache_hits();
  return counters;
}

}  // namespace stratus::server
