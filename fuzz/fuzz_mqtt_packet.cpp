// MQTT packets: no crash, and what is accepted is written and read again as the same.
#include <cstdlib>

#include "stratus/wire/mqtt/packet.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus;
  using namespace stratus::wire::mqtt;
  BytesView bytes(data, size);
  while (!bytes.empty()) {
    const auto head = read_frame_head(bytes, 1u << 20);
    if (!head || !*head || (*head)->head_size + (*head)->body_size > bytes.size()) return 0;
    const auto packet = decode((*head)->first, bytes.subspan((*head)->head_size, (*head)->body_size));
    bytes = bytes.subspan((*head)->head_size + (*head)->body_size);
    if (!packet) continue;
    std::string once;
    if (!encode(*packet, once)) {
      // Only a topic that stands for its alias is read and never written.
      const auto* const publish = std::get_if<Publish>(&*packet);
      if (publish == nullptr || !publish->topic.empty()) std::abort();
      continue;
    }
    const auto again_head = read_frame_head(as_bytes(once), ~std::size_t{0});
    if (!again_head || !*again_head) std::abort();
    const auto again = decode((*again_head)->first, as_bytes(once).subspan((*again_head)->head_size));
    std::string twice;
    if (!again || !encode(*again, twice) || once != twice) std::abort();
  }
  return 0;
}
