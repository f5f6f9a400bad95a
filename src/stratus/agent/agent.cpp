#include "stratus/agent/agent.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <malloc.h>

#include "stratus/agent/agent_core.hpp"
#include "stratus/agent/control_socket.hpp"
#include "stratus/agent/identity.hpp"
#include "stratus/agent/status.hpp"
#include "stratus/base/clock.hpp"
#include "stratus/base/log.hpp"
#include "stratus/base/program_pages.hpp"
#include "stratus/crypto/message_signature.hpp"
#include "stratus/update/blame.hpp"
#include "stratus/update/pacing.hpp"
#include "stratus/update/record_report.hpp"
#include "stratus/update/retry.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::agent {

namespace json = boost::json;
using namespace std::chrono_literals;
using update::Action;
using update::Event;
using update::State;

namespace {

constexpr auto kJournalRetry = 2s;
constexpr std::chrono::milliseconds kLongRest = 5s;  // worth giving memory back for
constexpr update::BackOff kRestartBackOff{100ms, 30s};
constexpr Millis kSocketPause{50};  // between two tries for a port that is taken
constexpr int kSocketTries = 200;   // 10 s in all
constexpr std::size_t kMaxErrors = 100;
constexpr unsigned kFailedStarts = 3;  // of the committed version, then the one before it is started
constexpr auto kWellEnough = 10s;      // running so long resets the restart pause

net::ClientOptions client_options(const AgentConfig& config) {
  net::ClientOptions options;
  options.ca_file = config.ca_file;
  options.certificate = options.key = identity_file(config);
  return options;
}

Result<std::unique_ptr<crypto::ReleaseVerifier>> load_verifier(const AgentConfig& config) {
  std::vector<crypto::PublicKey> keys;
  for (const auto& file : config.keys) {
    auto key = crypto::PublicKey::load(file);
    if (!key)
      return fail(std::move(key.error())
                      .with_context("release key (the release.pub that `stratus key generate` made)"));
    keys.push_back(std::move(*key));
  }
  return crypto::make_pinned_key_verifier(std::move(keys));
}

}  // namespace

Result<std::unique_ptr<Agent>> Agent::make(AgentConfig config, net::Executor executor) {
  STRATUS_CHECK(check_config(config));
  STRATUS_TRY(verifier, load_verifier(config));
  STRATUS_TRY(state, StateStore::open(config.data));
  STRATUS_CHECK(ImageStore(config.data).prepare());
  runtime::LauncherOptions options;
  options.store = std::filesystem::absolute(config.data);
  options.user_namespace = config.user_namespace;
  STRATUS_TRY(launcher, runtime::Launcher::make(options));
  for (const std::string& missing : launcher.degradations()) log::warning("agent", "{}", missing);
  std::unique_ptr<Agent> agent = std::make_unique<AgentCore>(
      std::move(config), std::move(executor), std::move(state), std::move(verifier), std::move(launcher));
  return agent;
}

AgentCore::AgentCore(AgentConfig config, net::Executor executor, StateStore state,
                     std::unique_ptr<crypto::ReleaseVerifier> verifier, runtime::Launcher launcher)
    : config_(std::move(config)),
      executor_(std::move(executor)),
      state_(std::move(state)),
      images_(std::filesystem::absolute(config_.data)),
      reports_(config_.data / "reports"),
      worker_("unpack", 1),
      verifier_(std::move(verifier)),
      host_(executor_, worker_, config_, images_, std::move(launcher)),
      client_(net::HttpClient::make(executor_, client_options(config_))),
      wake_(executor_),
      keeper_wake_(executor_),
      report_wake_(executor_),
      stopped_(executor_) {
  if (auto boot = runtime::boot_id()) boot_ = std::move(*boot);
}

Outcome AgentCore::outcome(Event event, std::string reason, bool blame) const {
  Outcome done{event, {}};
  done.detail.reason = std::move(reason);
  done.detail.blame_release = blame;
  done.detail.now_ms = unix_ms();
  done.detail.boot = boot_;
  done.detail.name = config_.image;
  return done;
}

void AgentCore::check_now() {
  check_wanted_ = true;
  asked_by_hand_ = true;
  wake_.notify();
  if (contents_) contents_->check_now();
  for (const auto& follower : firmware_) follower->check_now();
}

bool AgentCore::cancel(std::string_view name) {
  const auto is_meant = [name](std::string_view other) { return name.empty() || name == other; };
  bool others = contents_ && is_meant(wire::kContentName) && contents_->cancel();
  for (const auto& follower : firmware_)
    if (is_meant(std::string(wire::kFirmwarePrefix) + follower->name()))
      others = follower->cancel() || others;
  if (!is_meant(config_.image)) return others;
  const State state = record().state;
  cancelled_ = true;
  wake_.notify();
  return others || (state != State::idle && state != State::checking);
}

void AgentCore::stop(bool service_too) {
  stopping_ = true;
  stop_service_too_ = stop_service_too_ || service_too;
  if (contents_) contents_->stop();
  for (const auto& follower : firmware_) follower->stop();
  wake_.notify();
  keeper_wake_.notify();
  report_wake_.notify();
  stopped_.notify();
}

// The journal is lost: what runs is what counts, else what was committed last, as the images say.
void AgentCore::rebuild_record(const Found& found) {
  const std::vector<Release> committed = images_.committed();
  update::DeviceRecord rebuilt;
  for (const InstancePtr& instance : found.alive) {
    const auto release = images_.load_release(instance->release.manifest);
    const bool marked = std::any_of(committed.begin(), committed.end(), [&](const Release& other) {
      return other.manifest_digest == instance->release.manifest;
    });
    if (release && (marked || rebuilt.current.manifest.empty())) rebuilt.current = instance->release;
  }
  for (const Release& release : committed) {
    const update::ReleaseId id{release.manifest_digest, release.version};
    if (rebuilt.current.manifest.empty()) {
      rebuilt.current = id;
    } else if (rebuilt.previous.manifest.empty() && id != rebuilt.current) {
      rebuilt.previous = id;
    }
  }
  rebuilt.floors = images_.floors();
  if (rebuilt.floors.size() > update::DeviceRecord::kMaxFloors)
    rebuilt.floors.resize(update::DeviceRecord::kMaxFloors);
  // Higher than any number that the lost journal may have reached.
  rebuilt.next_sequence = unix_ms() / 1000;
  log::warning("agent", "found again: version={} before={}", rebuilt.current.version,
               rebuilt.previous.version);
  if (const Result<void> saved = state_.save(rebuilt); !saved) {
    log::error("agent", "cannot write the journal: {}", saved.error().text());
    state_.save_later(rebuilt);
  }
}

void AgentCore::mark_committed() {
  if (record().current.manifest.empty()) return;
  const update::CounterFloor floor{config_.image, record().floor_of(config_.image)};
  if (const Result<void> marked = images_.mark_committed(record().current.manifest, floor); !marked) {
    log::warning("agent", "version={} is not marked as committed: {}", record().current.version,
                 marked.error().text());
  }
}

// Sorts what an earlier agent left: the version in charge becomes main_, an interrupted candidate is known.
void AgentCore::recover() {
  Found found = host_.adopt();
  dead_ = std::move(found.dead_this_boot);
  if (!state_.trouble().empty()) {
    log::error("agent", "the journal could not be read and was set aside: {}", state_.trouble());
    if (state_.lost()) rebuild_record(found);
  } else if (record() == update::DeviceRecord{} && !images_.committed().empty()) {
    log::error("agent", "the journal is gone, although releases were committed here");
    rebuild_record(found);
  } else if (record().state == State::idle) {
    mark_committed();  // an older agent's mark has no floor
  }
  const bool trying = record().state == State::probation;
  swapping_ = record().state == State::rolled_back;  // until restore() has sorted out what runs
  const Digest& in_charge = trying ? record().candidate.manifest : record().current.manifest;
  for (InstancePtr& instance : found.alive) {
    log::info("service", "found version={} pid={} running", instance->release.version, instance->process.pid);
    host_.watch(instance);
    if (main_ == nullptr && instance->release.manifest == in_charge) {
      main_ = instance;
    } else {
      adopted_.push_back(instance);
    }
  }
}

net::Task<Result<void>> AgentCore::run() {
  recover();
  const InstancePtr source = main_ != nullptr ? main_ : adopted_.empty() ? nullptr : adopted_.front();
  Result<void> sockets = host_.open_sockets(source);
  // A process that was being prepared when the last agent was killed holds them until it notices.
  for (int tries = 0; !sockets && sockets.error().code() == ErrorCode::unavailable && tries < kSocketTries;
       ++tries) {
    if (tries == 0) log::warning("agent", "waiting for a port: {}", sockets.error().text());
    if (stopping_) co_return Result<void>();
    co_await net::sleep_for(kSocketPause);
    sockets = host_.open_sockets(source);
  }
  if (!sockets) co_return sockets;
  auto control = ControlSocket::open(executor_, config_.data, *this);
  // Nobody can ask it then (the disk has no inode left, say); that it keeps the service is what counts.
  if (!control) log::error("agent", "no control socket: {}", control.error().text());

  namespace asio = boost::asio;
  asio::co_spawn(executor_, keep_running(), asio::detached);
  asio::co_spawn(executor_, keep_house(), asio::detached);
  asio::co_spawn(executor_, deliver_reports(), asio::detached);
  if (!config_.mqtt.broker.empty()) {
    auto mqtt = MqttLink::make(executor_, config_, *this);
    if (!mqtt) co_return forward_error(std::move(mqtt));
    mqtt_ = std::move(*mqtt);
    mqtt_->start();
  }
  Result<void> others = start_others();
  if (!others) co_return others;
  if (!identity_file(config_).empty())
    asio::co_spawn(executor_, keep_identity(executor_, config_, stopped_, stopping_, mqtt_.get()),
                   asio::detached);
  co_await drive();
  if (mqtt_) co_await mqtt_->stop();
  if (stop_service_too_) co_await stop_service();
  co_return Result<void>();
}

net::Task<void> AgentCore::drive() {
  const bool alive = main_ != nullptr && main_->release == record().candidate;
  const bool died = std::find(dead_.begin(), dead_.end(), record().candidate) != dead_.end();
  const Event event = update::restart_event(record(), alive, died, boot_);
  if (record().state != State::idle) {
    log::info("agent", "found state {}, going on with '{}'", name_of(record().state), name_of(event));
  }
  // Outside a trial only the committed version runs.
  if (record().state != State::probation) co_await end_all_but(main_);
  Outcome first = outcome(event, "interrupted");
  if (event == Event::restarted_dead) first = outcome(event, "ended while the agent was away", true);
  if (event == Event::restarted_too_often) {
    const bool swapped = record().state != State::verifying;
    const update::Attempts& attempts = swapped ? record().swapping : record().unpacking;
    first = outcome(event,
                    fmt::format("{} was cut short too often: {} times since the machine started, in {} of "
                                "its runs",
                                swapped ? "changing versions" : "unpacking", attempts.here, attempts.boots));
    first.detail.set_aside = true;
  }
  Action action = co_await advance(first);
  while (!stopping_) {
    Outcome done = co_await perform(action);
    if (stopping_) co_return;
    action = co_await advance(done);
  }
}

// The candidate that was found well has ended while that could not be written down.
std::optional<Outcome> AgentCore::died_meanwhile(const Outcome& done) const {
  if (done.event != Event::healthy && done.event != Event::passed) return std::nullopt;
  if (main_ == nullptr || !main_->ended) return std::nullopt;
  const Event event = done.event == Event::healthy ? Event::start_failed : Event::unhealthy;
  return outcome(event, "while the journal could not be written: " + main_->how_ended, true);
}

// Makes the step durable before its action is begun. While the journal cannot be written nothing goes on but
// the way back, and the service keeps running.
net::Task<Action> AgentCore::advance(Outcome done) {
  update::DeviceRecord next = record();
  const State before = next.state;
  auto action = update::step(next, done.event, done.detail);
  if (!action) {
    log::error("agent", "{}", action.error().text());
    co_return Action::rest;
  }
  const bool forgettable = (before == State::idle && next.state == State::checking) ||
                           (before == State::checking && next.state == State::idle) ||
                           (before == State::idle && next.state == State::idle);
  if (forgettable) {
    log::debug("agent", "{} → {}", name_of(before), name_of(next.state));
    state_.save_later(next);
    co_return *action;
  }
  for (;;) {
    if (action == Action::restore) swapping_ = true;  // the keeper keeps out until it is made
    Result<void> saved = state_.save(next);
    if (saved) break;
    log::error("agent", "cannot write the journal, {}: {}",
               action == Action::restore ? "returning all the same" : "waiting", saved.error().text());
    if (stopping_) co_return Action::rest;
    if (action == Action::restore) {
      // Nobody may have to make room before the old version runs. A restart finds the trial instead, and
      // comes to the same end.
      state_.save_later(next);
      break;
    }
    if (before == State::installed) {  // meanwhile the old version is kept as ever
      swapping_ = false;
      keeper_wake_.notify();
    }
    const std::chrono::milliseconds retry = kJournalRetry;
    co_await pause(retry);
    next.next_sequence = std::max(next.next_sequence, record().next_sequence);
    if (auto died = died_meanwhile(done)) {
      done = std::move(*died);
      next = record();
      action = update::step(next, done.event, done.detail);
      if (!action) co_return Action::rest;
    }
  }
  if (next.state != before || !done.detail.reason.empty()) {
    log::info("agent", "{} → {}{}{}{}", name_of(before), name_of(next.state),
              next.candidate.version.empty() ? "" : " version=", next.candidate.version,
              done.detail.reason.empty() ? "" : ": " + done.detail.reason);
  }
  co_return *action;
}

net::Task<Outcome> AgentCore::perform(Action action) {
  Outcome done{Event::settled, {}};
  switch (action) {
    case Action::rest: {
      const auto duration = first_poll_ ? 0ms : config_.poll;
      done = co_await rest(duration);
      break;
    }
    case Action::back_off: {
      // A server that is away is asked again soon; an update that failed costs bytes each time it is tried.
      const auto most = failures_ > 0 ? std::clamp<std::chrono::milliseconds>(config_.poll * 64, 1s, 1h)
                                      : std::clamp<std::chrono::milliseconds>(config_.poll * 8, 1s, 5min);
      const update::BackOff back_off{std::min(config_.poll, most), most};
      const double random = std::generate_canonical<double, 32>(random_);
      const auto duration = failures_ > 0 ? update::back_off_delay(back_off, failures_ + 1, random)
                                          : update::retry_delay(back_off, ++attempts_, random, asked_pause_);
      done = co_await rest(duration);
      break;
    }
    case Action::ask: {
      done = co_await ask();
      answer_ = done.event;
      break;
    }
    case Action::make_plan: {
      done = co_await plan();
      break;
    }
    case Action::fetch: {
      done = co_await fetch();
      break;
    }
    case Action::fetch_later: {
      done = co_await fetch_later();
      break;
    }
    case Action::unpack: {
      done = co_await unpack();
      break;
    }
    case Action::begin_swap: {
      done = co_await begin_swap();
      break;
    }
    case Action::swap: {
      done = co_await swap();
      break;
    }
    case Action::watch: {
      done = co_await watch();
      break;
    }
    case Action::commit: {
      done = co_await commit();
      break;
    }
    case Action::restore: {
      done = co_await restore();
      break;
    }
    case Action::discard: {
      done = co_await discard();
      break;
    }
    case Action::tell: {
      done = co_await conclude();
      break;
    }
  }
  co_return done;
}

net::Task<Outcome> AgentCore::rest(std::chrono::milliseconds duration) {
  ::malloc_trim(0);
  if (duration >= kLongRest) (void)release_program_pages();
  first_poll_ = false;
  cancelled_ = false;
  const auto end = std::chrono::steady_clock::now() + duration;
  while (!stopping_ && !check_wanted_) {
    if (!fell_back_.empty()) {
      Outcome failed = outcome(Event::current_failed, std::exchange(fell_back_, {}));
      failed.detail.set_aside = true;
      co_return failed;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left <= 0ms) break;
    (void)co_await wake_.wait(left);
  }
  check_wanted_ = false;
  cancelled_ = false;
  co_return outcome(Event::poll_due);
}

wire::DeviceReport AgentCore::make_report() const {
  const update::DeviceRecord& now = record();
  wire::DeviceReport report = update::report_of(now, config_.device, config_.image, unix_ms());
  report.sequence = now.next_sequence;
  report.downtime_ms = now.downtime_ms > 0 ? now.downtime_ms : static_cast<std::uint64_t>(downtime_.count());
  return report;
}

// What is kept up to date beside the service.
Result<void> AgentCore::start_others() {
  namespace asio = boost::asio;
  const auto report = [this](wire::DeviceReport about) { return queue_report(std::move(about)); };
  if (!config_.content.directory.empty()) {
    auto client = net::HttpClient::make(executor_, client_options(config_));
    contents_ = std::make_unique<ContentKeeper>(executor_, config_, *verifier_, std::move(client), report);
    asio::co_spawn(executor_, contents_->run(), asio::detached);
  }
  for (const FirmwareConfig& firmware : config_.firmware) {
    auto client = net::HttpClient::make(executor_, client_options(config_));
    STRATUS_TRY(made,
                FirmwareFollower::make(executor_, config_, firmware, *verifier_, std::move(client), report));
    firmware_.push_back(std::move(made));
    asio::co_spawn(executor_, firmware_.back()->run(), asio::detached);
  }
  return {};
}

// Of something beside the service. Numbers are given out by the journal: what has been given once is never
// given again, whatever happens in between.
net::Task<Result<void>> AgentCore::queue_report(wire::DeviceReport report) {
  while (update::is_outcome(record().state) && !stopping_) {  // the next number is taken by its report
    const std::chrono::milliseconds tick = 20ms;
    co_await pause(tick);
  }
  update::DeviceRecord next = record();
  report.sequence = next.next_sequence++;
  if (report.state == "failed" || report.state == "rolled_back")
    note_error(report.name, fmt::format("{} {}: {}", report.version, report.state, report.reason));
  if (const Result<void> saved = state_.save(next); !saved) co_return saved;
  const Result<void> queued = reports_.add(report);
  report_wake_.notify();
  co_return queued;
}

// The end of every update: the report is queued durably, or the server has it, then the state may be left.
net::Task<Outcome> AgentCore::conclude() {
  const wire::DeviceReport report = make_report();
  for (;;) {
    const Result<void> queued = reports_.add(report);
    if (queued || stopping_) break;
    log::error("agent", "cannot store the report, telling it from memory: {}", queued.error().text());
    reports_.hold(report);
    report_wake_.notify();
    const std::chrono::milliseconds retry = kJournalRetry;
    co_await pause(retry);
    if (!reports_.waits(report.sequence)) break;
  }
  last_end_ = name_of(record().state);
  if (record().state == State::failed || record().state == State::rolled_back)
    note_error("update", fmt::format("{} {}: {}", record().candidate.version, last_end_, record().reason));
  candidate_.reset();
  transfer_.end();
  first_poll_ = false;  // what was cancelled just now is not asked for again at once
  failures_ = record().state == State::failed ? failures_ + 1 : 0;
  report_wake_.notify();
  co_return outcome(Event::settled);
}

// Sees to it that the committed version runs whenever no swap is going on.
net::Task<void> AgentCore::keep_running() {
  unsigned attempt = 0;
  unsigned failed_starts = 0;
  while (!stopping_) {
    const bool trying = update::is_trying(record().state, swapping_);
    if (trying || record().current.manifest.empty() || (main_ != nullptr && !main_->ended)) {
      const InstancePtr watched = main_;
      if (watched != nullptr && !watched->ended && !trying) {
        (void)co_await watched->changed.wait(1s);
      } else {
        (void)co_await keeper_wake_.wait(1s);
      }
      continue;
    }
    if (main_ != nullptr && ends_too_often()) {
      keeper_busy_ = true;
      const std::string why =
          fmt::format("it ended again and again ({} times within {} s), last: {}", config_.crashes.exits,
                      config_.crashes.window.count() / 1000, main_->how_ended);
      const bool back = co_await fall_back(why);
      keeper_busy_ = false;
      wake_.notify();
      if (back) continue;
    }
    if (main_ != nullptr) {
      const bool was_well = std::chrono::steady_clock::now() - main_->started > kWellEnough;
      attempt = was_well ? 0 : attempt;
      const double random = std::generate_canonical<double, 32>(random_);
      if (attempt > 0) {
        const auto delay = update::back_off_delay(kRestartBackOff, attempt, random);
        (void)co_await keeper_wake_.wait(delay);
      }
      // Meanwhile an update may have put a version in charge that runs: then it is not to be replaced.
      const bool runs = main_ != nullptr && !main_->ended;
      if (stopping_ || !update::keeper_may_start(record().state, swapping_, runs)) continue;
    }
    ++attempt;
    keeper_busy_ = true;
    const Digest manifest = record().current.manifest;
    Result<void> started = co_await run_release(manifest);
    failed_starts = started ? 0 : failed_starts + 1;
    bool runs_again = static_cast<bool>(started);
    if (!started) {
      log::error("service", "cannot start version={}: {}", record().current.version, started.error().text());
      if (failed_starts >= kFailedStarts) {
        const std::string why = "the committed version cannot be started: " + started.error().text();
        runs_again = co_await fall_back(why);
      }
    }
    keeper_busy_ = false;
    wake_.notify();
    if (runs_again) continue;
    const double random = std::generate_canonical<double, 32>(random_);
    const auto delay = update::back_off_delay(kRestartBackOff, attempt, random);
    (void)co_await keeper_wake_.wait(delay);
  }
}

void AgentCore::note_error(std::string_view component, std::string message) {
  if (errors_.size() >= kMaxErrors) errors_.erase(errors_.begin());
  errors_.push_back({unix_ms(), "error", std::string(component), std::move(message)});
}

// Counts the end of what is in charge, once. True: the committed version ends so often that the one before it
// is the better choice; it is tried once, because after that nothing is before it.
bool AgentCore::ends_too_often() {
  if (counted_ == main_) return false;
  counted_ = main_;
  if (!main_->end_expected)
    note_error("service", fmt::format("version {} ended: {}", main_->release.version, main_->how_ended));
  const bool committed = main_->release == record().current && fell_back_.empty();
  if (!committed || main_->end_expected) {
    crashes_.reset();
    return false;
  }
  const auto ran = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                         main_->started);
  if (!crashes_.ended(config_.crashes, ran, steady_ms())) return false;
  return !record().previous.manifest.empty() &&
         update::keeper_may_start(record().state, swapping_, !main_->ended);
}

// The committed version cannot be started: the one before it is better than none. The machine is told, and
// makes it the committed one.
net::Task<bool> AgentCore::fall_back(std::string reason) {
  if (record().previous.manifest.empty()) co_return false;
  const update::ReleaseId previous = record().previous;
  log::warning("service", "starting version={} instead", previous.version);
  Result<void> started = co_await run_release(previous.manifest);
  if (!started) {
    log::error("service", "cannot start version={} either: {}", previous.version, started.error().text());
    co_return false;
  }
  fell_back_ = std::move(reason);
  co_return true;
}

net::Task<void> AgentCore::keep_house() {
  auto looked = steady_ms();
  while (!stopping_) {
    const InstancePtr instance = main_;
    const std::uint64_t before = instance != nullptr ? instance->written : 0;
    co_await host_.keep_house(instance);
    const auto now = steady_ms();
    const std::uint64_t limit = config_.writable_in_memory ? 0 : config_.writable_limit;
    const std::uint64_t written = instance != nullptr && !instance->ended ? instance->written : 0;
    const auto wait = update::next_look(limit, written, before, now - looked);
    looked = now;
    (void)co_await stopped_.wait(wait);
  }
}

net::Task<void> AgentCore::deliver_reports() {
  unsigned attempt = 0;
  while (!stopping_) {
    const std::vector<std::uint64_t> waiting = reports_.waiting();
    if (waiting.empty()) {
      co_await report_wake_.wait();
      continue;
    }
    const auto text = reports_.read(waiting.front());
    if (!text) {
      reports_.remove(waiting.front());
      continue;
    }
    net::ClientRequest post;
    post.method = "POST";
    post.url =
        fmt::format("{}/api/v1/devices/{}/reports", config_.server, net::percent_encode(config_.device));
    post.headers.set("Content-Type", "application/json");
    post.body = *text;
    const auto signature = sign(config_, "report", waiting.front(), *text);
    if (!signature)
      log::error("agent", "cannot sign report {}: {}", waiting.front(), signature.error().text());
    if (signature && !signature->empty()) post.headers.set(std::string(crypto::kSignatureHeader), *signature);
    auto answer = co_await client_->send(post);
    // Nothing but the server's own word: a network that wants a log-in answers everything with a page.
    if (answer && answer->status == 204) {
      reports_.remove(waiting.front());
      attempt = 0;
      continue;
    }
    const bool is_problem =
        answer && answer->headers.get("Content-Type").value_or("").starts_with("application/problem+json");
    if (is_problem && (answer->status == 400 || answer->status == 422)) {
      log::error("agent", "the server will never take report {}: {}", waiting.front(), answer->body);
      reports_.remove(waiting.front());
      continue;
    }
    const auto most = std::clamp<std::chrono::milliseconds>(config_.poll * 4, 1s, 5min);
    const update::BackOff back_off{1s, most};
    const double random = std::generate_canonical<double, 32>(random_);
    const auto asked = answer ? update::asked_pause(answer->headers.get("Retry-After").value_or("")) : 0ms;
    const auto delay = update::retry_delay(back_off, ++attempt, random, asked);
    co_await pause(delay);
  }
}

net::Task<void> AgentCore::stop_service() {
  const InstancePtr instance = main_;
  if (instance != nullptr) co_await host_.stop(instance);
  co_await end_all_but(nullptr);
}

std::string AgentCore::status() const {
  const update::DeviceRecord& now = record();
  const bool alive = main_ != nullptr && !main_->ended;
  const update::TransferReading reading = transfer_.reading(steady_ms());
  json::object object{{"device", config_.device},
                      {"image", config_.image},
                      {"state", name_of(now.state)},
                      {"running", alive ? release_json(main_->release) : json::value(nullptr)},
                      {"pid", alive ? json::value(main_->process.pid) : json::value(nullptr)},
                      {"ended", main_ != nullptr && main_->ended ? main_->how_ended : std::string()},
                      {"current", release_json(now.current)},
                      {"previous", release_json(now.previous)},
                      {"candidate", release_json(now.candidate)},
                      {"reason", now.reason},
                      {"plan", now.plan},
                      {"bytes", now.bytes},
                      {"planned_bytes", reading.total},
                      {"transfer", encode_transfer(reading)},
                      {"last", last_end_},
                      {"answer", answer_ ? name_of(*answer_) : std::string_view()},
                      {"downtime_ms", now.downtime_ms},
                      {"written_bytes", main_ != nullptr ? main_->written : 0},
                      {"server", config_.server},
                      {"server_problem", link_},
                      {"checks", checks_},
                      {"reports_waiting", reports_.waiting().size()}};
  json::array bad;
  for (const update::BadRelease& entry : now.bad) {
    json::object about{{"manifest", entry.manifest.text()}, {"reason", entry.reason}};
    if (entry.retry_ms != 0) about["retry_ms"] = entry.retry_ms;
    bad.push_back(std::move(about));
  }
  object["bad"] = std::move(bad);
  if (contents_) object["content"] = contents_->status();
  json::object firmware;
  for (const auto& follower : firmware_) firmware[follower->name()] = follower->status();
  if (!firmware.empty()) object["firmware"] = std::move(firmware);
  return json::serialize(object);
}

}  // namespace stratus::agent
