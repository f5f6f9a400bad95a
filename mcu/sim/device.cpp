#include "sim/device.hpp"

#include <algorithm>

namespace stratus::mcu::sim {
namespace {

constexpr std::uint32_t kChunk = 200;  // bytes that arrive at once
constexpr unsigned kMostBoots = 16;

}  // namespace

Device::Device(const World::Parts& parts, Scenario scenario, const std::vector<Cut>& cuts, unsigned seed)
    : parts_(parts), scenario_(scenario), cuts_(cuts), flash_(parts.flash, seed) {
  if (scenario_ == Scenario::wrong_key) offered_ = 4;
  arm_next_cut();
}

void Device::arm_next_cut() {
  flash_.cut_at = 0;
  if (next_cut_ == cuts_.size()) return;
  flash_.cut_at = flash_.operations + cuts_[next_cut_].after;
  flash_.model = cuts_[next_cut_].model;
  ++next_cut_;
}

void Device::fail(const std::string& why) {
  if (outcome_.failure.empty()) outcome_.failure = why;
}

int Device::version_in(std::uint8_t slot, bool exactly) const {
  for (std::size_t v = 0; v < parts_.images.size(); ++v) {
    const Bytes& image = parts_.images[v];
    const auto* at = flash_.memory.bytes.data() + parts_.layout.slot[slot];
    if (std::equal(image.begin(), image.begin() + (exactly ? static_cast<long>(image.size()) : 32), at)) {
      return static_cast<int>(v);
    }
  }
  return -1;
}

// Invariant: what is fetched again because of a cut is bounded by one mark, one page and what was on its way.
std::uint64_t Device::fetch_limit() const {
  const std::uint64_t mark = std::max(kMark, parts_.geometry.sector);
  std::uint64_t whole = 1;
  if (scenario_ == Scenario::corrupt) whole = 3;
  // A change of target in mid-download costs one more whole image.
  if (scenario_ == Scenario::retarget) whole = 2;
  return whole * parts_.targets[2].size + cuts_.size() * (mark + kPage + kChunk);
}

Outcome Device::live() {
  for (outcome_.boots = 0; outcome_.failure.empty(); ++outcome_.boots) {
    if (outcome_.boots == kMostBoots + 3 * cuts_.size()) {
      fail("does not settle");
      break;
    }
    try {
      const Life life = one_life();
      check_flash();
      if (life == Life::settled) break;
    } catch (const PowerCut&) {
      arm_next_cut();
      check_flash();
    }
  }
  outcome_.operations = flash_.operations;
  return outcome_;
}

// Invariants that hold at any moment the power may be gone.
void Device::check_flash() {
  if (flash_.memory.bits_set != 0) fail("programmed a 1 over a 0 (flash not erased)");
  Journal journal(flash_.memory, parts_.layout.journal);
  if (!journal.mount()) return;
  const Record& record = journal.now();
  // Also when the power went right after the record, before the device itself knew.
  if (record.state == State::updated && record.counter > 11) accepted_ = true;
  if (record.counter < floor_) fail("the security counter fell");
  floor_ = std::max(floor_, record.counter);
  if (record.state == State::staged && !rotted_) {
    const int version = version_in(record.active ^ 1, true);
    if (version != 2 && version != 3) fail("staged something that is not a good image");
  }
  if (record.state == State::staged && scenario_ == Scenario::bit_rot && !rotted_) {
    flash_.memory.bytes[parts_.layout.slot[record.active ^ 1] + parts_.targets[2].size / 3] ^= 4;
    rotted_ = true;
  }
  if (fetched_ > fetch_limit()) fail("fetched " + std::to_string(fetched_) + " bytes");
}

void Device::boot(Journal& journal) {
  const BootChoice choice = choose_boot(flash_, parts_.layout, journal, crypto_, parts_.board.data());
  if (!choice.bootable) return fail("nothing bootable");
  running_ = version_in(choice.slot, true);
  if (running_ < 0) return fail("booted a damaged image");
  if (running_ == 4) return fail("booted an image of a stranger");
  if (running_ == 0) return fail("fell back behind the confirmed version");
  if (accepted_ && running_ == 1) return fail("left an accepted version");
  if (choice.trial != (running_ >= 2 && !accepted_)) fail("trial flag is wrong");
  if (choice.trial && ++trials_[running_] > kTrials) fail("more trials than allowed");
}

Device::Life Device::one_life() {
  Journal journal(flash_, parts_.layout.journal);
  boot(journal);
  if (!outcome_.failure.empty()) return Life::settled;
  Updater updater(flash_, parts_.layout, journal, crypto_, parts_.board.data());
  if (updater.on_trial()) {
    if (scenario_ == Scenario::crash) return Life::reboot;
    if (scenario_ == Scenario::self_test) {
      updater.reject(Cause::self_test_failed);
      return Life::reboot;
    }
    if (updater.accept() != Cause::ok) fail("could not accept");
    accepted_ = true;
  }
  const bool done =
      running_ == offered_ || updater.is_bad(parts_.targets[static_cast<std::size_t>(offered_)].digest);
  if (done) {
    check_settled(journal.now());
    return Life::settled;
  }
  return download(updater);
}

Device::Life Device::download(Updater& updater) {
  if (updater.state().state == State::staged) return Life::reboot;
  const auto& target = parts_.targets[static_cast<std::size_t>(offered_)];
  Bytes source = parts_.images[static_cast<std::size_t>(offered_)];
  const Cause begun = updater.begin(target);
  if (begun != Cause::ok) {
    fail(std::string("could not begin: ") + cause_name(begun));
    return Life::settled;
  }
  const std::uint32_t spot = target.size / 2;
  while (updater.offset() < target.size) {
    if (scenario_ == Scenario::retarget && offered_ == 2 && updater.offset() > target.size * 3 / 4) {
      offered_ = 3;
      return Life::reboot;
    }
    const std::uint32_t at = updater.offset();
    const std::uint32_t size = std::min(kChunk, target.size - at);
    fetched_ += size;
    if (scenario_ == Scenario::corrupt && spot >= at && spot - at < size && damaged_ < 2) {
      source[spot] ^= 0x10;
      ++damaged_;
    }
    if (!updater.write(source.data() + at, size)) {
      fail("could not write");
      return Life::settled;
    }
  }
  updater.finish();  // what it said is seen from the journal
  return Life::reboot;
}

void Device::check_settled(const Record& record) {
  // Three cuts may hit the three trials; giving up is then what was promised.
  const bool unlucky = cuts_.size() >= kTrials && record.state == State::rejected &&
                       record.cause == Cause::trial_failed && running_ == 1;
  if (unlucky) return;
  const bool updates =
      scenario_ == Scenario::good || scenario_ == Scenario::corrupt || scenario_ == Scenario::retarget;
  if (updates) {
    if (running_ != (scenario_ == Scenario::retarget ? 3 : 2)) fail("settled without the update");
    if (record.state != State::updated || record.counter != 10u + static_cast<unsigned>(running_)) {
      fail("settled without accepting");
    }
  } else {
    if (running_ != 1) fail("settled on the bad version");
    if (record.state != State::rejected || record.cause == Cause::ok)
      fail("the bad version was not rejected");
  }
}

Outcome World::run(Scenario scenario, const std::vector<Cut>& cuts, unsigned seed) const {
  return Device(*parts_, scenario, cuts, seed).live();
}

}  // namespace stratus::mcu::sim
