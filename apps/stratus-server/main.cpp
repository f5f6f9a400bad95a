// The `stratus-server` program: options only; see stratus/server/server.hpp.
#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/server/server.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Stratus server: OCI registry, releases, deltas, device reports", "stratus-server"};
  app.set_version_flag("--version", "stratus-server 0.1.0");
  app.footer(
      "Examples:\n"
      "  stratus-server --data /var/lib/stratus\n"
      "  stratus-server --data ./data --listen 127.0.0.1:0 --plain-http\n"
      "The first start makes DATA/tls/server.pem (give it to clients as --ca) and DATA/admin.token.\n"
      "Exit status: 0 stopped on request, 2 usage or configuration, 5 DATA in use, 1 anything else.");
  std::string data, listen, mqtt_listen, database, config_file, log_level = "info", log_format = "text";
  bool plain_http = false;
  app.add_option("--data", data, "directory of everything the server keeps")->required();
  app.add_option("--listen", listen, "ADDR:PORT (default 0.0.0.0:8443; port 0: any)");
  app.add_option("--database", database,
                 "postgresql://USER@HOST/NAME or an SQLite file (default DATA/catalogue.db)");
  app.add_option(
      "--mqtt-listen", mqtt_listen,
      "ADDR:PORT of the MQTT broker for devices (started and supervised; port 0: any; default: none)");
  app.add_flag("--plain-http", plain_http, "serve without TLS, behind a proxy or on loopback");
  app.add_option("--config", config_file, "TOML file; options win over it");
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
    stratus::server::ServerConfig config;
    if (!config_file.empty()) {
      STRATUS_TRY(read, stratus::server::read_config_file(config_file, config));
      config = std::move(read);
    }
    config.data = data;
    if (!listen.empty()) config.listen = listen;
    if (!database.empty()) config.database = database;
    config.plain_http = config.plain_http || plain_http;
    stratus::net::Loop loop;
    if (!mqtt_listen.empty()) config.mqtt.listen = mqtt_listen;
    const auto ready = [](const std::string& url, const std::string& mqtt) {
      const std::string broker = mqtt.empty() ? "" : fmt::format(",\"mqtt\":\"{}\"", mqtt);
      fmt::print("{{\"ready\":true,\"url\":\"{}\"{}}}\n", url, broker);
      std::fflush(stdout);
    };
    return loop.run(stratus::server::serve(loop.executor(), config, ready));
  };
  const auto result = run();
  if (result) return 0;
  fmt::print(stderr, "stratus-server: {}\n", result.error().text());
  return stratus::mapping_of(result.error().code()).exit_status;
}
