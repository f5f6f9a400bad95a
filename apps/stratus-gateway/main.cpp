// The `stratus-gateway` program: options only; see stratus/gateway/gateway.hpp.
#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/gateway/gateway.hpp"
#include "stratus/net/loop.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Stratus gateway: keeps near the devices what has passed through it once", "stratus-gateway"};
  app.set_version_flag("--version", fmt::format("stratus-gateway {}", stratus::gateway::kVersion));
  app.footer(
      "Examples:\n"
      "  stratus-gateway --upstream https://updates.example:8443 --upstream-ca server.pem --data "
      "/var/cache/stratus\n"
      "  stratus-gateway --upstream http://127.0.0.1:8080 --data ./cache --listen 127.0.0.1:0 --plain-http\n"
      "  stratus-gateway --upstream https://updates.example:8443 --upstream-ca server.pem --data "
      "/var/lib/stratus-gateway \\\n"
      "                  --enrol-code 123456 --mqtt-listen 0.0.0.0:8883 --mqtt-upstream "
      "mqtts://updates.example:8883\n"
      "Devices use it in the server's place; the upstream may be another gateway. Enrolled with a code that\n"
      "has names it shows a certificate that the fleet's root vouches for; otherwise the first start makes\n"
      "DATA/tls/gateway.pem (give it to devices as --ca).\n"
      "Exit status: 0 stopped on request, 2 usage, 5 DATA in use, 1 anything else.");
  stratus::gateway::GatewayConfig config;
  std::string data, upstream_ca, cache_size = "10G", queue_size = "64M", log_level = "info",
                                 log_format = "text";
  double check_ttl = 2, stop_grace = 10, revocation_check = 15, status_interval = 30;
  app.add_option("--upstream", config.upstream, "URL of the server, or of a gateway nearer to it")
      ->required();
  app.add_option("--upstream-ca", upstream_ca, "PEM file of the certificate to trust there");
  app.add_option("--enrol-code", config.enrol_code,
                 "one-time code of kind gateway: the first start gets a certificate with it");
  app.add_option("--data", data, "directory of everything the gateway keeps")->required();
  app.add_option("--listen", config.listen, "ADDR:PORT (default 0.0.0.0:8444; port 0: any)");
  app.add_option("--mqtt-listen", config.mqtt_listen,
                 "ADDR:PORT of a local MQTT broker for the devices behind this gateway (default: none)");
  app.add_option("--mqtt-upstream", config.mqtt_upstream,
                 "mqtts://HOST:PORT of the server's broker, to which it is bridged");
  app.add_flag("--plain-http", config.plain_http, "serve without TLS, behind a proxy or on loopback");
  app.add_option("--cache-size", cache_size, "bytes of blobs to keep at most (default 10G)");
  app.add_flag("--no-cache", config.no_cache, "keep nothing: every request goes to the upstream");
  app.add_option("--check-ttl", check_ttl, "seconds that a version check's answer is believed (default 2)")
      ->check(CLI::Range(0.0, 86'400.0));
  app.add_option("--revocation-check", revocation_check,
                 "seconds between two questions whom to turn away (default 15); an enrolled gateway asks")
      ->check(CLI::Range(0.1, 86'400.0));
  app.add_option("--queue-size", queue_size, "bytes of reports and data to hold at most (default 64M)");
  app.add_flag("--reuse-port", config.reuse_port, "share the port: a successor starts before this one stops");
  app.add_option("--stop-grace", stop_grace,
                 "seconds that running answers get when it is to stop (default 10)")
      ->check(CLI::Range(0.0, 3'600.0));
  app.add_option("--name", config.name,
                 "of this gateway, towards the upstream (default: drawn once; enrolled: its id)");
  app.add_option("--status-interval", status_interval,
                 "seconds between two words about itself to the server (default 30; 0: none)")
      ->check(CLI::Range(0.0, 3'600.0));
  app.add_option("--log-level", log_level, "debug, info, warning, error");
  app.add_option("--log-format", log_format, "text or json")->check(CLI::IsMember({"text", "json"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  stratus::log::configure(stratus::log::parse_level(log_level),
                          log_format == "json" ? stratus::log::Form::json : stratus::log::Form::text);

  const auto run = [&]() -> stratus::Result<void> {
    config.data = data;
    config.upstream_ca = upstream_ca;
    config.check_ttl = stratus::Millis(static_cast<std::int64_t>(check_ttl * 1000));
    config.revocation_check = stratus::Millis(static_cast<std::int64_t>(revocation_check * 1000));
    config.status_interval = stratus::Millis(static_cast<std::int64_t>(status_interval * 1000));
    config.stop_grace = stratus::Millis(static_cast<std::int64_t>(stop_grace * 1000));
    STRATUS_TRY(cache_bytes, stratus::gateway::parse_byte_size(cache_size));
    STRATUS_TRY(queue_bytes, stratus::gateway::parse_byte_size(queue_size));
    config.cache_size = cache_bytes;
    config.queue_size = queue_bytes;
    STRATUS_CHECK(stratus::gateway::complete(config));
    stratus::net::Loop loop;
    const auto ready = [](const std::string& url, const std::string& mqtt) {
      const std::string broker = mqtt.empty() ? "" : fmt::format(",\"mqtt\":\"{}\"", mqtt);
      fmt::print("{{\"ready\":true,\"url\":\"{}\"{}}}\n", url, broker);
      std::fflush(stdout);
    };
    return loop.run(stratus::gateway::serve(loop.executor(), config, ready));
  };
  const auto result = run();
  if (result) return 0;
  fmt::print(stderr, "stratus-gateway: {}\n", result.error().text());
  return stratus::mapping_of(result.error().code()).exit_status;
}
