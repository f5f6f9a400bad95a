#include "stratus/crypto/platform/openssl/handles.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

namespace stratus::crypto::openssl {

void Release::operator()(bio_st* object) const { BIO_free_all(object); }
void Release::operator()(evp_pkey_st* object) const { EVP_PKEY_free(object); }
void Release::operator()(evp_md_ctx_st* object) const { EVP_MD_CTX_free(object); }
void Release::operator()(x509_st* object) const { X509_free(object); }
void Release::operator()(ECDSA_SIG_st* object) const { ECDSA_SIG_free(object); }
void Release::operator()(X509_req_st* object) const { X509_REQ_free(object); }
void Release::operator()(X509_crl_st* object) const { X509_CRL_free(object); }
void Release::operator()(stack_st_X509_EXTENSION* object) const {
  sk_X509_EXTENSION_pop_free(object, X509_EXTENSION_free);
}

Error last_error(ErrorCode code, std::string_view what) {
  const unsigned long number = ERR_peek_error();
  const char* const reason = number != 0 ? ERR_reason_error_string(number) : nullptr;
  ERR_clear_error();
  return Error(code, std::string(what) + (reason != nullptr ? std::string(": ") + reason : std::string()));
}

Handle<bio_st> read_from(std::string_view text) {
  return Handle<bio_st>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Handle<bio_st> new_buffer() { return Handle<bio_st>(BIO_new(BIO_s_mem())); }

std::string text_of(bio_st* buffer) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(buffer, &data);
  return length > 0 ? std::string(data, static_cast<std::size_t>(length)) : std::string();
}

}  // namespace stratus::crypto::openssl
