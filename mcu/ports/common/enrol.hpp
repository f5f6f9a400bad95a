// Gets the device its certificate: by a one-time code at first, later by the certificate it has.
#pragma once

#include "stratus/mcu/http.hpp"
#include "stratus/mcu/identity.hpp"

namespace stratus::mcu {

// When to ask for the next certificate: once it is time to, after failures ever more slowly.
class RenewalTimer {
 public:
  // `renew_after`: Unix seconds, 0: never.
  bool is_due(Clock& clock, uint32_t renew_after) const {
    return renew_after != 0 && clock.unix_time() > renew_after &&
           (failures_ == 0 || static_cast<int32_t>(clock.millis() - next_) >= 0);
  }
  void note(Clock& clock, Cause cause) {
    failures_ = cause == Cause::ok ? 0 : failures_ < 9 ? failures_ + 1 : failures_;
    next_ = clock.millis() + (1000u << failures_);  // 2, 4, … 512 s
  }

 private:
  uint32_t next_ = 0;  // milliseconds
  uint32_t failures_ = 0;
};

// Asks and stores, for the key of the request whose answer was lost if there is one, else for one that `draw`
// makes and that is durable, where the flash can, before anything is sent. `Signer`: the port's DeviceKey,
// made of 32 secret bytes. Whether `http` presents a certificate decides who we are; with a code it presents
// none.
template <typename Signer, typename Draw>
Cause request_certificate(HttpClient& http, const char* path, const char* code, const char* device, Draw draw,
                          Crypto& crypto, IdentityStore& store, CertificateAnswer& answer) {
  uint8_t key[32];
  if (!store.pending(key)) {
    if (!draw(key)) return Cause::io;
    store.keep_pending(key);
  }
  Signer signer(key);
  char buffer[900];
  TextWriter body(buffer, sizeof buffer);
  body.open();
  if (code != nullptr) body.member("code", code);
  if (code != nullptr && device[0] != 0) body.member("device", device);
  body.member("csr").text("\"");
  if (!write_csr(device, signer, crypto, body)) return Cause::io;
  body.text("\"").close();
  if (!body.ok()) return Cause::too_large;
  const Cause cause = http.post(path, {body.data(), body.size()}, 64 * 1024, answer);
  if (cause != Cause::ok) return cause;
  if (!answer.complete()) return Cause::protocol;
  return store.replace(answer, key) ? Cause::ok : Cause::io;
}

}  // namespace stratus::mcu
