// The `stratus` program: options only. Each command is a function of stratus/cli.
#include <chrono>
#include <cstdio>

#include "../unknown_command.hpp"
#include "commands.hpp"
#include "completion.hpp"
#include "rollout_commands.hpp"
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/cli/audit.hpp"
#include "stratus/cli/common.hpp"
#include "stratus/cli/delta_command.hpp"
#include "stratus/cli/deploy.hpp"
#include "stratus/cli/device_command.hpp"
#include "stratus/cli/devices.hpp"
#include "stratus/cli/identity_command.hpp"
#include "stratus/cli/inspect.hpp"
#include "stratus/cli/inventory.hpp"
#include "stratus/cli/key.hpp"
#include "stratus/cli/people.hpp"
#include "stratus/cli/publish.hpp"

namespace {

using stratus::Result;
using stratus::cli::CommonOptions;

void add_key(CLI::App& app, const CommonOptions& common, Action& action) {
  CLI::App* const key = app.add_subcommand("key", "Keys that releases are signed with");
  key->require_subcommand(1);
  CLI::App* const generate = key->add_subcommand("generate", "Make DIR/release.key and DIR/release.pub");
  static std::string directory;
  generate->add_option("DIR", directory, "where the key pair goes")->required();
  generate->footer("Example:\n  stratus key generate ~/keys");
  generate->callback([&] { action = [&] { return stratus::cli::generate_key(directory, common); }; });
}

// Options of `publish` that end up in the image's configuration.
void add_start_options(CLI::App& app, stratus::cli::StartOptions& start) {
  // One word an option: a value may look like an option itself ("--cmd --port --cmd 80").
  app.add_option("--entrypoint", start.entrypoint, "program to start; repeat for its fixed arguments")
      ->allow_extra_args(false);
  app.add_option("--cmd", start.cmd, "argument of the program; repeat for more")->allow_extra_args(false);
  app.add_option("--env", start.env, "NAME=value; repeat for more")->allow_extra_args(false);
  app.add_option("--label", start.labels, "NAME=value; repeat for more")->allow_extra_args(false);
  app.add_option("--port", start.ports, "port that the program serves, as 8080 or 8080/tcp")
      ->allow_extra_args(false);
  app.add_option("--user", start.user, "user to run as: NAME, UID, UID:GID");
  app.add_option("--workdir", start.workdir, "directory to start in");
  app.add_option("--stop-signal", start.stop_signal, "signal that ends the program, SIGTERM by default");
  app.add_option("--health-cmd", start.health_cmd,
                 "shell line that succeeds while the program is well; none: no check");
  app.add_option("--from-config", start.from_config, "OCI image configuration (JSON) to begin with")
      ->check(CLI::ExistingFile);
}

void add_publish(CLI::App& app, const CommonOptions& common, Action& action) {
  CLI::App* const publish =
      app.add_subcommand("publish", "Make PATH the version VERSION of NAME, and deploy it");
  static stratus::cli::PublishOptions options;
  static std::string devices = "refuse", owner;
  static bool no_deploy = false;
  publish->add_option("NAME:VERSION", options.reference, "what it is to be called")->required();
  publish
      ->add_option("PATH", options.build.source, "a directory, a tar of a root file system, or an OCI layout")
      ->required()
      ->check(CLI::ExistingPath);
  publish->add_option("--sign-key", options.sign_key, "release.key to sign with")->check(CLI::ExistingFile);
  publish->add_flag("--unsigned", options.accept_unsigned,
                    "deploy it without a signature although what devices run is signed");
  publish->add_flag("--no-deploy", no_deploy, "only publish; `stratus deploy` later");
  publish->add_option("--against", options.against,
                      "version to lay it upon (default: the newest; none: no other)");
  publish->add_option("--to-layout", options.to_layout,
                      "write to an OCI layout on disk instead of the server");
  publish->add_option("--devices", devices, "device nodes in PATH: keep or refuse")
      ->check(CLI::IsMember({"keep", "refuse"}));
  publish->add_option("--max-layers", options.build.max_layers,
                      "beyond so many layers: one fresh layer (24)");
  publish->add_flag("--flatten", options.build.flatten, "one fresh layer in any case");
  publish->add_flag("--ignore-times", options.build.ignore_times,
                    "a file of which only the time changed is unchanged");
  publish->add_option("--owner", owner, "UID:GID of all files, instead of their own");
  publish->add_option("--architecture", options.build.architecture,
                      "as amd64, arm64 (default: this machine's)");
  publish->add_option("--platform", options.build.platform,
                      "OS/ARCHITECTURE to take from an OCI layout of several");
  publish->add_option("--level", options.build.level, "zstd level of a new layer, 1 to 19 (by its size)")
      ->check(CLI::Range(1, 19));
  add_start_options(*publish, options.build.start);
  publish->footer(
      "Examples:\n"
      "  stratus publish web:1.0 ./rootfs --entrypoint /usr/bin/web --sign-key ~/keys/release.key\n"
      "  stratus publish web:1.1 rootfs.tar.zst --no-deploy\n"
      "  skopeo copy docker://…/app oci:app && stratus publish app:7 app --sign-key ~/keys/release.key");
  publish->callback([&] {
    action = [&]() -> Result<void> {
      options.deploy = !no_deploy;
      options.build.keep_devices = devices == "keep";
      if (!owner.empty()) {
        std::uint32_t uid = 0, gid = 0;
        char end = 0;
        if (std::sscanf(owner.c_str(), "%u:%u%c", &uid, &gid, &end) != 2) {
          return stratus::fail(stratus::ErrorCode::invalid, "--owner " + owner + ": not UID:GID");
        }
        options.build.owner = {uid, gid};
      }
      return stratus::cli::publish(options, common);
    };
  });
}

void add_release_commands(CLI::App& app, const CommonOptions& common, Action& action) {
  static std::string reference;
  CLI::App* const deploy =
      app.add_subcommand("deploy", "Make a published or pushed version what devices run next");
  deploy->add_option("NAME:VERSION", reference, "the version")->required();
  static stratus::cli::DeployOptions options;
  deploy->add_flag("--unsigned", options.accept_unsigned, "also if it is not signed and what devices run is");
  deploy
      ->add_option("--sign-key", options.sign_key,
                   "release.key to sign with: a pushed image, or an older version anew to go back to it")
      ->check(CLI::ExistingFile);
  deploy->footer(
      "Examples:\n"
      "  stratus deploy web:1.1\n"
      "  stratus deploy web:1.0 --sign-key ~/keys/release.key     # go back: devices refuse what was signed "
      "earlier\n"
      "  podman push … host:8443/web:1.1 && stratus deploy web:1.1 --sign-key ~/keys/release.key");
  deploy->callback([&] {
    action = [&] {
      options.reference = reference;
      return stratus::cli::deploy(options, common);
    };
  });

  static std::filesystem::path sign_key;
  CLI::App* const sign = app.add_subcommand("sign", "Sign a published or pushed version, and only that");
  sign->add_option("NAME:VERSION", reference, "the version")->required();
  sign->add_option("--sign-key", sign_key, "release.key to sign with")->required()->check(CLI::ExistingFile);
  sign->footer(
      "An older version is signed anew, so that devices take it again. firmware/NAME:VERSION and content:ID "
      "are\n"
      "signed too, wherever they were uploaded.\n"
      "Example:\n  stratus sign web:1.0 --sign-key ~/keys/release.key && stratus rollout create web:1.0 "
      "--group "
      "lab");
  sign->callback([&] { action = [&] { return stratus::cli::sign(reference, sign_key, common); }; });

  CLI::App* const releases = app.add_subcommand("releases", "List what was published");
  releases->add_option("NAME", reference, "only this name");
  releases->footer("Example:\n  stratus releases web");
  releases->callback([&] { action = [&] { return stratus::cli::list_releases(reference, common); }; });

  CLI::App* const inspect = app.add_subcommand("inspect", "Show layers, signatures and deltas of a version");
  inspect->add_option("NAME:VERSION", reference, "the version; the newest without one")->required();
  inspect->footer("Example:\n  stratus inspect web:1.1");
  inspect->callback([&] { action = [&] { return stratus::cli::inspect(reference, common); }; });
}

Result<void> watch_devices(const stratus::cli::DeviceWatch& options, const CommonOptions& common,
                           int& exit_status) {
  if (options.device.empty())
    return stratus::cli::watch_devices(std::chrono::seconds(options.seconds), common);
  STRATUS_TRY(status, stratus::cli::watch_device(options, common));
  exit_status = status;
  return {};
}

void add_fleet_commands(CLI::App& app, const CommonOptions& common, Action& action, int& exit_status) {
  static stratus::cli::DeviceWatch options;
  CLI::App* const watch =
      app.add_subcommand("watch", "Print every change of all devices, or of one until it is up to date");
  watch->add_option("DEVICE", options.device, "only this one (as `stratus device watch`)");
  watch->add_option("--for", options.seconds,
                    "end after so many seconds, with status 0 if no DEVICE is named");
  watch->footer("Examples:\n  stratus watch\n  stratus watch kiosk-7 --for 600");
  watch->callback([&] { action = [&] { return watch_devices(options, common, exit_status); }; });

  static bool dry_run = false;
  CLI::App* const gc =
      app.add_subcommand("gc", "Remove what no tag, release or transfer needs from the server");
  gc->add_flag("--dry-run", dry_run, "only say what would go");
  gc->footer("Example:\n  stratus gc --dry-run");
  gc->callback([&] { action = [&] { return stratus::cli::collect_garbage(dry_run, common); }; });
}

void add_device_watch(CLI::App& device, const CommonOptions& common, Action& action, int& exit_status) {
  static stratus::cli::DeviceWatch options;
  CLI::App* const watch =
      device.add_subcommand("watch", "Print every change of a device until it runs what is wanted of it");
  watch->add_option("ID", options.device, "the device")->required();
  watch->add_option("--for", options.seconds, "give up after so many seconds, with status 124");
  watch->footer(
      "Ends with 0 when the device is up to date, 6 when it refused or went back.\n"
      "Example:\n  stratus publish web:1.2 ./rootfs --sign-key release.key && stratus device watch kiosk-7");
  watch->callback([&] { action = [&] { return watch_devices(options, common, exit_status); }; });
}

Result<void> command_device(const stratus::cli::DeviceCommand& options, const CommonOptions& common,
                            int& exit_status) {
  STRATUS_TRY(status, stratus::cli::command_device(options, common));
  exit_status = status;
  return {};
}

void add_device_command(CLI::App& device, const CommonOptions& common, Action& action, int& exit_status) {
  static stratus::cli::DeviceCommand options;
  CLI::App* const command =
      device.add_subcommand("command", "Ask a device that is connected for something small");
  command->add_option("DEVICE", options.device, "the device")->required();
  command
      ->add_option("COMMAND", options.command,
                   "check_now: ask for updates; report_metrics: tell measurements; send_log: send the end of "
                   "its service's log")
      ->required()
      ->check(CLI::IsMember({"check_now", "report_metrics", "send_log"}));
  command->add_flag("--wait", options.wait, "until it answers; ends with 6 when it refused");
  command->footer(
      "A device that is away gets nothing: it asks for updates by itself when it is back.\n"
      "Example:\n  stratus device command kiosk-7 check_now --wait");
  command->callback([&] { action = [&] { return command_device(options, common, exit_status); }; });
}

// region, group, filter and device: list, show, create, change, remove.
void add_inventory_commands(CLI::App& app, const CommonOptions& common, Action& action, int& exit_status) {
  using stratus::cli::Noun;
  struct Member {
    const char* name;
    const char* help;
    bool only_devices;
  };
  static constexpr Member kMembers[] = {
      {"name", "name for people", false},
      {"label", "name for people", true},
      {"region", "code or id; - for none", true},
      {"group", "code or id; - for none", true},
      {"kind", "linux or mcu", true},
      {"hardware", "class of hardware", true},
      {"location", "where it is, in words", true},
      {"latitude", "degrees; - for none", true},
      {"longitude", "degrees; - for none", true},
      {"time-zone", "as Asia/Seoul", true},
      {"active", "yes or no", true},
  };
  static stratus::cli::DeviceListOptions list;
  static std::string key, filter_text, values[std::size(kMembers)];
  static std::vector<std::string> tags;
  for (const Noun noun : {Noun::region, Noun::group, Noun::filter, Noun::device}) {
    const std::string word(stratus::cli::word_for(noun));
    const bool device = noun == Noun::device;
    CLI::App* const command = app.add_subcommand(word, "List, show, create, change and remove " + word + "s");
    command->require_subcommand(1);
    std::vector<CLI::App*> listings{command->add_subcommand("list", "List them")};
    if (device) {
      listings.push_back(app.add_subcommand("devices", "The same as `stratus device list`"));
      add_device_watch(*command, common, action, exit_status);
      add_device_command(*command, common, action, exit_status);
    }
    for (CLI::App* const listing : listings) {
      listing->callback(
          [&, noun] { action = [&, noun] { return stratus::cli::list_inventory(noun, list, common); }; });
      if (!device) continue;
      listing->add_option("--filter", list.filter, "as in region=seoul tag.site=3 state=failed");
      listing->add_option("--saved", list.saved, "code of a saved filter");
      listing->add_option("--sort", list.sort, "id, label, seen or state; -seen: latest first");
      listing->add_option("--limit", list.limit, "at most so many");
      listing->footer("Example:\n  stratus device list --filter 'state=failed seen<1d' --sort -seen");
    }
    const auto add = [&](const char* verb, const std::string& help) {
      CLI::App* const sub = command->add_subcommand(verb, help);
      sub->add_option(device ? "ID" : "CODE", key, device ? "the device's id" : "its code")->required();
      return sub;
    };
    const auto settings = [device, noun](bool create) {
      stratus::cli::Settings set;
      if (create) set.members.emplace_back(device ? "id" : "code", key);
      for (std::size_t i = 0; i < std::size(kMembers); ++i) {
        const std::string name =
            kMembers[i].name == std::string("time-zone") ? "time_zone" : kMembers[i].name;
        if (!values[i].empty()) set.members.emplace_back(name, values[i]);
      }
      if (noun == Noun::filter && !filter_text.empty()) set.members.emplace_back("filter", filter_text);
      set.tags = tags;
      return set;
    };
    const auto add_settings = [&](CLI::App* sub) {
      for (std::size_t i = 0; i < std::size(kMembers); ++i) {
        if (kMembers[i].only_devices != device) continue;
        sub->add_option(std::string("--") + kMembers[i].name, values[i], kMembers[i].help);
      }
      if (noun == Noun::filter) sub->add_option("--filter", filter_text, "as in region=seoul tag.site=3");
      if (noun != Noun::filter) sub->add_option("--tag", tags, "KEY=VALUE; replaces all; - for none");
    };
    add("show", "Show one")->callback([&, noun] {
      action = [&, noun] { return stratus::cli::show_inventory(noun, key, common); };
    });
    CLI::App* const create = add("create", "Make one");
    add_settings(create);
    create->callback([&, noun, settings] {
      action = [&, noun, settings] { return stratus::cli::create_inventory(noun, settings(true), common); };
    });
    CLI::App* const change = add("change", "Change one; what is not said stays");
    add_settings(change);
    change->callback([&, noun, settings] {
      action = [&, noun, settings] {
        return stratus::cli::change_inventory(noun, key, settings(false), common);
      };
    });
    add("remove", device ? "Forget one with its history" : "Remove one")->callback([&, noun] {
      action = [&, noun] { return stratus::cli::remove_inventory(noun, key, common); };
    });
  }
}

// A command that holds further ones, made where it is first needed.
CLI::App* noun(CLI::App& app, const std::string& name, const char* help) {
  CLI::App* found = nullptr;
  for (CLI::App* const one : app.get_subcommands(nullptr)) {
    if (one->get_name() == name) found = one;
  }
  if (found == nullptr) found = app.add_subcommand(name, help);
  found->require_subcommand(1);
  return found;
}

void add_identity_commands(CLI::App& app, const CommonOptions& common, Action& action) {
  static stratus::cli::CodeOptions options;
  static std::string id, reason;
  static bool all = false, pem = false;
  CLI::App* const device = noun(app, "device", "Devices one by one: codes to enrol them, certificates");
  CLI::App* const code = device->add_subcommand("code", "Make a one-time code with which a device enrols");
  code->add_option("--region", options.region, "code of the region it will belong to");
  code->add_option("--group", options.group, "code of the group it will belong to");
  code->add_option("--ttl", options.ttl, "how long the code is good: 30m, 1h, 1d (1h)");
  code->add_option("--device", options.device, "only for this id, which it may take over");
  code->add_option("--kind", options.kind, "device or gateway")->check(CLI::IsMember({"device", "gateway"}));
  code->add_option("--name", options.names, "DNS name or address of a gateway; may be given several times");
  code->add_option("--count", options.count, "so many codes at once");
  code->footer(
      "Examples:\n  stratus device code --region seoul --group lobby\n"
      "  stratus device code --kind gateway --name gw1.site --name 10.0.0.5");
  code->callback([&] { action = [&] { return stratus::cli::make_registration_code(options, common); }; });
  CLI::App* const codes = device->add_subcommand("codes", "List the codes that can still be used");
  codes->add_flag("--all", all, "and those that cannot any more");
  codes->callback([&] { action = [&] { return stratus::cli::list_registration_codes(all, common); }; });
  CLI::App* const revoke =
      device->add_subcommand("revoke", "Shut a device out, now and until it is enrolled anew");
  revoke->add_option("ID", id, "the device or gateway")->required();
  revoke->add_option("--reason", reason, "why, for the records");
  revoke->footer("Example:\n  stratus device revoke cam-7 --reason stolen");
  revoke->callback([&] { action = [&] { return stratus::cli::revoke_device(id, reason, common); }; });
  CLI::App* const certificates = device->add_subcommand("certificates", "List the certificates of a device");
  certificates->add_option("ID", id, "the device or gateway")->required();
  certificates->callback([&] { action = [&] { return stratus::cli::list_certificates(id, common); }; });

  CLI::App* const ca = noun(app, "ca", "The private certificate authority");
  CLI::App* const show = ca->add_subcommand("show", "Fingerprints, ends, and how old the revocation list is");
  show->add_flag("--pem", pem, "print the root certificate instead");
  show->footer("Example:\n  stratus ca show --pem > root.pem");
  show->callback([&] { action = [&] { return stratus::cli::show_ca(pem, common); }; });
}

void add_delta(CLI::App& app, const CommonOptions& common, Action& action) {
  CLI::App* const delta = app.add_subcommand("delta", "Deltas between any two directories, tars or files");
  delta->require_subcommand(1);
  delta->footer(
      "Examples:\n  stratus delta make old/ new/ update.delta\n"
      "  stratus delta apply old/ update.delta new/");
  static std::string old, fresh, file;
  CLI::App* const make = delta->add_subcommand("make", "Write to OUT how to make NEW from OLD");
  make->add_option("OLD", old, "directory, tar or file")->required();
  make->add_option("NEW", fresh, "directory, tar or file")->required();
  make->add_option("OUT", file, "the delta; overwritten")->required();
  make->footer("Takes about six bytes of memory for every byte of NEW that OLD does not explain.");
  make->callback([&] { action = [&] { return stratus::cli::make_delta(old, fresh, file, common); }; });
  CLI::App* const apply = delta->add_subcommand("apply", "Make NEW from OLD and DELTA");
  apply->add_option("OLD", old, "what the delta was made against")->required();
  apply->add_option("DELTA", file, "made by `stratus delta make`")->required();
  apply->add_option("NEW", fresh, "must not exist yet")->required();
  apply->callback([&] { action = [&] { return stratus::cli::apply_delta(old, file, fresh, common); }; });
}

void add_sign_in(CLI::App& app, const CommonOptions& common, Action& action) {
  static stratus::cli::LoginOptions options;
  CLI::App* const login = app.add_subcommand("login", "Sign in; later commands need no --token-file then");
  login->add_option("NAME", options.name, "user name; asked for when left out");
  login->add_option("--password-file", options.password_file,
                    "first line is the password; - for standard input");
  login->add_option("--days", options.days, "how long the sign-in lasts (30)")->check(CLI::Range(1, 366));
  login->footer("Example:\n  stratus --server https://updates.example:8443 login alice");
  login->callback([&] { action = [&] { return stratus::cli::login(options, common); }; });
  CLI::App* const logout = app.add_subcommand("logout", "End what `stratus login` began");
  logout->callback([&] { action = [&] { return stratus::cli::logout(common); }; });
  CLI::App* const whoami =
      app.add_subcommand("whoami", "Show who the server takes you for, and what you may do");
  whoami->callback([&] { action = [&] { return stratus::cli::show_me(common); }; });
  static std::string name;
  static std::filesystem::path old_file, new_file;
  CLI::App* const passwd = app.add_subcommand("passwd", "Change your password");
  passwd->add_option("NAME", name, "your user name")->required();
  passwd->add_option("--old-password-file", old_file, "first line is the old password");
  passwd->add_option("--new-password-file", new_file, "first line is the new password");
  passwd->callback(
      [&] { action = [&] { return stratus::cli::change_own_password(name, old_file, new_file, common); }; });
}

void add_token(CLI::App& app, const CommonOptions& common, Action& action) {
  CLI::App* const token = app.add_subcommand("token", "API tokens for pipelines");
  token->require_subcommand(1);
  static stratus::cli::TokenOptions options;
  CLI::App* const create = token->add_subcommand("create", "Make a token and print it, once");
  create->add_option("NAME", options.name, "what it is for")->required();
  create
      ->add_option("--scope", options.scopes,
                   "permission as releases:write; repeat for more (default: all yours)")
      ->allow_extra_args(false);
  create->add_option("--days", options.days, "how long it is good (90)")->check(CLI::Range(1, 366));
  create->footer("Example:\n  stratus token create ci --scope releases:write --days 30 > ci.token");
  create->callback([&] { action = [&] { return stratus::cli::create_token(options, common); }; });
  static bool all = false;
  CLI::App* const list = token->add_subcommand("list", "List your tokens");
  list->add_flag("--all", all, "those of everybody");
  list->callback([&] { action = [&] { return stratus::cli::list_tokens(all, common); }; });
  static std::string id;
  CLI::App* const revoke = token->add_subcommand("revoke", "End a token at once");
  revoke->add_option("ID", id, "as `stratus token list` shows it")->required();
  revoke->callback([&] { action = [&] { return stratus::cli::revoke_token(id, common); }; });
}

void add_user(CLI::App& app, const CommonOptions& common, Action& action) {
  CLI::App* const user = app.add_subcommand("user", "Who may sign in, and as what");
  user->require_subcommand(1);
  user->footer(
      "Roles: viewer, operator, releaser, admin, auditor (docs/security/roles.md)\n"
      "Examples:\n  stratus user create alice --role operator --role releaser\n"
      "  stratus user set alice --disable");
  static stratus::cli::UserOptions options;
  static std::string display;
  static bool disable = false, enable = false;
  CLI::App* const list = user->add_subcommand("list", "List users");
  list->callback([&] { action = [&] { return stratus::cli::list_users(common); }; });
  const auto add_options = [&](CLI::App* command) {
    command->add_option("NAME", options.name, "user name")->required();
    command->add_option("--role", options.roles, "role; repeat for more")->allow_extra_args(false);
    command->add_option("--display", display, "name for people");
    command->add_option("--password-file", options.password_file,
                        "first line is the password; - for standard input");
  };
  CLI::App* const create =
      user->add_subcommand("create", "Add a user; the password has to be changed at first sign-in");
  add_options(create);
  create->callback([&] {
    action = [&] {
      if (!display.empty()) options.display = display;
      return stratus::cli::create_user(options, common);
    };
  });
  CLI::App* const set =
      user->add_subcommand("set", "Change roles, display name or password; disable or enable");
  add_options(set);
  set->add_flag("--disable", disable, "end all sessions, refuse new ones");
  set->add_flag("--enable", enable, "let the user in again")->excludes("--disable");
  set->callback([&] {
    action = [&] {
      if (!display.empty()) options.display = display;
      if (disable || enable) options.disabled = disable;
      return stratus::cli::change_user(options, common);
    };
  });
  CLI::App* const remove = user->add_subcommand("delete", "Remove a user with all sessions and tokens");
  remove->add_option("NAME", options.name, "user name")->required();
  remove->callback([&] { action = [&] { return stratus::cli::delete_user(options.name, common); }; });
}

void add_audit(CLI::App& app, const CommonOptions& common, Action& action) {
  CLI::App* const audit = app.add_subcommand("audit", "Who did what, in a chain that shows tampering");
  audit->require_subcommand(1);
  audit->footer(
      "Examples:\n  stratus audit list --action user.\n  stratus audit export audit.jsonl\n"
      "  stratus audit verify audit.jsonl --head 812:9f…");
  static stratus::cli::AuditListOptions options;
  CLI::App* const list = audit->add_subcommand("list", "The newest entries");
  list->add_option("--actor", options.actor, "as user:alice");
  list->add_option("--action", options.action, "as user.create, or user. for all of them");
  list->add_option("--object", options.object, "as user:bob");
  list->add_option("--limit", options.limit, "how many (50)")->check(CLI::Range(1, 1000));
  list->callback([&] { action = [&] { return stratus::cli::list_audit(options, common); }; });
  static std::filesystem::path file;
  static std::string head;
  CLI::App* const exported = audit->add_subcommand("export", "Write all entries as JSON lines");
  exported->add_option("FILE", file, "- for standard output")->required();
  exported->callback([&] { action = [&] { return stratus::cli::export_audit(file, common); }; });
  CLI::App* const verify =
      audit->add_subcommand("verify", "Follow the chain; names the first entry that is wrong");
  verify->add_option("FILE", file, "an export; without one, the server's log")->check(CLI::ExistingFile);
  verify->add_option("--head", head, "SEQUENCE:HASH noted earlier: that entry must still be there");
  verify->callback([&] { action = [&] { return stratus::cli::verify_audit(file, head, common); }; });
}

void add_common(CLI::App& app, CommonOptions& common) {
  app.add_option("--server", common.server, "URL of the server, https://host:8443")
      ->envname("STRATUS_SERVER");
  app.add_option("--ca", common.ca_file, "PEM file of the certificate to trust")->envname("STRATUS_CA");
  app.add_option("--token-file", common.token_file, "file with an API token, or DATA/admin.token")
      ->envname("STRATUS_TOKEN_FILE");
  app.add_flag("--json", common.json, "print the result as JSON, no progress");
  app.add_flag("-q,--quiet", common.quiet, "print errors only");
}

void add_completion(CLI::App& app, Action& action) {
  CLI::App* const completion = app.add_subcommand("completion", "Print what makes a shell complete commands");
  static std::string shell;
  completion->add_option("SHELL", shell, "bash (zsh takes the same through bashcompinit)")
      ->required()
      ->check(CLI::IsMember({"bash"}));
  completion->footer(
      "Examples:\n"
      "  source <(stratus completion bash)\n"
      "  stratus completion bash > /usr/share/bash-completion/completions/stratus");
  completion->callback([&] {
    action = [&]() -> Result<void> {
      fmt::print("{}", bash_completion(app));
      return {};
    };
  });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Publish, deploy and watch layered over-the-air updates", "stratus"};
  app.set_version_flag("--version", "stratus 0.1.0");
  app.require_subcommand(1);
  app.fallthrough();  // common options may also follow the command
  CommonOptions common;
  std::string log_level = "warning", log_format = "text";
  add_common(app, common);
  app.add_option("--log-level", log_level, "debug, info, warning, error");
  app.add_option("--log-format", log_format, "text or json")->check(CLI::IsMember({"text", "json"}));

  app.footer(
      "Exit status:\n"
      "  0    done\n"
      "  1    failed: no connection, no space, something damaged\n"
      "  2    the command line or a value in it is wrong\n"
      "  3    what was named is not there\n"
      "  4    not allowed: sign in, or ask for the right\n"
      "  5    refused as things stand, say an unsigned version; paused by a gate (rollout watch)\n"
      "  6    over, and not all devices succeeded (rollout watch, device watch)\n"
      "  124  the time was over first");

  Action action;
  int exit_status = 0;
  add_key(app, common, action);
  add_publish(app, common, action);
  add_release_commands(app, common, action);
  add_fleet_commands(app, common, action, exit_status);
  add_inventory_commands(app, common, action, exit_status);
  add_identity_commands(app, common, action);
  add_delta(app, common, action);
  add_sign_in(app, common, action);
  add_token(app, common, action);
  add_user(app, common, action);
  add_audit(app, common, action);
  add_rollout(app, common, action, exit_status);
  add_artifact_commands(app, common, action);
  add_fleet_view_commands(app, common, action);
  add_completion(app, action);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (const std::string words = unknown_command(app); !words.empty() && error.get_exit_code() != 0) {
      fmt::print(stderr, "stratus: {}\n", words);
      return 2;
    }
    return app.exit(error) == 0 ? 0 : 2;
  }
  stratus::log::configure(stratus::log::parse_level(log_level),
                          log_format == "json" ? stratus::log::Form::json : stratus::log::Form::text);
  const Result<void> done = action();
  if (done) return exit_status;
  fmt::print(stderr, "stratus: {}\n", done.error().text());
  return stratus::mapping_of(done.error().code()).exit_status;
}
