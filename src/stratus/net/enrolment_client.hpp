// A device's or gateway's side of enrolment (over HTTPS or MQTT) and renewal (over HTTPS, or whatever way).
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "stratus/net/http_client.hpp"
#include "stratus/net/identity_files.hpp"

namespace stratus::net {

struct EnrolOptions {
  std::string server;  // URL of the server, or of a gateway before it
  std::string mqtt;    // "mqtts://HOST:PORT": enrols there instead; `server` is only remembered then
  std::string code;
  std::string device;             // the id that is wished for; "": the server's choice
  std::filesystem::path ca_file;  // what vouches for the server; empty: the system's roots
  std::string ca_fingerprint;     // or: SHA-256 of that certificate in hex, colons allowed
};
// Makes a key, sends a signing request, keeps the certificate. `conflict` when there is an identity already.
// When the answer gets lost over HTTPS it asks again, a few times; called anew (over MQTT too) it goes on
// with the same key, to which the server gives the same answer, although the code is used.
Task<Result<OwnIdentity>> enrol(Executor executor, IdentityFiles files, EnrolOptions options);

// A renewal in two halves, for those who carry it themselves: a request for a fresh key, and what is made of
// the answer. `not_found` when there is no certificate to renew.
struct Renewal {
  OwnIdentity own;  // the one that ends
  std::string csr;
};
Result<Renewal> begin_renewal(const IdentityFiles& files);
// `corrupt` when it is another device's certificate, or not for the key that was asked for; `denied` for a
// root that what is trusted does not vouch for (IdentityFiles::accept_renewal).
Result<OwnIdentity> finish_renewal(const IdentityFiles& files, const Renewal& renewal,
                                   const wire::EnrolAnswer& answer);

// Both over HTTPS: by the session of the certificate in use, also when that has expired.
Task<Result<OwnIdentity>> renew(Executor executor, IdentityFiles files, std::string server,
                                std::filesystem::path ca_file);

// Connects without trust, takes the certificate that has this fingerprint from what the server shows (in the
// handshake, or at /api/v1/ca), and answers it in PEM. Blocks, up to half a minute. `denied` when it has
// none.
Result<std::string> fetch_pinned_certificate(const std::string& server, const std::string& fingerprint);
// The certificate in PEM that the server shows, whoever it is: good for words about it, never for trust.
// Nothing is sent to it. Blocks, up to half a minute.
Result<std::string> fetch_shown_certificate(const std::string& server);

}  // namespace stratus::net
