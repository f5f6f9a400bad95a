// Updating a second, tiny board over a serial line, by the board that has a network (C28).
//
// The second board runs the same Updater: it verifies the signature itself, resumes at its marks, tries and
// returns by its own loader. The line may lose, change and repeat bytes, and either end may vanish: each word
// has a number and a CRC, is answered, and may be said again without harm. One word is under way at a time.
// Format: docs/formats/mcu-relay.md.
#pragma once

#include "stratus/mcu/components.hpp"

namespace stratus::mcu {

constexpr uint32_t kRelayPiece = 128;  // bytes of an image in one word
constexpr uint32_t kRelayPayload = 4 + kRelayPiece;

enum class RelayWord : uint8_t {
  status = 1,   // -> RelayStatus
  begin = 2,    // digest 32, size u32, serial u32 -> cause u8, offset u32
  data = 3,     // offset u32, bytes -> cause u8, offset u32 that is wanted next
  finish = 4,   // -> cause u8
  restart = 5,  // -> cause u8, and then it restarts
  accept = 6,   // the image on trial stays -> cause u8
};              // answers have bit 7 set

// Takes frames out of a stream of bytes that may be damaged.
class RelayReader {
 public:
  void reset() { at_ = 0; }
  // True: a whole frame, until the next call.
  bool take(uint8_t byte);
  uint8_t type() const { return frame_[2]; }
  uint8_t number() const { return frame_[3]; }
  uint32_t size() const { return load16(frame_ + 4); }
  const uint8_t* payload() const { return frame_ + 6; }

 private:
  uint32_t at_ = 0;
  uint8_t frame_[6 + kRelayPayload + 4];
};

bool relay_send(Stream& line, uint8_t type, uint8_t number, const void* payload, uint32_t size);

// What the second board says of itself.
struct RelayStatus {
  State state;
  Cause cause;
  bool on_trial;
  uint8_t version[4];         // of what runs
  uint8_t running[32];        // digest of what runs, the complete image
  uint8_t bad[kShortDigest];  // of what failed there last
};
constexpr uint32_t kRelayStatusSize = 4 + 4 + 32 + kShortDigest;

// The second board's side: answers what comes. `line` is never closed.
class RelayPeer {
 public:
  struct Ports {
    Stream& line;
    Flash& flash;
    const FlashLayout& layout;
    Updater& updater;
    Crypto& crypto;
    Clock& clock;
    bool (*self_test)();  // null: none
  };
  explicit RelayPeer(const Ports& ports) : ports_(ports) {}

  // After every start, with the journal mounted: which slot runs. False: that is no valid image.
  bool start(uint8_t running_slot);
  // Takes what has come, without waiting. True: it is time to restart, and the answer is out.
  bool poll();

 private:
  void answer();
  uint32_t write_status(uint8_t* to);
  Cause data(const uint8_t* payload, uint32_t size);

  Ports ports_;
  RelayReader reader_;
  RelayStatus self_ = {};
  uint32_t heard_at_ = 0;
  bool restart_ = false;
};

// The first board's side. Blocks while it talks; called again after a failure it goes on where the peer
// stands.
class RelayHost {
 public:
  // `line`: read() gives up after some tenth of a second of silence. `watchdog` may be null.
  RelayHost(Stream& line, Crypto& crypto, Watchdog* watchdog)
      : line_(line), crypto_(crypto), watchdog_(watchdog) {}

  // Brings the image that is `part`'s payload onto the second board. ok: it runs there and was accepted.
  // known_bad, trial_failed and what an Updater says: the peer refused it. unavailable: it does not answer.
  Cause update(ComponentArea& part);
  bool read_status(RelayStatus& status);
  uint32_t sent() const { return sent_; }  // bytes of the image in the last update(), repeats included

 private:
  bool ask(RelayWord word, const void* payload, uint32_t size);
  Cause answer_of(RelayWord word, const void* payload, uint32_t size);
  Cause transfer(ComponentArea& part, const uint8_t digest[32]);
  Cause settle(const uint8_t digest[32]);

  Stream& line_;
  Crypto& crypto_;
  Watchdog* watchdog_;
  RelayReader reader_;
  uint32_t sent_ = 0;
  uint8_t number_ = 0;
};

}  // namespace stratus::mcu
