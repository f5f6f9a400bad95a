// Asking, planning, fetching and unpacking: the part of an update during which the old version just runs on.
#include <algorithm>

#include <fmt/format.h>

#include "stratus/agent/agent_core.hpp"
#include "stratus/agent/fetcher.hpp"
#include "stratus/agent/link_words.hpp"
#include "stratus/base/log.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/update/blame.hpp"
#include "stratus/update/pacing.hpp"
#include "stratus/update/retry.hpp"
#include "stratus/wire/next.hpp"

namespace stratus::agent {

using namespace std::chrono_literals;
using update::Event;

namespace {

constexpr std::uint64_t kProgress = 4096;  // bytes further than ever before

// "1.5 KB of 20 KB" is for people; the log has exact numbers.
std::string plan_line(const update::Plan& plan) {
  return fmt::format("plan={} blobs={} bytes={} peak_disk={} peak_memory={}", name_of(plan.kind),
                     plan.steps.size(), plan.bytes, plan.peak_disk, plan.peak_memory);
}

}  // namespace

std::uint64_t AgentCore::take_traffic() {
  const net::HttpClient::Traffic traffic = client_->traffic();
  const std::uint64_t total = traffic.sent + traffic.received;
  return total - std::exchange(traffic_mark_, total);
}

net::Task<Outcome> AgentCore::ask() {
  (void)take_traffic();
  ++checks_;
  net::ClientRequest get;
  get.url = fmt::format("{}/api/v1/next/{}?device={}", config_.server, net::percent_encode(config_.image),
                        net::percent_encode(config_.device));
  if (!record().current.manifest.empty()) get.url += "&have=" + record().current.manifest.hex();
  get.max_response = wire::NextRelease::kMaxEncoded;
  auto answer = co_await client_->send(get);
  if (cancelled_) co_return outcome(Event::cancel_requested, "cancelled by the operator");
  if (!answer || (answer->status != 200 && answer->status != 204)) {
    asked_pause_ = answer ? update::asked_pause(answer->headers.get("Retry-After").value_or(""))
                          : std::chrono::milliseconds(0);
    note_link(answer ? explain_status(config_, answer->status) : explain_no_answer(config_, answer.error()));
    co_return outcome(Event::unreachable);
  }
  attempts_ = 0;
  asked_pause_ = 0ms;
  if (answer->status == 204) {
    note_link("");
    failures_ = 0;
    co_return outcome(Event::up_to_date);
  }
  auto next = wire::parse_next(answer->body);
  if (!next) {
    note_link(fmt::format("what {} answered cannot be read: {}", config_.server, next.error().text()));
    co_return outcome(Event::unreachable);
  }
  note_link("");
  Outcome considered = co_await consider(std::move(*next));
  co_return considered;
}

// Said when it changes: a server that is away for a night is asked all night.
void AgentCore::note_link(std::string problem) {
  const bool is_news = !asked_ || problem != link_;
  const bool was_away = !link_.empty();
  asked_ = true;
  link_ = std::move(problem);
  if (!is_news) return;
  if (!link_.empty()) log::warning("agent", "no answer about updates: {}. Trying on", link_);
  if (link_.empty() && was_away) log::info("agent", "{} answers", config_.server);
  if (on_link_) on_link_(link_);
}

// Whether the release may be had at all. Nothing of it is fetched or unpacked before this says yes.
net::Task<Outcome> AgentCore::consider(wire::NextRelease next) {
  const Digest manifest = sha256(next.manifest);
  if (manifest == record().current.manifest) co_return outcome(Event::up_to_date);
  // Somebody who asks for it by hand does not wait until what was set aside is tried again.
  const std::uint64_t now = std::exchange(asked_by_hand_, false) ? 0 : unix_ms();
  if (record().is_bad(manifest, now)) {
    if (std::exchange(last_known_bad_, manifest) != manifest) {
      log::info("agent", "version={} failed here before and is not tried again", next.version);
    }
    co_return outcome(Event::known_bad);
  }
  auto release = check_release(next, config_.image, *verifier_, record().floor_of(config_.image));
  if (!release) {
    Outcome refused = outcome(Event::refused, release.error().text(), true);
    refused.detail.release = {manifest, next.version};
    // What is not its own fault is looked at again, but said once.
    refused.detail.blame_release = update::blames_refused(release.error().code());
    const bool said = last_refused_ == manifest;
    last_refused_ = manifest;
    if (said) co_return outcome(Event::known_bad);
    co_return refused;
  }
  if (const Result<void> claims = check_claims(config_, release->config); !claims) {
    Outcome refused = outcome(Event::refused, claims.error().text(), true);
    refused.detail.release = {manifest, next.version};
    co_return refused;
  }
  candidate_ = std::move(*release);
  std::function<Result<void>()> save = [this] { return images_.save_release(*candidate_); };
  Result<void> saved = co_await worker_.run(save);
  Outcome accepted = outcome(saved ? Event::accepted : Event::refused,
                             saved ? "" : "cannot be stored: " + saved.error().text());
  accepted.detail.release = {manifest, candidate_->version};
  accepted.detail.counter = candidate_->counter;
  damaged_ = 0;
  spent_ = 0;
  downtime_ = 0ms;
  co_return accepted;
}

// The candidate as it was accepted, when this is another run of the agent.
Result<void> AgentCore::need_candidate() {
  if (candidate_ && candidate_->manifest_digest == record().candidate.manifest) return {};
  STRATUS_TRY(loaded, images_.load_release(record().candidate.manifest));
  candidate_ = std::move(loaded);
  return {};
}

// What deltas are made against: the committed release, as far as it can be read.
const Release* AgentCore::installed_base() {
  const Digest& manifest = record().current.manifest;
  if (current_ && current_->manifest_digest != manifest) current_.reset();
  if (!current_ && !manifest.empty()) {
    auto loaded = images_.load_release(manifest);
    if (loaded) current_ = std::move(*loaded);
  }
  return current_ ? &*current_ : nullptr;
}

net::Task<Outcome> AgentCore::plan() {
  if (cancelled_) co_return outcome(Event::cancel_requested, "cancelled by the operator");
  if (const Result<void> there = need_candidate(); !there)
    co_return outcome(Event::refused, there.error().text());
  update::PlanLimits limits;
  limits.deltas = config_.deltas && !record().without_deltas;
  // An earlier agent's share is known with the heads of its requests: a little too much.
  if (!spent_) spent_ = record().bytes;
  if (config_.byte_budget > 0)
    limits.byte_budget =
        std::max<std::uint64_t>(config_.byte_budget - std::min(config_.byte_budget, *spent_), 1);
  limits.reserve = config_.disk_reserve;
  limits.memory = config_.memory;
  std::function<bool()> clear = [this] {
    images_.remove_partials_but(*candidate_);
    return true;
  };
  (void)co_await worker_.run(clear);
  const auto space = disk_space(config_.data);
  if (!space) co_return outcome(Event::no_space, space.error().text());
  limits.free_disk = space->free_bytes;
  const Release* const base = installed_base();
  auto made = update::make_plan(images_.needs_of(*candidate_, base), limits);
  if (!made && config_.byte_budget > 0 && *spent_ > 0) {
    Outcome used_up =
        outcome(Event::over_limits, fmt::format("{}; {} bytes came already", made.error().text(), *spent_));
    used_up.detail.set_aside = true;  // or each try would take the whole budget again
    co_return used_up;
  }
  if (!made) co_return outcome(Event::over_limits, made.error().text());
  plan_ = std::move(*made);
  log::info("agent", "version={} {}", candidate_->version, plan_line(plan_));
  std::uint64_t total = 0, here = 0;
  for (const update::PlanStep& step : plan_.steps) {
    total += step.blob.size;
    here += step.blob.here;
  }
  transfer_.begin(total, here, steady_ms());
  attempts_ = 0;
  reached_ = 0;
  Outcome ready = outcome(plan_.steps.empty() ? Event::nothing_to_fetch : Event::plan_ready);
  ready.detail.plan = name_of(plan_.kind);
  ready.detail.bytes = take_traffic();
  co_return ready;
}

Outcome AgentCore::after_fetch_error(const Error& error, const update::PlanStep& step, bool progress) {
  Outcome done = outcome(Event::link_lost, error.text());
  if (progress) attempts_ = 0;
  if (error.code() == ErrorCode::cancelled || cancelled_) {
    done = outcome(Event::cancel_requested, "cancelled by the operator");
  } else if (error.reason() == kOverBudget) {
    done = outcome(Event::gave_up, fmt::format("{} bytes came, the budget is {}: {}", spent_.value_or(0),
                                               config_.byte_budget, error.text()));
    done.detail.set_aside = true;  // or each try would take the whole budget again
  } else if (error.code() == ErrorCode::no_space) {
    images_.remove_partials();  // first of all, so that the journal has room again
    done = outcome(Event::no_space, error.text());
  } else if (error.code() == ErrorCode::corrupt && ++damaged_ >= update::kMaxDamaged) {
    damaged_ = 0;
    done = outcome(step.kind == update::StepKind::delta ? Event::damaged : Event::gave_up, error.text());
  } else if (++attempts_ > update::kMaxAttempts) {
    done = outcome(Event::gave_up, error.text());
  }
  done.detail.bytes = take_traffic();
  return done;
}

net::Task<Outcome> AgentCore::fetch() {
  std::uint64_t complete = 0;  // bytes of blobs that are here as a whole
  for (const update::PlanStep& step : plan_.steps) {
    BlobRequest request;
    request.url = fmt::format("{}/v2/{}/blobs/{}", config_.server, config_.image, step.blob.digest.text());
    request.file = images_.partial_path(step.blob.digest);
    request.digest = step.blob.digest;
    request.size = step.blob.size;
    request.is_cancelled = [this] { return cancelled_ || stopping_; };
    request.on_progress = [&](std::uint64_t bytes) {
      reached_ = std::max(reached_, complete + bytes);
      transfer_.advance(complete + bytes, steady_ms());
    };
    request.on_received = [this](std::uint64_t bytes) { spent_ = spent_.value_or(0) + bytes; };
    if (config_.byte_budget > 0)
      request.allowance = config_.byte_budget - std::min(config_.byte_budget, spent_.value_or(0));
    const std::uint64_t before = reached_;
    Result<void> fetched = co_await fetch_blob(*client_, worker_, request);
    if (stopping_) co_return outcome(Event::link_lost, "the agent stops");
    if (!fetched) {
      // Bytes that were here before and had to be thrown away are none.
      const bool progress = reached_ > before + kProgress;
      co_return after_fetch_error(fetched.error(), step, progress);
    }
    damaged_ = 0;
    complete += step.blob.size;
  }
  Outcome done = outcome(Event::fetched);
  done.detail.bytes = take_traffic();
  co_return done;
}

net::Task<Outcome> AgentCore::fetch_later() {
  const update::BackOff back_off{200ms, std::clamp<std::chrono::milliseconds>(config_.poll, 1s, 60s)};
  const double random = std::generate_canonical<double, 32>(random_);
  const auto delay = update::retry_delay(back_off, attempts_, random, 0ms);
  if (attempts_ > 0) (void)co_await wake_.wait(delay);
  if (cancelled_) co_return outcome(Event::cancel_requested, "cancelled by the operator");
  Outcome done = co_await fetch();
  co_return done;
}

Outcome AgentCore::after_unpack_error(const Error& error, const update::PlanStep& step) {
  const update::Judgement judged = update::judge_unpacking(step.kind, error.code());
  // First of all, so that the journal has room again.
  if (judged.event == Event::damaged || judged.event == Event::no_space) images_.remove_partials();
  return outcome(judged.event, error.text(), judged.blame_release);
}

net::Task<Outcome> AgentCore::unpack() {
  const Release* const base = installed_base();
  for (const update::PlanStep& step : plan_.steps) {
    if (cancelled_) co_return outcome(Event::cancel_requested, "cancelled by the operator");
    std::function<Result<void>()> work = [&]() -> Result<void> {
      STRATUS_TRY(space, disk_space(config_.data));
      const std::uint64_t room = space.free_bytes - std::min(space.free_bytes, config_.disk_reserve);
      return images_.install_layer(step, *candidate_, base, room);
    };
    Result<void> installed = co_await worker_.run(work);
    if (!installed) co_return after_unpack_error(installed.error(), step);
  }
  if (!images_.is_complete(*candidate_))
    co_return outcome(Event::gave_up, "a layer is missing after unpacking");
  co_return outcome(Event::verified);
}

net::Task<Outcome> AgentCore::discard() {
  std::function<bool()> work = [this] {
    images_.remove_partials();
    images_.collect(releases_to_keep(record()));
    return true;
  };
  (void)co_await worker_.run(work);
  Outcome done = co_await conclude();
  co_return done;
}

}  // namespace stratus::agent
