#include "stratus/mcu/updater.hpp"

namespace stratus::mcu {

Updater::Updater(Flash& flash, const FlashLayout& layout, Journal& journal, Crypto& crypto,
                 const uint8_t board_class[16], BootControl* boot)
    : flash_(flash),
      layout_(layout),
      journal_(journal),
      crypto_(crypto),
      board_class_(board_class),
      boot_(boot) {}

Cause Updater::store(State state, Cause cause) {
  Record record = journal_.now();
  record.state = state;
  record.cause = cause;
  record.tries = 0;
  if (state == State::rejected) memcpy(record.bad, record.digest, sizeof record.bad);
  return journal_.append(record) ? Cause::ok : Cause::io;
}

Cause Updater::after_boot() {
  if (boot_ == nullptr) return Cause::ok;
  const State state = journal_.now().state;
  const uint8_t running = boot_->running();
  if (state != State::staged && state != State::trial) {
    if (running == (journal_.now().active & 1)) return Cause::ok;
    // The loader chose by itself, or the journal is new: what runs must not be written over.
    Record record = journal_.now();
    record.active = running;
    record.state = State::ready;
    return journal_.append(record) ? Cause::ok : Cause::io;
  }
  if (running == target_slot() && !boot_->on_trial()) return accept();  // cut before the journal knew
  Record record = journal_.now();
  if (running == target_slot()) {
    if (state == State::trial) return Cause::ok;
    record.state = State::trial;
    return journal_.append(record) ? Cause::ok : Cause::io;
  }
  // It was tried and failed, or power went before the loader knew of it: that cannot be told apart.
  if (record.tries <= 1) return store(State::rejected, Cause::trial_failed);
  --record.tries;
  record.state = State::staged;
  return journal_.append(record) && boot_->stage(target_slot()) ? Cause::ok : Cause::io;
}

bool Updater::is_bad(const uint8_t digest[32]) const {
  return memcmp(journal_.now().bad, digest, kShortDigest) == 0;
}

Cause Updater::begin(const UpdateTarget& target) {
  const Record& now = journal_.now();
  error_ = Cause::conflict;
  if (now.state == State::staged || now.state == State::trial) return Cause::conflict;
  if (is_bad(target.digest)) return Cause::known_bad;
  if (target.serial < now.serial) return Cause::replayed;
  if (target.counter < now.counter) return Cause::downgrade;
  if (target.size > layout_.slot_size || target.size < kImageHeaderSize) return Cause::too_large;
  target_ = target;
  const bool under_way = now.state == State::writing || now.state == State::candidate;
  const bool same =
      under_way && now.size == target.size && memcmp(now.digest, target.digest, kShortDigest) == 0;
  if (!same) {
    Record record = now;
    record.state = State::writing;
    record.cause = Cause::ok;
    record.tries = 0;
    record.size = target.size;
    record.offset = 0;
    record.serial = target.serial;
    memcpy(record.digest, target.digest, sizeof record.digest);
    if (!journal_.append(record)) return Cause::io;
  }
  // A candidate is completely written: only finish() is missing.
  offset_ = flushed_ = now.state == State::candidate ? target.size : now.offset;
  error_ = Cause::ok;
  return Cause::ok;
}

// Programs the page; erases each sector on entering it; marks progress only once the data is in flash.
bool Updater::flush() {
  uint32_t size = offset_ - flushed_;
  memset(page_ + size, 0xff, kPage - size);
  size = (size + flash_.align - 1) / flash_.align * flash_.align;
  const uint32_t at = slot_at() + flushed_;
  if (flushed_ % flash_.sector == 0 && !flash_.erase(at)) return false;
  if (!flash_.program(at, page_, size)) return false;
  flushed_ = offset_;
  const uint32_t mark = flash_.sector > kMark ? flash_.sector : kMark;
  if (flushed_ % mark != 0) return true;
  Record record = journal_.now();
  record.offset = flushed_;
  return journal_.append(record);
}

bool Updater::write(const uint8_t* data, uint32_t size) {
  if (error_ != Cause::ok) return false;
  if (size > target_.size - offset_) {
    error_ = Cause::trailing_bytes;
    return false;
  }
  while (size != 0) {
    const uint32_t have = offset_ - flushed_;
    const uint32_t n = size < kPage - have ? size : kPage - have;
    memcpy(page_ + have, data, n);
    offset_ += n;
    data += n;
    size -= n;
    if (offset_ - flushed_ == kPage && !flush()) {
      error_ = Cause::io;
      return false;
    }
  }
  return true;
}

Cause Updater::finish() {
  if (error_ != Cause::ok) return error_;
  if (offset_ != target_.size) return Cause::truncated;
  error_ = Cause::conflict;  // no more writing until the next begin()
  if (offset_ != flushed_ && !flush()) return Cause::io;
  if (Cause c = store(State::candidate, Cause::ok); c != Cause::ok) return c;

  uint8_t digest[32];
  ImageInfo info;
  Cause cause = Cause::io;
  if (hash_flash(flash_, slot_at(), target_.size, crypto_, digest)) {
    cause = memcmp(digest, target_.digest, sizeof digest) != 0 ? Cause::hash_mismatch : Cause::ok;
  }
  if (cause == Cause::hash_mismatch) {
    // The transfer was damaged, not the image: it may be fetched again.
    Record record = journal_.now();
    record.state = State::ready;
    record.cause = cause;
    return journal_.append(record) ? cause : Cause::io;
  }
  if (cause == Cause::ok) {
    const ImagePolicy policy{board_class_, journal_.now().counter};
    cause = verify_image(flash_, slot_at(), target_.size, crypto_, policy, info);
    if (cause == Cause::ok && info.size != target_.size) cause = Cause::trailing_bytes;
    if (cause == Cause::ok && info.counter != target_.counter && target_.counter != kAnyCounter)
      cause = Cause::bad_format;
  }
  if (cause != Cause::ok) {
    const Cause stored = store(cause == Cause::io ? State::ready : State::rejected, cause);
    return stored == Cause::ok ? cause : stored;
  }
  Record record = journal_.now();
  record.state = State::staged;
  record.tries = kTrials;
  if (!journal_.append(record)) return Cause::io;
  return boot_ == nullptr || boot_->stage(target_slot()) ? Cause::ok : Cause::io;
}

Cause Updater::cancel() {
  const State state = journal_.now().state;
  if (state == State::trial) return Cause::conflict;
  error_ = Cause::conflict;
  if (state != State::writing && state != State::candidate && state != State::staged) return Cause::ok;
  if (state == State::staged && boot_ != nullptr && !boot_->stage(journal_.now().active)) return Cause::io;
  return store(State::ready, Cause::ok);
}

Cause Updater::accept() {
  if (journal_.now().state != State::trial && !(boot_ != nullptr && journal_.now().state == State::staged)) {
    return Cause::conflict;
  }
  ImageInfo info;
  const ImagePolicy policy{board_class_, journal_.now().counter};
  const Cause cause = verify_image(flash_, slot_at(), layout_.slot_size, crypto_, policy, info);
  if (cause != Cause::ok) return cause;
  if (boot_ != nullptr && !boot_->accept()) return Cause::io;
  Record record = journal_.now();
  record.active = target_slot();
  record.state = State::updated;
  record.cause = Cause::ok;
  record.tries = 0;
  record.counter = info.counter;
  return journal_.append(record) ? Cause::ok : Cause::io;
}

Cause Updater::note_told() {
  if (!is_untold()) return Cause::ok;
  Record record = journal_.now();
  record.tries = kTold;
  return journal_.append(record) ? Cause::ok : Cause::io;
}

Cause Updater::reject(Cause why) {
  if (journal_.now().state != State::trial) return Cause::conflict;
  if (Cause c = store(State::rejected, why); c != Cause::ok) return c;
  return boot_ == nullptr || boot_->reject() ? Cause::ok : Cause::io;
}

}  // namespace stratus::mcu
