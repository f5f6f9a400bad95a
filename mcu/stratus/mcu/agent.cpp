#include "stratus/mcu/agent.hpp"

namespace stratus::mcu {
namespace {

constexpr uint32_t kSmallestChunk = 4 * 1024;
constexpr uint32_t kLargestChunk = 64 * 1024;
constexpr uint32_t kAimedMillis = 1000;  // a chunk should take about a second

}  // namespace

bool Agent::Skip::write(const uint8_t* data, uint32_t size) {
  const uint32_t n = size < skip ? size : skip;
  skip -= n;
  return n == size || updater->write(data + n, size - n);
}

bool Agent::write(const uint8_t* data, uint32_t size) {
  if (ports_.watchdog != nullptr) ports_.watchdog->feed();
  if (sink_ == Sink::other) return other_->write(data, size);
  if (sink_ == Sink::manifest) {
    if (size > sizeof raw_ - raw_size_) return false;
    memcpy(raw_ + raw_size_, data, size);
    raw_size_ += size;
    return true;
  }
  while (delta_at_ < kDeltaHeaderSize && size != 0) {
    decoder_.scratch()[delta_at_++] = *data++;
    --size;
    if (delta_at_ != kDeltaHeaderSize) continue;
    DeltaHeader header;
    delta_cause_ = parse_delta_header(decoder_.scratch(), header);
    if (delta_cause_ == Cause::ok &&
        (header.base_size != patched_->size ||
         memcmp(header.base_digest, patched_->digest, sizeof header.base_digest) != 0)) {
      delta_cause_ = Cause::wrong_base;
    }
    if (delta_cause_ != Cause::ok) return false;
    decoder_.begin(header);
  }
  if (size != 0) delta_cause_ = decoder_.feed(data, size);
  return delta_cause_ == Cause::ok;
}

bool Agent::go_on(const char* state, uint32_t done, uint32_t total) {
  return ports_.observer == nullptr || ports_.observer->on_step(state, done, total);
}

Cause Agent::check_in() {
  have_manifest_ = false;
  sink_ = Sink::manifest;
  raw_size_ = 0;
  if (base_size_ == 0 && !running_digest(base_, base_size_)) return Cause::io;
  char path[512];
  TextWriter out(path, sizeof path);
  out.text(config_.check_path);
  if (config_.device != nullptr)
    out.text("?model=").text(config_.model).text("&device=").text(config_.device).text("&have=");
  out.hex(base_, sizeof base_);
  if (ports_.components != nullptr) ports_.components->ask(out);
  if (!out.ok()) return Cause::too_large;
  uint32_t received = 0;
  Cause cause = http_.get(out.c_str(), nullptr, kManifestLimit, *this, received);
  fetched_ += received;
  if (cause != Cause::ok) return cause;
  const ManifestPolicy policy{config_.model, ports_.updater.state().serial, ports_.clock.unix_time()};
  Crypto& crypto = ports_.assignment != nullptr ? *ports_.assignment : ports_.crypto;
  cause = parse_manifest(raw_, raw_size_, crypto, policy, manifest_);
  have_manifest_ = cause == Cause::ok;
  return cause;
}

bool Agent::running_digest(uint8_t digest[32], uint32_t& size) {
  // Of the slot that runs: the target slot while on trial.
  const uint8_t slot = ports_.updater.target_slot() ^ (ports_.updater.on_trial() ? 0 : 1);
  const uint32_t at = ports_.layout.slot[slot];
  // Its digest is not checked again: stratus-boot has done so at this very start; another loader, behind
  // BootControl, as it is set up to.
  ImageInfo info;
  if (read_image(ports_.flash, at, ports_.layout.slot_size, info) != Cause::ok) return false;
  size = info.size;
  base_at_ = at;
  return hash_flash(ports_.flash, at, size, ports_.crypto, digest);
}

// [from, size) of a blob, in ranges whose length follows the measured speed.
Cause Agent::fetch(const uint8_t digest[32], uint32_t from, uint32_t size) {
  char path[4 + 64 + 14 + 64 + 1];
  TextWriter out(path, sizeof path);
  out.text("/v2/")
      .raw(manifest_.repository.data, manifest_.repository.size)
      .text("/blobs/sha256:")
      .hex(digest, 32);
  const char* const where = out.c_str();
  while (from < size) {
    if (!go_on("fetching", from, size)) return Cause::cancelled;
    const uint32_t n = size - from < chunk_ ? size - from : chunk_;
    const ByteRange range{from, from + n - 1, size};
    const uint32_t started = ports_.clock.millis();
    uint32_t received = 0;
    const Cause cause = http_.get(where, &range, n, *this, received);
    fetched_ += received;
    from += received;
    if (cause != Cause::ok) {
      if (chunk_ > kSmallestChunk) chunk_ /= 2;
      return cause;
    }
    const uint32_t took = ports_.clock.millis() - started;
    if (took < kAimedMillis / 2 && chunk_ < kLargestChunk) chunk_ *= 2;
    if (took > kAimedMillis * 2 && chunk_ > kSmallestChunk) chunk_ /= 2;
  }
  return Cause::ok;
}

Cause Agent::fetch_component(const Component& component, const PatchBase& base, Updater& updater) {
  const uint32_t mark = updater.offset();
  const bool delta = component.delta_base != nullptr && base.size != 0 &&
                     memcmp(component.delta_base, base.digest, sizeof base_) == 0 &&
                     component.delta_size < component.size - mark;
  Cause cause;
  if (delta) {
    // The patch starts again from its first byte; what it gives before the mark is in flash already.
    sink_ = Sink::delta;
    patched_ = &base;
    delta_at_ = 0;
    delta_cause_ = Cause::ok;
    skip_.updater = &updater;
    skip_.skip = mark;
    decoder_.set_base(*base.flash, base.at);
    cause = fetch(component.delta_digest, 0, component.delta_size);
    if (delta_cause_ != Cause::ok) cause = delta_cause_;
    if (cause == Cause::ok) cause = decoder_.finish();
  } else {
    sink_ = Sink::other;
    other_ = &updater;
    cause = fetch(component.digest, mark, component.size);
  }
  return cause == Cause::io && updater.error() != Cause::ok ? updater.error() : cause;
}

Cause Agent::install(const Component& firmware) {
  UpdateTarget target = {};
  memcpy(target.digest, firmware.digest, sizeof target.digest);
  target.size = firmware.size;
  target.counter = manifest_.counter;
  target.serial = manifest_.serial;
  if (Cause cause = ports_.updater.begin(target); cause != Cause::ok) return cause;
  // The firmware is under way by now: parts that wait belong to it and not to what runs.
  Cause cause = ports_.components != nullptr ? ports_.components->fetch(manifest_, *this) : Cause::ok;
  if (cause == Cause::ok)
    cause = fetch_component(firmware, {&ports_.flash, base_at_, base_size_, base_}, ports_.updater);
  if (cause == Cause::ok && !go_on("verifying", firmware.size, firmware.size)) cause = Cause::cancelled;
  if (cause == Cause::cancelled) {
    const Cause given_up = ports_.updater.cancel();
    return given_up == Cause::ok ? cause : given_up;
  }
  return cause == Cause::ok ? ports_.updater.finish() : cause;
}

AgentStep Agent::poll() {
  fetched_ = 0;
  Updater& updater = ports_.updater;
  if (updater.state().state == State::staged) return AgentStep::reboot;
  if (updater.on_trial() && config_.self_test != nullptr && !config_.self_test()) {
    cause_ = updater.reject(Cause::self_test_failed);
    return AgentStep::reboot;
  }
  cause_ = go_on("checking", 0, 0) ? check_in() : Cause::cancelled;
  if (cause_ == Cause::ok && updater.on_trial()) {
    cause_ = updater.accept();
    failures_ = 0;
    if (cause_ != Cause::ok) return AgentStep::idle;
    if (ports_.components != nullptr) ports_.components->adopt();
    return AgentStep::accepted;
  }
  if (cause_ == Cause::ok) {
    const Component* firmware = nullptr;
    for (uint32_t i = 0; i < manifest_.components; ++i) {
      const Component& component = manifest_.component[i];
      if (component.kind == 0 && memcmp(component.digest, base_, sizeof base_) != 0) firmware = &component;
    }
    if (firmware != nullptr) {
      cause_ = install(*firmware);
      if (cause_ == Cause::ok) return AgentStep::reboot;
    } else if (ports_.components != nullptr) {
      cause_ = ports_.components->fetch(manifest_, *this);
      if (cause_ == Cause::ok && ports_.components->adopt()) return AgentStep::accepted;
    }
  }
  if (cause_ == Cause::ok || cause_ == Cause::known_bad || cause_ == Cause::cancelled) {
    failures_ = 0;
  } else if (failures_ < 8) {
    ++failures_;
  }
  return AgentStep::idle;
}

uint32_t Agent::wait_seconds() {
  if (failures_ == 0) return config_.poll_seconds;
  const uint32_t most = 1u << failures_;  // 2, 4, ... 256 s
  uint32_t random = 0;
  if (ports_.entropy != nullptr) ports_.entropy->fill(&random, sizeof random);
  return most / 2 + random % (most / 2 + 1);
}

}  // namespace stratus::mcu
