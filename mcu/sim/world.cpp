#include "sim/world.hpp"

#include <algorithm>

#include <openssl/evp.h>

namespace stratus::mcu::sim {
namespace {

constexpr char kModel[] = "simulated";
constexpr char kReleaseKey[] = "release";

Bytes make_image(const Geometry& geometry, int version, std::uint32_t size, const char* key) {
  std::minstd_rand random(static_cast<unsigned>(version) + 5);
  Bytes payload(size);
  for (auto& byte : payload) byte = static_cast<std::uint8_t>(random());
  host::ImageFields fields;
  fields.major = static_cast<std::uint8_t>(version);
  fields.security_counter = static_cast<std::uint32_t>(10 + version);
  fields.model = kModel;
  fields.header_size = geometry.align > 32 ? 64 : 32;
  return host::write_image(payload, fields,
                           [key](const host::RawDigest& d) -> Result<Bytes> { return sim_signature(d, key); })
      .value();
}

}  // namespace

SimCrypto::SimCrypto() : context_(EVP_MD_CTX_new()) {}
SimCrypto::~SimCrypto() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }
void SimCrypto::hash_begin() { EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr); }
void SimCrypto::hash_add(const void* data, std::uint32_t size) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), data, size);
}
void SimCrypto::hash_end(std::uint8_t digest[32]) {
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest, nullptr);
}
bool SimCrypto::verify(const std::uint8_t digest[32], const std::uint8_t* signature, std::uint32_t size) {
  host::RawDigest raw;
  std::copy_n(digest, raw.size(), raw.begin());
  return Bytes(signature, signature + size) == sim_signature(raw, kReleaseKey);
}

Bytes sim_signature(const host::RawDigest& digest, const char* key) {
  Bytes both(digest.begin(), digest.end());
  for (const char* p = key; *p != 0; ++p) both.push_back(static_cast<std::uint8_t>(*p));
  const host::RawDigest keyed = host::raw_sha256(both);
  return Bytes(keyed.begin(), keyed.end());
}

const Geometry& small_sectors() {
  static const Geometry geometry{"4 KiB sectors, 16 B words", 4096, 16, 35 * 1024 + 128};
  return geometry;
}
const Geometry& large_sectors() {
  static const Geometry geometry{"256 KiB sectors, 4 B words", 256 * 1024, 4, 270 * 1024 + 4};
  return geometry;
}

const char* scenario_name(Scenario scenario) {
  static const char* const kNames[] = {"good",    "crash",    "self_test", "corrupt",
                                       "bit_rot", "retarget", "wrong_key"};
  return kNames[static_cast<unsigned>(scenario)];
}

World::World(const Geometry& geometry, std::uint32_t journal_records)
    : parts_(std::make_unique<Parts>(geometry)) {
  Parts& p = *parts_;
  const std::uint32_t slot =
      (geometry.image_size + 1024 + geometry.sector - 1) / geometry.sector * geometry.sector;
  p.layout = {0, {2 * geometry.sector, 2 * geometry.sector + slot}, slot};
  p.flash.bytes.assign(2 * geometry.sector + 2 * slot, 0xff);
  p.board = host::board_class_of(kModel);
  for (int version = 0; version < 4; ++version) {
    // Versions 2 and 3 have the same size: only the digest tells them apart.
    const std::uint32_t size =
        geometry.image_size - (version < 2 ? 512u * static_cast<unsigned>(2 - version) : 0);
    p.images[static_cast<std::size_t>(version)] = make_image(geometry, version, size, kReleaseKey);
  }
  p.images[4] = make_image(geometry, 2, geometry.image_size, "stranger");
  for (std::size_t i = 0; i < p.images.size(); ++i) {
    const host::RawDigest digest = host::raw_sha256(p.images[i]);
    std::copy(digest.begin(), digest.end(), p.targets[i].digest);
    p.targets[i].size = static_cast<std::uint32_t>(p.images[i].size());
    p.targets[i].counter = static_cast<std::uint32_t>(10 + (i == 4 ? 2 : i));
  }
  std::copy(p.images[1].begin(), p.images[1].end(), p.flash.bytes.begin() + p.layout.slot[0]);
  std::copy(p.images[0].begin(), p.images[0].end(), p.flash.bytes.begin() + p.layout.slot[1]);
  Journal journal(p.flash, p.layout.journal);
  journal.mount();
  Record record = {};
  record.state = State::updated;
  record.counter = 11;
  for (std::uint32_t i = 0; i < journal_records; ++i) journal.append(record);
}

World::~World() = default;

}  // namespace stratus::mcu::sim
