#include "ports/net/tls_stream.hpp"

#include "stratus/mcu/p256.hpp"

namespace stratus::mcu::net {
namespace {

// What works on secrets takes the same time whatever they are. A Cortex-M3 multiplies to 64 bits the faster
// the smaller the numbers are, so there it is done in words of 15 bits; RV32IMC cores do it in constant time.
#ifdef __riscv
constexpr const br_ec_impl* kCurve = &br_ec_p256_m31;
constexpr br_ecdsa_sign kSign = &br_ecdsa_i31_sign_asn1;
constexpr br_ghash kHash = &br_ghash_ctmul;
#else
constexpr const br_ec_impl* kCurve = &br_ec_p256_m15;
constexpr br_ecdsa_sign kSign = &br_ecdsa_i15_sign_asn1;
constexpr br_ghash kHash = &br_ghash_ctmul32;
#endif

// Signatures of others, by the loader's verifier: nothing in them is secret, so they need not be checked in
// constant time, which takes BearSSL about four times the multiplications. All of them are over SHA-256 here.
uint32_t verify_signature(const br_ec_impl*, const void* digest, size_t digest_size,
                          const br_ec_public_key* key, const void* signature, size_t size) {
  return key->curve == BR_EC_secp256r1 && key->qlen == 65 && key->q[0] == 4 && digest_size == 32 &&
         size <= 72 &&
         p256_verify(key->q + 1, static_cast<const uint8_t*>(digest), static_cast<const uint8_t*>(signature),
                     static_cast<uint32_t>(size));
}

}  // namespace

bool TlsStream::open() {
  if (!socket_.open(timeout_ms_)) return false;
  br_ssl_engine_context* const engine = &client_.eng;
  static const uint16_t kSuites[] = {BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256};
  br_ssl_client_zero(&client_);
  br_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
  br_ssl_engine_set_suites(engine, kSuites, 1);
  br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
  br_ssl_engine_set_prf_sha256(engine, &br_tls12_sha256_prf);
  br_ssl_engine_set_ec(engine, kCurve);
  br_ssl_engine_set_ecdsa(engine, &verify_signature);
  br_ssl_engine_set_aes_ctr(engine, &br_aes_ct_ctr_vtable);
  br_ssl_engine_set_ghash(engine, kHash);
  br_ssl_engine_set_gcm(engine, &br_sslrec_in_gcm_vtable, &br_sslrec_out_gcm_vtable);

  br_x509_minimal_context* const x509 = &context_.x509;
  br_x509_minimal_init(x509, &br_sha256_vtable, &context_.root, 1);
  br_x509_minimal_set_hash(x509, br_sha256_ID, &br_sha256_vtable);
  br_x509_minimal_set_ecdsa(x509, kCurve, &verify_signature);
  const uint32_t now = context_.clock->unix_time();
  br_x509_minimal_set_time(x509, now / 86400 + 719528, now % 86400);  // days since year 0
  br_ssl_engine_set_x509(engine, &x509->vtable);

  br_ssl_engine_set_buffers_bidi(engine, in_, sizeof in_, out_, sizeof out_);
  uint8_t seed[32];
  if (!context_.entropy->fill(seed, sizeof seed)) return false;
  br_ssl_engine_inject_entropy(engine, seed, sizeof seed);
  if (br_ssl_client_reset(&client_, context_.server_name, 0) == 0) return false;
  if (context_.key.curve != 0) {
    br_ssl_client_set_single_ec(&client_, context_.chain, 2, &context_.key, BR_KEYTYPE_SIGN, BR_KEYTYPE_EC,
                                kCurve, kSign);
  }
  if (run(BR_SSL_SENDAPP, timeout_ms_)) return true;
  socket_.close();
  return false;
}

bool TlsStream::run(unsigned wanted, uint32_t timeout_ms) {
  br_ssl_engine_context* const engine = &client_.eng;
  const Network& network = socket_.network();
  // Silence counts, not the time that our own arithmetic takes.
  uint32_t heard = network.millis();
  for (;;) {
    const unsigned state = br_ssl_engine_current_state(engine);
    if ((state & BR_SSL_CLOSED) != 0) return false;
    bool moved = false;
    size_t size;
    if ((state & BR_SSL_SENDREC) != 0) {
      const uint8_t* const record = br_ssl_engine_sendrec_buf(engine, &size);
      const int32_t sent = socket_.send(record, static_cast<uint32_t>(size));
      if (sent < 0) return false;
      if (sent > 0) br_ssl_engine_sendrec_ack(engine, static_cast<size_t>(sent));
      moved = sent > 0;
    } else if ((state & wanted) != 0) {
      return true;
    }
    if ((state & BR_SSL_RECVREC) != 0) {
      uint8_t* const record = br_ssl_engine_recvrec_buf(engine, &size);
      const int32_t got = socket_.receive(record, static_cast<uint32_t>(size));
      if (got < 0 && !moved) return false;
      if (got > 0) br_ssl_engine_recvrec_ack(engine, static_cast<size_t>(got));
      moved = moved || got > 0;
    }
    network.poll();
    const uint32_t now = network.millis();
    if (moved) heard = now;
    if (!moved && now - heard >= timeout_ms) return false;
    if (!moved) network.rest();
  }
}

int32_t TlsStream::read(void* to, uint32_t size) {
  br_ssl_engine_flush(&client_.eng, 0);
  if (!run(BR_SSL_RECVAPP, timeout_ms_)) {
    // Its farewell may lie unread where our question could not leave any more.
    const bool closed = (br_ssl_engine_current_state(&client_.eng) & BR_SSL_CLOSED) != 0;
    return closed || socket_.has_ended() ? 0 : -1;
  }
  size_t have;
  const uint8_t* const data = br_ssl_engine_recvapp_buf(&client_.eng, &have);
  const uint32_t n = have < size ? static_cast<uint32_t>(have) : size;
  memcpy(to, data, n);
  br_ssl_engine_recvapp_ack(&client_.eng, n);
  return static_cast<int32_t>(n);
}

bool TlsStream::readable() {
  br_ssl_engine_flush(&client_.eng, 0);
  if (run(BR_SSL_RECVAPP, 0)) return true;
  const unsigned state = br_ssl_engine_current_state(&client_.eng);
  uint8_t none;
  return (state & BR_SSL_CLOSED) != 0 || socket_.receive(&none, 0) < 0;
}

bool TlsStream::write(const void* from, uint32_t size) {
  const auto* data = static_cast<const uint8_t*>(from);
  while (size != 0) {
    if (!run(BR_SSL_SENDAPP, timeout_ms_)) return false;
    size_t room;
    uint8_t* const place = br_ssl_engine_sendapp_buf(&client_.eng, &room);
    const uint32_t n = size < room ? size : static_cast<uint32_t>(room);
    memcpy(place, data, n);
    br_ssl_engine_sendapp_ack(&client_.eng, n);
    data += n;
    size -= n;
  }
  return true;
}

void TlsStream::close() {
  br_ssl_engine_flush(&client_.eng, 0);
  run(0, 0);
  br_ssl_engine_close(&client_.eng);
  run(0, 0);
  socket_.close();
}

bool EcDeviceKey::public_key(uint8_t xy[64]) {
  const br_ec_private_key secret = {BR_EC_secp256r1, const_cast<uint8_t*>(key_), 32};
  br_ec_public_key point;
  uint8_t buffer[BR_EC_KBUF_PUB_MAX_SIZE];
  if (br_ec_compute_pub(kCurve, &point, buffer, &secret) != 65) return false;
  memcpy(xy, point.q + 1, 64);
  return true;
}

uint32_t EcDeviceKey::sign(const uint8_t digest[32], uint8_t* out) {
  const br_ec_private_key secret = {BR_EC_secp256r1, const_cast<uint8_t*>(key_), 32};
  return static_cast<uint32_t>(kSign(kCurve, &br_sha256_vtable, digest, &secret, out));
}

bool make_key(Entropy& entropy, uint8_t key[32]) {
  uint8_t seed[48];
  if (!entropy.fill(seed, sizeof seed)) return false;
  br_hmac_drbg_context drbg;
  br_hmac_drbg_init(&drbg, &br_sha256_vtable, seed, sizeof seed);
  return br_ec_keygen(&drbg.vtable, kCurve, nullptr, key, BR_EC_secp256r1) == 32;
}

bool BearCrypto::verify(const uint8_t digest[32], const uint8_t* signature, uint32_t size) {
  return p256_verify(key_, digest, signature, size);
}

bool SeededEntropy::start(const uint8_t first[32], uint32_t salt) {
  struct Entry {
    uint8_t seed[32];
    uint32_t seq;
    uint32_t crc;
  };
  Entry newest = {};
  memcpy(newest.seed, first, sizeof newest.seed);
  const uint32_t slots = flash_.sector / 64;
  uint32_t found = 0, place = 0;  // place: behind the newest
  for (uint32_t i = 0; i < 2 * slots; ++i) {
    Entry entry;
    if (!flash_.read(at_ + i * 64, &entry, sizeof entry)) return false;
    if (entry.crc != crc32(&entry, sizeof entry - 4) || (found != 0 && entry.seq < newest.seq)) continue;
    newest = entry;
    found = 1;
    place = i + 1;
  }
  // Torn entries keep their place until the sector is erased.
  for (;; ++place) {
    place %= 2 * slots;
    if (place % slots == 0 && !flash_.erase(at_ + place * 64)) return false;
    uint8_t now[64];
    if (!flash_.read(at_ + place * 64, now, sizeof now)) return false;
    uint8_t all = 0xff;
    for (uint8_t byte : now) all &= byte;
    if (all == 0xff) break;
  }
  br_hmac_drbg_init(&drbg_, &br_sha256_vtable, newest.seed, sizeof newest.seed);
  br_hmac_drbg_update(&drbg_, &salt, sizeof salt);
  uint8_t padded[64];
  memset(padded, 0xff, sizeof padded);
  Entry next;
  br_hmac_drbg_generate(&drbg_, next.seed, sizeof next.seed);
  next.seq = newest.seq + 1;
  next.crc = crc32(&next, sizeof next - 4);
  memcpy(padded, &next, sizeof next);
  ready_ = flash_.program(at_ + place * 64, padded, sizeof padded);
  return ready_;
}

bool SeededEntropy::fill(void* to, uint32_t size) {
  if (ready_) br_hmac_drbg_generate(&drbg_, to, size);
  return ready_;
}

}  // namespace stratus::mcu::net
