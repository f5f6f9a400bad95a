#include "stratus/cli/publish.hpp"

#include <algorithm>
#include <cstdlib>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "stratus/base/clock.hpp"
#include "stratus/base/file.hpp"
#include "stratus/cli/deploy.hpp"
#include "stratus/cli/deploy_check.hpp"
#include "stratus/cli/image_target.hpp"
#include "stratus/cli/server_connection.hpp"
#include "stratus/cli/signature.hpp"
#include "stratus/crypto/release_verifier.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/layout.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/oci/reference.hpp"

namespace stratus::cli {

namespace fs = std::filesystem;
namespace json = boost::json;
namespace media = oci::media;

namespace {

// A directory of one's own under $TMPDIR that goes away again.
class Scratch {
 public:
  static Result<Scratch> make() {
    const char* const base = std::getenv("TMPDIR");
    std::string pattern =
        fmt::format("{}/stratus-XXXXXX", base != nullptr && *base != '\0' ? base : "/var/tmp");
    if (::mkdtemp(pattern.data()) == nullptr) return fail(Error::from_errno("create " + pattern));
    return Scratch(pattern);
  }
  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~Scratch() {
    if (!path_.empty()) (void)remove_tree(path_);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit Scratch(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

// What the new version is laid upon, and inherits its start settings from.
struct Base {
  const PublishedVersion* version = nullptr;  // null: nothing
  std::string passed_over;                    // an older version that was not used, and why; for people
};

struct Outcome {
  bool existed = false;  // this version, with these contents
  bool is_signed = false;
  std::string key_id;  // when it is signed
  bool deployed = false;
  std::string detail;    // about deploying, for people
  Result<void> refused;  // deploying, which was asked for
};

struct Sent {
  std::uint64_t bytes = 0;
  std::size_t layers = 0;
};

// The version to lay the new one upon: nothing, the named, or the newest. Publishing a version again is laid
// upon itself: the same input then gives the same image, and nothing happens.
Result<const PublishedVersion*> choose_base(const std::vector<PublishedVersion>& versions,
                                            const std::string& name, const std::string& version,
                                            const std::string& against) {
  const auto find = [&](const std::string& wanted) -> const PublishedVersion* {
    for (const PublishedVersion& one : versions) {
      if (one.version == wanted) return &one;
    }
    return nullptr;
  };
  if (against == "none") return static_cast<const PublishedVersion*>(nullptr);
  if (!against.empty()) {
    if (const PublishedVersion* const found = find(against)) return found;
    return fail(ErrorCode::not_found, fmt::format("--against {}: there is no {}:{}", against, name, against));
  }
  if (const PublishedVersion* const same = find(version)) return same;
  return versions.empty() ? nullptr : &versions.front();
}

bool says_what_to_start(const PublishOptions& options) {
  const StartOptions& start = options.build.start;
  return !start.entrypoint.empty() || !start.cmd.empty() || !start.from_config.empty() ||
         oci::Layout::is_layout(options.build.source);
}

// Which version is the newest, and what its configuration says, are the server's words; signing would make
// them ours. So a signed version is laid only upon one that the same key has signed (docs/adr/0007).
Result<Base> check_base(ImageTarget& target, const PublishOptions& options, const std::string& name,
                        const PublishedVersion* version, const crypto::PublicKey& key) {
  if (version == nullptr) return Base{};
  STRATUS_TRY(statement, find_statement(target, name, version->manifest, key, version->version));
  if (statement) return Base{version, ""};
  const std::string words =
      fmt::format("{}:{} is not signed by this key ({})", name, version->version, key.id().substr(0, 12));
  if (!options.against.empty()) {
    return fail(ErrorCode::denied,
                fmt::format("--against {}: {}; sign it first with `stratus deploy {}:{} --sign-key`, or say "
                            "--against none",
                            options.against, words, name, version->version));
  }
  if (!says_what_to_start(options)) {
    return fail(
        ErrorCode::denied,
        fmt::format("{}, so its start settings would come from the server alone: give --entrypoint, --cmd "
                    "or --from-config, or sign it first with `stratus deploy {}:{} --sign-key`",
                    words, name, version->version));
  }
  return Base{nullptr, words + ": published as one fresh layer with the given start settings only"};
}

Result<Sent> send_image(ImageTarget& target, const std::string& name, const std::string& version,
                        const BuiltImage& image, Progress& progress) {
  Sent sent;
  for (const BuiltLayer& layer : image.layers) {
    if (layer.file.empty()) continue;
    STRATUS_TRY(there, target.has_blob(name, layer.descriptor));
    if (there) continue;
    progress.start("Sending layer", layer.descriptor.size);
    STRATUS_CHECK(target.put_blob(name, layer.descriptor, layer.file,
                                  [&](std::uint64_t bytes) { progress.advance(bytes); }));
    sent.bytes += layer.descriptor.size;
    ++sent.layers;
  }
  STRATUS_CHECK(target.put_text(name, image.config));
  STRATUS_CHECK(target.put_manifest(name, version, image.manifest, image.media_type));
  return sent;
}

std::string signature_line(const oci::Reference& reference, const Outcome& outcome) {
  if (!outcome.is_signed) {
    return fmt::format(
        "not signed, devices will refuse it: publish with --sign-key, or `stratus deploy {}:{} --sign-key "
        "release.key`",
        reference.name, reference.tag);
  }
  return fmt::format("{}signed by key {}", outcome.existed ? "exists already, " : "",
                     outcome.key_id.substr(0, 12));
}

// Makes the version what devices run next, if that was asked for and they would take it.
Result<void> deploy_published(const PublishOptions& options, const CommonOptions& common, ImageTarget& target,
                              const oci::Reference& reference, const BuiltImage& image, Progress& progress,
                              Outcome& outcome) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(releases, fetch_releases(*server, reference.name));
  STRATUS_TRY(verdict, examine_deploy(target, releases, reference.name, reference.tag, image.digest));
  outcome.is_signed = verdict.is_signed;
  outcome.key_id = verdict.key_id;
  const auto is_target = [&](const ReleaseLine& one) {
    return one.is_target && one.version == reference.tag;
  };
  outcome.deployed = std::any_of(releases.begin(), releases.end(), is_target);
  if (!options.deploy) return {};
  if (outcome.existed && outcome.is_signed && options.sign_key.empty()) {
    outcome.detail = outcome.deployed ? "is what devices are to run already"
                                      : fmt::format("not deployed: `stratus deploy {}:{}` does that",
                                                    reference.name, reference.tag);
    return {};
  }
  if (auto accepted = verdict.check(options.accept_unsigned); !accepted) {
    outcome.detail = "not deployed: " + verdict.problem;
    outcome.refused = std::move(accepted);
    return {};
  }
  STRATUS_TRY(words,
              deploy_version(common, reference.name, reference.tag, options.accept_unsigned, progress));
  outcome.detail = std::move(words);
  outcome.deployed = true;
  return {};
}

// "host:8443" of a server's URL.
std::string host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return url.empty() ? "HOST:8443" : std::string(url.substr(0, url.find('/')));
}

void report(const PublishOptions& options, const CommonOptions& common, const oci::Reference& reference,
            const Base& laid_on, const BuiltImage& image, const Sent& sent, const Outcome& outcome) {
  const PublishedVersion* const base = laid_on.version;
  const oci::DiffSummary& summary = image.summary;
  std::string how = base == nullptr ? "as a first version" : fmt::format("against {}", base->version);
  if (image.flattened) how += ", as one fresh layer";
  std::string text =
      fmt::format("{}:{} {}\n  {}: {} added, {} changed, {} removed\n  {}, {} sent ({})", reference.name,
                  reference.tag, image.digest.text(), how, summary.added, summary.changed, summary.removed,
                  count_of(image.layers.size(), "layer"), sent.layers, human_bytes(sent.bytes));
  if (!image.command.empty()) {
    const bool inherited = base != nullptr && !says_what_to_start(options);
    text += fmt::format("\n  starts {}{}", fmt::join(image.command, " "),
                        inherited ? fmt::format(" (as {} does)", base->version) : "");
  }
  text += "\n  " + signature_line(reference, outcome);
  const std::string send =
      fmt::format("skopeo copy oci:{0}:{1}:{2} docker://{3}/{1}:{2}", options.to_layout.string(),
                  reference.name, reference.tag, host_of(common.server));
  if (!options.to_layout.empty()) {
    text +=
        fmt::format("\n  written to {0}; send it: {1}, then `stratus deploy {2}:{3} --sign-key release.key`",
                    options.to_layout.string(), send, reference.name, reference.tag);
  }
  if (!laid_on.passed_over.empty()) text += "\n  " + laid_on.passed_over;
  if (!outcome.detail.empty() && outcome.refused) text += "\n  " + outcome.detail;
  say(common, text);
  json::array layers;
  for (const BuiltLayer& layer : image.layers) {
    layers.push_back(json::object{{"digest", layer.descriptor.digest.text()},
                                  {"diff_id", layer.diff_id.text()},
                                  {"size", layer.descriptor.size},
                                  {"new", !layer.file.empty()}});
  }
  json::object out{
      {"name", reference.name},       {"version", reference.tag},    {"digest", image.digest.text()},
      {"added", summary.added},       {"changed", summary.changed},  {"removed", summary.removed},
      {"flattened", image.flattened}, {"layers", std::move(layers)}, {"sent_layers", sent.layers},
      {"sent_bytes", sent.bytes},     {"existed", outcome.existed},  {"deployed", outcome.deployed}};
  if (base != nullptr) out["against"] = base->version;
  if (!laid_on.passed_over.empty()) out["passed_over"] = laid_on.passed_over;
  if (!image.start_problem.empty()) out["start_problem"] = image.start_problem;
  if (!outcome.key_id.empty()) out["key_id"] = outcome.key_id;
  if (!outcome.detail.empty()) out["detail"] = outcome.detail;
  if (!options.to_layout.empty()) out["send_with"] = send;
  print_json(common, json::serialize(out));
}

}  // namespace

Result<void> publish(const PublishOptions& options, const CommonOptions& common) {
  STRATUS_TRY(reference, oci::parse_reference(options.reference));
  if (reference.tag.empty() || !reference.digest.empty()) {
    return fail(ErrorCode::invalid, fmt::format("'{}': say NAME:VERSION", options.reference));
  }
  const std::string what = "publish " + options.reference;
  // Everything that may be wrong with the command is found before anything is sent.
  std::optional<crypto::SigningKey> key;
  if (!options.sign_key.empty()) {
    STRATUS_TRY(loaded, crypto::SigningKey::load(options.sign_key)
                            .with_context("--sign-key (the release.key that `stratus key generate` made)"));
    key = std::move(loaded);
  }
  STRATUS_TRY(target,
              options.to_layout.empty() ? open_server_target(common) : open_layout_target(options.to_layout));
  STRATUS_TRY(versions, target->versions(reference.name).with_context(what));
  STRATUS_TRY(chosen, choose_base(versions, reference.name, reference.tag, options.against));
  Base laid_on{chosen, ""};
  if (key) {
    STRATUS_TRY(checked,
                check_base(*target, options, reference.name, chosen, key->public_key()).with_context(what));
    laid_on = std::move(checked);
  }
  const PublishedVersion* const base = laid_on.version;
  STRATUS_TRY(scratch, Scratch::make());
  const LayerCache cache = LayerCache::open_default();
  Progress progress(common);
  std::optional<BaseImage> base_image;
  if (base != nullptr) {
    STRATUS_TRY(loaded, load_base(*target, reference.name, *base, cache, progress).with_context(what));
    base_image = std::move(loaded);
  }
  STRATUS_TRY(image,
              build_image(options.build, base_image ? &*base_image : nullptr, cache, scratch.path(), progress)
                  .with_context(what));
  if (!image.start_problem.empty()) {
    const bool inherited = base != nullptr && !says_what_to_start(options);
    progress.clear();
    fmt::print(stderr, "stratus: warning: {}: {}{}\n", options.reference, image.start_problem,
               inherited ? fmt::format(" (start settings of {})", base->version) : "");
  }
  Outcome outcome;
  for (const PublishedVersion& one : versions) {
    if (one.version == reference.tag && one.manifest == image.digest) outcome.existed = true;
    if (one.version == reference.tag && one.manifest != image.digest) {
      return fail(
          ErrorCode::conflict,
          fmt::format("{}: this version was published with other contents ({}); a version never changes, "
                      "publish under the next one",
                      what, one.manifest.short_hex()));
    }
  }
  STRATUS_TRY(sent, send_image(*target, reference.name, reference.tag, image, progress).with_context(what));
  if (key) {
    SignOptions sign;
    STRATUS_TRY(newest,
                newest_counter(*target, reference.name, versions, key->public_key()).with_context(what));
    sign.newest = newest;
    STRATUS_TRY(signer, send_signature(*target, reference.name, reference.tag,
                                       describe(image.media_type, image.manifest), *key, sign)
                            .with_context(what));
    outcome.key_id = std::move(signer);
    outcome.is_signed = true;
  }
  STRATUS_CHECK(target->register_version(reference.name, reference.tag, image.digest).with_context(what));
  if (options.to_layout.empty()) {
    STRATUS_CHECK(deploy_published(options, common, *target, reference, image, progress, outcome));
  }
  progress.clear();
  report(options, common, reference, laid_on, image, sent, outcome);
  if (!outcome.refused)
    return std::move(outcome.refused).with_context(what + ": published, but not deployed");
  return {};
}

}  // namespace stratus::cli
