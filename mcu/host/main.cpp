// stratus-mcu-tool: makes and signs what microcontrollers take. Options in, library calls, files out.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "host/assets_writer.hpp"
#include "host/delta_encoder.hpp"
#include "host/image_writer.hpp"
#include "host/manifest_writer.hpp"
#include "host/p256_key.hpp"
#include <CLI/CLI.hpp>

#include "stratus/base/file.hpp"

using namespace stratus;
using namespace stratus::mcu::host;

namespace {

constexpr std::uint64_t kLimit = 64u << 20;

struct Options {
  std::string key, in, second, out, model, version = "0.0.0";
  std::string repository = "firmware", delta, delta_base, component = "firmware", assets, configuration;
  std::vector<std::string> files;
  std::uint16_t header = 256;
  std::uint32_t counter = 0, load = 0, serial = 1, expires = 0;
};

Result<P256Key> read_key(const std::string& path) {
  STRATUS_TRY(pem, read_file(path, kLimit));
  return P256Key::from_pem(pem);
}

Result<void> make_key(const Options& o) {
  STRATUS_TRY(key, P256Key::generate());
  STRATUS_TRY(pem, key.pem());
  return write_file_atomically(o.out, pem, 0600);
}

Result<void> print_public(const Options& o) {
  STRATUS_TRY(key, read_key(o.key));
  std::printf("%s\n", to_hex(key.public_xy()).c_str());
  return {};
}

Result<void> make_image(const Options& o) {
  STRATUS_TRY(key, read_key(o.key));
  STRATUS_TRY(payload, read_file(o.in, kLimit));
  ImageFields fields;
  unsigned major = 0, minor = 0, revision = 0;
  if (std::sscanf(o.version.c_str(), "%u.%u.%u", &major, &minor, &revision) != 3 || major > 255 ||
      minor > 255 || revision > 65535) {
    return fail(ErrorCode::invalid, "version '" + o.version + "' is not MAJOR.MINOR.REVISION");
  }
  fields.major = static_cast<std::uint8_t>(major);
  fields.minor = static_cast<std::uint8_t>(minor);
  fields.revision = static_cast<std::uint16_t>(revision);
  fields.security_counter = o.counter;
  fields.load_address = o.load;
  fields.header_size = o.header;
  const bool part = o.component != "firmware";
  const std::string board_class = part ? o.model + "/" + o.component : o.model;
  fields.model = board_class;
  if (part) {  // never run: no vectors to align, and its last byte is its own
    fields.header_size = 32;
    fields.payload_unit = 1;
  }
  STRATUS_TRY(image, write_image(as_bytes(payload), fields, key.signer()));
  return write_file_atomically(o.out, as_text(image));
}

// NAME=FILE or NAME=FILE:WIDTHxHEIGHT.
Result<AssetFile> read_asset(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::size_t colon = text.rfind(':');
  if (equals == std::string::npos) return fail(ErrorCode::invalid, "'" + text + "' is not NAME=FILE");
  AssetFile asset;
  asset.name = text.substr(0, equals);
  std::string path = text.substr(equals + 1);
  unsigned width = 0, height = 0;
  if (colon != std::string::npos && colon > equals &&
      std::sscanf(text.c_str() + colon, ":%ux%u", &width, &height) == 2) {
    path = text.substr(equals + 1, colon - equals - 1);
    if (width == 0 || width > 0x7fff || height > 0xffff)
      return fail(ErrorCode::invalid, "'" + text + "': at most 32,767 x 65,535 pixels");
    asset.width = static_cast<std::uint16_t>(width);
    asset.height = static_cast<std::uint16_t>(height);
    asset.row = static_cast<std::uint16_t>(2 * width);
    asset.format = 1;
  }
  STRATUS_TRY(data, read_file(path, kLimit));
  asset.data.assign(data.begin(), data.end());
  return asset;
}

Result<void> pack_assets(const Options& o) {
  std::vector<AssetFile> files;
  for (const std::string& text : o.files) {
    STRATUS_TRY(file, read_asset(text));
    files.push_back(std::move(file));
  }
  STRATUS_TRY(packed, write_assets(files));
  return write_file_atomically(o.out, as_text(packed));
}

Result<void> make_delta(const Options& o) {
  STRATUS_TRY(base, read_file(o.in, kLimit));
  STRATUS_TRY(target, read_file(o.second, kLimit));
  STRATUS_TRY(delta, encode_delta(as_bytes(base), as_bytes(target)));
  std::printf("%zu bytes, %.1f %% of the image\n", delta.size(),
              100.0 * static_cast<double>(delta.size()) / static_cast<double>(target.size()));
  return write_file_atomically(o.out, as_text(delta));
}

Result<RawDigest> digest_of(const std::string& path, std::uint32_t& size) {
  STRATUS_TRY(data, read_file(path, kLimit));
  size = static_cast<std::uint32_t>(data.size());
  return raw_sha256(as_bytes(data));
}

Result<void> make_manifest(const Options& o) {
  STRATUS_TRY(key, read_key(o.key));
  ManifestFields fields;
  fields.model = o.model;
  fields.version = o.version;
  fields.repository = o.repository;
  fields.counter = o.counter;
  fields.serial = o.serial;
  fields.expires = o.expires;
  ManifestComponent firmware;
  STRATUS_TRY(digest, digest_of(o.in, firmware.size));
  firmware.digest = digest;
  if (!o.delta.empty()) {
    DeltaOffer offer;
    std::uint32_t ignored = 0;
    STRATUS_TRY(base, digest_of(o.delta_base, ignored));
    STRATUS_TRY(patch, digest_of(o.delta, offer.size));
    offer.base = base;
    offer.patch = patch;
    firmware.delta = offer;
  }
  fields.components.push_back(firmware);
  for (const auto& [kind, path] :
       {std::pair<std::uint8_t, const std::string&>{1, o.assets}, {2, o.configuration}}) {
    if (path.empty()) continue;
    ManifestComponent part;
    part.kind = kind;
    STRATUS_TRY(part_digest, digest_of(path, part.size));
    part.digest = part_digest;
    fields.components.push_back(part);
  }
  STRATUS_TRY(manifest, write_manifest(fields, key.signer()));
  return write_file_atomically(o.out, as_text(manifest));
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app{
      "Makes and signs firmware for microcontrollers.\n\nExample:\n"
      "  stratus-mcu-tool key release.pem\n"
      "  stratus-mcu-tool image --key release.pem --model board-1 --version 1.2.0 --counter 3 app.bin "
      "app.img\n"
      "  stratus-mcu-tool delta old.img app.img app.delta\n"
      "  stratus-mcu-tool assets assets.bin logo=logo.rgb565:480x272 beep=beep.raw\n"
      "  stratus-mcu-tool image --component assets --key release.pem --model board-1 assets.bin assets.img",
      "stratus-mcu-tool"};
  app.require_subcommand(1);
  Options o;
  Result<void> (*action)(const Options&) = nullptr;
  auto* key = app.add_subcommand("key", "make a signing key");
  key->add_option("OUT", o.out, "private key, PEM")->required();
  key->callback([&] { action = make_key; });
  auto* pub = app.add_subcommand("public", "print the public key as devices hold it (x and y, hexadecimal)");
  pub->add_option("KEY", o.key, "private key, PEM")->required();
  pub->callback([&] { action = print_public; });
  auto* image = app.add_subcommand("image", "make a signed image");
  image->add_option("--key", o.key, "release key, PEM")->required();
  image->add_option("--model", o.model, "board it is for")->required();
  image->add_option("--version", o.version, "MAJOR.MINOR.REVISION");
  image->add_option("--counter", o.counter, "security counter");
  image->add_option("--component", o.component, "part of the release that it is")
      ->check(CLI::IsMember({"firmware", "assets", "configuration", "secondary"}));
  image->add_option("--header", o.header, "bytes before the payload; 4096 for ESP-IDF")
      ->check(CLI::Range(32, 65520));
  image->add_option("--load", o.load, "address it runs at");
  image->add_option("PAYLOAD", o.in)->required();
  image->add_option("OUT", o.out)->required();
  image->callback([&] { action = make_image; });
  auto* assets =
      app.add_subcommand("assets", "pack files as the assets of a release, to be signed by `image`");
  assets->add_option("OUT", o.out)->required();
  assets->add_option("FILE", o.files, "NAME=FILE, or NAME=FILE:WIDTHxHEIGHT of RGB565 pixels")->required();
  assets->callback([&] { action = pack_assets; });
  auto* delta = app.add_subcommand("delta", "make a patch from one image to another");
  delta->add_option("OLD", o.in)->required();
  delta->add_option("NEW", o.second)->required();
  delta->add_option("OUT", o.out)->required();
  delta->callback([&] { action = make_delta; });
  auto* manifest = app.add_subcommand("manifest", "make the signed device manifest for an image");
  manifest->add_option("--key", o.key, "release key, PEM")->required();
  manifest->add_option("--model", o.model, "board it is for")->required();
  manifest->add_option("--version", o.version, "text for people");
  manifest->add_option("--counter", o.counter, "security counter of the image");
  manifest->add_option("--serial", o.serial, "grows with every manifest issued");
  manifest->add_option("--expires", o.expires, "Unix seconds; 0: never");
  manifest->add_option("--repository", o.repository, "where the blobs are: /v2/REPOSITORY/blobs/…");
  manifest->add_option("--assets", o.assets, "assets image of the release");
  manifest->add_option("--configuration", o.configuration, "configuration image of the release");
  auto* patch = manifest->add_option("--delta", o.delta, "patch to offer");
  manifest->add_option("--delta-base", o.delta_base, "image the patch starts from")->needs(patch);
  manifest->add_option("IMAGE", o.in)->required();
  manifest->add_option("OUT", o.out)->required();
  manifest->callback([&] { action = make_manifest; });
  CLI11_PARSE(app, count, arguments);
  const Result<void> done = action(o);
  if (done) return 0;
  std::fprintf(stderr, "stratus-mcu-tool: %s\n", done.error().text().c_str());
  return mapping_of(done.error().code()).exit_status;
}
