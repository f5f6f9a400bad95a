// Manifests, indexes, image configurations, references and signed statements: no crash, and what is accepted
// is written and read again as the same.
#include <cstdlib>

#include "stratus/crypto/release_verifier.hpp"
#include "stratus/oci/image_config.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/oci/reference.hpp"

namespace {

template <class Parse, class Encode>
void check_round_trip(std::string_view text, Parse parse, Encode encode) {
  const auto parsed = parse(text);
  if (!parsed) return;
  const std::string once = encode(*parsed);
  const auto again = parse(once);
  if (!again || encode(*again) != once) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_round_trip(text, oci::parse_manifest, oci::encode_manifest);
  check_round_trip(text, oci::parse_index, oci::encode_index);
  check_round_trip(text, oci::parse_image_config, oci::encode_image_config);
  check_round_trip(text, crypto::parse_statement, crypto::encode_statement);
  if (const auto manifest = oci::parse_manifest(text)) (void)oci::check_image(*manifest);
  (void)oci::parse_reference(text);
  return 0;
}
