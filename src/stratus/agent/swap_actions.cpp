// Changing versions: start, check, stop, watch, commit, return.
#include <algorithm>

#include <fmt/format.h>

#include "stratus/agent/agent_core.hpp"
#include "stratus/agent/listen_sockets.hpp"
#include "stratus/base/log.hpp"
#include "stratus/update/blame.hpp"

namespace stratus::agent {

using namespace std::chrono_literals;
using update::Event;

namespace {

using Steady = std::chrono::steady_clock;

// Without a check of its own a service counts as well when it is alive after so long; probation sees the
// rest.
constexpr auto kSettleTime = 20ms;
constexpr auto kFirstProbe = 1ms;
constexpr auto kSlowestProbe = 100ms;
constexpr auto kAloneTime = 2'000ms;  // for a new version to answer once the old one is gone

std::chrono::milliseconds since(Steady::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begin);
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.substr(0, 4) == "127.";
}

// The port of this machine that a check asks, 0 when it cannot tell processes apart by it.
std::uint16_t checked_port(const HealthCheckPlan& plan) {
  if (plan.kind == CheckKind::tcp) return is_loopback(plan.host) ? plan.port : std::uint16_t{0};
  if (plan.kind != CheckKind::http) return 0;
  const std::size_t host = plan.url.find("//") + 2;
  const std::string authority = plan.url.substr(host, plan.url.find('/', host) - host);
  const auto parsed = parse_host_port(authority);
  if (!is_loopback(parsed ? std::string_view(parsed->host) : std::string_view(authority))) return 0;
  if (parsed) return parsed->port;
  return plan.url.rfind("https", 0) == 0 ? 443 : 80;
}

// `internal`: it was the agent that could not look, which says nothing about the release.
bool is_its_fault(const Error& error) { return error.code() != ErrorCode::internal; }

}  // namespace

net::Task<void> AgentCore::end_all_but(InstancePtr keep) {
  const std::vector<InstancePtr> others = std::exchange(adopted_, {});
  for (const InstancePtr& instance : others) {
    if (instance == keep) continue;
    log::info("service", "ending left-over version={} pid={}", instance->release.version,
              instance->process.pid);
    co_await host_.stop(instance);
  }
}

// Starts a release that is on disk as the one in charge.
net::Task<Result<void>> AgentCore::run_release(Digest manifest) {
  auto release = images_.load_release(manifest);
  if (!release) co_return forward_error(std::move(release));
  if (main_ != nullptr) co_await host_.stop(main_);
  auto prepared = co_await host_.prepare(*release, OnFullDisk::in_memory);
  if (!prepared) co_return forward_error(std::move(prepared));
  const InstancePtr instance = *prepared;
  Result<void> started = co_await host_.release(instance);
  if (started) main_ = instance;
  co_return started;
}

// Looks often at first, so that a service that is up in milliseconds is seen in milliseconds.
net::Task<Result<void>> AgentCore::wait_healthy(InstancePtr instance, HealthCheckPlan plan) {
  const auto end = instance->started + plan.start_time;
  // The old version on a shared port, or a stranger, may answer in its place: only a socket of its own shows
  // that it has come so far.
  const std::uint16_t port = checked_port(plan);
  std::chrono::milliseconds wait = kFirstProbe;
  Error trouble(ErrorCode::timeout,
                port == 0 ? "no answer yet" : fmt::format("it does not listen on port {}", port));
  for (;;) {
    if (instance->ended) co_return fail(ErrorCode::unavailable, instance->how_ended);
    if (plan.kind == CheckKind::none) {
      if (since(instance->started) >= kSettleTime) break;
    } else if (port == 0 || listens_on(instance->process.pid, port)) {
      Result<void> probed = co_await host_.probe(instance, plan);
      if (probed) break;
      trouble = probed.error();
    }
    if (cancelled_) co_return fail(ErrorCode::cancelled, "cancelled by the operator");
    if (Steady::now() >= end) {
      co_return fail(is_its_fault(trouble) ? ErrorCode::timeout : ErrorCode::internal,
                     fmt::format("not well within {} ms: {}", plan.start_time.count(), trouble.text()));
    }
    (void)co_await instance->changed.wait(wait);
    wait = std::min<std::chrono::milliseconds>(
        wait * 2, std::min<std::chrono::milliseconds>(kSlowestProbe, plan.interval));
  }
  log::info("service", "version={} is well", instance->release.version);
  co_return Result<void>();
}

// The old version runs, nothing of an interrupted attempt does, everything the new one needs is there.
net::Task<Outcome> AgentCore::begin_swap() {
  swapping_ = true;
  while (keeper_busy_) (void)co_await wake_.wait(100ms);
  if (const Result<void> there = need_candidate(); !there) {
    swapping_ = false;
    co_return outcome(Event::cancel_requested,
                      "the new version's files are damaged: " + there.error().text());
  }
  co_await end_all_but(main_);
  const bool old_runs = main_ != nullptr && !main_->ended;
  if (!old_runs && !record().current.manifest.empty()) {
    const Digest manifest = record().current.manifest;
    Result<void> started = co_await run_release(manifest);
    if (!started) log::warning("service", "the old version does not start: {}", started.error().text());
  }
  if (cancelled_) {
    swapping_ = false;
    co_return outcome(Event::cancel_requested, "cancelled by the operator");
  }
  co_return outcome(Event::swap_begins);
}

net::Task<Outcome> AgentCore::give_up_candidate(InstancePtr candidate, std::string reason, bool blame) {
  if (candidate != nullptr) co_await host_.stop(candidate);
  co_return outcome(Event::start_failed, std::move(reason), blame && !cancelled_);
}

net::Task<Outcome> AgentCore::swap() {
  swapping_ = true;
  while (keeper_busy_) (void)co_await wake_.wait(100ms);
  downtime_ = 0ms;
  auto prepared = co_await host_.prepare(*candidate_, OnFullDisk::refuse);
  if (!prepared) {
    // What the release itself asks for cannot be had: its fault. Anything else may go better another time.
    const bool blame = update::blames_unprepared(prepared.error().code());
    Outcome done = co_await give_up_candidate(nullptr, prepared.error().text(), blame);
    co_return done;
  }
  const InstancePtr candidate = *prepared;
  const bool start_first = order_of(config_, candidate_->config) == SwapOrder::start_first;
  Outcome done{Event::start_failed, {}};
  if (start_first) {
    done = co_await swap_start_first(candidate);
  } else {
    done = co_await swap_stop_first(candidate);
  }
  co_return done;
}

// The new version is made ready up to its exec before the old one is asked to stop: between them lie the old
// one's last and the new one's first milliseconds only.
net::Task<Outcome> AgentCore::swap_stop_first(InstancePtr candidate) {
  auto check = health_of(config_, candidate_->config);
  if (!check) {
    Outcome refused = co_await give_up_candidate(candidate, check.error().text(), true);
    co_return refused;
  }
  const HealthCheckPlan plan = *check;
  const InstancePtr old = std::exchange(main_, nullptr);
  const auto began = Steady::now();
  if (old != nullptr) co_await host_.stop(old);
  Result<void> well = co_await host_.release(candidate);
  if (well) well = co_await wait_healthy(candidate, plan);
  if (old != nullptr) downtime_ = since(began);
  if (!well) {
    Outcome failed = co_await give_up_candidate(candidate, well.error().text(), is_its_fault(well.error()));
    co_return failed;
  }
  main_ = candidate;
  Outcome done = outcome(Event::healthy);
  done.detail.downtime_ms = static_cast<std::uint64_t>(downtime_.count());
  co_return done;
}

net::Task<Outcome> AgentCore::swap_start_first(InstancePtr candidate) {
  auto check = health_of(config_, candidate_->config);
  if (!check) {
    Outcome refused = co_await give_up_candidate(candidate, check.error().text(), true);
    co_return refused;
  }
  HealthCheckPlan plan = *check;
  const InstancePtr old = main_;
  const bool beside_old = old != nullptr && !old->ended;
  Result<void> well = co_await host_.release(candidate);
  if (well) well = co_await wait_healthy(candidate, plan);
  if (!well) {
    Outcome failed = co_await give_up_candidate(candidate, well.error().text(), is_its_fault(well.error()));
    co_return failed;
  }
  main_ = candidate;
  if (beside_old) {
    co_await host_.stop(old);
    // On a shared port the old version may have answered for the new: ask again now that it cannot.
    const auto alone = Steady::now();
    plan.start_time =
        std::chrono::duration_cast<std::chrono::milliseconds>(alone - candidate->started) + kAloneTime;
    well = co_await wait_healthy(candidate, plan);
    if (!well) {
      downtime_ = since(alone);
      main_ = nullptr;
      Outcome failed = co_await give_up_candidate(candidate, well.error().text(), is_its_fault(well.error()));
      co_return failed;
    }
  }
  co_return outcome(Event::healthy);
}

net::Task<Outcome> AgentCore::watch() {
  swapping_ = false;
  if (const Result<void> there = need_candidate(); !there) {
    co_return outcome(Event::unhealthy, there.error().text());
  }
  const InstancePtr candidate = main_;
  if (candidate == nullptr) co_return outcome(Event::unhealthy, "it does not run");
  auto check = health_of(config_, candidate_->config);
  const HealthCheckPlan plan = check ? *check : HealthCheckPlan{};
  const auto end = Steady::now() + probation_of(config_, candidate_->config);
  unsigned failures = 0;
  while (!stopping_) {
    Result<void> well = co_await host_.probe(candidate, plan);
    if (well || is_its_fault(well.error())) failures = well ? 0 : failures + 1;
    if (candidate->ended) co_return outcome(Event::unhealthy, "in probation: " + candidate->how_ended, true);
    if (failures >= plan.retries) {
      co_return outcome(Event::unhealthy, "in probation: " + well.error().text(), true);
    }
    if (cancelled_) co_return outcome(Event::cancel_requested, "cancelled by the operator");
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Steady::now());
    if (left <= 0ms && well) break;
    const auto pause =
        std::min<std::chrono::milliseconds>(plan.interval, std::max<std::chrono::milliseconds>(left, 10ms));
    (void)co_await candidate->changed.wait(pause);
  }
  co_return outcome(Event::passed);
}

net::Task<Outcome> AgentCore::commit() {
  swapping_ = false;
  current_.reset();
  keeper_wake_.notify();
  fell_back_.clear();
  std::function<bool()> work = [this] {
    mark_committed();
    images_.remove_partials();
    images_.collect(releases_to_keep(record()));
    return true;
  };
  (void)co_await worker_.run(work);
  Outcome done = co_await conclude();
  co_return done;
}

net::Task<Outcome> AgentCore::restore() {
  swapping_ = true;
  while (keeper_busy_) (void)co_await wake_.wait(100ms);
  const auto began = Steady::now();
  if (main_ != nullptr && main_->release.manifest != record().current.manifest) {
    const InstancePtr candidate = std::exchange(main_, nullptr);
    co_await host_.stop(candidate);
  }
  co_await end_all_but(main_);
  const bool old_runs = main_ != nullptr && !main_->ended;
  if (!old_runs && !record().current.manifest.empty()) {
    const Digest manifest = record().current.manifest;
    Result<void> started = co_await run_release(manifest);
    if (started) {
      if (const auto release = images_.load_release(manifest)) {
        const auto check = health_of(config_, release->config);
        const HealthCheckPlan plan = check ? *check : HealthCheckPlan{};
        (void)co_await wait_healthy(main_, plan);
      }
      downtime_ += since(began);
    } else {
      log::error("service", "the old version does not start: {}",
                 started.error().text());  // the keeper goes on
    }
  }
  swapping_ = false;
  keeper_wake_.notify();
  std::function<bool()> work = [this] {
    mark_committed();
    images_.collect(releases_to_keep(record()));
    return true;
  };
  (void)co_await worker_.run(work);
  Outcome done = co_await conclude();
  co_return done;
}

}  // namespace stratus::agent
