#include "stratus/cli/deploy.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/cli/artifact_signature.hpp"
#include "stratus/cli/deploy_check.hpp"
#include "stratus/cli/image_target.hpp"
#include "stratus/cli/release_list.hpp"
#include "stratus/cli/server_connection.hpp"
#include "stratus/cli/signature.hpp"
#include "stratus/crypto/release_verifier.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/oci/reference.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::cli {

namespace {

constexpr std::chrono::milliseconds kFirstPoll{20}, kMaxPoll{500};

struct Operation {
  std::string state, detail;
  std::uint64_t done = 0, total = 0;
};

Result<Operation> read_operation(const std::string& body) {
  STRATUS_TRY(value, parse_json(body, 64u << 10));
  ObjectReader reader(value, "operation");
  Operation out;
  out.state = reader.text("state", 64);
  out.detail = reader.optional_text("detail", 4096);
  out.done = reader.optional_number("done", 0);
  out.total = reader.optional_number("total", 0);
  STRATUS_CHECK(reader.done());
  return out;
}

// Makes sure that the version is registered, and signed by `key` if there is one: anew when devices that run
// a newer release would refuse it. Without a key, one that devices would refuse is refused here. Answers
// whether it is signed.
Result<bool> prepare(const oci::Reference& reference, const crypto::SigningKey* key, bool accept_unsigned,
                     const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(target, open_server_target(common));
  STRATUS_TRY(releases, fetch_releases(*server, reference.name));
  const auto line = std::find_if(releases.begin(), releases.end(),
                                 [&](const ReleaseLine& one) { return one.version == reference.tag; });
  const bool registered = line != releases.end();
  Request get;
  get.path =
      fmt::format("/v2/{}/manifests/{}", reference.name, registered ? line->digest.text() : reference.tag);
  get.accept = fmt::format("{}, {}", oci::media::kManifest, oci::media::kDockerManifest);
  STRATUS_TRY(answer, server->send(get));
  if (answer.status == 404) {
    return fail(ErrorCode::not_found,
                fmt::format("the server has no image {}:{}: `stratus publish` or push it first{}",
                            reference.name, reference.tag, where_to_look(reference.name, releases)));
  }
  if (answer.status != 200) return fail(refusal(get, answer));
  const auto type = answer.headers.get("Content-Type");
  const oci::Descriptor image = describe(type ? std::string_view(*type) : oci::media::kManifest, answer.body);
  if (registered && image.digest != line->digest) {
    return fail(ErrorCode::corrupt, fmt::format("GET {}: the answer is not what its digest says", get.path));
  }
  bool is_signed = true;
  if (key == nullptr) {
    STRATUS_TRY(verdict, examine_deploy(*target, releases, reference.name, reference.tag, image.digest));
    STRATUS_CHECK(verdict.check(accept_unsigned));
    is_signed = verdict.is_signed;
  }
  if (!registered) STRATUS_CHECK(target->register_version(reference.name, reference.tag, image.digest));
  if (key != nullptr) {
    SignOptions sign;
    STRATUS_TRY(versions, target->versions(reference.name));
    STRATUS_TRY(newest, newest_counter(*target, reference.name, versions, key->public_key()));
    sign.newest = newest;
    sign.renew = true;
    STRATUS_CHECK(send_signature(*target, reference.name, reference.tag, image, *key, sign));
  }
  return is_signed;
}

Result<oci::Reference> parse_version(const std::string& text) {
  STRATUS_TRY(reference, oci::parse_reference(text));
  if (reference.tag.empty()) return fail(ErrorCode::invalid, fmt::format("'{}': say NAME:VERSION", text));
  return std::move(reference);
}

}  // namespace

Result<std::string> deploy_version(const CommonOptions& common, const std::string& name,
                                   const std::string& version, bool accept_unsigned, Progress& progress) {
  STRATUS_TRY(server, ServerConnection::open(common));
  Request start;
  start.method = "PUT";
  start.path = fmt::format("/api/v1/releases/{}/target", net::percent_encode(name));
  start.content_type = "application/json";
  boost::json::object body{{"version", version}};
  if (accept_unsigned) body["unsigned"] = true;
  start.body = boost::json::serialize(body);
  STRATUS_TRY(accepted, server->expect_success(start));
  STRATUS_TRY(operation, read_operation(accepted.body));
  const auto location = accepted.headers.get("Location");
  Request poll;
  poll.path = location.value_or("");
  progress.start("Waiting for deltas", operation.total, false);
  auto wait = kFirstPoll;
  bool told = false;
  while (operation.state == "running" && location) {
    progress.set_total(operation.total);
    progress.set(operation.done);
    std::this_thread::sleep_for(wait);
    wait = std::min(wait * 2, kMaxPoll);
    STRATUS_TRY(answer, server->expect_success(poll));
    STRATUS_TRY(now, read_operation(answer.body));
    operation = std::move(now);
    if (std::exchange(told, told || operation.total > 0) || operation.total == 0) continue;
    progress.announce(fmt::format("waiting for {} from what devices run to {}:{}",
                                  count_of(operation.total, "delta"), name, version));
  }
  progress.clear();
  if (operation.state == "done") return operation.detail;
  return fail(ErrorCode::conflict,
              fmt::format("deploy {}:{}: {}", name, version,
                          operation.detail.empty() ? operation.state : operation.detail));
}

Result<void> deploy(const DeployOptions& options, const CommonOptions& common) {
  const std::string& text = options.reference;
  STRATUS_TRY(reference, parse_version(text));
  std::optional<crypto::SigningKey> key;
  if (!options.sign_key.empty()) {
    STRATUS_TRY(loaded, crypto::SigningKey::load(options.sign_key)
                            .with_context("--sign-key (the release.key that `stratus key generate` made)"));
    key = std::move(loaded);
  }
  STRATUS_TRY(is_signed, prepare(reference, key ? &*key : nullptr, options.accept_unsigned, common)
                             .with_context("deploy " + text));
  Progress progress(common);
  STRATUS_TRY(words,
              deploy_version(common, reference.name, reference.tag, options.accept_unsigned, progress));
  say(common, fmt::format("{}:{} is what devices run next. {}", reference.name, reference.tag, words));
  if (!is_signed)
    say(common,
        fmt::format("  not signed, devices will refuse it: `stratus deploy {} --sign-key release.key`",
                    text));
  print_json(
      common,
      boost::json::serialize(boost::json::object{
          {"name", reference.name}, {"version", reference.tag}, {"signed", is_signed}, {"detail", words}}));
  return {};
}

Result<void> sign(const std::string& text, const std::filesystem::path& sign_key,
                  const CommonOptions& common) {
  STRATUS_TRY(reference, parse_version(text));
  STRATUS_TRY(key, crypto::SigningKey::load(sign_key).with_context(
                       "--sign-key (the release.key that `stratus key generate` made)"));
  const bool is_image = wire::update_kind_of(reference.name) == wire::UpdateKind::container;
  if (is_image) {
    STRATUS_CHECK(prepare(reference, &key, false, common).with_context("sign " + text));
  } else {
    STRATUS_CHECK(sign_artifact(reference, key, common).with_context("sign " + text));
  }
  say(common, fmt::format("{} is signed by key {}. {}`stratus rollout create {}` brings it to {}.", text,
                          key.public_key().id().substr(0, 12),
                          is_image ? "`stratus deploy " + text + "` makes it what devices run next, " : "",
                          text, is_image ? "some of them" : "devices"));
  print_json(common, boost::json::serialize(boost::json::object{
                         {"name", reference.name}, {"version", reference.tag}, {"signed", true}}));
  return {};
}

}  // namespace stratus::cli
