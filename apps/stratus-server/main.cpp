// The `stratus-server` program: options only; see stratus/server/server.hpp.
#include <cstdio>
#include <functional>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "stratus/base/clock.hpp"
#include "stratus/base/log.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/server/ca_command.hpp"
#include "stratus/server/server.hpp"

namespace {

using stratus::Result;

// `ca …`: each prints what it found or did. The action is run after parsing.
void add_ca_commands(CLI::App& app, const std::string& data, const std::string& database,
                     const std::string& config_file, std::function<Result<void>()>& action) {
  struct Words {
    std::string file, root_key;
    bool json = false;
  };
  const auto words = std::make_shared<Words>();
  CLI::App* const ca = app.add_subcommand("ca", "Look after the private CA in DATA/ca");
  ca->require_subcommand(1);
  ca->fallthrough();
  const auto add = [&, words](const char* name, const char* help, std::function<Result<void>()> what) {
    CLI::App* const command = ca->add_subcommand(name, help);
    command->fallthrough();
    command->callback([&action, what] { action = what; });
    return command;
  };
  const auto print = [](Result<std::string> text) -> Result<void> {
    if (!text) return stratus::fail(text.error());
    fmt::print("{}", *text);
    return {};
  };
  add("status", "What is there, what ends when, what to do", [&data, words, print] {
    return print(stratus::server::describe_ca(data, stratus::system_clock().wall(), words->json));
  })->add_flag("--json", words->json, "as a JSON object");
  add("root", "Print the root certificate, for those who have to trust it",
      [&data, print] { return print(stratus::server::export_root(data)); });
  add("offline", "Move the root key away from this machine",
      [&data, words] { return stratus::server::take_root_key_away(data, words->file); })
      ->add_option("--to", words->file, "a file that does not exist yet, on what you carry away")
      ->required();
  add("online", "Bring the root key back",
      [&data, words] { return stratus::server::bring_root_key_back(data, words->file); })
      ->add_option("--from", words->file, "where it was kept")
      ->required();
  add("renew", "Certify the intermediate anew (the server must be stopped)", [&data, words] {
    return stratus::server::renew_intermediate(data, words->root_key, stratus::system_clock().wall());
  })->add_option("--root-key", words->root_key, "where the root key is kept; it does not stay here");
  add("sign-list", "Sign the revocation list anew, from what the server's database knows",
      [&data, &database, &config_file, print]() -> Result<void> {
        stratus::server::ServerConfig config;
        if (!config_file.empty()) {
          STRATUS_TRY(read, stratus::server::read_config_file(config_file, config));
          config = std::move(read);
        }
        if (!database.empty()) config.database = database;
        return print(stratus::server::sign_revocation_list(data, config.database, config.identity,
                                                           stratus::system_clock().wall()));
      });
  ca->footer(
      "Examples:\n"
      "  stratus-server ca status --data /var/lib/stratus\n"
      "  stratus-server ca offline --data /var/lib/stratus --to /media/safe/root.key\n"
      "  stratus-server ca sign-list --data /var/lib/stratus\n"
      "  stratus-server ca renew --data /var/lib/stratus --root-key /media/safe/root.key");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Stratus server: OCI registry, releases, deltas, device reports", "stratus-server"};
  app.set_version_flag("--version", "stratus-server 0.1.0");
  app.footer(
      "Examples:\n"
      "  stratus-server --data /var/lib/stratus\n"
      "  stratus-server --data ./data --listen 127.0.0.1:0 --plain-http\n"
      "The first start makes DATA/tls/server.pem (give it to clients as --ca) and DATA/admin.token.\n"
      "Exit status: 0 stopped on request, 2 usage or configuration, 5 DATA in use, 1 anything else.");
  std::string data, listen, mqtt_listen, mqtt_enrol_listen, database, config_file, log_level = "info",
                                                                                   log_format = "text";
  bool plain_http = false;
  app.add_option("--data", data, "directory of everything the server keeps")->required();
  app.add_option("--listen", listen, "ADDR:PORT (default 0.0.0.0:8443; port 0: any)");
  app.add_option("--database", database,
                 "postgresql://USER@HOST/NAME or an SQLite file (default DATA/catalogue.db)");
  app.add_option(
      "--mqtt-listen", mqtt_listen,
      "ADDR:PORT of the MQTT broker for devices (started and supervised; port 0: any; default: none)");
  app.add_option("--mqtt-enrol-listen", mqtt_enrol_listen,
                 "ADDR:PORT where devices that have no certificate yet enrol over MQTT (default: nowhere)");
  app.add_flag("--plain-http", plain_http, "serve without TLS, behind a proxy or on loopback");
  app.add_option("--config", config_file, "TOML file; options win over it");
  app.add_option("--log-level", log_level, "debug, info, warning, error");
  app.add_option("--log-format", log_format, "text or json")->check(CLI::IsMember({"text", "json"}));
  std::function<Result<void>()> action;
  add_ca_commands(app, data, database, config_file, action);
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
    if (!mqtt_enrol_listen.empty()) config.mqtt.enrol_listen = mqtt_enrol_listen;
    const auto ready = [](const stratus::server::ServerUrls& urls) {
      std::string more;
      if (!urls.mqtt.empty()) more += fmt::format(",\"mqtt\":\"{}\"", urls.mqtt);
      if (!urls.mqtt_enrol.empty()) more += fmt::format(",\"mqtt_enrol\":\"{}\"", urls.mqtt_enrol);
      fmt::print("{{\"ready\":true,\"url\":\"{}\"{}}}\n", urls.https, more);
      std::fflush(stdout);
    };
    return loop.run(stratus::server::serve(loop.executor(), config, ready));
  };
  const auto result = action ? action() : run();
  if (result) return 0;
  fmt::print(stderr, "stratus-server: {}\n", result.error().text());
  return stratus::mapping_of(result.error().code()).exit_status;
}
