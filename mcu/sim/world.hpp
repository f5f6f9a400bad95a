// Internals of the simulator: images, keys and the flash they lie in.
#pragma once

#include "host/image_writer.hpp"
#include "sim/simulator.hpp"

#include "stratus/mcu/updater.hpp"

namespace stratus::mcu::sim {

// Digests by OpenSSL (speed); "signatures" are digests keyed with a secret, which is enough here.
class SimCrypto final : public Crypto {
 public:
  SimCrypto();
  ~SimCrypto();
  void hash_begin() override;
  void hash_add(const void* data, std::uint32_t size) override;
  void hash_end(std::uint8_t digest[32]) override;
  bool verify(const std::uint8_t digest[32], const std::uint8_t* signature, std::uint32_t size) override;

 private:
  void* context_;
};

Bytes sim_signature(const host::RawDigest& digest, const char* key);

struct World::Parts {
  explicit Parts(const Geometry& g) : geometry(g), flash(0, g.sector, g.align) {}
  Geometry geometry;
  FlashLayout layout = {};
  host::MemoryFlash flash;
  std::array<std::uint8_t, 16> board = {};
  // Versions 0 (older), 1 (running), 2 (offered), 3 (offered later, same size), 4 (2 signed by a stranger).
  std::array<Bytes, 5> images;
  std::array<UpdateTarget, 5> targets;
};

}  // namespace stratus::mcu::sim
