#include "stratus/net/mqtt_enrolment.hpp"

#include <optional>

#include "stratus/base/random.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/wire/enrolment.hpp"
#include "stratus/wire/mqtt/packet.hpp"
#include "stratus/wire/topics.hpp"

namespace stratus::net {
namespace {

MqttOptions options_for(MqttEndpoint endpoint, std::filesystem::path ca_file, const std::string& client) {
  MqttOptions options;
  options.endpoint = std::move(endpoint);
  options.ca_file = std::move(ca_file);
  options.session.client_id = client;
  options.session.clean_start = true;
  options.session.session_expiry = 60;  // a break between question and answer costs nothing
  options.first_backoff = Millis(200);
  options.longest_backoff = Millis(5'000);
  return options;
}

// Says its request once it is subscribed; the session says it again after a break.
struct Asking final : MqttEvents {
  Asking(const Executor& executor, MqttOptions options, std::string request)
      : changed(executor), session(executor, options, *this), body(std::move(request)) {
    client = options.session.client_id;
    session.subscribe(wire::device_topic(client, "regist/ack"));
  }
  void on_connected(bool) override {}
  void on_subscribed(const std::string&, std::uint8_t reason) override {
    if (reason >= 128) finish(fail(ErrorCode::denied, "the broker takes no enrolment here"));
    if (asked) return;
    asked = true;
    const auto sent = session.publish(wire::device_topic(client, "regist"), body, {});
    if (!sent) finish(fail(sent.error()));
  }
  void on_published(std::uint64_t, std::uint8_t reason) override {
    if (reason < 128) return;
    finish(fail(ErrorCode::denied,
                "the broker takes no enrolment here: " + wire::mqtt::describe_reason(reason)));
  }
  void on_message(const wire::mqtt::Message& message) override {
    finish(std::string(as_text(message.payload)));
    session.acknowledge(message.token);
  }
  void on_disconnected(const Error& why) override { obstacle = why.text(); }
  void finish(Result<std::string> how) {
    if (!result) result = std::move(how);
    changed.notify_all();
  }

  Notifier changed;
  MqttSession session;
  std::string client, body, obstacle;
  bool asked = false;
  std::optional<Result<std::string>> result;
};

}  // namespace

Task<Result<std::string>> ask_to_enrol(Executor executor, MqttEndpoint endpoint,
                                       std::filesystem::path ca_file, std::string body, Millis patience) {
  const std::string where = endpoint.text();
  const std::string client = "enrol-" + random_hex(8);
  Asking asking(executor, options_for(std::move(endpoint), std::move(ca_file), client), std::move(body));
  TaskGroup tasks(executor);
  tasks.spawn(asking.session.run());
  const SteadyTime end = std::chrono::steady_clock::now() + patience;
  bool in_time = true;
  while (!asking.result && in_time) {
    in_time = co_await asking.changed.wait_until(end);
  }
  co_await tasks.stop();
  if (asking.result) co_return std::move(*asking.result);
  co_return fail(ErrorCode::timeout,
                 where + " gives no answer" + (asking.obstacle.empty() ? "" : ": " + asking.obstacle));
}

}  // namespace stratus::net
