// overview, gateways, image and device why: looking at the whole fleet.
#include "commands.hpp"

#include "stratus/cli/fleet_view.hpp"
#include "stratus/cli/settings.hpp"

namespace {

CLI::App* find_noun(CLI::App& app, const std::string& name, const char* help) {
  for (CLI::App* const one : app.get_subcommands(nullptr)) {
    if (one->get_name() == name) return one;
  }
  CLI::App* const made = app.add_subcommand(name, help);
  made->require_subcommand(1);
  return made;
}

}  // namespace

void add_fleet_view_commands(CLI::App& app, const stratus::cli::CommonOptions& common, Action& action) {
  namespace cli = stratus::cli;
  static std::string reference, other, device, layer;
  static cli::ImageDiffOptions diff;
  CLI::App* const overview =
      app.add_subcommand("overview", "The fleet on one page: health, compliance, bytes, alerts");
  overview->footer("Example:\n  stratus overview --json | jq .alerts");
  overview->callback([&] { action = [&] { return cli::show_overview(common); }; });

  CLI::App* const gateways =
      app.add_subcommand("gateways", "List gateways, what they save and who is behind them");
  gateways->footer("Example:\n  stratus gateways");
  gateways->callback([&] { action = [&] { return cli::list_gateways(common); }; });

  static cli::RetentionOptions keep;
  CLI::App* const retention = find_noun(app, "settings", "What the server is told while it runs")
                                  ->add_subcommand("retention", "Show or change how long things are kept");
  const CLI::Range days(1, 3650);
  retention->add_option("--metrics", keep.metrics, "days that measurements are kept")->check(days);
  retention->add_option("--events", keep.events, "days that events and logs are kept")->check(days);
  retention->add_option("--history", keep.history, "days that it is known what devices ran and showed")
      ->check(days);
  retention->footer(
      "What is older goes at once; the audit log stays.\n"
      "Example:\n  stratus settings retention --metrics 14 --history 730");
  retention->callback([&] { action = [&] { return cli::retention(keep, common); }; });

  CLI::App* const why = find_noun(app, "device", "Devices one by one")
                            ->add_subcommand("why", "Say why a device is not updated");
  why->add_option("ID", device, "the device")->required();
  why->footer("Example:\n  stratus device why door-7");
  why->callback([&] { action = [&] { return cli::explain_device(device, common); }; });

  CLI::App* const image = find_noun(app, "image", "Look into images: layers, files, differences");
  image->add_subcommand("list", "List names with what is stored under each")->callback([&] {
    action = [&] { return cli::list_images(common); };
  });
  CLI::App* const layers = image->add_subcommand("layers", "Layers of a version and who has them already");
  layers->add_option("NAME:VERSION", reference, "the version, or a tag")->required();
  layers->footer("Example:\n  stratus image layers web:1.1");
  layers->callback([&] { action = [&] { return cli::list_layers(reference, common); }; });
  CLI::App* const files = image->add_subcommand("files", "Files of a layer: + added, ~ changed, - removed");
  files->add_option("NAME:VERSION", reference, "the version, or a tag")->required();
  files->add_option("LAYER", layer, "digest, as `stratus image layers` shows it")->required();
  files->callback([&] { action = [&] { return cli::list_layer_files(reference, layer, common); }; });
  CLI::App* const compare = image->add_subcommand("diff", "Files that differ between two versions");
  compare->add_option("NAME:VERSION", reference, "the older one")->required();
  compare->add_option("VERSION", diff.to, "the newer one")->required();
  compare->add_option("--change", diff.change, "only added, changed or removed")
      ->check(CLI::IsMember({"added", "changed", "removed"}));
  compare->add_option("--under", diff.under, "only this path and what is below it");
  compare->footer("Example:\n  stratus image diff web:1.0 1.1 --under /usr/bin");
  compare->callback([&] {
    action = [&]() -> stratus::Result<void> {
      const std::size_t colon = reference.rfind(':');
      if (colon == std::string::npos)
        return stratus::fail(stratus::ErrorCode::invalid, "'" + reference + "' is not NAME:VERSION");
      diff.name = reference.substr(0, colon);
      diff.from = reference.substr(colon + 1);
      return cli::compare_images(diff, common);
    };
  });
}
