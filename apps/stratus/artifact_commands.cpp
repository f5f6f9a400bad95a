// stratus firmware …, stratus content …
#include "commands.hpp"

#include "stratus/cli/artifacts.hpp"

namespace {

using stratus::cli::ArtifactKind;
using stratus::cli::CommonOptions;

// list, show, download, remove: the same for both kinds.
void add_shared(CLI::App& group, ArtifactKind kind, const CommonOptions& common, Action& action) {
  static stratus::cli::ArtifactListOptions list_options;
  static std::string id, out, which = "original";
  CLI::App* const list = group.add_subcommand("list", "Newest first");
  list->add_option("--search", list_options.search, "only what has this text in it");
  list->add_option("--sort", list_options.sort, "newest, name or version")
      ->check(CLI::IsMember({"newest", "name", "version"}));
  list->callback([&action, &common, kind] {
    action = [&common, kind] { return stratus::cli::list_artifacts(kind, list_options, common); };
  });
  CLI::App* const show = group.add_subcommand("show", "Everything about one");
  show->add_option("ID", id, "as `list` shows it")->required();
  show->callback([&action, &common, kind] {
    action = [&common, kind] { return stratus::cli::show_artifact(kind, id, common); };
  });
  CLI::App* const download = group.add_subcommand("download", "Fetch its file and check the digest");
  download->add_option("ID", id, "as `list` shows it")->required();
  download->add_option("OUT", out, "must not exist yet")->required();
  if (kind == ArtifactKind::content) {
    download->add_option("--file", which, "original or display")
        ->check(CLI::IsMember({"original", "display"}));
  }
  download->callback([&action, &common, kind] {
    action = [&common, kind] { return stratus::cli::download_artifact(kind, id, which, out, common); };
  });
  CLI::App* const remove =
      group.add_subcommand("remove", "Forget it; its bytes go with the next `stratus gc`");
  remove->add_option("ID", id, "as `list` shows it")->required();
  remove->callback([&action, &common, kind] {
    action = [&common, kind] { return stratus::cli::remove_artifact(kind, id, common); };
  });
}

}  // namespace

void add_artifact_commands(CLI::App& app, const CommonOptions& common, Action& action) {
  CLI::App* const firmware = app.add_subcommand("firmware", "Firmware of devices that run no containers");
  firmware->require_subcommand(1);
  firmware->footer(
      "Examples:\n  stratus firmware push board:1.4.2 board.bin --notes \"Fixes the clock\" --class esp32s3\n"
      "  stratus firmware push panel:2.0.0 panel.img --assets assets.img --configuration settings.img\n"
      "  stratus firmware push board:1.4.3 board.bin --sign-key release.key\n"
      "  stratus firmware list --search clock");
  static stratus::cli::FirmwareOptions push_options;
  CLI::App* const push = firmware->add_subcommand("push", "Send FILE as the version VERSION of NAME");
  push->add_option("NAME:VERSION", push_options.reference, "a version that is there is never replaced")
      ->required();
  push->add_option("FILE", push_options.file, "the image")->required()->check(CLI::ExistingFile);
  push->add_option("--notes", push_options.notes, "release notes");
  push->add_option("--class", push_options.classes, "device class it is for; repeat for more; none: any")
      ->allow_extra_args(false);
  push->add_option("--assets", push_options.assets, "pictures and other files of a microcontroller's release")
      ->check(CLI::ExistingFile);
  push->add_option("--configuration", push_options.configuration, "its configuration")
      ->check(CLI::ExistingFile);
  push->add_option("--secondary", push_options.secondary,
                   "image of a second board that it updates over serial")
      ->check(CLI::ExistingFile);
  push->add_option("--sign-key", push_options.sign_key, "release key; Linux devices take nothing unsigned")
      ->check(CLI::ExistingFile);
  push->callback([&] { action = [&] { return stratus::cli::push_firmware(push_options, common); }; });
  add_shared(*firmware, ArtifactKind::firmware, common, action);

  CLI::App* const content = app.add_subcommand("content", "What devices show on their screens");
  content->require_subcommand(1);
  content->footer(
      "Examples:\n  stratus content push \"Spring sale\" --original spring.png --display spring.bin\n"
      "  stratus content download 01KA… spring.bin --file display");
  static stratus::cli::ContentOptions content_options;
  CLI::App* const add = content->add_subcommand("push", "Send a picture and what the screen takes");
  add->add_option("TITLE", content_options.title, "a title of its own")->required();
  add->add_option("--original", content_options.original, "picture for people")
      ->required()
      ->check(CLI::ExistingFile);
  add->add_option("--display", content_options.display, "binary for the screen")
      ->required()
      ->check(CLI::ExistingFile);
  add->add_option("--description", content_options.description, "a few words");
  add->add_option("--sign-key", content_options.sign_key, "release key; agents do not ask for it yet")
      ->check(CLI::ExistingFile);
  add->callback([&] { action = [&] { return stratus::cli::push_content(content_options, common); }; });
  add_shared(*content, ArtifactKind::content, common, action);
}
