// The `stratus-agent` program: options only.
#include <csignal>
#include <cstdio>

#include "../unknown_command.hpp"
#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include "stratus/agent/agent.hpp"
#include "stratus/agent/config.hpp"
#include "stratus/agent/control_socket.hpp"
#include "stratus/agent/identity.hpp"
#include "stratus/agent/status.hpp"
#include "stratus/base/log.hpp"

namespace {

namespace asio = boost::asio;
using stratus::Result;
using stratus::agent::Agent;
using stratus::agent::AgentConfig;

struct RunOptions {
  std::string config, server, ca, device, image, data, order, health;
  std::vector<std::string> keys;
  double poll = -1, probation = -1;
  bool stop_service = false;
};

Result<AgentConfig> compose(const RunOptions& options) {
  AgentConfig config;
  if (!options.config.empty()) {
    STRATUS_TRY(loaded, stratus::agent::load_config(options.config));
    config = std::move(loaded);
  }
  if (!options.server.empty()) config.server = options.server;
  if (!options.ca.empty()) config.ca_file = options.ca;
  if (!options.device.empty()) config.device = options.device;
  if (!options.image.empty()) config.image = options.image;
  if (!options.data.empty()) config.data = options.data;
  if (!options.keys.empty()) config.keys.assign(options.keys.begin(), options.keys.end());
  const auto seconds = [](double value) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(value * 1000));
  };
  if (options.poll >= 0) config.poll = seconds(options.poll);
  if (options.probation >= 0) config.probation = seconds(options.probation);
  if (options.order == "start-first") config.order = stratus::agent::SwapOrder::start_first;
  if (options.order == "stop-first") config.order = stratus::agent::SwapOrder::stop_first;
  while (config.server.ends_with('/')) config.server.pop_back();
  return config;
}

Result<void> run(const RunOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  STRATUS_TRY(composed, compose(options));
  STRATUS_TRY(config, stratus::agent::adopt_identity(std::move(composed)));
  const std::string device = config.device, image = config.image;
  asio::io_context loop(1);
  STRATUS_TRY(agent, Agent::make(std::move(config), loop.get_executor()));
  Result<void> result;
  const auto finished = [&](std::exception_ptr, Result<void> done) {
    result = std::move(done);
    loop.stop();
  };
  asio::co_spawn(loop, agent->run(), finished);
  asio::signal_set signals(loop, SIGTERM, SIGINT, SIGHUP);
  std::function<void(const boost::system::error_code&, int)> on_signal = [&](const auto& error, int number) {
    if (error) return;
    if (number == SIGHUP) {
      agent->check_now();
    } else {
      agent->stop(options.stop_service);
    }
    signals.async_wait(on_signal);
  };
  signals.async_wait(on_signal);
  // Ready is who could ask: a wrong certificate or an unknown image is said here too, and tried on.
  bool is_ready = false;
  agent->on_link([&](const std::string& problem) {
    if (is_ready) return;
    is_ready = problem.empty();
    fmt::print("{}\n", stratus::agent::ready_line(device, image, problem));
    std::fflush(stdout);
  });
  loop.run();
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Keep this device's software up to date: check, fetch, verify, swap, watch, return",
               "stratus-agent"};
  app.set_version_flag("--version", "stratus-agent 0.1.0");
  app.require_subcommand(1);
  app.fallthrough();
  std::string log_level = "info", log_format = "text";
  app.add_option("--log-level", log_level, "debug, info, warning, error");
  app.add_option("--log-format", log_format, "text or json")->check(CLI::IsMember({"text", "json"}));
  app.footer(
      "Examples:\n"
      "  stratus-agent run --config /etc/stratus/agent.toml\n"
      "  stratus-agent run --server https://gateway:8444 --ca gateway.pem --device cam-7 --image camera \\\n"
      "                    --data /var/lib/stratus-agent --key release.pub\n"
      "  stratus-agent enrol --server https://server:8443 --code 123456 --ca server.pem --data "
      "/var/lib/stratus-agent\n"
      "  stratus-agent status --data /var/lib/stratus-agent --json");

  std::function<Result<void>()> action;
  RunOptions options;
  CLI::App* const running = app.add_subcommand("run", "Be the agent of this device, until SIGTERM");
  running->add_option("--config", options.config,
                      "TOML file; flags count over it (docs/operations/agent.md)");
  running->add_option("--server", options.server, "URL of the gateway or server");
  running->add_option("--ca", options.ca, "PEM file of the certificate to trust");
  running->add_option("--device", options.device, "this device's id");
  running->add_option("--image", options.image, "name of the image to follow");
  running->add_option("--data", options.data, "directory for layers and state");
  running->add_option("--key", options.keys, "PEM file of a release key; may be given several times");
  running->add_option("--poll", options.poll, "seconds between checks (60)");
  running->add_option("--probation", options.probation, "seconds a new version must be well (10)");
  running->add_option("--order", options.order, "start-first or stop-first")
      ->check(CLI::IsMember({"start-first", "stop-first"}));
  running->add_flag("--stop-service-on-exit", options.stop_service, "SIGTERM ends the service too");
  running->callback([&] { action = [&] { return run(options); }; });

  stratus::agent::EnrolCommand enrolment;
  CLI::App* const enrolling = app.add_subcommand(
      "enrol", "Become a known device: make a key, have it certified with a one-time code");
  enrolling->add_option("--server", enrolment.server, "URL of the server, or of a gateway");
  enrolling->add_option("--mqtt", enrolment.mqtt,
                        "enrol over MQTT: mqtts://HOST:PORT of the server's enrolment listener");
  enrolling->add_option("--code", enrolment.code, "the digits that the operator was shown")->required();
  enrolling->add_option("--data", enrolment.data, "the agent's directory")->required();
  enrolling->add_option("--device", enrolment.device, "the id to ask for (default: the server's choice)");
  CLI::Option* const ca = enrolling->add_option("--ca", enrolment.ca, "PEM file of the certificate to trust");
  enrolling
      ->add_option("--ca-fingerprint", enrolment.ca_fingerprint, "or its SHA-256 in hex (`stratus ca show`)")
      ->excludes(ca);
  enrolling->add_flag("--json", enrolment.json, "print the result as a JSON object");
  enrolling->footer(
      "Example:\n  stratus-agent enrol --server https://updates:8443 --code 123456 --data "
      "/var/lib/stratus-agent --ca-fingerprint 3a…\n"
      "  stratus-agent enrol --mqtt mqtts://updates:8884 --code 123456 --data /var/lib/stratus-agent --ca "
      "root.pem");
  enrolling->callback([&] { action = [&] { return stratus::agent::enrol(enrolment); }; });

  stratus::agent::Word word;
  bool json = false;
  const auto add = [&](const std::string& name, const char* help) {
    CLI::App* const command = app.add_subcommand(name, help);
    command->add_option("--data", word.data, "the agent's directory")->required();
    if (name == "status") {
      command->add_flag("--json", json, "as a JSON object");
      command->callback([&] { action = [&] { return stratus::agent::show_status(word.data, json); }; });
      return;
    }
    if (name != "cancel") {
      command->add_flag("--wait", word.wait, "until that is over; the exit status says how it ended");
      command->add_option("--timeout", word.seconds, "wait so many seconds at most, then status 124");
    }
    command->callback([&, name] {
      word.word = name;
      action = [&] { return stratus::agent::send_word(word); };
    });
  };
  add("status", "Show what runs and what is being done");
  add("check", "Ask for an update now");
  add("cancel", "Cancel the update that is going on");
  add("stop", "Stop the agent and its service");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (const std::string words = unknown_command(app); !words.empty() && error.get_exit_code() != 0) {
      fmt::print(stderr, "stratus-agent: {}\n", words);
      return 2;
    }
    return app.exit(error) == 0 ? 0 : 2;
  }
  stratus::log::configure(stratus::log::parse_level(log_level),
                          log_format == "json" ? stratus::log::Form::json : stratus::log::Form::text);
  const Result<void> done = action();
  if (done) return 0;
  fmt::print(stderr, "stratus-agent: {}\n", done.error().text());
  return stratus::mapping_of(done.error().code()).exit_status;
}
