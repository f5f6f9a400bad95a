// Gets the device its certificate: by a one-time code at first, later by the certificate it has.
#pragma once

#include "stratus/mcu/http.hpp"
#include "stratus/mcu/identity.hpp"

namespace stratus::mcu {

// Asks and stores. `key`: the new private key, of which `signer` knows how to sign. Whether `http` presents a
// certificate decides who we are; with a code it presents none.
inline Cause request_certificate(HttpClient& http, const char* path, const char* code, const char* device,
                                 DeviceKey& signer, const uint8_t key[32], Crypto& crypto,
                                 IdentityStore& store, CertificateAnswer& answer) {
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
