#include "stratus/mcu/relay.hpp"

namespace stratus::mcu {
namespace {

constexpr uint8_t kMarkOne = 0xa5, kMarkTwo = 0x5a, kAnswer = 0x80;
constexpr uint32_t kHead = 6;
constexpr uint32_t kGapMillis = 500;   // after so much silence a frame that was begun is given up
constexpr uint32_t kAttempts = 8;      // of one word; answers in a row that ask for nothing new
constexpr uint32_t kRounds = 8;        // of begin to finish, when the peer loses its memory in between
constexpr uint32_t kPatience = 60;     // silent waits for a peer that restarts
constexpr uint32_t kNoise = 1024;      // bytes that may come instead of an answer
constexpr uint32_t kOffsetAnswer = 5;  // cause and offset

}  // namespace

bool RelayReader::take(uint8_t byte) {
  if (at_ == 1 && byte != kMarkTwo) at_ = 0;
  if (at_ == 0 && byte != kMarkOne) return false;
  frame_[at_++] = byte;
  if (at_ < kHead) return false;
  if (size() > kRelayPayload) {
    at_ = 0;
    return false;
  }
  const uint32_t end = kHead + size();
  if (at_ < end + 4) return false;
  at_ = 0;
  return crc32(frame_ + 2, end - 2) == load32(frame_ + end);
}

bool relay_send(Stream& line, uint8_t type, uint8_t number, const void* payload, uint32_t size) {
  uint8_t frame[kHead + kRelayPayload + 4] = {kMarkOne, kMarkTwo, type, number, static_cast<uint8_t>(size),
                                              0};
  memcpy(frame + kHead, payload, size);
  store32(frame + kHead + size, crc32(frame + 2, kHead - 2 + size));
  return line.write(frame, kHead + size + 4);
}

bool RelayPeer::start(uint8_t running_slot) {
  ImageInfo info;
  const uint32_t at = ports_.layout.slot[running_slot & 1];
  const ImagePolicy policy{ports_.updater.board_class(), 0};
  if (verify_image(ports_.flash, at, ports_.layout.slot_size, ports_.crypto, policy, info) != Cause::ok)
    return false;
  memcpy(self_.version, info.version, sizeof self_.version);
  return hash_flash(ports_.flash, at, info.size, ports_.crypto, self_.running);
}

uint32_t RelayPeer::write_status(uint8_t* to) {
  const Record& record = ports_.updater.state();
  to[0] = static_cast<uint8_t>(record.state);
  to[1] = static_cast<uint8_t>(record.cause);
  to[2] = ports_.updater.on_trial() ? 1 : 0;
  to[3] = 0;
  memcpy(to + 4, self_.version, 4);
  memcpy(to + 8, self_.running, 32);
  memcpy(to + 40, record.bad, kShortDigest);
  return kRelayStatusSize;
}

Cause RelayPeer::data(const uint8_t* payload, uint32_t size) {
  if (size < 4) return Cause::protocol;
  // A repeat of what is here, or a word from the future: the answer says what is wanted.
  if (load32(payload) != ports_.updater.offset()) return ports_.updater.error();
  return ports_.updater.write(payload + 4, size - 4) ? Cause::ok : ports_.updater.error();
}

void RelayPeer::answer() {
  Updater& updater = ports_.updater;
  const uint8_t* const payload = reader_.payload();
  const uint32_t size = reader_.size();
  uint8_t out[kRelayStatusSize] = {static_cast<uint8_t>(Cause::protocol)};
  uint32_t length = 1;
  Cause cause = Cause::protocol;
  switch (static_cast<RelayWord>(reader_.type())) {
    case RelayWord::status:
      length = write_status(out);
      break;
    case RelayWord::begin:
      if (size == 40) {
        UpdateTarget target = {};
        memcpy(target.digest, payload, 32);
        target.size = load32(payload + 32);
        target.serial = load32(payload + 36);
        target.counter = kAnyCounter;
        cause = updater.begin(target);
      }
      store32(out + 1, updater.offset());
      length = 5;
      break;
    case RelayWord::data:
      cause = data(payload, size);
      store32(out + 1, updater.offset());
      length = 5;
      break;
    case RelayWord::finish:
      // Said again because the answer was lost.
      cause = updater.state().state == State::staged ? Cause::ok : updater.finish();
      break;
    case RelayWord::restart:
      cause = Cause::ok;
      restart_ = true;
      break;
    case RelayWord::accept:
      cause = updater.state().state == State::updated ? Cause::ok : updater.accept();
      break;
  }
  if (length != kRelayStatusSize) out[0] = static_cast<uint8_t>(cause);
  relay_send(ports_.line, reader_.type() | kAnswer, reader_.number(), out, length);
}

bool RelayPeer::poll() {
  if (ports_.updater.on_trial() && ports_.self_test != nullptr && !ports_.self_test()) {
    ports_.updater.reject(Cause::self_test_failed);
    return true;
  }
  if (ports_.clock.millis() - heard_at_ > kGapMillis) reader_.reset();
  while (!restart_ && ports_.line.readable()) {
    uint8_t byte;
    if (ports_.line.read(&byte, 1) != 1) break;
    heard_at_ = ports_.clock.millis();
    if (reader_.take(byte) && (reader_.type() & kAnswer) == 0) answer();
  }
  return restart_;
}

// Says a word until it is answered. Old answers and noise are passed over.
bool RelayHost::ask(RelayWord word, const void* payload, uint32_t size) {
  ++number_;
  for (uint32_t attempt = 0; attempt < kAttempts; ++attempt) {
    if (watchdog_ != nullptr) watchdog_->feed();
    reader_.reset();
    if (!relay_send(line_, static_cast<uint8_t>(word), number_, payload, size)) continue;
    if (word == RelayWord::data) sent_ += size - 4;
    uint8_t byte;
    for (uint32_t noise = 0; noise < kNoise && line_.read(&byte, 1) == 1; ++noise) {
      if (reader_.take(byte) && reader_.type() == (static_cast<uint8_t>(word) | kAnswer) &&
          reader_.number() == number_ && reader_.size() != 0)
        return true;
    }
  }
  return false;
}

Cause RelayHost::answer_of(RelayWord word, const void* payload, uint32_t size) {
  return ask(word, payload, size) ? static_cast<Cause>(reader_.payload()[0]) : Cause::unavailable;
}

bool RelayHost::read_status(RelayStatus& status) {
  if (!ask(RelayWord::status, "", 0) || reader_.size() != kRelayStatusSize) return false;
  const uint8_t* const from = reader_.payload();
  status.state = static_cast<State>(from[0]);
  status.cause = static_cast<Cause>(from[1]);
  status.on_trial = from[2] != 0;
  memcpy(status.version, from + 4, 4);
  memcpy(status.running, from + 8, 32);
  memcpy(status.bad, from + 40, kShortDigest);
  return true;
}

// From begin to finish, as often as the peer forgets that it began.
Cause RelayHost::transfer(ComponentArea& part, const uint8_t digest[32]) {
  uint8_t word[kRelayPayload];
  Cause cause = Cause::unavailable;
  for (uint32_t round = 0; round < kRounds; ++round) {
    memcpy(word, digest, 32);
    store32(word + 32, part.size());
    store32(word + 36, part.updater().state().serial);
    cause = answer_of(RelayWord::begin, word, 40);
    if (cause != Cause::ok) return cause;
    if (reader_.size() != kOffsetAnswer) return Cause::protocol;
    uint32_t offset = load32(reader_.payload() + 1), furthest = offset, idle = 0;
    while (cause == Cause::ok && offset < part.size()) {
      const uint32_t left = part.size() - offset;
      const uint32_t n = left < kRelayPiece ? left : kRelayPiece;
      store32(word, offset);
      if (!part.read(offset, word + 4, n)) return Cause::io;
      cause = answer_of(RelayWord::data, word, 4 + n);
      if (cause != Cause::ok) break;
      if (reader_.size() != kOffsetAnswer) return Cause::protocol;
      offset = load32(reader_.payload() + 1);
      idle = offset > furthest ? 0 : idle + 1;
      if (idle == kAttempts) return Cause::protocol;  // it would be said for ever
      if (offset > furthest) furthest = offset;
    }
    if (cause == Cause::ok) cause = answer_of(RelayWord::finish, "", 0);
    // conflict: it restarted and knows nothing of a begin(). hash_mismatch: damaged on the way.
    if (cause != Cause::conflict && cause != Cause::hash_mismatch && cause != Cause::truncated) return cause;
  }
  return cause;
}

// An image is staged or on trial there: it restarts into it, and is told that it stays. One that is wanted no
// more is restarted until its trials are spent. conflict: now there is room for the wanted one.
Cause RelayHost::settle(const uint8_t digest[32]) {
  Cause cause = Cause::unavailable;
  RelayStatus status;
  for (uint32_t wait = 0; wait < kPatience; ++wait) {
    if (!read_status(status)) continue;
    const bool runs = memcmp(status.running, digest, 32) == 0;
    const bool waits = status.on_trial || status.state == State::staged;
    if (runs && !waits) return Cause::ok;
    if (status.state == State::rejected && memcmp(status.bad, digest, kShortDigest) == 0)
      return status.cause == Cause::ok ? Cause::protocol : status.cause;
    if (runs && status.on_trial) {
      cause = answer_of(RelayWord::accept, "", 0);
    } else if (waits) {
      cause = answer_of(RelayWord::restart, "", 0);
    } else {
      return Cause::conflict;
    }
  }
  return cause == Cause::ok ? Cause::unavailable : cause;
}

Cause RelayHost::update(ComponentArea& part) {
  sent_ = 0;
  if (!part.exists()) return Cause::not_found;
  uint8_t digest[32], page[kRelayPiece];
  crypto_.hash_begin();
  for (uint32_t at = 0; at < part.size();) {
    const uint32_t n = part.size() - at < sizeof page ? part.size() - at : sizeof page;
    if (!part.read(at, page, n)) return Cause::io;
    crypto_.hash_add(page, n);
    at += n;
  }
  crypto_.hash_end(digest);
  // Twice, where another image waits there.
  Cause cause = Cause::conflict;
  for (uint32_t turn = 0; turn < 2 && cause == Cause::conflict; ++turn) {
    RelayStatus status;
    if (!read_status(status)) return Cause::unavailable;
    if (memcmp(status.bad, digest, kShortDigest) == 0) return Cause::known_bad;
    const bool runs = memcmp(status.running, digest, 32) == 0;
    const bool waits = status.on_trial || status.state == State::staged;
    if (runs && !waits) return Cause::ok;
    cause = Cause::ok;
    if (!waits) cause = transfer(part, digest);
    if (cause == Cause::ok) cause = settle(digest);
  }
  return cause;
}

}  // namespace stratus::mcu
