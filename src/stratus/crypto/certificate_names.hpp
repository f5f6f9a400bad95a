// Whether a certificate can stand for a server.
#pragma once

#include <string_view>

namespace stratus::crypto {

// The first certificate of a PEM text carries names or addresses that a TLS client would compare with the one
// it called (subjectAltName). Its common name does not count: nobody looks at it any more.
bool has_server_names(std::string_view pem);

}  // namespace stratus::crypto
