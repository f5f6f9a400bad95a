#include "stratus/gateway/config.hpp"

#include <algorithm>
#include <charconv>
#include <random>

#include <fcntl.h>
#include <fmt/format.h>

#include "stratus/base/file.hpp"

namespace stratus::gateway {

Result<std::uint64_t> parse_byte_size(const std::string& text) {
  const auto bad = [&] {
    return fail(ErrorCode::invalid, "'" + text + "' is not a size such as 500M, 10G or 1000000");
  };
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (error != std::errc() || !(value >= 0)) return bad();
  std::string unit(stop, end);
  if (!unit.empty() && unit.back() == 'B') unit.pop_back();
  if (unit.size() > 1) return bad();
  const std::size_t power = unit.empty() ? 0 : std::string_view("KMGTP").find(unit.front());
  if (power == std::string_view::npos) return bad();
  for (std::size_t i = 0; !unit.empty() && i <= power; ++i) value *= 1000;
  if (value > 9e18) return bad();
  return static_cast<std::uint64_t>(value);
}

bool is_gateway_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                  c == '.' || c == '_';
         });
}

Result<void> keep_name(GatewayConfig& config) {
  if (config.named) return {};
  const std::filesystem::path file = config.data / "name";
  const auto kept = read_file(file, 256);
  if (kept && is_gateway_name(*kept)) {
    config.name = *kept;
    return {};
  }
  return write_file_atomically(file, config.name);
}

Result<void> complete(GatewayConfig& config) {
  std::string& url = config.upstream;
  while (url.ends_with('/')) url.pop_back();
  const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  const bool plain = url.size() > scheme && url.find_first_of(" ?#@\r\n", scheme) == std::string::npos;
  if (scheme == 0 || !plain) {
    return fail(ErrorCode::invalid,
                "--upstream '" + url + "' is not a URL such as https://updates.example:8443");
  }
  if (config.mqtt_listen.empty() != config.mqtt_upstream.empty())
    return fail(ErrorCode::invalid, "--mqtt-listen and --mqtt-upstream belong together");
  if (!config.upstream_ca.empty()) {
    STRATUS_CHECK(open_file(config.upstream_ca, O_RDONLY)
                      .with_context("--upstream-ca (a copy of the upstream's DATA/tls/server.pem or "
                                    "gateway.pem, or what `stratus ca show --pem` prints)"));
  }
  config.named = !config.name.empty();
  if (!config.named) {
    config.name = fmt::format("gateway-{:08x}", std::random_device()());
  }
  if (!is_gateway_name(config.name))
    return fail(ErrorCode::invalid, "--name: up to 64 letters, digits, '-', '.' and '_'");
  return {};
}

}  // namespace stratus::gateway
