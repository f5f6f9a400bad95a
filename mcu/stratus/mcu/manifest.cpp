#include "stratus/mcu/manifest.hpp"

namespace stratus::mcu {
namespace {

bool take_text(Text& text, const uint8_t* value, uint32_t size, uint32_t most) {
  if (text.data != nullptr || size == 0 || size > most) return false;
  for (uint32_t i = 0; i < size; ++i) {
    if (value[i] <= ' ' || value[i] > '~') return false;
  }
  text = {reinterpret_cast<const char*>(value), size};
  return true;
}

bool take_number(uint32_t& number, uint32_t& seen, uint32_t bit, const uint8_t* value, uint32_t size) {
  if ((seen & bit) != 0 || size != 4) return false;
  seen |= bit;
  number = load32(value);
  return true;
}

bool take_component(Manifest& m, const uint8_t* value, uint32_t size) {
  if (size != 37 || m.components == kMaximumComponents) return false;
  if ((m.components == 0) != (value[0] == 0)) return false;  // the firmware, and only it, comes first
  for (uint32_t i = 0; i < m.components; ++i) {
    if (m.component[i].kind == value[0]) return false;
  }
  m.component[m.components++] = {value[0], load32(value + 1), value + 5, nullptr, nullptr, 0};
  return true;
}

bool take_delta(Manifest& m, const uint8_t* value, uint32_t size) {
  if (size != 68 || m.components == 0) return false;
  Component& component = m.component[m.components - 1];
  if (component.delta_base != nullptr) return false;
  component.delta_base = value;
  component.delta_digest = value + 32;
  component.delta_size = load32(value + 64);
  return true;
}

enum : uint32_t { kCounter = 1, kSerial = 2, kExpires = 4 };

Cause parse_fields(const uint8_t* at, const uint8_t* end, Manifest& m) {
  uint32_t seen = 0;
  while (at != end) {
    if (end - at < 2 || end - at - 2 < at[1]) return Cause::truncated;
    const uint8_t* value = at + 2;
    const uint32_t size = at[1];
    bool ok = at[0] >= 128;
    switch (static_cast<ManifestField>(at[0])) {
      case ManifestField::model:
        ok = take_text(m.model, value, size, 32);
        break;
      case ManifestField::version:
        ok = take_text(m.version, value, size, 32);
        break;
      case ManifestField::repository:
        ok = take_text(m.repository, value, size, 64);
        break;
      case ManifestField::release:
        ok = size == 32 && m.release == nullptr;
        m.release = value;
        break;
      case ManifestField::counter:
        ok = take_number(m.counter, seen, kCounter, value, size);
        break;
      case ManifestField::serial:
        ok = take_number(m.serial, seen, kSerial, value, size);
        break;
      case ManifestField::expires:
        ok = take_number(m.expires, seen, kExpires, value, size);
        break;
      case ManifestField::component:
        ok = take_component(m, value, size);
        break;
      case ManifestField::delta:
        ok = take_delta(m, value, size);
        break;
    }
    if (!ok) return Cause::bad_format;
    at = value + size;
  }
  const bool whole = m.model.data != nullptr && m.version.data != nullptr && m.repository.data != nullptr &&
                     (seen & (kCounter | kSerial)) == (kCounter | kSerial) && m.components != 0;
  return whole ? Cause::ok : Cause::bad_format;
}

bool same(const Text& text, const char* wanted) {
  uint32_t i = 0;
  for (; i < text.size; ++i) {
    if (wanted[i] == 0 || wanted[i] != text.data[i]) return false;
  }
  return wanted[i] == 0;
}

}  // namespace

Cause parse_manifest(const uint8_t* raw, uint32_t size, Crypto& crypto, const ManifestPolicy& policy,
                     Manifest& manifest) {
  memset(&manifest, 0, sizeof manifest);
  if (size > kManifestLimit) return Cause::too_large;
  if (size < 6) return Cause::truncated;
  if (load32(raw) != kManifestMagic) return Cause::bad_format;
  const uint32_t signed_size = 6u + load16(raw + 4);
  if (signed_size >= size) return Cause::truncated;
  uint8_t digest[32];
  crypto.hash_begin();
  crypto.hash_add(raw, signed_size);
  crypto.hash_end(digest);
  if (!crypto.verify(digest, raw + signed_size, size - signed_size)) return Cause::bad_signature;

  if (Cause cause = parse_fields(raw + 6, raw + signed_size, manifest); cause != Cause::ok) return cause;
  if (!same(manifest.model, policy.model)) return Cause::wrong_model;
  if (manifest.serial < policy.serial_floor) return Cause::replayed;
  if (manifest.expires != 0 && policy.now > manifest.expires) return Cause::expired;
  return Cause::ok;
}

}  // namespace stratus::mcu
