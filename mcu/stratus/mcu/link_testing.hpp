// A broker behind a stream, for tests of the link: accepts every session, keeps what is said, says what it is
// told.
#pragma once

#include <algorithm>
#include <string>

#include "stratus/mcu/bytes.hpp"
#include "stratus/mcu/ports.hpp"

namespace stratus::mcu {

struct TestBroker final : Stream {
  std::string incoming, sent;
  std::size_t at = 0;
  bool alive = true;
  int opened = 0;
  // After the client has said `once_said`, the broker brings it a message.
  std::string once_said, then_topic, then_payload;

  bool open() override {
    incoming = alive ? std::string("\x20\x02\0\0", 4) : "";
    at = 0;
    ++opened;
    return alive;
  }
  int32_t read(void* to, uint32_t size) override {
    const std::size_t n = std::min<std::size_t>(size, incoming.size() - at);
    memcpy(to, incoming.data() + at, n);
    at += n;
    return static_cast<int32_t>(n);
  }
  bool readable() override { return at < incoming.size() || !alive; }
  bool write(const void* from, uint32_t size) override {
    sent.append(static_cast<const char*>(from), size);
    if (size == 2 && *static_cast<const char*>(from) == '\xc0') incoming += std::string("\xd0\0", 2);
    if (!once_said.empty() && sent.find(once_said) != std::string::npos) {
      once_said.clear();
      push(then_topic, then_payload);
    }
    return alive;
  }
  void close() override {}
  // A message of the broker, QoS 0.
  void push(const std::string& topic, const std::string& payload) {
    const std::size_t size = 2 + topic.size() + payload.size();
    incoming += std::string("\x30") +
                (size > 127 ? std::string{static_cast<char>(size % 128 + 128), static_cast<char>(size / 128)}
                            : std::string{static_cast<char>(size)});
    incoming += '\0' + std::string(1, static_cast<char>(topic.size())) + topic + payload;
  }
  std::size_t count(const std::string& text) const {
    std::size_t n = 0;
    for (std::size_t from = 0; (from = sent.find(text, from)) != std::string::npos; ++from) ++n;
    return n;
  }
};

}  // namespace stratus::mcu
