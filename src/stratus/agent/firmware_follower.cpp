#include "stratus/agent/firmware_follower.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "stratus/agent/fetcher.hpp"
#include "stratus/agent/status.hpp"
#include "stratus/base/clock.hpp"
#include "stratus/base/log.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/runtime/process.hpp"
#include "stratus/update/offered_release.hpp"
#include "stratus/update/pacing.hpp"
#include "stratus/update/record_report.hpp"
#include "stratus/update/retry.hpp"
#include "stratus/wire/next.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::agent {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;
using std::chrono::milliseconds;
using update::Action;
using update::Event;
using update::State;

namespace {

constexpr milliseconds kAgain = 2s;  // between two tries of what has to be done in the end
constexpr milliseconds kQuickLook = 200ms;

Result<oci::Descriptor> file_in(std::string_view manifest_text) {
  STRATUS_TRY(manifest, oci::parse_manifest(manifest_text));
  if (manifest.artifact_type != oci::media::kFirmware)
    return fail(ErrorCode::invalid, "'" + manifest.artifact_type.substr(0, 100) + "' is no firmware");
  if (manifest.layers.size() != 1 || manifest.layers[0].media_type != oci::media::kFirmwareFile)
    return fail(ErrorCode::invalid, "a firmware has one file");
  return manifest.layers[0];
}

}  // namespace

Result<FirmwareRelease> check_firmware(std::string_view answer, std::string_view name,
                                       const crypto::ReleaseVerifier& verifier, std::uint64_t floor) {
  STRATUS_TRY(next, wire::parse_next(answer));
  STRATUS_TRY(statement, update::check_offer(next, name, verifier, floor));
  FirmwareRelease release;
  release.manifest = statement.manifest;
  release.version = statement.version;
  release.counter = statement.counter;
  STRATUS_TRY(file, file_in(next.manifest));
  release.file = std::move(file);
  return release;
}

Result<std::unique_ptr<FirmwareFollower>> FirmwareFollower::make(
    net::Executor executor, const AgentConfig& config, const FirmwareConfig& firmware,
    const crypto::ReleaseVerifier& verifier, std::unique_ptr<net::HttpClient> client, Report report) {
  STRATUS_TRY(state, StateStore::open(config.data / "firmware" / firmware.name));
  return std::unique_ptr<FirmwareFollower>(new FirmwareFollower(std::move(executor), config, firmware,
                                                                verifier, std::move(client),
                                                                std::move(report), std::move(state)));
}

FirmwareFollower::FirmwareFollower(net::Executor executor, const AgentConfig& config,
                                   const FirmwareConfig& firmware, const crypto::ReleaseVerifier& verifier,
                                   std::unique_ptr<net::HttpClient> client, Report report, StateStore state)
    : config_(config),
      firmware_(firmware),
      image_(std::string(wire::kFirmwarePrefix) + firmware.name),
      verifier_(verifier),
      client_(std::move(client)),
      report_(std::move(report)),
      state_(std::move(state)),
      directory_(config.data / "firmware" / firmware.name),
      wake_(std::move(executor)) {
  if (auto boot = runtime::boot_id()) boot_ = std::move(*boot);
}

void FirmwareFollower::stop() {
  stopping_ = true;
  wake_.notify();
}

void FirmwareFollower::check_now() {
  check_wanted_ = by_hand_ = true;
  wake_.notify();
}

bool FirmwareFollower::cancel() {
  if (record().state == State::idle) return false;
  cancelled_ = true;  // what an answer brings that is on its way is given up too
  wake_.notify();
  return record().state != State::checking;
}

json::object FirmwareFollower::status() const {
  const auto shown = [](const update::ReleaseId& release) -> json::value {
    if (release.manifest.empty()) return nullptr;
    return json::object{{"version", release.version}, {"manifest", release.manifest.text()}};
  };
  return {{"state", name_of(record().state)},
          {"current", shown(record().current)},
          {"previous", shown(record().previous)},
          {"candidate", shown(record().candidate)},
          {"reason", record().reason},
          {"transfer", encode_transfer(transfer_.reading(steady_ms()))},
          {"last", last_end_},
          {"problem", problem_}};
}

FirmwareFollower::Done FirmwareFollower::done(Event event, std::string reason, bool blame) const {
  Done what{event, {}};
  what.detail.reason = std::move(reason);
  what.detail.blame_release = blame;
  what.detail.now_ms = unix_ms();
  what.detail.boot = boot_;
  what.detail.name = image_;
  return what;
}

net::Task<void> FirmwareFollower::run() {
  if (!state_.trouble().empty())
    log::error("firmware", "{}: the journal could not be read and was set aside: {}", image_,
               state_.trouble());
  need_floor();
  // In probation the firmware goes on running whatever happens to the agent: its probe tells.
  const Event event = update::restart_event(record(), true, false, boot_);
  Done first = done(event, "interrupted");
  if (event == Event::restarted_too_often) {
    first.detail.reason = fmt::format("the agent was cut off {} times while it was installed",
                                      record().swapping.here > 0 ? record().swapping.here : 1);
    first.detail.set_aside = true;
  }
  Action action = co_await advance(std::move(first));
  while (!stopping_) {
    Done what = co_await perform(action);
    if (stopping_) break;
    action = co_await advance(std::move(what));
  }
}

// A journal that is lost takes the floor with it, and an older signed firmware would be taken: so it is noted
// in a file of its own, too.
void FirmwareFollower::need_floor() {
  const auto text = read_file(directory_ / "floor", 32);
  std::uint64_t noted = 0;
  if (text) (void)std::from_chars(text->data(), text->data() + text->size(), noted);
  if (noted <= record().floor_of(image_)) return;
  update::DeviceRecord next = record();
  std::erase_if(next.floors, [&](const update::CounterFloor& floor) { return floor.name == image_; });
  next.floors.push_back({image_, noted});
  if (const auto saved = state_.save(next); !saved) {
    log::error("firmware", "{}: {}", image_, saved.error().text());
    state_.save_later(next);
  }
}

void FirmwareFollower::note_floor() const {
  const auto noted =
      write_file_atomically(directory_ / "floor", std::to_string(record().floor_of(image_)), 0600);
  if (!noted) log::warning("firmware", "{}: {}", image_, noted.error().text());
}

// Durable before its action is begun.
net::Task<Action> FirmwareFollower::advance(Done what) {
  update::DeviceRecord next = record();
  const State before = next.state;
  const auto action = update::step(next, what.event, what.detail);
  if (!action) {
    log::error("firmware", "{}: {}", image_, action.error().text());
    co_return Action::rest;
  }
  const auto rests = [](State state) { return state == State::idle || state == State::checking; };
  if (rests(before) && rests(next.state)) {
    state_.save_later(next);
    co_return *action;
  }
  while (!stopping_) {
    const Result<void> saved = state_.save(next);
    if (saved) break;
    log::error("firmware", "cannot write the journal, waiting: {}", saved.error().text());
    const milliseconds wait = kAgain;
    (void)co_await wake_.wait(wait);
  }
  log::info("firmware", "{}: {} → {}{}{}", image_, name_of(before), name_of(next.state),
            what.detail.reason.empty() ? "" : ": ", what.detail.reason);
  co_return *action;
}

net::Task<FirmwareFollower::Done> FirmwareFollower::perform(Action action) {
  Done what = done(Event::settled);
  const double random = std::generate_canonical<double, 32>(random_);
  switch (action) {
    case Action::rest: {
      const milliseconds wait = first_ ? 0ms : config_.poll;
      what = co_await rest(wait);
      break;
    }
    case Action::back_off: {
      const auto most = std::clamp<milliseconds>(config_.poll * (failures_ > 0 ? 64 : 8), 1s, 1h);
      const auto wait = update::back_off_delay({std::min(config_.poll, most), most}, ++attempts_, random);
      what = co_await rest(wait);
      break;
    }
    case Action::ask: {
      what = co_await ask();
      break;
    }
    case Action::make_plan: {
      what = co_await plan();
      break;
    }
    case Action::fetch_later: {
      const auto most = std::clamp<milliseconds>(config_.poll, 1s, 60s);
      const auto wait = update::back_off_delay({200ms, most}, attempts_, random);
      if (attempts_ > 0) (void)co_await wake_.wait(wait);
      what = co_await fetch();
      break;
    }
    case Action::fetch: {
      what = co_await fetch();
      break;
    }
    case Action::unpack: {
      what = co_await unpack();
      break;
    }
    case Action::begin_swap: {
      what =
          cancelled_ ? done(Event::cancel_requested, "cancelled by the operator") : done(Event::swap_begins);
      break;
    }
    case Action::swap: {
      what = co_await swap();
      break;
    }
    case Action::watch: {
      what = co_await watch();
      break;
    }
    case Action::commit: {
      what = co_await settle("confirm");
      break;
    }
    case Action::restore: {
      what = co_await settle("revert");
      break;
    }
    case Action::discard:
    case Action::tell: {
      what = co_await conclude();
      break;
    }
  }
  co_return what;
}

net::Task<FirmwareFollower::Done> FirmwareFollower::rest(milliseconds duration) {
  first_ = false;
  const auto end = steady_ms() + duration;
  while (!stopping_ && !check_wanted_ && steady_ms() < end) {
    const milliseconds left = end - steady_ms();
    (void)co_await wake_.wait(left);
  }
  check_wanted_ = false;
  cancelled_ = false;
  co_return done(Event::poll_due);
}

net::Task<FirmwareFollower::Done> FirmwareFollower::ask() {
  net::ClientRequest get;
  get.url =
      fmt::format("{}/api/v1/next/{}?device={}", config_.server, image_, net::percent_encode(config_.device));
  if (!record().current.manifest.empty()) get.url += "&have=" + record().current.manifest.hex();
  get.max_response = wire::NextRelease::kMaxEncoded;
  auto answer = co_await client_->send(get);
  const int status = answer ? answer->status : 0;
  // 404: nothing of this name was ever rolled out.
  if (status == 204 || status == 404) {
    problem_.clear();
    failures_ = attempts_ = 0;
    co_return done(Event::up_to_date);
  }
  if (status != 200) {
    problem_ = answer ? fmt::format("{} answered {}", get.url, status) : answer.error().text();
    co_return done(Event::unreachable);
  }
  problem_.clear();
  attempts_ = damaged_ = 0;
  auto release = check_firmware(answer->body, image_, verifier_, record().floor_of(image_));
  const auto named = wire::parse_next(answer->body);
  if (!named) {
    problem_ = "the answer cannot be read: " + named.error().text();
    co_return done(Event::unreachable);
  }
  const update::ReleaseId id{sha256(named->manifest), named->version};
  if (id.manifest == record().current.manifest) co_return done(Event::up_to_date);
  const std::uint64_t now = std::exchange(by_hand_, false) ? 0 : unix_ms();
  if (record().is_bad(id.manifest, now)) co_return done(Event::known_bad);
  if (!release) {
    // What is not signed yet may be later: looked at again, but said once.
    if (std::exchange(refused_, id.manifest) == id.manifest) co_return done(Event::known_bad);
    Done refused = done(Event::refused, release.error().text(), release.error().code() == ErrorCode::invalid);
    refused.detail.release = id;
    co_return refused;
  }
  const fs::path kept = directory_ / "candidate.json";
  if (const auto saved = write_file_atomically(kept, named->manifest, 0600); !saved) {
    problem_ = saved.error().text();
    co_return done(Event::unreachable);
  }
  candidate_ = std::move(*release);
  Done accepted = done(Event::accepted);
  accepted.detail.release = id;
  accepted.detail.counter = candidate_->counter;
  co_return accepted;
}

Result<void> FirmwareFollower::need_candidate() {
  if (candidate_ && candidate_->manifest == record().candidate.manifest) return {};
  STRATUS_TRY(text, read_file(directory_ / "candidate.json", oci::kMaxManifest));
  if (sha256(std::string_view(text)) != record().candidate.manifest)
    return fail(ErrorCode::corrupt, "the manifest that was kept is of another release");
  FirmwareRelease release;
  STRATUS_TRY(file, file_in(text));
  release.file = std::move(file);
  release.manifest = record().candidate.manifest;
  release.version = record().candidate.version;
  candidate_ = std::move(release);
  return {};
}

fs::path FirmwareFollower::file_of(const Digest& digest, bool partial) const {
  return directory_ / (digest.hex() + (partial ? ".partial" : ".bin"));
}

net::Task<FirmwareFollower::Done> FirmwareFollower::plan() {
  if (cancelled_) co_return done(Event::cancel_requested, "cancelled by the operator");
  if (const auto there = need_candidate(); !there) co_return done(Event::refused, there.error().text());
  const oci::Descriptor& file = candidate_->file;
  remove_files(file.digest.hex());
  std::error_code none;
  const std::uintmax_t came = fs::file_size(file_of(file.digest, true), none);
  const std::uint64_t here = none ? 0 : std::min<std::uint64_t>(came, file.size);
  const auto disk = disk_space(directory_);
  if (!disk) co_return done(Event::no_space, disk.error().text());
  if (config_.byte_budget > 0 && file.size - here > config_.byte_budget) {
    co_return done(Event::over_limits,
                   fmt::format("{} bytes, the budget is {}", file.size - here, config_.byte_budget));
  }
  if (file.size - here + config_.disk_reserve > disk->free_bytes) {
    co_return done(Event::over_limits,
                   fmt::format("{} bytes are needed, {} are free", file.size - here, disk->free_bytes));
  }
  transfer_.begin(file.size, here, steady_ms());
  attempts_ = 0;
  Done ready =
      done(fs::exists(file_of(file.digest, false), none) ? Event::nothing_to_fetch : Event::plan_ready);
  ready.detail.plan = "full";
  co_return ready;
}

net::Task<FirmwareFollower::Done> FirmwareFollower::fetch() {
  if (const auto there = need_candidate(); !there) co_return done(Event::gave_up, there.error().text());
  const oci::Descriptor file = candidate_->file;
  BlobRequest request;
  request.url = fmt::format("{}/v2/{}/blobs/{}", config_.server, image_, file.digest.text());
  request.file = file_of(file.digest, true);
  request.digest = file.digest;
  request.size = file.size;
  request.is_cancelled = [this] { return cancelled_ || stopping_; };
  bool progress = false;
  std::uint64_t before = 0;
  request.on_progress = [&](std::uint64_t bytes) {
    progress = progress || (before > 0 && bytes > before);
    before = bytes;
    transfer_.advance(bytes, steady_ms());
  };
  const net::HttpClient::Traffic begun = client_->traffic();
  Result<void> fetched = co_await fetch_blob(*client_, worker_, request);
  const net::HttpClient::Traffic now = client_->traffic();
  Done what = done(fetched ? Event::fetched : Event::link_lost, fetched ? "" : fetched.error().text());
  what.detail.bytes = now.received + now.sent - begun.received - begun.sent;
  if (fetched || stopping_) co_return what;
  if (progress) attempts_ = 0;
  const ErrorCode code = fetched.error().code();
  if (cancelled_) {
    what.event = Event::cancel_requested;
    what.detail.reason = "cancelled by the operator";
  } else if (code == ErrorCode::no_space) {
    remove_files();
    what.event = Event::no_space;
  } else if ((code == ErrorCode::corrupt && ++damaged_ >= update::kMaxDamaged) ||
             ++attempts_ > update::kMaxAttempts) {
    what.event = Event::gave_up;
  }
  co_return what;
}

net::Task<FirmwareFollower::Done> FirmwareFollower::unpack() {
  if (const auto there = need_candidate(); !there) co_return done(Event::gave_up, there.error().text());
  const oci::Descriptor file = candidate_->file;
  std::function<Result<void>()> work = [&]() -> Result<void> {
    const fs::path ready = file_of(file.digest, false), partial = file_of(file.digest, true);
    if (fs::exists(ready)) return {};
    STRATUS_TRY(descriptor, open_file(partial, O_RDONLY));
    if (::fsync(descriptor.get()) != 0) return fail(Error::from_errno("sync the firmware"));
    if (::rename(partial.c_str(), ready.c_str()) != 0) return fail(Error::from_errno("rename the firmware"));
    return sync_directory(directory_);
  };
  auto renamed = co_await worker_.run(work);
  if (!renamed && renamed.error().code() == ErrorCode::not_found)
    co_return done(Event::damaged, "the file is gone");
  if (!renamed) co_return done(Event::gave_up, renamed.error().text());
  co_return done(Event::verified);
}

net::Task<Result<PluginAnswer>> FirmwareFollower::call(std::string word, std::string file, bool may_cancel) {
  PluginCall plugin;
  plugin.command = firmware_.program;
  plugin.word = word;
  plugin.file = file;
  plugin.limit = word == "install" ? firmware_.install_time : firmware_.call_time;
  const bool about_candidate = !record().candidate.manifest.empty();
  const update::ReleaseId about = about_candidate ? record().candidate : record().current;
  json::object input{{"name", firmware_.name},
                     {"device", config_.device},
                     {"version", about.version},
                     {"manifest", about.manifest.empty() ? "" : about.manifest.text()}};
  if (candidate_) {
    input["digest"] = candidate_->file.digest.text();
    input["size"] = candidate_->file.size;
  }
  plugin.input = json::serialize(input);
  plugin.is_cancelled = [this, may_cancel] { return stopping_ || (may_cancel && cancelled_); };
  std::function<Result<PluginAnswer>()> work = [&] { return call_plugin(plugin); };
  auto answer = co_await worker_.run(work);
  if (answer) log::info("firmware", "{}: {} {}", image_, word, answer->text());
  if (!answer) log::error("firmware", "{}: {} {}", image_, word, answer.error().text());
  co_return answer;
}

net::Task<FirmwareFollower::Done> FirmwareFollower::swap() {
  if (const auto there = need_candidate(); !there) co_return done(Event::start_failed, there.error().text());
  const std::string file = fs::absolute(file_of(candidate_->file.digest, false)).string();
  auto installed = co_await call("install", file, true);
  if (!installed) co_return done(Event::start_failed, installed.error().text());
  if (cancelled_) co_return done(Event::cancel_requested, "cancelled by the operator");
  if (installed->later()) {
    // It runs after the next boot of the machine; then `install` is called again and says so.
    problem_ = "waits for the machine to be started anew";
    while (!stopping_ && !cancelled_) (void)co_await wake_.wait(config_.poll);
    co_return done(Event::cancel_requested, "cancelled before the machine was started anew");
  }
  problem_.clear();
  if (!installed->well()) co_return done(Event::start_failed, "install: " + installed->text(), !stopping_);
  const auto end = steady_ms() + firmware_.start_time;
  std::string trouble;
  while (!stopping_) {
    auto probed = co_await call("probe", "", true);
    if (probed && probed->well()) co_return done(Event::healthy);
    if (cancelled_) co_return done(Event::cancel_requested, "cancelled by the operator");
    trouble = probed ? probed->text() : probed.error().text();
    const bool blame = probed.has_value();
    if (steady_ms() >= end) co_return done(Event::start_failed, "not well in time: probe: " + trouble, blame);
    const milliseconds wait = std::min(kQuickLook, firmware_.interval);
    (void)co_await wake_.wait(wait);
  }
  co_return done(Event::start_failed, trouble);
}

net::Task<FirmwareFollower::Done> FirmwareFollower::watch() {
  (void)need_candidate();
  const auto end = steady_ms() + firmware_.probation;
  unsigned failures = 0;
  while (!stopping_) {
    auto probed = co_await call("probe", "", true);
    if (cancelled_) co_return done(Event::cancel_requested, "cancelled by the operator");
    const bool well = probed && probed->well();
    if (probed) failures = well ? 0 : failures + 1;  // what cannot be asked says nothing
    if (failures >= firmware_.retries)
      co_return done(Event::unhealthy, "in probation: probe: " + probed->text(), true);
    const milliseconds left = end - steady_ms();
    if (left <= 0ms && well) break;
    const milliseconds wait = std::min(firmware_.interval, std::max<milliseconds>(left, 10ms));
    (void)co_await wake_.wait(wait);
  }
  co_return done(Event::passed);
}

// `confirm` and `revert` have to come true in the end: a boot loader that is not told returns by itself.
net::Task<FirmwareFollower::Done> FirmwareFollower::settle(std::string word) {
  while (!stopping_) {
    auto answer = co_await call(word, "", false);
    if (answer && answer->well()) break;
    problem_ = word + ": " + (answer ? answer->text() : answer.error().text());
    const milliseconds wait = kAgain;
    (void)co_await wake_.wait(wait);
  }
  problem_.clear();
  Done what = co_await conclude();
  co_return what;
}

void FirmwareFollower::remove_files(std::string_view but) const {
  std::vector<fs::path> gone;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory_, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!but.empty() && name.substr(0, name.find('.')) == but) continue;
    if (name.ends_with(".bin") || name.ends_with(".partial") || name.ends_with(".mark"))
      gone.push_back(entry.path());
  }
  for (const fs::path& path : gone) (void)::unlink(path.c_str());
}

net::Task<FirmwareFollower::Done> FirmwareFollower::conclude() {
  if (stopping_) co_return done(Event::settled);
  const update::DeviceRecord& now = record();
  if (now.state == State::committed) note_floor();
  const wire::DeviceReport report = update::report_of(now, config_.device, image_, unix_ms());
  for (;;) {
    auto queued = co_await report_(report);
    if (queued || stopping_) break;
    const milliseconds wait = kAgain;
    (void)co_await wake_.wait(wait);
  }
  last_end_ = name_of(now.state);
  failures_ = now.state == State::failed ? failures_ + 1 : 0;
  // What a failed one fetched may be of use the next time; plan() removes it when the next is another.
  if (now.state != State::failed) remove_files();
  transfer_.end();
  candidate_.reset();
  co_return done(Event::settled);
}

}  // namespace stratus::agent
