// The log facade. One line an event: time, level, component, message; `key=value` pairs in the message.
// Thread-safe. Goes to standard error, as text or as JSON lines; a secret never belongs in a message.
#pragma once

#include <cstdint>
#include <string_view>

#include <fmt/format.h>

namespace stratus::log {

enum class Level : std::uint8_t { debug, info, warning, error, off };
enum class Form : std::uint8_t { text, json };

// Call once in main, before threads start. Default: info, text.
void configure(Level level, Form form);
Level parse_level(std::string_view name);  // unknown → info

void write(Level level, std::string_view component, std::string_view message);
bool enabled(Level level);

template <class... Args>
void debug(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, component, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, component, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::warning))
    write(Level::warning, component, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::error)) write(Level::error, component, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace stratus::log
