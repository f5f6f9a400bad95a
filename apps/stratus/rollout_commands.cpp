#include "rollout_commands.hpp"

#include <map>
#include <string>

#include "stratus/cli/rollout.hpp"

namespace {

using stratus::Result;
using stratus::cli::CommonOptions;
using stratus::cli::RolloutOptions;
using Action = std::function<Result<void>()>;

constexpr const char* kExamples =
    "Examples:\n"
    "  stratus rollout plan web:1.1 --region seoul\n"
    "  stratus rollout create web:1.1 --group shops --wave group:lab --wave 5%,soak=1h --wave 25%,soak=1h\n"
    "  stratus rollout create web:1.1 --all --window 'sat,sun 02:00-05:00' --rate 600 --approval\n"
    "  stratus rollout watch 01J… --until done --timeout 2h   # 0 all well, 5 gate, 6 partly, 124 too long\n"
    "  stratus rollout pause 01J… --reason 'odd logs';  stratus rollout resume 01J…\n"
    "  stratus rollout abort 01J… --return";

void add_what(CLI::App& app, RolloutOptions& options) {
  app.add_option("NAME:VERSION", options.contents, "what to bring; several are fetched in this order");
  app.add_option("--file", options.file, "JSON as POST /api/v1/rollouts takes it; - for standard input");
  app.add_option("--title", options.title, "what people call it");
  app.add_flag("--all", options.all, "every device");
  app.add_option("--device", options.devices, "a device; repeat for more")->allow_extra_args(false);
  app.add_option("--group", options.groups, "a group; repeat for more")->allow_extra_args(false);
  app.add_option("--region", options.regions, "a region; repeat for more")->allow_extra_args(false);
  app.add_option("--filter", options.filter, "devices that pass a filter, as in lists");
  app.add_option("--wave", options.waves,
                 "5%, 100 or group:lab, with ,soak=1h,success=90,failure=10; cumulative; repeat for more")
      ->allow_extra_args(false);
  app.add_option("--start-at", options.start_at, "RFC 3339; at once without");
  app.add_option("--expires", options.expires, "time until the rest become timeouts (7d)");
  app.add_option("--window", options.window,
                 "hours of the devices' local time: '22:00-04:00', 'sat,sun 01:00-05:00'");
  app.add_option("--rate", options.rate, "devices that may start per minute");
  app.add_option("--in-flight", options.in_flight, "devices under way at once");
  app.add_option("--retries", options.retries, "further attempts after a failure");
  app.add_option("--retry-delay", options.retry_delay, "before the first of them, doubling (5m)");
  app.add_option("--attempt-timeout", options.attempt_timeout, "time of one attempt (1d)");
  app.add_option("--joining", options.joining, "devices that match later")
      ->check(CLI::IsMember({"no", "while_running", "until_expiry"}));
  app.add_flag("--approval", options.approval, "another person has to agree");
  app.add_flag("--unsigned", options.accept_unsigned,
               "also what is not signed, although what devices run is and they will refuse it");
}

struct Watch {
  std::string id, until = "done", timeout;
};

void add_watch(CLI::App& app, Watch& watch) {
  app.add_option("--until", watch.until, "done, started or paused (done)")
      ->check(CLI::IsMember({"done", "started", "paused"}));
  app.add_option("--timeout", watch.timeout, "give up after (for ever)");
}

Result<void> run_watch(const Watch& watch, const CommonOptions& common, int& exit_status) {
  using stratus::cli::WatchUntil;
  std::int64_t longest = 0;
  if (!watch.timeout.empty()) {
    STRATUS_TRY(parsed, stratus::cli::parse_duration(watch.timeout).with_context("--timeout"));
    longest = parsed;
  }
  const WatchUntil until = watch.until == "started"  ? WatchUntil::started
                           : watch.until == "paused" ? WatchUntil::paused
                                                     : WatchUntil::done;
  STRATUS_TRY(status,
              stratus::cli::watch_rollout(watch.id, until, std::chrono::milliseconds(longest), common));
  exit_status = status;
  return {};
}

}  // namespace

void add_rollout(CLI::App& app, const CommonOptions& common, Action& action, int& exit_status) {
  CLI::App* const rollout = app.add_subcommand("rollout", "Bring versions to many devices, wave by wave");
  rollout->require_subcommand(1);
  rollout->footer(kExamples);
  static RolloutOptions options;
  static Watch watch;

  CLI::App* const create = rollout->add_subcommand("create", "Make and start a rollout");
  add_what(*create, options);
  create->add_flag("--draft", options.draft, "only write it down; `submit` starts it");
  create->add_flag("--watch", options.watch, "follow it as `watch` does");
  add_watch(*create, watch);
  create->footer(kExamples);
  create->callback([&] {
    action = [&]() -> Result<void> {
      STRATUS_TRY(id, stratus::cli::create_rollout(options, common));
      if (!options.watch) return {};
      watch.id = id;
      return run_watch(watch, common, exit_status);
    };
  });

  CLI::App* const plan =
      rollout->add_subcommand("plan", "Say what a rollout would do and cost; changes nothing");
  add_what(*plan, options);
  plan->callback([&] { action = [&] { return stratus::cli::plan_rollout(options, common); }; });

  static std::string state;
  CLI::App* const list = rollout->add_subcommand("list", "List rollouts, the newest first");
  list->add_option("--state", state, "only these, as running,paused");
  list->callback([&] { action = [&] { return stratus::cli::list_rollouts(state, common); }; });

  static bool with_devices = false;
  CLI::App* const show = rollout->add_subcommand("show", "Show one rollout and its waves");
  show->add_option("ID", watch.id, "of the rollout")->required();
  show->add_flag("--devices", with_devices, "every device, and why it is not further");
  show->callback(
      [&] { action = [&] { return stratus::cli::show_rollout(watch.id, with_devices, common); }; });

  CLI::App* const follow = rollout->add_subcommand("watch", "Print every change until it is over");
  follow->add_option("ID", watch.id, "of the rollout")->required();
  add_watch(*follow, watch);
  follow->callback([&] { action = [&] { return run_watch(watch, common, exit_status); }; });

  static stratus::cli::RolloutOrderOptions order;
  static const std::map<std::string, std::string> kOrders{
      {"submit", "Start a draft"},
      {"approve", "Agree to somebody else's rollout"},
      {"reject", "Refuse somebody else's rollout"},
      {"pause", "Start no further device; those under way go on"},
      {"resume", "Go on; failures so far count no more"},
      {"abort", "End it; devices under way are told to stop"},
      {"retry",
       "Let devices that failed try again, but for those that went back for good unless they are named"},
      {"cancel", "Take single devices out"},
      {"advance", "Open the next wave before its time; two people have to ask"}};
  for (const auto& [word, help] : kOrders) {
    CLI::App* const one = rollout->add_subcommand(word, help);
    one->add_option("ID", order.id, "of the rollout")->required();
    one->add_option("--reason", order.reason, "for the record");
    if (word == "abort") one->add_flag("--return", order.give_back, "devices that were updated go back");
    if (word == "cancel" || word == "retry")
      one->add_option("--device", order.devices, "a device; repeat for more")->allow_extra_args(false);
    if (word == "retry") one->add_option("--expires-at", order.expires_at, "a later deadline, RFC 3339");
    const std::string name = word;
    one->callback([&, name] {
      order.order = name;
      action = [&] { return stratus::cli::order_rollout(order, common); };
    });
  }

  static std::string device;
  CLI::App* const history = app.add_subcommand("history", "Show what rollouts did to a device");
  history->add_option("DEVICE", device, "its id")->required();
  history->footer("Example:\n  stratus history shop-12 --json");
  history->callback([&] { action = [&] { return stratus::cli::device_history(device, common); }; });
}
