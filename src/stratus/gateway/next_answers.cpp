#include "stratus/gateway/next_answers.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/net/http_message.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/wire/next.hpp"

namespace stratus::gateway {
namespace {

constexpr std::string_view kPrefix = "next ";
constexpr std::size_t kMaxNames = 4096;

std::string key_of(const std::string& name, const Digest& have) {
  return fmt::format("{}{} {}", kPrefix, name, have.empty() ? "-" : have.hex());
}

}  // namespace

NextAnswers::NextAnswers(Answers& answers, AnswerStore& store, Counters& counters, Millis ttl, bool caching)
    : answers_(answers), store_(store), counters_(counters), ttl_(ttl), caching_(caching) {
  store_.on_drop([this](const std::string& key) { meanings_.erase(key); });
}

void NextAnswers::load() {
  store_.for_each([&](const KeptAnswer& kept) {
    if (!kept.key.starts_with(kPrefix)) return;
    const std::size_t space = kept.key.rfind(' ');
    if (space <= kPrefix.size()) return;
    const std::string name = kept.key.substr(kPrefix.size(), space - kPrefix.size());
    const Digest have = Digest::parse("sha256:" + kept.key.substr(space + 1)).value_or(Digest());
    auto meaning = understand(name, have, *kept.answer);
    if (meaning) (void)learn(name, kept.key, std::move(*meaning), kept.order);
  });
}

Result<NextAnswers::Meaning> NextAnswers::understand(const std::string& name, const Digest& have,
                                                     const Answer& answer) const {
  if (answer.status == 204) {
    if (have.empty()) return fail(ErrorCode::corrupt, "nothing is next for a device that runs nothing");
    return Meaning{have, {}};
  }
  STRATUS_TRY(next, wire::parse_next(answer.body));
  if (next.name != name) return fail(ErrorCode::corrupt, "asked about " + name + ", told about " + next.name);
  STRATUS_TRY(manifest, oci::parse_manifest(next.manifest));
  Meaning meaning{sha256(std::string_view(next.manifest)), {manifest.config.digest}};
  for (const oci::Descriptor& layer : manifest.layers) meaning.blobs.push_back(layer.digest);
  for (const wire::DeltaOffer& delta : next.deltas) meaning.blobs.push_back(delta.blob);
  return meaning;
}

bool NextAnswers::learn(const std::string& name, const std::string& key, Meaning meaning,
                        std::uint64_t order) {
  if (newest_.size() >= kMaxNames && !newest_.contains(name)) {
    newest_.erase(std::min_element(newest_.begin(), newest_.end(), [](const auto& a, const auto& b) {
      return a.second.order < b.second.order;
    }));
  }
  Newest& newest = newest_[name];
  const bool later = order >= newest.order;
  const bool changed = later && newest.target != meaning.target;
  if (later) newest = Newest{meaning.target, order};
  meanings_[key] = std::move(meaning);
  return changed;
}

AnswerPointer NextAnswers::find_release(const std::string& name, const Digest& target) {
  const std::string start = fmt::format("{}{} ", kPrefix, name);
  for (const auto& [key, meaning] : meanings_) {
    if (!key.starts_with(start) || meaning.target != target || meaning.blobs.empty()) continue;
    if (const KeptAnswer* const kept = store_.find(key)) return kept->answer;
  }
  return nullptr;
}

NextKnowledge NextAnswers::knowledge(const std::string& name, const std::string& key) {
  NextKnowledge known;
  const KeptAnswer* const kept = store_.find(key);
  const auto meaning = meanings_.find(key);
  known.kept = kept != nullptr && meaning != meanings_.end();
  if (known.kept) {
    known.fetched = kept->fetched;
    known.target = meaning->second.target;
  }
  const auto newest = newest_.find(name);
  if (newest == newest_.end()) return known;
  known.newest = newest->second.target;
  return known;
}

net::Task<Result<AnswerPointer>> NextAnswers::get(std::string name, Digest have, Asker asker) {
  const std::string key = key_of(name, have);
  if (asker.device.empty()) asker.device = "?";  // the nameless share one quota
  store_.note_asker(key, asker.device);
  const bool named = asker.device != "?";
  const bool asks_alone = named && asked_each_.contains(name);
  if (caching_ && !asks_alone && is_fresh(knowledge(name, key), system_clock().steady(), ttl_)) {
    ++counters_.answer_hits;
    co_return store_.find(key)->answer;
  }
  std::string target = "/api/v1/next/" + net::percent_encode(name);
  char separator = '?';
  const auto add = [&](const char* parameter, const std::string& value) {
    if (value.empty()) return;
    target += fmt::format("{}{}={}", separator, parameter, net::percent_encode(value));
    separator = '&';
  };
  if (named) add("device", asker.device);
  if (!have.empty()) add("have", have.hex());
  bool news = false;
  const Answers::Check check = [&, name, key, have](const Answer& answer) -> Result<void> {
    STRATUS_TRY(meaning, understand(name, have, answer));
    if (caching_ && may_be_kept(answer.sharing))
      news = learn(name, key, std::move(meaning), store_.next_order());
    return {};
  };
  auto answer = co_await answers_.fetch(key, target, check, asker, asks_alone);
  if (answer && (*answer)->sharing != Sharing::all && named && !asks_alone) {
    // Others may have waited for the same answer, which was for the first of them: each asks for itself.
    if (asked_each_.size() >= kMaxNames) asked_each_.clear();
    asked_each_.insert(name);
    answer = co_await answers_.fetch(key, target, check, asker, true);
  }
  if (answer && (*answer)->sharing == Sharing::all) asked_each_.erase(name);
  if (news) store_.persist(key);  // what is newest must be right after a restart, too
  if (answer || !caching_ || !may_be_stale(answer.error())) co_return answer;
  const Error why = answer.error();
  co_return answer_offline(name, key, have, why);
}

Result<AnswerPointer> NextAnswers::answer_offline(const std::string& name, const std::string& key,
                                                  const Digest& have, const Error& why) {
  NextKnowledge known = knowledge(name, key);
  const AnswerPointer release = find_release(name, known.newest);
  known.newest_body = release != nullptr;
  switch (offline_answer(known, have)) {
    case OfflineAnswer::kept:
      ++counters_.answer_stale;
      return store_.find(key)->answer;
    case OfflineAnswer::up_to_date:
      ++counters_.answer_stale;
      return std::make_shared<const Answer>(Answer{204, "", "", "", "", ""});
    case OfflineAnswer::newest_without_deltas: {
      ++counters_.answer_stale;
      STRATUS_TRY(next, wire::parse_next(release->body));
      next.deltas.clear();
      next.delta_pending = false;
      auto answer = std::make_shared<Answer>(*release);
      answer->body = wire::encode_next(next);
      return AnswerPointer(std::move(answer));
    }
    case OfflineAnswer::unknown:
      break;
  }
  return fail(Error(ErrorCode::unavailable, "nothing is known here about " + name + " yet: " + why.text()));
}

std::unordered_set<Digest> NextAnswers::pinned() const {
  std::unordered_set<Digest> pinned;
  for (const auto& [key, meaning] : meanings_) {
    const std::size_t space = key.rfind(' ');
    const auto newest = newest_.find(key.substr(kPrefix.size(), space - kPrefix.size()));
    // What led to an older release leads nobody any more.
    if (newest == newest_.end() || newest->second.target != meaning.target) continue;
    pinned.insert(meaning.blobs.begin(), meaning.blobs.end());
  }
  return pinned;
}

}  // namespace stratus::gateway
