// The `stratus` program: options only. Each command is a function of stratus/cli.
#include <functional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/cli/common.hpp"
#include "stratus/cli/key.hpp"

namespace {

using stratus::Result;
using stratus::cli::CommonOptions;

// What the chosen subcommand does; called once the whole command line is understood.
using Action = std::function<Result<void>()>;

void add_key(CLI::App& app, const CommonOptions& common, Action& action) {
  CLI::App* const key = app.add_subcommand("key", "Keys that releases are signed with");
  key->require_subcommand(1);
  CLI::App* const generate = key->add_subcommand("generate", "Make DIR/release.key and DIR/release.pub");
  static std::string directory;
  generate->add_option("DIR", directory, "where the key pair goes")->required();
  generate->footer("Example:\n  stratus key generate ~/keys");
  generate->callback([&] { action = [&] { return stratus::cli::generate_key(directory, common); }; });
}

void add_common(CLI::App& app, CommonOptions& common) {
  app.add_option("--server", common.server, "URL of the server, https://host:8443")
      ->envname("STRATUS_SERVER");
  app.add_option("--ca", common.ca_file, "PEM file of the certificate to trust")->envname("STRATUS_CA");
  app.add_option("--token-file", common.token_file, "file with the token for writing (DATA/admin.token)")
      ->envname("STRATUS_TOKEN_FILE");
  app.add_flag("--json", common.json, "print the result as JSON, no progress");
  app.add_flag("-q,--quiet", common.quiet, "print errors only");
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

  Action action;
  add_key(app, common, action);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  stratus::log::configure(stratus::log::parse_level(log_level),
                          log_format == "json" ? stratus::log::Form::json : stratus::log::Form::text);
  const Result<void> done = action();
  if (done) return 0;
  fmt::print(stderr, "stratus: {}\n", done.error().text());
  return stratus::mapping_of(done.error().code()).exit_status;
}
