// The `stratus-sim` program: options only.
#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/sim/program.hpp"

namespace {

using stratus::Millis;
using stratus::Result;
using stratus::sim::FailHow;
using stratus::sim::FleetProfile;
using stratus::sim::Program;

struct Times {  // as typed, in seconds unless the name says otherwise
  double sleep_ms = 0, latency_ms = 0, off = 1, install = 0, probation = 0, metrics = 60, progress = 1,
         poll = 0;
  double longest = 0;
};

Millis seconds(double value) { return Millis(static_cast<std::int64_t>(value * 1000)); }

void add_server(CLI::App& command, Program& program, FleetProfile& fleet) {
  command.add_option("--server", program.run.server, "URL of the server or of a gateway")->required();
  command.add_option("--ca", program.run.ca_file, "PEM file of the certificate to trust");
  command
      .add_option("--identities", program.run.identities, "directory of the devices' keys and certificates")
      ->required();
  command.add_option(
      "--fleets", program.fleets_file,
      "TOML file with a table [[fleet]] for each of several fleets; options hold for all of them");
  command.add_option("--count", fleet.count, "devices (10)");
  command.add_option("--prefix", fleet.prefix, "of their ids: PREFIX00001 … (sim-)");
  command.add_option("--first", fleet.first, "number of the first (1)");
  command.add_option("--region", fleet.region, "code of the region that they are enrolled into");
  command.add_option("--group", fleet.group, "code of the group");
  command.add_option("--token-file", program.token_file,
                     "API token that may make registration codes: missing devices are enrolled");
  command.add_option("--codes", program.codes_file,
                     "file of registration codes, one a line, used for that instead");
  command.add_option("--enrol-connections", program.enrol_connections, "at once (8)");
}

void add_link(CLI::App& command, FleetProfile& fleet, Times& times) {
  command.add_option("--chunk", fleet.chunk, "bytes of one Range request, as 64KiB (0: by measured speed)")
      ->transform(CLI::AsSizeValue(false));
  command.add_option("--sleep", times.sleep_ms, "milliseconds between two chunks (0)");
  command.add_option("--bandwidth", fleet.bandwidth, "bytes per second and device, as 100KiB (0: no limit)")
      ->transform(CLI::AsSizeValue(false));
  command.add_option("--latency", times.latency_ms, "milliseconds, one way (0)");
  command.add_option("--loss", fleet.loss, "share of packets lost, 0.01 is 1 % (0)");
  command.add_option("--cut", fleet.cut, "probability that the connection breaks within a chunk (0)");
  command.add_option("--power-cut", fleet.power_cut, "probability that power is lost once in an update (0)");
  command.add_option("--off-time", times.off, "seconds without power, on average (1)");
  command.add_option("--fail-fraction", fleet.fail, "probability that an update fails on purpose (0)");
  command
      .add_option("--fail-how", fleet.fail_how,
                  "rolled_back: the new version is not well; failed: it cannot be installed (rolled_back)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, FailHow>{
          {"rolled_back", FailHow::rolled_back}, {"failed", FailHow::failed}}));
  command.add_option("--fail-version", fleet.fail_version, "only updates to this version fail (all)");
  command.add_option("--install-time", times.install, "seconds that unpacking and switching take (0)");
  command.add_option("--probation", times.probation, "seconds that a new version is watched (0)");
  command.add_option("--metrics-interval", times.metrics, "seconds between measurements; 0: none (60)");
  command.add_option("--progress-interval", times.progress, "seconds between words about a download (1)");
  command.add_option("--poll", times.poll,
                     "seconds between questions by itself; 0: when called and after each connection (0)");
  command.add_flag("--deltas", fleet.deltas, "take deltas too; checked by their own digest, not applied");
  command.add_option("--seed", fleet.seed, "the same seed has the same misfortunes (1)");
}

void add_run(CLI::App& command, Program& program, FleetProfile& fleet, Times& times) {
  command.add_option("--broker", program.run.broker, "URL of the MQTT broker: mqtts://HOST:8883");
  command.add_option("--image", fleet.image, "name that the devices follow (app)");
  command.add_option("--key", program.run.keys,
                     "PEM file of a release key that they pin; none: they take any release");
  add_link(command, fleet, times);
  command.add_option("--parallel", program.run.parallel, "HTTPS connections at once and process (256)");
  command.add_option("--connect-rate", program.run.connects_per_second,
                     "devices that come up a second (500)");
  command.add_option("--workers", program.workers, "processes (0: as many as descriptors ask for)");
  command.add_option("--updates", program.run.goal.updates,
                     "end when each device has finished so many updates");
  command.add_option("--until-version", program.run.goal.version, "end when each device runs this version");
  command.add_option("--for", times.longest,
                     "end after so many seconds; exit status 124 with a goal not reached");
  command.add_option("--json", program.report, "write the final report to this file (-: stdout)");
  command.add_flag("--live", program.live, "a line on stderr each second");
}

void take_times(const Times& times, Program& program, FleetProfile fleet) {
  fleet.sleep = seconds(times.sleep_ms / 1000);
  fleet.latency = seconds(times.latency_ms / 1000);
  fleet.off_time = seconds(times.off);
  fleet.install = seconds(times.install);
  fleet.probation = seconds(times.probation);
  fleet.metrics_interval = seconds(times.metrics);
  fleet.progress_interval = seconds(times.progress);
  fleet.poll = seconds(times.poll);
  program.run.longest = seconds(times.longest);
  program.fleets = {std::move(fleet)};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Thousands of simulated devices on one machine, over real MQTT, mutual TLS and HTTPS",
               "stratus-sim"};
  app.set_version_flag("--version", "stratus-sim 0.1.0");
  app.require_subcommand(1);
  app.fallthrough();
  std::string log_level = "info";
  app.add_option("--log-level", log_level, "debug, info, warning, error");
  app.footer(
      "Examples:\n"
      "  stratus-sim run --server https://localhost:8443 --ca DATA/tls/server.pem --broker "
      "mqtts://localhost:8883\\\n"
      "                  --identities ./sim --token-file DATA/admin.token --count 50 --image app --live\n"
      "  stratus-sim enrol --server https://localhost:8443 --ca DATA/tls/server.pem --identities ./sim\\\n"
      "                  --token-file DATA/admin.token --count 10000 --region seoul --group lobby\n"
      "  stratus-sim run … --until-version 2 --power-cut 0.05 --loss 0.01 --fail-fraction 0.1 --json "
      "report.json\n"
      "Once all devices are connected one line on stdout says so: "
      "{\"ready\":true,\"devices\":50,\"seconds\":1.2}.\n"
      "SIGTERM ends it with the report. docs/operations/simulator.md");

  Program program;
  FleetProfile fleet;
  Times times;
  std::function<Result<void>()> action;
  CLI::App* const enrolling = app.add_subcommand(
      "enrol", "Only make the devices' keys and have them certified; those that are there stay");
  add_server(*enrolling, program, fleet);
  enrolling->callback([&] { action = [&] { return stratus::sim::enrol(program); }; });
  CLI::App* const running = app.add_subcommand("run", "Be the devices, until the goal, --for, or SIGTERM");
  add_server(*running, program, fleet);
  add_run(*running, program, fleet, times);
  running->callback([&] { action = [&] { return stratus::sim::run(program); }; });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  stratus::log::configure(stratus::log::parse_level(log_level), stratus::log::Form::text);
  take_times(times, program, fleet);
  const Result<void> done = action();
  if (done) return 0;
  fmt::print(stderr, "stratus-sim: {}\n", done.error().text());
  return stratus::mapping_of(done.error().code()).exit_status;
}
