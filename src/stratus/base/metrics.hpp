// Prometheus text exposition format 0.0.4, written directly. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace stratus {

class Metrics {
 public:
  enum class Kind : std::uint8_t { counter, gauge };
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // The first sample of a name writes its HELP and TYPE; samples of one name must follow each other.
  void add(Kind kind, std::string_view name, std::string_view help, std::uint64_t value, Labels labels = {});
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::string last_;
};

}  // namespace stratus
