#include "stratus/oci/registry_route.hpp"

#include <vector>

#include <boost/json.hpp>

#include "stratus/oci/reference.hpp"

namespace stratus::oci {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  for (;;) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_upload_id(std::string_view id) {
  return id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Fills name and reference by the last segments; names may hold words like "blobs" themselves.
RegistryEndpoint classify(std::string_view rest, RegistryRoute& route) {
  if (rest.empty()) return RegistryEndpoint::base;
  if (rest == "_catalog") return RegistryEndpoint::catalog;
  const std::vector<std::string_view> segments = split(rest);
  const std::size_t count = segments.size();
  const auto name_until = [&](std::size_t left) {
    std::size_t length = 0;
    for (std::size_t i = 0; i + left < count; ++i) length += segments[i].size() + (i > 0 ? 1 : 0);
    return std::string(rest.substr(0, length));
  };
  if (count < 3) return RegistryEndpoint::unknown;
  const std::string_view last = segments[count - 1];
  const std::string_view verb = segments[count - 2];
  route.reference = last;
  route.name = name_until(2);
  if (verb == "manifests") return RegistryEndpoint::manifest;
  if (verb == "referrers") return RegistryEndpoint::referrers;
  if (verb == "tags" && last == "list") return RegistryEndpoint::tags;
  if (verb == "blobs") return last == "uploads" ? RegistryEndpoint::uploads : RegistryEndpoint::blob;
  if (count < 4 || verb != "uploads" || segments[count - 3] != "blobs") return RegistryEndpoint::unknown;
  route.name = name_until(3);
  return last.empty() ? RegistryEndpoint::uploads : RegistryEndpoint::upload;
}

}  // namespace

RegistryRoute parse_registry_route(std::string_view path, OciError& error) {
  RegistryRoute route;
  const auto refuse = [&](int status, std::string code, std::string message) {
    error = {status, std::move(code), std::move(message)};
    return RegistryRoute();
  };
  if (path != "/v2" && !path.starts_with("/v2/")) return refuse(404, "UNSUPPORTED", "no such endpoint");
  const std::string_view rest = path.substr(std::min<std::size_t>(path.size(), 4));
  route.endpoint = classify(rest, route);
  switch (route.endpoint) {
    case RegistryEndpoint::base:
    case RegistryEndpoint::catalog:
      return route;
    case RegistryEndpoint::unknown:
      return refuse(404, "UNSUPPORTED", "no such endpoint");
    default:
      break;
  }
  if (!oci::is_repository_name(route.name)) {
    return refuse(400, "NAME_INVALID", "'" + route.name.substr(0, 100) + "' is not a repository name");
  }
  const bool may_be_tag = route.endpoint == RegistryEndpoint::manifest;
  if (may_be_tag && route.reference.find(':') == std::string::npos) {
    if (oci::is_tag(route.reference)) return route;
    return refuse(404, "MANIFEST_UNKNOWN", "'" + route.reference.substr(0, 100) + "' is not a tag");
  }
  if (route.endpoint == RegistryEndpoint::upload && !is_upload_id(route.reference)) {
    return refuse(404, "BLOB_UPLOAD_UNKNOWN", "no such upload");
  }
  if (may_be_tag || route.endpoint == RegistryEndpoint::blob ||
      route.endpoint == RegistryEndpoint::referrers) {
    const auto digest = Digest::parse(route.reference);
    if (!digest) return refuse(400, "DIGEST_INVALID", digest.error().text());
    route.digest = *digest;
  }
  return route;
}

std::string encode_oci_error(const OciError& error) {
  namespace json = boost::json;
  json::array errors;
  errors.push_back(json::object{{"code", error.code}, {"message", error.message}});
  return json::serialize(json::object{{"errors", std::move(errors)}});
}

}  // namespace stratus::oci
