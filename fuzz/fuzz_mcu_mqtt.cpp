// What a broker says to the device's MQTT client, in pieces of a size that the input chooses: never more kept
// than the buffer holds, never a topic outside it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "stratus/mcu/mqtt.hpp"

namespace {
struct Script final : stratus::mcu::Stream {
  const std::uint8_t* data = nullptr;
  std::size_t left = 0, piece = 1;
  bool open() override { return true; }
  std::int32_t read(void* to, std::uint32_t size) override {
    const std::size_t n = std::min({piece, left, static_cast<std::size_t>(size)});
    memcpy(to, data, n);
    data += n;
    left -= n;
    return static_cast<std::int32_t>(n);
  }
  bool readable() override { return true; }  // until the end, which read() says
  bool write(const void*, std::uint32_t) override { return true; }
  void close() override {}
};
struct Still final : stratus::mcu::Clock {
  std::uint32_t millis() override { return 0; }
  std::uint32_t unix_time() override { return 0; }
};
struct Look final : stratus::mcu::MqttEvents {
  std::uint32_t sum = 0;
  void on_message(const char* topic, std::uint32_t topic_size, const std::uint8_t* payload,
                  std::uint32_t size, bool) override {
    if (topic_size + size > 48) std::abort();
    for (std::uint32_t i = 0; i < topic_size; ++i) sum += static_cast<std::uint8_t>(topic[i]);
    for (std::uint32_t i = 0; i < size; ++i) sum += payload[i];
  }
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus::mcu;
  if (size < 1) return 0;
  Script stream;
  stream.piece = 1 + data[0] % 100;
  stream.data = data + 1;
  stream.left = size - 1;
  Still clock;
  Look look;
  std::uint8_t buffer[48];
  MqttClient client(stream, clock, buffer, sizeof buffer);
  if (client.connect("device", nullptr) != Cause::ok) return 0;
  while (client.poll(look) == Cause::ok) {
  }
  if (client.connected()) std::abort();
  return 0;
}
