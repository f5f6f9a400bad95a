// Small steps shared by the files that make and read certificates. Included by this folder's .cpp files only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"

struct x509_st;
struct X509_name_st;
struct asn1_string_st;

namespace stratus::crypto::openssl {

// 127 random bits.
bool set_random_serial(x509_st* certificate);
std::string serial_text(const asn1_string_st* serial);  // hex, upper case
// `issuer` may be the certificate itself.
bool add_extension(x509_st* certificate, x509_st* issuer, int nid, const std::string& value);
bool add_name_part(X509_name_st* name, const char* part, std::string_view value);
// Both ends in whole seconds.
bool set_validity(x509_st* certificate, WallTime from, WallTime until);
WallTime time_of(const asn1_string_st* time);
asn1_string_st* new_time(WallTime time);
std::string pem_of(x509_st* certificate);
// "DNS:a,IP:b"; `invalid` for what is neither a DNS name nor an address, or when there is none.
Result<std::string> subject_alternatives(const std::vector<std::string>& names);
bool is_dns_name(std::string_view name);
// 1 to 64 printable ASCII characters.
bool is_common_name(std::string_view name);

}  // namespace stratus::crypto::openssl
