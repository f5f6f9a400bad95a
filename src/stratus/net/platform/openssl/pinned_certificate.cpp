// The one place that talks to a server that is not trusted yet: to find the certificate whose fingerprint the
// operator gave, or to say what answers there. Nothing that such a server says is believed.
#include <array>
#include <memory>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "stratus/base/file.hpp"
#include "stratus/crypto/certificate_info.hpp"
#include "stratus/net/enrolment_client.hpp"
#include "stratus/net/platform/openssl/tls_transport.hpp"

namespace stratus::net {
namespace {

constexpr std::size_t kMaxAnswer = 64u << 10;

struct Place {
  std::string host, port;
};

Result<Place> place_of(std::string_view server) {
  const std::string_view scheme = server.substr(0, server.find("://"));
  if (scheme.size() == server.size() || (scheme != "https" && scheme != "mqtts"))
    return fail(ErrorCode::invalid, "a fingerprint is for https:// and mqtts:// servers");
  std::string_view rest = server.substr(scheme.size() + 3);
  rest = rest.substr(0, rest.find('/'));
  const std::size_t close = rest.starts_with('[') ? rest.find(']') : std::string_view::npos;
  const std::size_t colon = rest.find(':', close == std::string_view::npos ? 0 : close);
  Place place{std::string(rest.substr(0, colon)), colon == std::string_view::npos
                                                      ? (scheme == "mqtts" ? "8883" : "443")
                                                      : std::string(rest.substr(colon + 1))};
  if (close != std::string_view::npos) place.host = std::string(rest.substr(1, close - 1));
  if (place.host.empty() || place.port.empty())
    return fail(ErrorCode::invalid, fmt::format("'{}' names no host", server));
  return place;
}

Result<FileDescriptor> connect_to(const Place& place) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(place.host.c_str(), place.port.c_str(), &hints, &found) != 0) {
    return fail(ErrorCode::unavailable, "cannot resolve " + place.host);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    FileDescriptor fd(::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{10, 0};
    if (!fd) continue;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(fd.get(), at->ai_addr, at->ai_addrlen) == 0) return fd;
  }
  return fail(Error::from_errno(fmt::format("connect to {}:{}", place.host, place.port)));
}

struct Session {
  FileDescriptor fd;
  SslPointer ssl;
};

Result<Session> shake_hands(const Place& place) {
  STRATUS_TRY(fd, connect_to(place));
  const ContextPointer context(SSL_CTX_new(TLS_client_method()));
  SslPointer ssl(context ? SSL_new(context.get()) : nullptr);
  if (!ssl || SSL_set_fd(ssl.get(), fd.get()) != 1)
    return fail(ErrorCode::internal, "TLS: " + take_tls_error());
  SSL_set_tlsext_host_name(ssl.get(), place.host.c_str());
  if (SSL_connect(ssl.get()) != 1) {
    return fail(ErrorCode::unavailable,
                fmt::format("shaking hands with {}:{}: {}", place.host, place.port, take_tls_error()));
  }
  return Session{std::move(fd), std::move(ssl)};
}

std::string pem_of(X509* certificate) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_X509(bio.get(), certificate);
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
}

// What the server showed in the handshake and what it says at /api/v1/ca: only a pile to look through.
std::string pile_of(SSL* ssl, const Place& place) {
  std::string pile;
  STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; i < sk_X509_num(chain); ++i) pile += pem_of(sk_X509_value(chain, i));
  const std::string question = fmt::format(
      "GET /api/v1/ca?form=pem HTTP/1.0\r\nHost: {}:{}\r\nConnection: close\r\n\r\n", place.host, place.port);
  std::size_t count = 0;
  if (SSL_write_ex(ssl, question.data(), question.size(), &count) != 1) return pile;
  std::array<char, 4096> buffer{};
  std::string answer;
  while (answer.size() < kMaxAnswer && SSL_read_ex(ssl, buffer.data(), buffer.size(), &count) == 1)
    answer.append(buffer.data(), count);
  return pile + answer;
}

std::string plain_hex(std::string_view fingerprint) {
  std::string out;
  for (const char c : fingerprint) {
    if (c != ':' && c != ' ') out.push_back(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

}  // namespace

Result<std::string> fetch_pinned_certificate(const std::string& server, const std::string& fingerprint) {
  const std::string wanted = plain_hex(fingerprint);
  if (wanted.size() != 64 || !from_hex(wanted)) {
    return fail(ErrorCode::invalid, "a fingerprint is a SHA-256 in hex: 64 digits");
  }
  STRATUS_TRY(place, place_of(server));
  STRATUS_TRY(session, shake_hands(place));
  const std::string pile = pile_of(session.ssl.get(), place);
  ERR_clear_error();
  for (const std::string& pem : crypto::split_certificates(pile)) {
    const auto info = crypto::parse_certificate(pem);
    if (info && info->fingerprint == wanted) return pem;
  }
  return fail(ErrorCode::denied,
              server + " has no certificate with that fingerprint: it is not the one that was meant");
}

Result<std::string> fetch_shown_certificate(const std::string& server) {
  STRATUS_TRY(place, place_of(server));
  STRATUS_TRY(session, shake_hands(place));
  X509* const shown = SSL_get0_peer_certificate(session.ssl.get());
  if (shown == nullptr) return fail(ErrorCode::not_found, server + " showed no certificate");
  return pem_of(shown);
}

}  // namespace stratus::net
