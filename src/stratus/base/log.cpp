#include "stratus/base/log.hpp"

#include <memory>
#include <string>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace stratus::log {
namespace {

struct State {
  std::shared_ptr<spdlog::logger> logger = make(Form::text);
  Form form = Form::text;

  static std::shared_ptr<spdlog::logger> make(Form form) {
    auto made =
        std::make_shared<spdlog::logger>("stratus", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern(form == Form::text ? "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v" : "%v",
                      spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::trace);
    return made;
  }
};

State& state() {
  static State instance;
  return instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::off:
      break;
  }
  return spdlog::level::off;
}

// Control characters never reach the terminal; in JSON form the text is a valid string.
std::string escaped(std::string_view text, bool json) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else if (json && (c == '"' || c == '\\')) {
      out += {'\\', c};
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

void configure(Level level, Form form) {
  state().form = form;
  state().logger = State::make(form);
  state().logger->set_level(to_spdlog(level));
}

Level parse_level(std::string_view name) {
  if (name == "debug") return Level::debug;
  if (name == "warning") return Level::warning;
  if (name == "error") return Level::error;
  if (name == "off") return Level::off;
  return Level::info;
}

bool enabled(Level level) { return state().logger->should_log(to_spdlog(level)); }

void write(Level level, std::string_view component, std::string_view message) {
  const spdlog::level::level_enum at = to_spdlog(level);
  if (state().form == Form::text) {
    state().logger->log(at, "{}: {}", component, escaped(message, false));
    return;
  }
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  state().logger->log(at, R"({{"time_ms":{},"level":"{}","component":"{}","message":"{}"}})",
                      now.time_since_epoch().count(), spdlog::level::to_string_view(at),
                      escaped(component, true), escaped(message, true));
}

}  // namespace stratus::log
