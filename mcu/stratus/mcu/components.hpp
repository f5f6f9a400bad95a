// The parts of a release beside the firmware: assets, configuration, the image of a second board.
//
// Each part is an image in the same format, signed by the release key for the class MODEL/KIND, and has an
// area of its own: a journal and two slots, filled by an Updater like the firmware's. What is ready comes
// into use together with the firmware that it was released with: on trial the new firmware sees the new
// parts, and when it is given up the old firmware sees the old ones. docs/formats/mcu-image.md.
#pragma once

#include "stratus/mcu/agent.hpp"

namespace stratus::mcu {

enum class ComponentKind : uint8_t { firmware = 0, assets = 1, configuration = 2, secondary = 3 };

const char* component_name(ComponentKind kind);  // "assets"; never null
// The class of boards that a part of `model` is signed for; of the firmware it is the model's own.
void component_class(Crypto& crypto, const char* model, ComponentKind kind, uint8_t board_class[16]);

// One part: two slots in flash and what is known about them. Takes 0.5 KB of RAM.
class ComponentArea final : private BootControl {
 public:
  // `layout.journal` may lie in another flash than the firmware's.
  ComponentArea(ComponentKind kind, Flash& flash, const FlashLayout& layout, Crypto& crypto,
                const char* model);

  // After every start, with the firmware's state: chooses the slot in use and checks what is in it.
  void start(State firmware);
  // Makes what the manifest wants ready. ok: it is in use already, or waits for adopt().
  Cause fetch(const Component& wanted, uint32_t serial, Agent& agent);
  // The firmware that the ready part belongs to stays. True: the part in use is another one now.
  bool adopt();
  // What is ready is wanted no more.
  void drop();

  ComponentKind kind() const { return kind_; }
  // Of what is in use: whether there is something, its bytes, its version "1.2.3".
  bool exists() const { return size_ != 0; }
  PatchBase base() const { return {&flash_, image_at_, exists() ? image_size_ : 0, digest_}; }
  uint32_t size() const { return size_; }  // payload bytes
  bool read(uint32_t from, void* to, uint32_t size);
  void write_version(TextWriter& out) const;
  const uint8_t* digest() const { return digest_; }  // of the complete image
  // Changes when another part comes into use: whoever reads in pieces begins again.
  uint8_t generation() const { return generation_; }
  Updater& updater() { return updater_; }

 private:
  // The part itself is never booted: there is nothing to do but to agree.
  uint8_t running() override { return journal_.now().active; }
  bool on_trial() override { return false; }
  bool stage(uint8_t) override { return true; }
  bool accept() override { return true; }
  bool reject() override { return true; }
  void use(uint8_t slot);

  ComponentKind kind_;
  uint8_t generation_ = 0;
  uint8_t board_class_[16];
  Flash& flash_;
  const FlashLayout& layout_;
  Crypto& crypto_;
  Journal journal_;
  Updater updater_;
  uint32_t image_at_ = 0, image_size_ = 0;  // of what is in use
  uint32_t at_ = 0;                         // of its payload
  uint32_t size_ = 0;
  uint8_t version_[4];
  uint8_t digest_[32];
};

// All areas of a board. Parts for which it has none are passed over.
class ComponentSet final : public Components {
 public:
  ComponentSet(ComponentArea** areas, uint32_t count) : areas_(areas), count_(count) {}
  // Once after every start, with the journals' states known.
  void start(State firmware);

  void ask(TextWriter& question) override;
  Cause fetch(const Manifest& manifest, Agent& agent) override;
  bool adopt() override;
  void describe(TextWriter& out, const char* firmware) override;
  Updater* untold(const Manifest& manifest) override;

 private:
  static const Component* find(const Manifest& manifest, ComponentKind kind);

  ComponentArea** areas_;
  uint32_t count_;
};

}  // namespace stratus::mcu
