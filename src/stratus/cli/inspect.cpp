#include "stratus/cli/inspect.hpp"

#include <algorithm>
#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/bytes.hpp"
#include "stratus/base/clock.hpp"
#include "stratus/cli/image_target.hpp"
#include "stratus/cli/release_list.hpp"
#include "stratus/cli/signature.hpp"
#include "stratus/oci/image_config.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/oci/reference.hpp"

namespace stratus::cli {

namespace json = boost::json;
namespace media = oci::media;

namespace {

struct Delta {
  std::string base;  // version, or digest of an image without one
  std::uint64_t size = 0;
};

struct Findings {
  ReleaseLine release;
  oci::Manifest manifest;
  oci::ImageConfig config;
  std::set<Digest> shared;  // layers that the version before has, too
  std::string before;       // that version
  std::vector<crypto::SignedAs> signatures;
  std::vector<Delta> deltas;
};

// An image of that name that nobody registered: what `podman push` leaves behind.
Result<void> refuse_pushed(ServerConnection& server, const oci::Reference& reference) {
  if (reference.tag.empty()) return {};
  Request head;
  head.method = "HEAD";
  head.path = fmt::format("/v2/{}/manifests/{}", reference.name, reference.tag);
  head.accept = fmt::format("{}, {}", media::kManifest, media::kDockerManifest);
  STRATUS_TRY(answer, server.send(head));
  if (answer.status != 200) return {};
  return fail(
      ErrorCode::not_found,
      fmt::format("the image {0}:{1} is there, pushed, but not a release yet: `stratus deploy {0}:{1} "
                  "--sign-key release.key` signs it and makes it one",
                  reference.name, reference.tag));
}

Result<Findings> find(const oci::Reference& reference, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(target, open_server_target(common));
  STRATUS_TRY(releases, fetch_releases(*server, reference.name));
  const auto line = std::find_if(releases.begin(), releases.end(), [&](const ReleaseLine& one) {
    return reference.tag.empty() ? one.digest == reference.digest || reference.digest.empty()
                                 : one.version == reference.tag;
  });
  if (line == releases.end()) {
    STRATUS_CHECK(refuse_pushed(*server, reference));
    return fail(ErrorCode::not_found,
                fmt::format("no release {}{}{}{}", reference.name, reference.tag.empty() ? "" : ":",
                            reference.tag, where_to_look(reference.name, releases)));
  }
  Findings out;
  out.release = *line;
  STRATUS_TRY(text, target->fetch_manifest(reference.name, line->digest));
  STRATUS_TRY(manifest, oci::parse_manifest(text));
  STRATUS_TRY(config_text, target->fetch_text(reference.name, manifest.config.digest, oci::kMaxConfig));
  STRATUS_TRY(config, oci::parse_image_config(config_text));
  out.manifest = std::move(manifest);
  out.config = std::move(config);
  if (const auto before = std::next(line); before != releases.end()) {
    STRATUS_TRY(before_text, target->fetch_manifest(reference.name, before->digest));
    STRATUS_TRY(before_manifest, oci::parse_manifest(before_text));
    for (const oci::Descriptor& layer : before_manifest.layers) out.shared.insert(layer.digest);
    out.before = before->version;
  }
  STRATUS_TRY(signatures, claimed_signatures(*target, reference.name, line->digest));
  out.signatures = std::move(signatures);
  STRATUS_TRY(referrers, target->referrers(reference.name, line->digest));
  for (const oci::Descriptor& one : referrers) {
    if (one.artifact_type == media::kDelta) {
      STRATUS_TRY(delta_text, target->fetch_manifest(reference.name, one.digest));
      STRATUS_TRY(delta_manifest, oci::parse_manifest(delta_text));
      Delta delta{std::string(one.annotation(media::kDeltaBaseAnnotation)), 0};
      for (const ReleaseLine& other : releases) {
        if (other.digest.text() == delta.base) delta.base = other.version;
      }
      for (const oci::Descriptor& layer : delta_manifest.layers) delta.size += layer.size;
      out.deltas.push_back(std::move(delta));
    }
  }
  return out;
}

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

// Who signed it as this version, each once.
std::set<std::string> signers(const Findings& found) {
  std::set<std::string> out;
  for (const crypto::SignedAs& one : found.signatures) {
    if (one.version == found.release.version) out.insert(one.key_id);
  }
  return out;
}

std::string to_text(const Findings& found) {
  std::string out =
      fmt::format("{}:{}{}\n  manifest  {}\n  published {}\n  platform  {}/{}\n  starts    {}\n",
                  found.release.name, found.release.version, found.release.is_target ? "  (deployed)" : "",
                  found.release.digest.text(), format_time_ms(found.release.created_ms), found.config.os,
                  found.config.architecture, joined(found.config.command()));
  if (found.signatures.empty())
    out += "  signed    no\n";
  else if (signers(found).empty())
    out += "  signed    not as this version: devices refuse it\n";
  for (const std::string& signer : signers(found))
    out += fmt::format("  signed by {}\n", signer.substr(0, 12));
  for (const crypto::SignedAs& one : found.signatures) {
    if (one.version != found.release.version)
      out +=
          fmt::format("  signed by {} as {}:{}\n", one.key_id.substr(0, 12), found.release.name, one.version);
  }
  out += "  layers\n";
  std::uint64_t total = 0;
  for (const oci::Descriptor& layer : found.manifest.layers) {
    total += layer.size;
    const bool shared = found.shared.contains(layer.digest);
    out += fmt::format("    {}  {:>9}  {}\n", layer.digest.short_hex(), human_bytes(layer.size),
                       shared ? "also in " + found.before : "new");
  }
  out += fmt::format("    in all        {:>9}\n", human_bytes(total));
  for (const Delta& delta : found.deltas) {
    out += fmt::format("  delta from {:<12} {:>9}\n", delta.base,
                       delta.size == 0 ? "no gain" : human_bytes(delta.size));
  }
  out.pop_back();
  return out;
}

std::string to_json(const Findings& found) {
  json::array layers, signed_by, signatures, deltas;
  for (const oci::Descriptor& layer : found.manifest.layers) {
    layers.push_back(json::object{{"digest", layer.digest.text()},
                                  {"media_type", layer.media_type},
                                  {"size", layer.size},
                                  {"shared", found.shared.contains(layer.digest)}});
  }
  for (const std::string& signer : signers(found)) signed_by.emplace_back(signer);
  for (const crypto::SignedAs& one : found.signatures) {
    signatures.push_back(
        json::object{{"key_id", one.key_id}, {"version", one.version}, {"counter", one.counter}});
  }
  for (const Delta& delta : found.deltas)
    deltas.push_back(json::object{{"base", delta.base}, {"size", delta.size}});
  return json::serialize(json::object{{"name", found.release.name},
                                      {"version", found.release.version},
                                      {"digest", found.release.digest.text()},
                                      {"deployed", found.release.is_target},
                                      {"created_ms", found.release.created_ms},
                                      {"platform", found.config.os + "/" + found.config.architecture},
                                      {"command", joined(found.config.command())},
                                      {"layers", std::move(layers)},
                                      {"signers", std::move(signed_by)},
                                      {"signatures", std::move(signatures)},
                                      {"deltas", std::move(deltas)}});
}

}  // namespace

Result<void> list_releases(const std::string& name, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(releases, fetch_releases(*server, name));
  if (!name.empty() && releases.empty())
    return fail(ErrorCode::not_found, fmt::format("no releases of '{}'", name));
  json::array lines;
  if (releases.empty()) say(common, "Nothing published yet. Try: stratus publish NAME:VERSION PATH");
  if (!releases.empty())
    say(common, fmt::format("{:<40} {:<12}  {:<24}  DEPLOYED", "NAME:VERSION", "DIGEST", "PUBLISHED"));
  for (const ReleaseLine& line : releases) {
    say(common, fmt::format("{:<40} {}  {}{}", line.name + ":" + line.version, line.digest.short_hex(),
                            format_time_ms(line.created_ms), line.is_target ? "  deployed" : ""));
    lines.push_back(json::object{{"name", line.name},
                                 {"version", line.version},
                                 {"digest", line.digest.text()},
                                 {"created_ms", line.created_ms},
                                 {"deployed", line.is_target}});
  }
  print_json(common, json::serialize(json::object{{"releases", std::move(lines)}}));
  return {};
}

Result<void> inspect(const std::string& text, const CommonOptions& common) {
  STRATUS_TRY(reference, oci::parse_reference(text));
  STRATUS_TRY(found, find(reference, common));
  say(common, to_text(found));
  print_json(common, to_json(found));
  return {};
}

}  // namespace stratus::cli
