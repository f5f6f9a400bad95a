// What the device says and hears over MQTT (docs/formats/mqtt.md): presence, status each minute, progress and
// results, orders to update or to give up.
//
// Results are signed with the device's key, so that no gateway can invent a success, and sent again until the
// server says that they are stored. One at a time: a newer one replaces what could not be told.
#pragma once

#include "stratus/mcu/agent.hpp"
#include "stratus/mcu/mqtt.hpp"

namespace stratus::mcu {

struct LinkConfig {
  const char* device;
  const char* name;     // of the firmware in reports: "firmware/NAME"
  const char* version;  // of what runs
};

// How an update ended.
struct Outcome {
  const char* state;   // of docs/device-states.md: "committed", "rolled_back", "failed", "cancelled"
  const char* status;  // of update/result: "SUCCESS", "ROLLED_BACK", …
  Cause cause;
  bool has_release;
  uint8_t release[32];  // OCI manifest
  char version[33];
  uint32_t bytes;  // fetched
};

class Link final : public AgentObserver, private MqttEvents {
 public:
  static constexpr uint32_t kStatusSeconds = 60;
  static constexpr uint32_t kAgainSeconds = 10;  // until a result that was not acknowledged is sent again

  struct Ports {
    MqttClient& mqtt;
    Clock& clock;
    Crypto& crypto;
    DeviceKey& key;
    Entropy* entropy;                  // null: no jitter between attempts
    Components* components = nullptr;  // null: there is only firmware
  };
  Link(const LinkConfig& config, const Ports& ports) : config_(config), ports_(ports) {}

  // Connects when it is time to, takes what has come, says what is due. Does not wait, except to connect.
  void poll();
  // Says where an update is; false once somebody ordered to give it up.
  bool on_step(const char* state, uint32_t done, uint32_t total) override;
  void tell(const Outcome& outcome);
  // True once after the server stored what was told.
  bool take_stored();
  bool is_untold() const { return untold_; }
  // True once after an order or a new connection: time to ask what is next.
  bool take_hint();
  bool wants_cancel() const { return wants_cancel_; }
  // The order to give up was followed, or came too late.
  void end_cancel(bool cancelled);

 private:
  void on_message(const char* topic, uint32_t topic_size, const uint8_t* payload, uint32_t size,
                  bool whole) override;
  Cause connect();
  Cause publish(const char* suffix, const TextWriter& message, uint8_t qos, bool retain);
  const char* topic(const char* suffix);
  void answer(const char* suffix, const char* status);
  void say_status();
  bool say_outcome();
  uint32_t fresh_sequence();
  bool sign(const Text& report, TextWriter& out);

  LinkConfig config_;
  Ports ports_;
  Outcome outcome_ = {};
  char topic_[3 + 64 + 32];
  char command_[65] = {};      // order under way
  char cancel_[65] = {};       // order to give up; empty: none
  uint32_t sequence_ = 0;      // of the newest report
  uint32_t outcome_time_ = 0;  // Unix seconds
  uint32_t said_at_ = 0;       // milliseconds, like the others
  uint32_t status_at_ = 0;
  uint32_t try_at_ = 0;
  uint32_t percent_at_ = 0;
  const char* last_state_ = "";
  uint8_t failures_ = 0;
  bool untold_ = false, stored_ = false, hint_ = false, wants_cancel_ = false;
};

}  // namespace stratus::mcu
