#include "stratus/cli/device_command.hpp"

#include <chrono>
#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/clock.hpp"
#include "stratus/base/json.hpp"
#include "stratus/cli/answer_members.hpp"
#include "stratus/cli/server_connection.hpp"

namespace stratus::cli {

namespace json = boost::json;

namespace {

constexpr std::chrono::milliseconds kLookForAnswer{250};
constexpr std::chrono::seconds kAnswerPatience{65};  // a command is good for a minute

std::string device_path(const std::string& device) {
  return "/api/v1/devices/" + net::percent_encode(device);
}

Result<json::value> give_command(ServerConnection& server, const DeviceCommand& options) {
  Request request;
  request.method = "POST";
  request.path = device_path(options.device) + "/commands";
  request.content_type = "application/json";
  request.body = json::serialize(json::object{{"command", options.command}});
  STRATUS_TRY(answer, server.expect_success(request));
  return parse_json(answer.body, kMaxAnswer).with_context(request.path);
}

// What the device said to it; null: nothing yet.
Result<json::value> find_answer(ServerConnection& server, const std::string& device, const std::string& id) {
  STRATUS_TRY(events, fetch(server, device_path(device) + "/events?kind=control/response&limit=100"));
  for (const json::value& event : items_of(events, "items")) {
    const json::value& body = member(event, "body");
    if (text_of(body, "command") == id) return body;
  }
  return json::value(nullptr);
}

Result<json::value> wait_for_answer(ServerConnection& server, const std::string& device,
                                    const std::string& id) {
  const auto end = system_clock().steady() + kAnswerPatience;
  for (;;) {
    STRATUS_TRY(found, find_answer(server, device, id));
    if (!found.is_null()) return found;
    if (system_clock().steady() >= end)
      return fail(ErrorCode::timeout,
                  fmt::format("{} did not answer within {} s", device, kAnswerPatience.count()));
    std::this_thread::sleep_for(kLookForAnswer);
  }
}

}  // namespace

Result<int> command_device(const DeviceCommand& options, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(given, give_command(*server, options));
  const std::string id = text_of(given, "id");
  if (!options.wait) {
    say(common, fmt::format("Sent {} to {} as {}", options.command, options.device, id));
    print_json(common, json::serialize(given));
    return 0;
  }
  STRATUS_TRY(answer, wait_for_answer(*server, options.device, id));
  const std::string status = text_of(answer, "status"), reason = text_of(answer, "reason");
  say(common, fmt::format("{} {}: {}{}{}", options.device, options.command, status,
                          reason.empty() ? "" : ": ", reason));
  given.as_object()["answer"] = answer;
  print_json(common, json::serialize(given));
  return status == "done" ? 0 : 6;
}

}  // namespace stratus::cli
