#include "stratus/server/registry.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/base/result.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/server/oci_answers.hpp"

namespace stratus::server {

namespace json = boost::json;

namespace {

constexpr std::size_t kDefaultPage = 1000;

bool is_read(const std::string& method) { return method == "GET" || method == "HEAD"; }

// "n" of a paged list; nullopt when it is not a number.
std::optional<std::size_t> page_size(const net::RequestHead& request) {
  const auto text = request.query("n");
  if (!text) return kDefaultPage;
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), size);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return std::min(size, std::size_t{10'000});
}

struct Page {
  std::vector<std::string> items;
  bool more = false;
};

Page take_page(std::vector<std::string> sorted, const std::string& last, std::size_t size) {
  const auto begin = last.empty() ? sorted.begin() : std::upper_bound(sorted.begin(), sorted.end(), last);
  const std::size_t left = static_cast<std::size_t>(sorted.end() - begin);
  const auto end = begin + static_cast<std::ptrdiff_t>(std::min(left, size));
  return {{begin, end}, left > size && size > 0};
}

std::string next_link(std::string_view path, const std::string& last, std::size_t size) {
  return fmt::format("<{}?n={}&last={}>; rel=\"next\"", path, size, net::percent_encode(last));
}

json::object describe(const store::Referrer& referrer) {
  json::object descriptor{{"mediaType", referrer.manifest.media_type},
                          {"digest", referrer.manifest.digest.text()},
                          {"size", referrer.manifest.size}};
  if (!referrer.artifact_type.empty()) descriptor["artifactType"] = referrer.artifact_type;
  if (!referrer.annotations.empty()) {
    json::object annotations;
    for (const auto& [key, value] : referrer.annotations) annotations[key] = value;
    descriptor["annotations"] = std::move(annotations);
  }
  return descriptor;
}

}  // namespace

net::Task<Registry::Done> Registry::check_may_write(net::Exchange& exchange) {
  auto principal = co_await authenticator_.identify(exchange.request());
  // Its error answers lead clients to sign in; a database that is away must not.
  if (!principal && principal.error().reason() != "unauthenticated")
    co_return refuse(principal.error(), "UNKNOWN");
  if (principal && principal->may(Scope::releases_write)) co_return Done();
  if (!principal || principal->kind == Principal::Kind::anonymous)
    co_return refuse(401, "UNAUTHORIZED", "this needs a token with releases:write");
  co_return refuse(403, "DENIED", principal->label() + " lacks the permission releases:write");
}

// Once a minute at most: clients of other makes try again and again.
void Registry::complain_of_no_space(const std::string& why) {
  const auto now = std::chrono::steady_clock::now();
  if (complained_ && now - *complained_ < std::chrono::minutes(1)) return;
  complained_ = now;
  log::warning("registry", "no space for what is pushed: {}", why);
}

net::Task<void> Registry::handle(net::Exchange& exchange) {
  OciError error;
  if (!net::percent_decode(exchange.request().target)) {
    error = {400, "NAME_INVALID", "the address has a broken %-escape or a NUL"};
    co_await respond_oci_error(exchange, error);
    co_return;
  }
  const std::string path = *net::percent_decode(exchange.request().path);
  const RegistryRoute route = oci::parse_registry_route(path, error);
  const std::string& method = exchange.request().method;
  if (route.endpoint == RegistryEndpoint::unknown) {
    co_await respond_oci_error(exchange, error);
    co_return;
  }
  // Clients learn from /v2/ whether and how to log in; reading itself needs no login. An upload belongs to
  // who pushes, and asking for its state takes it for the time of the answer.
  const bool needs_token = !is_read(method) || route.endpoint == RegistryEndpoint::base ||
                           route.endpoint == RegistryEndpoint::upload;
  if (needs_token) {
    auto allowed = co_await check_may_write(exchange);
    if (!allowed) {
      co_await respond_oci_error(exchange, allowed.error());
      co_return;
    }
  }
  const auto may_read = needs_token ? Result<void>() : hooks_.may_read(exchange.request());
  if (!may_read) {
    auto principal = co_await authenticator_.identify(exchange.request());
    const bool known =
        principal && (principal->kind == Principal::Kind::user || principal->kind == Principal::Kind::token);
    if (!known) {
      error = {403, "DENIED", may_read.error().text()};
      co_await respond_oci_error(exchange, error);
      co_return;
    }
  }
  auto done = co_await dispatch(exchange, route);
  if (done) co_return;
  log::debug("registry", "{} {}: {} {}: {}", method, exchange.request().path, done.error().status,
             done.error().code, done.error().message);
  if (done.error().status == 507) complain_of_no_space(done.error().message);
  co_await respond_oci_error(exchange, done.error());
}

net::Task<Registry::Done> Registry::dispatch(net::Exchange& exchange, const RegistryRoute& route) {
  using enum RegistryEndpoint;
  const std::string& method = exchange.request().method;
  const RegistryEndpoint endpoint = route.endpoint;
  if (is_read(method)) {
    if (endpoint == base) co_return co_await greet(exchange);
    if (endpoint == catalog) co_return co_await list_repositories(exchange);
    if (endpoint == blob) co_return co_await get_blob(exchange, route);
    if (endpoint == manifest) co_return co_await get_manifest(exchange, route);
    if (endpoint == tags) co_return co_await list_tags(exchange, route);
    if (endpoint == referrers) co_return co_await list_referrers(exchange, route);
  }
  if (endpoint == blob && method == "DELETE") co_return co_await delete_blob(exchange, route);
  if (endpoint == manifest && method == "PUT") co_return co_await put_manifest(exchange, route);
  if (endpoint == manifest && method == "DELETE") co_return co_await delete_manifest(exchange, route);
  if (endpoint == uploads && method == "POST") co_return co_await start_upload(exchange, route);
  if (endpoint == upload && method == "GET") co_return co_await upload_status(exchange, route);
  if (endpoint == upload && method == "PATCH") co_return co_await upload_chunk(exchange, route);
  if (endpoint == upload && method == "PUT") co_return co_await finish_upload(exchange, route);
  if (endpoint == upload && method == "DELETE") co_return co_await cancel_upload(exchange, route);
  co_return refuse(405, "UNSUPPORTED", method + " is not possible here");
}

net::Task<Registry::Done> Registry::greet(net::Exchange& exchange) {
  net::ResponseHead head;
  head.headers.set("Content-Type", "application/json");
  head.headers.set("Docker-Distribution-Api-Version", "registry/2.0");
  const std::string body = "{}";
  (void)co_await exchange.respond(head, body);
  co_return Done();
}

net::Task<Registry::Done> Registry::list_repositories(net::Exchange& exchange) {
  const auto size = page_size(exchange.request());
  if (!size) co_return refuse(400, "PAGINATION_NUMBER_INVALID", "n is not a number");
  auto list = [&] { return repositories_.repositories(); };
  auto names = co_await lists_.run(list);
  if (!names) co_return refuse(names.error(), "NAME_UNKNOWN");
  const Page page = take_page(std::move(*names), exchange.request().query("last").value_or(""), *size);
  net::ResponseHead head;
  head.headers.set("Content-Type", "application/json");
  if (page.more) head.headers.set("Link", next_link("/v2/_catalog", page.items.back(), *size));
  const std::string body =
      json::serialize(json::object{{"repositories", json::array(page.items.begin(), page.items.end())}});
  (void)co_await exchange.respond(head, body);
  co_return Done();
}

net::Task<Registry::Done> Registry::get_manifest(net::Exchange& exchange, const RegistryRoute& route) {
  struct Found {
    store::ManifestInfo info;
    std::string body;
  };
  auto read = [&]() -> Result<Found> {
    auto info = route.by_digest() ? repositories_.find_manifest(route.name, route.digest)
                                  : repositories_.find_tag(route.name, route.reference);
    if (!info) return forward_error(std::move(info));
    STRATUS_TRY(body, repositories_.read_manifest(route.name, info->digest));
    return Found{std::move(*info), std::move(body)};
  };
  auto found = co_await pool_.run(read);
  if (!found) co_return refuse(found.error(), "MANIFEST_UNKNOWN");
  net::ResponseHead head;
  head.headers.set("Content-Type", found->info.media_type);
  head.headers.set("Docker-Content-Digest", found->info.digest.text());
  (void)co_await exchange.respond(head, found->body);
  co_return Done();
}

net::Task<Registry::Done> Registry::put_manifest(net::Exchange& exchange, const RegistryRoute& route) {
  const std::size_t limit = oci::kMaxManifest;
  auto body = co_await exchange.read_all(limit);
  if (!body && body.error().code() == ErrorCode::no_space) {
    co_return refuse(413, "SIZE_INVALID", fmt::format("a manifest may have {} bytes at most", limit));
  }
  if (!body) co_return refuse(body.error(), "MANIFEST_UNKNOWN", "MANIFEST_INVALID");
  const std::string type(exchange.request().headers.get("Content-Type").value_or(""));
  auto put = [&] {
    std::optional<std::string> tag;
    std::optional<Digest> expected;
    if (route.by_digest()) {
      expected = route.digest;
    } else {
      tag = route.reference;
    }
    return repositories_.put_manifest(route.name, *body, type.substr(0, type.find(';')), tag, expected);
  };
  auto pushed = co_await writes_.run(put);
  if (!pushed) co_return refuse(pushed.error(), "MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID");
  ++counters_.manifests_pushed;
  hooks_.changed(route.name);
  net::ResponseHead head;
  head.status = 201;
  head.headers.set("Location", fmt::format("/v2/{}/manifests/{}", route.name, pushed->digest.text()));
  head.headers.set("Docker-Content-Digest", pushed->digest.text());
  if (pushed->subject) head.headers.set("OCI-Subject", pushed->subject->text());
  const std::string empty;
  (void)co_await exchange.respond(head, empty);
  co_return Done();
}

net::Task<Registry::Done> Registry::delete_manifest(net::Exchange& exchange, const RegistryRoute& route) {
  auto remove = [&]() -> Result<void> {
    if (!route.by_digest()) return repositories_.delete_tag(route.name, route.reference);
    return hooks_.unless_needed(route.name, route.digest,
                                [&] { return repositories_.delete_manifest(route.name, route.digest); });
  };
  auto removed = co_await writes_.run(remove);
  if (!removed) co_return refuse(removed.error(), "MANIFEST_UNKNOWN");
  hooks_.changed(route.name);
  net::ResponseHead head;
  head.status = 202;
  const std::string empty;
  (void)co_await exchange.respond(head, empty);
  co_return Done();
}

net::Task<Registry::Done> Registry::list_tags(net::Exchange& exchange, const RegistryRoute& route) {
  const auto size = page_size(exchange.request());
  if (!size) co_return refuse(400, "PAGINATION_NUMBER_INVALID", "n is not a number");
  auto list = [&] { return repositories_.tags(route.name); };
  auto tags = co_await lists_.run(list);
  if (!tags) co_return refuse(tags.error(), "NAME_UNKNOWN");
  const Page page = take_page(std::move(*tags), exchange.request().query("last").value_or(""), *size);
  net::ResponseHead head;
  head.headers.set("Content-Type", "application/json");
  if (page.more) {
    head.headers.set("Link",
                     next_link(fmt::format("/v2/{}/tags/list", route.name), page.items.back(), *size));
  }
  const std::string body = json::serialize(
      json::object{{"name", route.name}, {"tags", json::array(page.items.begin(), page.items.end())}});
  (void)co_await exchange.respond(head, body);
  co_return Done();
}

net::Task<Registry::Done> Registry::list_referrers(net::Exchange& exchange, const RegistryRoute& route) {
  auto list = [&] { return repositories_.referrers(route.name, route.digest); };
  auto referrers = co_await lists_.run(list);
  if (!referrers) co_return refuse(referrers.error(), "NAME_UNKNOWN");
  const auto wanted = exchange.request().query("artifactType");
  const std::string last = exchange.request().query("last").value_or("");
  net::ResponseHead head;
  head.headers.set("Content-Type", std::string(oci::media::kIndex));
  if (wanted) head.headers.set("OCI-Filters-Applied", "artifactType");
  json::array manifests;
  std::string shown;
  for (const store::Referrer& referrer : *referrers) {
    if (wanted && referrer.artifact_type != *wanted) continue;
    if (!last.empty() && referrer.manifest.digest.text() <= last) continue;
    if (manifests.size() == kDefaultPage) {
      std::string link = fmt::format("/v2/{}/referrers/{}?last={}", route.name, route.digest.text(), shown);
      if (wanted) link += "&artifactType=" + net::percent_encode(*wanted);
      head.headers.set("Link", "<" + link + ">; rel=\"next\"");
      break;
    }
    manifests.push_back(describe(referrer));
    shown = referrer.manifest.digest.text();
  }
  const std::string body = json::serialize(json::object{
      {"schemaVersion", 2}, {"mediaType", oci::media::kIndex}, {"manifests", std::move(manifests)}});
  (void)co_await exchange.respond(head, body);
  co_return Done();
}

}  // namespace stratus::server
