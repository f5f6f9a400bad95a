// Owning pointers for OpenSSL objects and the way its errors become ours. Included by the .cpp files of this
// folder only; forward declarations keep OpenSSL's headers out of here.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"

struct bio_st;
struct evp_pkey_st;
struct evp_md_ctx_st;
struct x509_st;
struct ECDSA_SIG_st;
struct X509_req_st;
struct X509_crl_st;
struct stack_st_X509_EXTENSION;

namespace stratus::crypto::openssl {

struct Release {
  void operator()(bio_st* object) const;
  void operator()(evp_pkey_st* object) const;
  void operator()(evp_md_ctx_st* object) const;
  void operator()(x509_st* object) const;
  void operator()(ECDSA_SIG_st* object) const;
  void operator()(X509_req_st* object) const;
  void operator()(X509_crl_st* object) const;
  void operator()(stack_st_X509_EXTENSION* object) const;
};
template <class T>
using Handle = std::unique_ptr<T, Release>;

// "what: OpenSSL's reason"; empties OpenSSL's error queue of this thread.
Error last_error(ErrorCode code, std::string_view what);

Handle<bio_st> read_from(std::string_view text);
Handle<bio_st> new_buffer();
std::string text_of(bio_st* buffer);

}  // namespace stratus::crypto::openssl
