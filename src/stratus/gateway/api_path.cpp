#include "stratus/gateway/api_path.hpp"

#include "stratus/net/http_message.hpp"

namespace stratus::gateway {

ApiPath parse_api_path(std::string_view path) {
  constexpr std::string_view kRoot = "/api/v1/";
  if (!path.starts_with(kRoot)) return {};
  path.remove_prefix(kRoot.size());
  const std::size_t slash = path.find('/');
  const std::string_view first = path.substr(0, slash);
  const std::string_view rest = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  ApiPath result;
  if (first == "next") {
    // The slashes of a name may stand as they are.
    const auto name = net::percent_decode(rest);
    if (name && !name->empty()) result = ApiPath{ApiKind::next, *name, false, {}};
  } else if (first == "files") {
    // DIGEST/FILE NAME/REPOSITORY, and the signature in the query.
    const std::size_t name = rest.find('/');
    const std::size_t after = name == std::string_view::npos ? name : rest.find('/', name + 1);
    if (after == std::string_view::npos) return result;
    const auto digest_text = net::percent_decode(rest.substr(0, name));
    const auto digest = Digest::parse(digest_text ? *digest_text : std::string());
    const auto repository = net::percent_decode(rest.substr(after + 1));
    if (digest && repository && !repository->empty())
      result = ApiPath{ApiKind::file, *repository, false, *digest};
  } else if (first == "ca") {
    result.kind = ApiKind::authority;
  } else if (first == "mcu") {
    // One device's, and signed: nothing to keep.
    result.kind = ApiKind::readable;
  } else if (first == "devices" || first == "releases" || first == "operations") {
    result.kind = ApiKind::readable;
    const std::size_t end = rest.find('/');
    const std::string_view leaf = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (first != "devices") return result;
    const auto device = net::percent_decode(rest.substr(0, end));
    if (!device) return {};
    result.subject = *device;
    result.is_report = leaf == "reports";
    if (leaf == "reports" || leaf == "data") result.kind = ApiKind::message;
  }
  return result;
}

}  // namespace stratus::gateway
