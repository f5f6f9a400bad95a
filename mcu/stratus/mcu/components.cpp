#include "stratus/mcu/components.hpp"

namespace stratus::mcu {

const char* component_name(ComponentKind kind) {
  static const char* const kNames[] = {"firmware", "assets", "configuration", "secondary"};
  const auto index = static_cast<unsigned>(kind);
  return index < sizeof kNames / sizeof *kNames ? kNames[index] : "unknown";
}

void component_class(Crypto& crypto, const char* model, ComponentKind kind, uint8_t board_class[16]) {
  uint8_t digest[32];
  crypto.hash_begin();
  crypto.hash_add(model, length_of(model));
  if (kind != ComponentKind::firmware) {
    const char* const name = component_name(kind);
    crypto.hash_add("/", 1);
    crypto.hash_add(name, length_of(name));
  }
  crypto.hash_end(digest);
  memcpy(board_class, digest, 16);
}

ComponentArea::ComponentArea(ComponentKind kind, Flash& flash, const FlashLayout& layout, Crypto& crypto,
                             const char* model)
    : kind_(kind),
      flash_(flash),
      layout_(layout),
      crypto_(crypto),
      journal_(flash, layout.journal),
      updater_(flash, layout, journal_, crypto, board_class_, this) {
  component_class(crypto, model, kind, board_class_);
}

void ComponentArea::use(uint8_t slot) {
  ImageInfo info;
  const uint32_t at = layout_.slot[slot];
  // No floor: what was accepted once stays good until something newer is.
  const ImagePolicy policy{board_class_, 0};
  ++generation_;
  size_ = 0;
  if (verify_image(flash_, at, layout_.slot_size, crypto_, policy, info) != Cause::ok) return;
  if (!hash_flash(flash_, at, info.size, crypto_, digest_)) return;
  image_at_ = at;
  image_size_ = info.size;
  at_ = at + info.header_size;
  size_ = info.payload_size;
  memcpy(version_, info.version, sizeof version_);
}

void ComponentArea::start(State firmware) {
  journal_.mount();
  const bool ready = journal_.now().state == State::staged;
  // Cut between the acceptance of the firmware and that of its parts: it is made up for.
  if (ready && firmware == State::updated && adopt()) return;
  use(ready && firmware == State::trial ? updater_.target_slot() : journal_.now().active & 1);
}

bool ComponentArea::adopt() {
  if (journal_.now().state != State::staged) return false;
  const Cause cause = updater_.accept();
  if (cause != Cause::ok) {
    if (cause != Cause::io) updater_.cancel();  // it rotted meanwhile: to be fetched again
    return false;
  }
  use(journal_.now().active);
  return true;
}

// What waits may be in use too: the firmware was accepted, and the journal could not say so of the part. Its
// slot must not become free.
void ComponentArea::drop() {
  if (journal_.now().state != State::staged) return;
  if (size_ != 0 && memcmp(digest_, journal_.now().digest, kShortDigest) == 0) {
    adopt();
  } else {
    updater_.cancel();
  }
}

Cause ComponentArea::fetch(const Component& wanted, uint32_t serial, Agent& agent) {
  const bool in_use = size_ != 0 && memcmp(digest_, wanted.digest, sizeof digest_) == 0;
  const Record& now = journal_.now();
  if (now.state == State::staged) {
    if (memcmp(now.digest, wanted.digest, kShortDigest) == 0) return Cause::ok;
    drop();
    if (now.state == State::staged) return Cause::io;
  }
  if (in_use) return Cause::ok;
  UpdateTarget target = {};
  memcpy(target.digest, wanted.digest, sizeof target.digest);
  target.size = wanted.size;
  target.counter = kAnyCounter;
  target.serial = serial;
  Cause cause = updater_.begin(target);
  if (cause != Cause::ok) return cause;
  cause = agent.fetch_component(wanted, base(), updater_);
  if (cause == Cause::cancelled) updater_.cancel();
  return cause == Cause::ok ? updater_.finish() : cause;
}

bool ComponentArea::read(uint32_t from, void* to, uint32_t size) {
  return from <= size_ && size <= size_ - from && flash_.read(at_ + from, to, size);
}

void ComponentArea::write_version(TextWriter& out) const {
  out.number(version_[0]).text(".").number(version_[1]).text(".").number(load16(version_ + 2));
}

const Component* ComponentSet::find(const Manifest& manifest, ComponentKind kind) {
  for (uint32_t i = 0; i < manifest.components; ++i) {
    if (manifest.component[i].kind == static_cast<uint8_t>(kind)) return &manifest.component[i];
  }
  return nullptr;
}

void ComponentSet::start(State firmware) {
  for (uint32_t i = 0; i < count_; ++i) areas_[i]->start(firmware);
}

void ComponentSet::ask(TextWriter& question) {
  for (uint32_t i = 0; i < count_; ++i) {
    if (!areas_[i]->exists()) continue;
    question.text("&").text(component_name(areas_[i]->kind())).text("=").hex(areas_[i]->digest(), 32);
  }
}

Cause ComponentSet::fetch(const Manifest& manifest, Agent& agent) {
  for (uint32_t i = 0; i < count_; ++i) {
    const Component* const wanted = find(manifest, areas_[i]->kind());
    if (wanted == nullptr) {
      areas_[i]->drop();
      continue;
    }
    const Cause cause = areas_[i]->fetch(*wanted, manifest.serial, agent);
    if (cause != Cause::ok) return cause;
  }
  return Cause::ok;
}

bool ComponentSet::adopt() {
  bool changed = false;
  for (uint32_t i = 0; i < count_; ++i) changed = areas_[i]->adopt() || changed;
  return changed;
}

void ComponentSet::describe(TextWriter& out, const char* firmware) {
  out.member("components").open().member("firmware", firmware);
  for (uint32_t i = 0; i < count_; ++i) {
    if (!areas_[i]->exists()) continue;
    out.member(component_name(areas_[i]->kind())).text("\"");
    areas_[i]->write_version(out);
    out.text("\"");
  }
  out.close();
}

Updater* ComponentSet::untold(const Manifest& manifest) {
  for (uint32_t i = 0; i < count_; ++i) {
    const Component* const wanted = find(manifest, areas_[i]->kind());
    Updater& updater = areas_[i]->updater();
    if (wanted != nullptr && updater.is_untold() && updater.is_bad(wanted->digest)) return &updater;
  }
  return nullptr;
}

}  // namespace stratus::mcu
