// The actions of an update, as the update module orders them.
#include <algorithm>

#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/crypto/message_signature.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/sim/device.hpp"
#include "stratus/update/blame.hpp"
#include "stratus/update/pacing.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::sim {

using update::Action;
using update::Event;

namespace {

constexpr unsigned kMaxAttempts = 40;  // without a byte of progress
constexpr Millis kLongestDownloadPause{15'000};

std::uint64_t ms_since(SteadyTime begin) {
  const auto passed = std::chrono::steady_clock::now() - begin;
  return static_cast<std::uint64_t>(std::chrono::duration_cast<Millis>(passed).count());
}

// As docs/formats/mqtt.md names how an update ended.
std::string_view result_word(std::string_view state) {
  if (state == name_of(update::State::committed)) return "SUCCESS";
  if (state == name_of(update::State::rolled_back)) return "ROLLED_BACK";
  return state == name_of(update::State::cancelled) ? "CANCELLED" : "FAILED";
}

}  // namespace

Device::Outcome Device::outcome(Event event, std::string reason) const {
  Outcome made{event, {}};
  made.detail.reason = std::move(reason);
  made.detail.now_ms = unix_ms();
  made.detail.boot = boot_;
  return made;
}

net::Task<Device::Outcome> Device::perform(InstalledImage& image, Action action) {
  Outcome done = outcome(Event::settled);
  switch (action) {
    case Action::ask: {
      done = co_await ask_server(image);
      break;
    }
    case Action::make_plan: {
      done = plan(image);
      break;
    }
    case Action::fetch: {
      done = co_await fetch(image);
      break;
    }
    case Action::fetch_later: {
      const update::BackOff back_off{Millis(100), kLongestDownloadPause};
      disconnect();
      if (attempts_ > 0) {
        const Millis pause = update::back_off_delay(back_off, attempts_, chance_.fraction());
        co_await net::sleep_for(pause);
      }
      done = co_await fetch(image);
      break;
    }
    case Action::unpack: {
      done = co_await unpack(image);
      break;
    }
    case Action::begin_swap: {
      done =
          is_cancelled(image) ? outcome(Event::cancel_requested, "cancelled") : outcome(Event::swap_begins);
      break;
    }
    case Action::swap: {
      done = outcome(Event::healthy);
      break;
    }
    case Action::watch: {
      done = co_await watch(image);
      break;
    }
    case Action::commit:
      image.current = image.candidate;
      done = conclude(image);
      break;
    case Action::restore:
      ++world_.tally.rollback.needed;
      ++world_.tally.rollback.done;  // nothing of what ran before was touched
      done = conclude(image);
      break;
    case Action::discard:
    case Action::tell:
      done = conclude(image);
      break;
    case Action::rest:
    case Action::back_off:
      break;
  }
  co_return done;
}

// The connection for everything over HTTPS, once it is this device's turn.
net::Task<Result<void>> Device::connect() {
  if (connection_ && connection_->reusable()) co_return Result<void>();
  disconnect();
  slot_ = co_await world_.downloads.take(world_.executor);
  if (profile_.latency.count() > 0) {
    const Millis handshakes = profile_.latency * 4;  // TCP and TLS
    co_await net::sleep_for(handshakes);
  }
  net::HttpConnection::Options options = world_.http;
  options.identity = identity_;
  auto opened = co_await net::HttpConnection::open(std::move(options));
  if (!opened) {
    slot_.release();
    co_return forward_error(std::move(opened));
  }
  connection_ = std::move(*opened);
  world_.connections.insert(connection_.get());
  co_return Result<void>();
}

void Device::disconnect() {
  if (connection_) world_.connections.erase(connection_.get());
  connection_.reset();
  slot_.release();
}

net::Task<Device::Outcome> Device::ask_server(InstalledImage& image) {
  // Asked for by hand as it were: what is wanted from now on is asked for again.
  std::erase(wanted_, image.name);
  auto connected = co_await connect();
  if (!connected) {
    log::debug("sim", "{}: {}", name_, connected.error().text());
    co_return outcome(Event::unreachable);
  }
  if (profile_.latency.count() > 0) {
    const Millis round_trip = profile_.latency * 2;
    co_await net::sleep_for(round_trip);
  }
  net::HttpConnection::Request request;
  request.target = question(image);
  ++world_.tally.requests;
  auto head = co_await connection_->exchange(std::move(request));
  if (!head) co_return outcome(Event::unreachable);
  constexpr std::size_t limit = wire::NextRelease::kMaxEncoded;
  auto body = co_await connection_->read_all(limit);
  if (!body) co_return outcome(Event::unreachable);
  if (head->status == 204 || head->status == 404) co_return outcome(Event::up_to_date);
  if (head->status != 200) {
    world_.tally.count_cause(fmt::format("asking what is next was answered {}", head->status));
    co_return outcome(Event::unreachable);
  }
  const bool is_content = wire::update_kind_of(image.name) == wire::UpdateKind::content;
  co_return is_content ? consider_contents(image, *body) : consider(image, *body);
}

Device::Outcome Device::consider(InstalledImage& image, std::string_view answer) {
  auto next = wire::parse_next(answer);
  if (!next) return unreadable(next.error());
  const Digest manifest = sha256(next->manifest);
  update::DeviceRecord& record = image.record;
  if (manifest == record.current.manifest) return outcome(Event::up_to_date);
  if (record.is_bad(manifest, unix_ms())) return outcome(Event::known_bad);
  auto release = world_.shelf.take(*next, image.name);
  if (release && (*release)->counter < record.floor_of(image.name))
    release = fail(ErrorCode::denied, "older than what ran here");
  image.offers = std::move(next->deltas);
  return accept(image, {manifest, next->version}, std::move(release));
}

// As agents judge it: no answer, and asked again after a while.
Device::Outcome Device::unreadable(const Error& why) {
  world_.tally.count_cause("the answer cannot be read: " + why.text());
  return outcome(Event::unreachable);
}

Device::Outcome Device::accept(InstalledImage& image, const update::ReleaseId& id,
                               Result<ReleasePointer> release) {
  Outcome done = outcome(Event::accepted);
  done.detail.release = id;
  if (!release) {
    done = outcome(Event::refused, release.error().text());
    done.detail.release = id;
    done.detail.blame_release = update::blames_refused(release.error().code());
    fate_ = {};
    fate_.began = std::chrono::steady_clock::now();
    ++world_.tally.updating;
    return done;
  }
  image.candidate = std::move(*release);
  done.detail.counter = image.candidate->counter;
  Chance chance(profile_.seed, name_, id.manifest.hex());
  fate_ = {};
  fate_.began = std::chrono::steady_clock::now();
  const bool may_fail = profile_.fail_version.empty() || profile_.fail_version == id.version;
  fate_.fails = chance.happens(profile_.fail) && may_fail;
  if (chance.happens(profile_.power_cut)) {
    std::uint64_t all = 0;
    for (const Layer& layer : image.candidate->layers) all += layer.size;
    fate_.power_cut_in_probation = chance.happens(0.1);
    if (!fate_.power_cut_in_probation) fate_.power_cut_at = chance.below(all);
  }
  attempts_ = 0;
  told_bytes_ = 0;
  told_at_ = {};
  ++world_.tally.updating;
  return done;
}

Device::Outcome Device::plan(InstalledImage& image) {
  if (is_cancelled(image)) return outcome(Event::cancel_requested, "cancelled");
  const auto here = [&image](const Digest& blob) { return image.here(blob); };
  update::PlanLimits limits;
  limits.deltas = profile_.deltas && !image.record.without_deltas;
  limits.free_disk = UINT64_MAX / 4;
  auto made = update::make_plan(
      needs_of(*image.candidate, image.current.get(), limits.deltas, image.offers, here), limits);
  if (!made) return outcome(Event::over_limits, made.error().text());
  plan_ = std::move(*made);
  Outcome ready = outcome(plan_.steps.empty() ? Event::nothing_to_fetch : Event::plan_ready);
  ready.detail.plan = name_of(plan_.kind);
  return ready;
}

net::Task<Device::Outcome> Device::fetch(InstalledImage& image) {
  if (!std::exchange(fate_.downloading, true)) {
    ++world_.tally.downloading;
    if (fate_.download_began == SteadyTime()) fate_.download_began = std::chrono::steady_clock::now();
  }
  const std::uint64_t before = fate_.fetched;
  std::uint64_t counted = before;
  for (const update::PlanStep& step : plan_.steps) {
    Result<void> fetched = co_await fetch_blob(image, step.blob);
    if (fetched) continue;
    if (fate_.fetched > counted) attempts_ = 0;
    counted = fate_.fetched;
    const bool some = image.here(step.blob.digest) > 0;
    Outcome done = outcome(Event::link_lost, fetched.error().text());
    done.detail.bytes = fate_.fetched - before;
    if (power_lost_) {
      fate_.interrupted = fate_.interrupted || some;
      end_download();
      co_return done;  // nobody is there to hear it
    }
    if (is_cancelled(image)) {
      done = outcome(Event::cancel_requested, "cancelled");
    } else if (fetched.error().code() == ErrorCode::corrupt) {
      done = outcome(Event::gave_up, fetched.error().text());
    } else {
      ++world_.tally.link_cuts;
      fate_.interrupted = fate_.interrupted || some;
      if (++attempts_ > kMaxAttempts) done = outcome(Event::gave_up, fetched.error().text());
    }
    disconnect();
    if (done.event != Event::link_lost) end_download();
    co_return done;
  }
  disconnect();
  end_download();
  world_.tally.download.record(ms_since(fate_.download_began));
  attempts_ = 0;
  Outcome done = outcome(Event::fetched);
  done.detail.bytes = fate_.fetched - before;
  co_return done;
}

void Device::end_download() {
  if (std::exchange(fate_.downloading, false)) --world_.tally.downloading;
}

net::Task<Result<void>> Device::fetch_blob(InstalledImage& image, update::BlobNeed need) {
  std::uint64_t chunk = profile_.chunk > 0 ? profile_.chunk : update::kSmallBlob;
  Partial& partial = image.partial(need.digest);
  if (partial.length > need.size) partial = Partial{need.digest, 0, Sha256()};
  bool first = true;
  while (partial.length < need.size) {
    if (is_cancelled(image)) co_return fail(ErrorCode::cancelled, "cancelled");
    if (!std::exchange(first, false) && profile_.sleep.count() > 0) {
      const Millis pause = profile_.sleep;
      co_await net::sleep_for(pause);
    }
    const SteadyTime began = std::chrono::steady_clock::now();
    const std::uint64_t before = partial.length;
    Result<void> fetched = co_await fetch_chunk(image, partial, need.size, chunk);
    if (!fetched) co_return fetched;
    if (profile_.chunk == 0) {
      const auto took = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - began);
      chunk = update::next_chunk(chunk, partial.length - before, took);
    }
  }
  if (partial.hash.peek() == need.digest) co_return Result<void>();
  partial = Partial{need.digest, 0, Sha256()};
  co_return fail(ErrorCode::corrupt,
                 "the bytes of " + need.digest.short_hex() + " are not what they should be");
}

net::Task<Result<void>> Device::fetch_chunk(InstalledImage& image, Partial& partial, std::uint64_t size,
                                            std::uint64_t chunk) {
  auto connected = co_await connect();
  if (!connected) co_return connected;
  if (profile_.latency.count() > 0) {
    const Millis round_trip = profile_.latency * 2;
    co_await net::sleep_for(round_trip);
  }
  const std::uint64_t end = std::min(size, partial.length + chunk);
  net::HttpConnection::Request request;
  request.target = fmt::format("/v2/{}/blobs/{}", image.name, partial.blob.text());
  const bool whole = partial.length == 0 && end == size;
  if (!whole) request.headers = fmt::format("Range: bytes={}-{}\r\n", partial.length, end - 1);
  ++world_.tally.requests;
  auto head = co_await connection_->exchange(std::move(request));
  if (!head) co_return forward_error(std::move(head));
  if (head->status == 200) {
    if (partial.length > 0) partial = Partial{partial.blob, 0, Sha256()};
  } else if (head->status != 206) {
    const ErrorCode code = error_code_of_http_status(head->status);
    co_return fail(code, fmt::format("a blob was answered {}", head->status));
  } else {
    const auto range = head->headers.get("Content-Range");
    if (!range || !range->starts_with(fmt::format("bytes {}-", partial.length)))
      co_return fail(ErrorCode::corrupt, "another range came than was asked for");
  }
  if (connection_->body_left() > size - partial.length)
    co_return fail(ErrorCode::corrupt, "more bytes than the blob has");
  const std::uint64_t break_after =
      chance_.happens(profile_.cut) ? chance_.below(connection_->body_left()) : UINT64_MAX;
  std::uint64_t come = 0;
  for (;;) {
    const std::span<std::uint8_t> room(world_.buffer);
    auto got = co_await connection_->read_body(room);
    if (!got) co_return forward_error(std::move(got));
    if (*got == 0) break;
    partial.hash.update(BytesView(world_.buffer).first(*got));
    partial.length += *got;
    come += *got;
    fate_.fetched += *got;
    world_.tally.bytes += *got;
    if (fate_.fetched > fate_.power_cut_at) {
      fate_.power_cut_at = UINT64_MAX;
      power_lost_ = true;
      co_return fail(ErrorCode::unavailable, "the power went");
    }
    if (come > break_after) {
      connection_->reset_on_close();
      co_return fail(ErrorCode::unavailable, "the link broke");
    }
    if (is_cancelled(image)) co_return fail(ErrorCode::cancelled, "cancelled");
    tell_progress(image, false);
    Millis pause = pace_.take(std::chrono::steady_clock::now(), *got);
    const unsigned lost = loss_.take(chance_, *got);
    if (lost > 0) pause += std::max(profile_.latency * 2, Millis(1)) * lost;
    if (pause.count() > 0) co_await net::sleep_for(pause);
  }
  if (come == 0) co_return fail(ErrorCode::unavailable, "an empty answer");
  co_return Result<void>();
}

net::Task<Device::Outcome> Device::unpack(InstalledImage& image) {
  if (is_cancelled(image)) co_return outcome(Event::cancel_requested, "cancelled");
  image.partials.clear();  // hashed while they came; what they hold is nobody's concern here
  tell_progress(image, true);
  if (profile_.install.count() > 0) {
    const Millis pause = profile_.install;
    co_await net::sleep_for(pause);
  }
  if (fate_.fails && profile_.fail_how == FailHow::failed)
    co_return outcome(Event::gave_up, "simulated: it cannot be installed");
  co_return outcome(Event::verified);
}

net::Task<Device::Outcome> Device::watch(InstalledImage& image) {
  tell_progress(image, true);
  if (profile_.probation.count() > 0) {
    const Millis pause = profile_.probation;
    co_await net::sleep_for(pause);
  }
  if (std::exchange(fate_.power_cut_in_probation, false)) {
    power_lost_ = true;
    co_return outcome(Event::unhealthy);  // nobody is there to hear it
  }
  if (is_cancelled(image)) co_return outcome(Event::cancel_requested, "cancelled");
  if (!fate_.fails) {
    Outcome passed = outcome(Event::passed);
    passed.detail.name = image.name;
    co_return passed;
  }
  Outcome unwell = outcome(Event::unhealthy, "simulated: the new version is not well");
  unwell.detail.blame_release = true;
  co_return unwell;
}

void Device::tell_end(wire::DeviceReport report) {
  report.sequence = flash_.next_sequence++;
  report.duration_ms = ms_since(fate_.began);
  wire::UpdateResult result;
  result.envelope.seq = report.sequence;
  result.envelope.time_ms = report.time_ms;
  result.command = command_;
  result.status = result_word(report.state);
  result.report = wire::encode_report(report);
  if (key_) {
    const auto signature = crypto::sign_message(*key_, {name_, "report", report.sequence}, result.report);
    if (signature) result.signature = *signature;
  }
  flash_.unsaid.push_back({report.sequence, wire::encode_result(result)});
  said_at_ = std::chrono::steady_clock::now();
  say("update/result", flash_.unsaid.back().message);
}

Device::Outcome Device::conclude(InstalledImage& image) {
  const update::DeviceRecord& record = image.record;
  Tally& tally = world_.tally;
  for (wire::DeviceReport& report : reports_of(image)) tell_end(std::move(report));

  ++finished_;
  --tally.updating;
  tally.update.record(ms_since(fate_.began));
  if (fate_.interrupted) {
    ++tally.partial.needed;
    const bool fetched =
        record.state == update::State::committed || record.state == update::State::rolled_back;
    if (fetched) ++tally.partial.done;
  }
  switch (record.state) {
    case update::State::committed:
      ++tally.succeeded;
      break;
    case update::State::rolled_back:
      ++tally.rolled_back;
      break;
    case update::State::cancelled:
      ++tally.cancelled;
      break;
    default:
      ++tally.failed;
  }
  if (record.state != update::State::committed) tally.count_cause(record.reason);
  if (record.state != update::State::committed && record.state != update::State::rolled_back)
    image.partials.clear();
  image.candidate.reset();
  image.offers.clear();
  disconnect();
  // There may be more of the same rollout. What failed is tried again when somebody says so.
  if (record.state == update::State::committed) ask(image.name);
  return outcome(Event::settled);
}

void Device::tell_progress(const InstalledImage& image, bool now) {
  if (!session_) return;
  const SteadyTime time = std::chrono::steady_clock::now();
  const bool first = told_at_ == SteadyTime();
  if (!now && !first && time - told_at_ < profile_.progress_interval) return;
  wire::UpdateProgress progress;
  progress.envelope.time_ms = unix_ms();
  progress.command = command_;
  progress.name = image.name;
  progress.state = std::string(name_of(image.record.state));
  for (const update::PlanStep& step : plan_.steps)
    progress.bytes += image.partials.empty() ? step.blob.size : image.here(step.blob.digest);
  progress.total = 0;
  for (const update::PlanStep& step : plan_.steps) progress.total += step.blob.size;
  if (progress.total > 0) {
    progress.percent =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(100, progress.bytes * 100 / progress.total));
  }
  const auto passed = first ? 0 : std::chrono::duration_cast<Millis>(time - told_at_).count();
  if (passed > 0 && progress.bytes > told_bytes_)
    progress.speed = (progress.bytes - told_bytes_) * 1000 / static_cast<std::uint64_t>(passed);
  if (progress.speed > 0 && progress.total > progress.bytes)
    progress.eta_s = (progress.total - progress.bytes) / progress.speed;
  told_at_ = time;
  told_bytes_ = progress.bytes;
  say("update/progress", wire::encode_progress(progress));
}

}  // namespace stratus::sim
