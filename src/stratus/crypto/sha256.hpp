// SHA-256, at once or in pieces (FIPS 180-4; the work is OpenSSL's).
#pragma once

#include <memory>
#include <string_view>

#include "stratus/base/bytes.hpp"
#include "stratus/base/digest.hpp"

namespace stratus {

// Move-only. Not thread-safe; one object a stream.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(BytesView data);
  // The digest of everything since construction; ends the stream (make a new object for the next).
  Digest finish();
  // The digest so far; the stream goes on.
  Digest peek() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

Digest sha256(BytesView data);
inline Digest sha256(std::string_view text) { return sha256(as_bytes(text)); }

}  // namespace stratus
