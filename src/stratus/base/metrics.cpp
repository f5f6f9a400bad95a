#include "stratus/base/metrics.hpp"

#include <fmt/format.h>

namespace stratus {

void Metrics::add(Kind kind, std::string_view name, std::string_view help, std::uint64_t value,
                  Labels labels) {
  if (last_ != name) {
    last_ = name;
    text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help,
                         kind == Kind::counter ? "counter" : "gauge");
  }
  text_ += name;
  char separator = '{';
  for (const auto& [key, label] : labels) {
    text_ += fmt::format("{}{}=\"", separator, key);
    for (const char c : label) {
      if (c == '"' || c == '\\') text_.push_back('\\');
      text_ += c == '\n' ? std::string_view("\\n") : std::string_view(&c, 1);
    }
    text_.push_back('"');
    separator = ',';
  }
  if (separator == ',') text_.push_back('}');
  text_ += fmt::format(" {}\n", value);
}

}  // namespace stratus
