#include "stratus/cli/release_list.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"

namespace stratus::cli {
namespace {

constexpr std::size_t kMaxReleases = 100'000;

Result<void> read_name(const boost::json::value& value, const std::string& path,
                       std::vector<ReleaseLine>& out) {
  ObjectReader reader(value, path);
  const std::string name = reader.text("name", 255);
  STRATUS_CHECK(reader.done());
  std::string target;
  if (const auto* const found = value.get_object().if_contains("target");
      found != nullptr && found->is_object()) {
    ObjectReader target_reader(*found, path + ".target");
    target = target_reader.text("version", 200);
    STRATUS_CHECK(target_reader.done());
  }
  for (const boost::json::value& version : reader.optional_array("versions", kMaxReleases)) {
    ObjectReader line(version, path + ".versions");
    ReleaseLine entry;
    entry.name = name;
    entry.version = line.text("version", 200);
    entry.digest = line.digest("digest");
    entry.created_ms = static_cast<std::int64_t>(line.optional_number("created_ms", 0));
    entry.is_target = entry.version == target;
    STRATUS_CHECK(line.done());
    out.push_back(std::move(entry));
  }
  return reader.done();
}

}  // namespace

Result<std::vector<ReleaseLine>> fetch_releases(ServerConnection& server, const std::string& name) {
  Request request;
  request.path = "/api/v1/releases" + (name.empty() ? "" : "/" + net::percent_encode(name));
  request.max_answer = kMaxAnswer;
  STRATUS_TRY(answer, server.send(request));
  std::vector<ReleaseLine> out;
  if (!name.empty() && answer.status == 404) return out;
  if (answer.status != 200) return fail(refusal(request, answer));
  const auto read = [&]() -> Result<void> {
    STRATUS_TRY(value, parse_json(answer.body, kMaxAnswer));
    if (!name.empty()) return read_name(value, "release", out);
    ObjectReader reader(value, "");
    for (const boost::json::value& one : reader.optional_array("releases", kMaxReleases)) {
      STRATUS_CHECK(read_name(one, "releases", out));
    }
    return reader.done();
  };
  STRATUS_CHECK(read().with_context(fmt::format("GET {}", request.path)));
  return out;
}

std::string where_to_look(const std::string& name, const std::vector<ReleaseLine>& releases) {
  if (releases.empty()) return fmt::format("; nothing is published as {} so far", name);
  return fmt::format("; `stratus releases {}` lists its versions", name);
}

}  // namespace stratus::cli
