// What a server says to a device in JSON: certificates as they arrive, members of a message. Nothing outside
// the text, nothing longer than its place.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "stratus/mcu/csr.hpp"
#include "stratus/mcu/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus::mcu;
  if (size < 1) return 0;
  const std::uint32_t piece = 1u + data[0];
  const std::vector<std::uint8_t> text(data + 1, data + size);  // so that a byte behind it is seen
  const auto length = static_cast<std::uint32_t>(text.size());
  CertificateAnswer answer;
  bool taken = true;
  for (std::uint32_t at = 0; taken && at < length; at += piece) {
    taken = answer.write(text.data() + at, length - at < piece ? length - at : piece);
  }
  if (answer.certificate_size > kMaximumCertificate || answer.chain_size > kMaximumCertificate ||
      answer.device[kMaximumDevice] != 0 || (answer.complete() && answer.device[0] == 0)) {
    std::abort();
  }

  const Text json{reinterpret_cast<const char*>(text.data()), length};
  for (const char* name : {"command", "seqs", ""}) {
    Text value;
    if (!json_member(json, name, value)) continue;
    if (value.data < json.data || value.data + value.size > json.data + json.size) std::abort();
    JsonNumbers numbers(value);
    for (std::uint32_t number; numbers.next(number);) {
    }
  }
  return 0;
}
