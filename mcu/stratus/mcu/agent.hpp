// One round of the device's way: check in, judge, fetch what differs, stage; or accept what is on trial.
//
// Blocking, for a super-loop: call poll() when `wait_seconds()` are over. A trial image is accepted only
// after a check-in whose answer was signed, and only if its self-test passed.
#pragma once

#include "stratus/mcu/delta.hpp"
#include "stratus/mcu/http.hpp"
#include "stratus/mcu/manifest.hpp"
#include "stratus/mcu/updater.hpp"

namespace stratus::mcu {

struct AgentConfig {
  const char* model;
  // Of the manifest, asked with GET. Without `device` what runs is appended, 64 hex digits: ends with
  // "have=".
  const char* check_path;
  uint32_t poll_seconds;
  bool (*self_test)();           // null: none
  const char* device = nullptr;  // "?model=MODEL&device=DEVICE&have=" comes before what runs
};

enum class AgentStep : uint8_t {
  idle,      // up to date, or nothing can be done now; see cause()
  reboot,    // an image is staged, or this one rejected itself: restart now
  accepted,  // the trial image stays
};

// Told between two requests of a round: where it is, and may be a place to look after other connections.
class AgentObserver {
 public:
  // `state`: of docs/device-states.md; bytes of what is fetched. False: give the update up.
  virtual bool on_step(const char* state, uint32_t done, uint32_t total) = 0;

 protected:
  ~AgentObserver() = default;
};

class Agent;

// What is here already of something that a patch can start from.
struct PatchBase {
  Flash* flash;
  uint32_t at, size;      // of the complete image; size 0: there is none
  const uint8_t* digest;  // of it
};

// Parts of a release beside the firmware, where a board keeps any (components.hpp).
class Components {
 public:
  // Appends what is in use to the question: "&assets=HEX&configuration=HEX".
  virtual void ask(TextWriter& question) = 0;
  // Makes ready what the manifest wants and is not here, by agent.fetch_component().
  virtual Cause fetch(const Manifest& manifest, Agent& agent) = 0;
  // The firmware stays that the ready parts belong to: they come into use. True: something changed.
  virtual bool adopt() = 0;
  // The member "components" of a JSON object: which part has which version, the firmware's included.
  virtual void describe(TextWriter& out, const char* firmware) = 0;
  // Where it stands that a part of this manifest was given up and the server does not know; null: nowhere.
  virtual Updater* untold(const Manifest& manifest) = 0;

 protected:
  ~Components() = default;
};

class Agent final : private ByteSink {
 public:
  struct Ports {
    Flash& flash;
    const FlashLayout& layout;
    Updater& updater;
    Crypto& crypto;
    Clock& clock;
    Entropy* entropy;    // null: no jitter
    Watchdog* watchdog;  // null: none
    // Knows the key that signs manifests; null: the release key does. A server that derives manifests has a
    // key of its own, images always need the release key.
    Crypto* assignment;
    AgentObserver* observer;           // null: none
    Components* components = nullptr;  // null: there is only firmware
  };
  Agent(const AgentConfig& config, const Ports& ports, HttpClient& http)
      : config_(config), ports_(ports), http_(http) {}

  AgentStep poll();
  Cause cause() const { return cause_; }
  // Until the next poll: the configured time, or exponential back-off with jitter after failures.
  uint32_t wait_seconds();
  uint32_t fetched() const { return fetched_; }  // body bytes of the last poll
  // Of the last successful check-in; null before, and when the last one failed.
  const Manifest* manifest() const { return have_manifest_ ? &manifest_ : nullptr; }
  // One part of the manifest into the updater that has begun it: as a patch where one is offered from `base`
  // and is smaller than what is left, else from updater.offset().
  Cause fetch_component(const Component& component, const PatchBase& base, Updater& updater);
  Components* components() const { return ports_.components; }
  // SHA-256 of the complete image that runs; null until known.
  const uint8_t* running() const { return base_size_ != 0 ? base_ : nullptr; }

 private:
  enum class Sink : uint8_t { manifest, other, delta };
  bool write(const uint8_t* data, uint32_t size) override;
  Cause check_in();
  Cause install(const Component& firmware);

  bool go_on(const char* state, uint32_t done, uint32_t total);
  Cause fetch(const uint8_t digest[32], uint32_t from, uint32_t size);
  bool running_digest(uint8_t digest[32], uint32_t& size);

  AgentConfig config_;
  Ports ports_;
  HttpClient& http_;
  Cause cause_ = Cause::ok;
  Sink sink_ = Sink::manifest;
  ByteSink* other_ = nullptr;
  uint8_t failures_ = 0;
  uint32_t chunk_ = 16 * 1024;
  uint32_t fetched_ = 0;
  uint32_t raw_size_ = 0;
  uint8_t raw_[kManifestLimit];
  Manifest manifest_ = {};  // points into raw_
  bool have_manifest_ = false;

  // Decoded bytes that lie before the updater's mark are already in flash.
  struct Skip final : ByteSink {
    bool write(const uint8_t* data, uint32_t size) override;
    Updater* updater = nullptr;
    uint32_t skip = 0;
  };
  Skip skip_;
  DeltaDecoder decoder_{ports_.flash, 0, skip_};
  const PatchBase* patched_ = nullptr;  // while a patch comes
  uint32_t delta_at_ = 0;
  Cause delta_cause_ = Cause::ok;
  uint8_t base_[32];
  uint32_t base_at_ = 0, base_size_ = 0;
};

}  // namespace stratus::mcu
