#include "stratus/gateway/answers.hpp"

#include <optional>

#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/gateway/passage.hpp"
#include "stratus/gateway/via.hpp"

namespace stratus::gateway {
namespace {

// The manifests that clients of today understand; the upstream chooses by it only for old schemas.
constexpr const char* kAccept =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/json";

std::string field(const net::ClientResponse& response, std::string_view name) {
  return std::string(response.headers.get(name).value_or(""));
}

}  // namespace

struct Answers::Flight {
  explicit Flight(const net::Executor& executor) : landed(executor) {}
  net::Notifier landed;
  std::optional<Result<AnswerPointer>> result;
};

bool may_be_stale(const Error& error) {
  switch (error.code()) {
    case ErrorCode::unavailable:
    case ErrorCode::timeout:
    case ErrorCode::corrupt:
    case ErrorCode::denied:
    case ErrorCode::internal:
      return true;
    default:
      return false;
  }
}

net::Task<Result<AnswerPointer>> Answers::get(std::string key, std::string target, Millis ttl, Check check,
                                              Asker asker) {
  if (const KeptAnswer* const kept = caching_ ? store_.find(key) : nullptr) {
    if (system_clock().steady() - kept->fetched < ttl) {
      ++counters_.answer_hits;
      co_return kept->answer;
    }
  }
  auto fetched = co_await fetch(key, std::move(target), std::move(check), std::move(asker));
  if (fetched || !caching_ || !may_be_stale(fetched.error())) co_return fetched;
  const KeptAnswer* const kept = store_.find(key);
  if (kept == nullptr) co_return fetched;
  ++counters_.answer_stale;
  co_return kept->answer;
}

net::Task<Result<AnswerPointer>> Answers::fetch(std::string key, std::string target, Check check, Asker asker,
                                                bool alone) {
  if (!caching_) {
    ++counters_.answer_misses;
    co_return co_await ask(target, check, std::move(asker.via));
  }
  const std::string flight_key = alone ? fmt::format("{} {}", key, asker.device) : key;
  if (const auto running = flights_.find(flight_key); running != flights_.end()) {
    const std::shared_ptr<Flight> flight = running->second;
    while (!flight->result) {
      co_await flight->landed.wait();
    }
    ++counters_.answer_hits;
    co_return *flight->result;
  }
  ++counters_.answer_misses;
  const auto flight = std::make_shared<Flight>(executor_);
  flights_[flight_key] = flight;
  // Whatever ends this coroutine: those who wait learn it.
  struct Landing {
    Answers& answers;
    const std::string& key;
    Flight& flight;
    ~Landing() {
      if (!flight.result)
        flight.result = Result<AnswerPointer>(fail(ErrorCode::cancelled, "the question was given up"));
      answers.flights_.erase(key);
      flight.landed.notify_all();
    }
  };
  const Landing landing = Landing{*this, flight_key, *flight};
  auto answer = co_await ask(target, check, std::move(asker.via));
  if (answer && may_be_kept((*answer)->sharing)) {
    store_.keep(key, *answer, asker.device);
  } else if (answer ? (*answer)->sharing == Sharing::personal
                    : answer.error().code() == ErrorCode::not_found) {
    store_.drop(key);
  }
  flight->result = answer;
  co_return answer;
}

net::Task<Result<AnswerPointer>> Answers::ask(const std::string& target, const Check& check,
                                              std::string via) {
  net::Headers headers = via_headers(std::move(via));
  if (target.starts_with("/v2/")) headers.set("Accept", kAccept);
  auto response = co_await upstream_.ask("GET", target, std::move(headers));
  if (!response) co_return forward_error(std::move(response));
  if (response->status != 200 && response->status != 204) co_return fail(error_of_status(*response, target));
  auto answer = std::make_shared<Answer>();
  answer->status = response->status;
  answer->content_type = field(*response, "Content-Type");
  answer->digest = field(*response, "Docker-Content-Digest");
  answer->link = field(*response, "Link");
  answer->filters = field(*response, "OCI-Filters-Applied");
  answer->sharing = parse_cache_control(field(*response, "Cache-Control"));
  answer->body = std::move(response->body);
  if (check) {
    const Result<void> fine = check(*answer);
    if (!fine) {
      log::warning("answers", "{}: not believed: {}", target, fine.error().text());
      co_return fail(ErrorCode::corrupt, target + ": " + fine.error().text());
    }
  }
  co_return AnswerPointer(std::move(answer));
}

net::Task<void> respond(net::Exchange& exchange, AnswerPointer answer) {
  net::ResponseHead head;
  head.status = answer->status;
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) head.headers.set(name, value);
  };
  set("Content-Type", answer->content_type);
  set("Docker-Content-Digest", answer->digest);
  set("Link", answer->link);
  set("OCI-Filters-Applied", answer->filters);
  set("Cache-Control", std::string(cache_control_of(answer->sharing)));
  (void)co_await exchange.respond(std::move(head), answer->body);
}

}  // namespace stratus::gateway
