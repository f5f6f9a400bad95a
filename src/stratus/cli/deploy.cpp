#include "stratus/cli/deploy.hpp"

#include <chrono>
#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/cli/server_connection.hpp"
#include "stratus/oci/reference.hpp"

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

}  // namespace

Result<std::string> deploy_version(const CommonOptions& common, const std::string& name,
                                   const std::string& version, Progress& progress) {
  STRATUS_TRY(server, ServerConnection::open(common));
  Request start;
  start.method = "PUT";
  start.path = fmt::format("/api/v1/releases/{}/target", net::percent_encode(name));
  start.content_type = "application/json";
  start.body = boost::json::serialize(boost::json::object{{"version", version}});
  STRATUS_TRY(accepted, server->expect_success(start));
  STRATUS_TRY(operation, read_operation(accepted.body));
  const auto location = accepted.headers.get("Location");
  Request poll;
  poll.path = location.value_or("");
  progress.start("Making deltas", operation.total, false);
  auto wait = kFirstPoll;
  while (operation.state == "running" && location) {
    progress.set_total(operation.total);
    progress.set(operation.done);
    std::this_thread::sleep_for(wait);
    wait = std::min(wait * 2, kMaxPoll);
    STRATUS_TRY(answer, server->expect_success(poll));
    STRATUS_TRY(now, read_operation(answer.body));
    operation = std::move(now);
  }
  progress.clear();
  if (operation.state == "done") return operation.detail;
  return fail(ErrorCode::conflict,
              fmt::format("deploy {}:{}: {}", name, version,
                          operation.detail.empty() ? operation.state : operation.detail));
}

Result<void> deploy(const std::string& text, const CommonOptions& common) {
  STRATUS_TRY(reference, oci::parse_reference(text));
  if (reference.tag.empty()) return fail(ErrorCode::invalid, fmt::format("'{}': say NAME:VERSION", text));
  Progress progress(common);
  STRATUS_TRY(words, deploy_version(common, reference.name, reference.tag, progress));
  say(common, fmt::format("{}:{} is what devices run next. {}", reference.name, reference.tag, words));
  print_json(common, boost::json::serialize(boost::json::object{
                         {"name", reference.name}, {"version", reference.tag}, {"detail", words}}));
  return {};
}

}  // namespace stratus::cli
