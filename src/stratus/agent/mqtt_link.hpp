// The agent on MQTT, beside polling over HTTPS: wakes it at once when there is something new, takes a cancel,
// and tells presence, measurements, the progress of an update, errors and the end of a cancel; the last two
// until the server has stored them. What must outlive the agent (reports) goes by HTTPS, and without a broker
// the agent goes on by polling.
//
// A command is only a nudge: the agent then asks the server and checks signatures as ever. Runs on the loop.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/json/fwd.hpp>

#include "stratus/agent/agent.hpp"
#include "stratus/agent/config.hpp"
#include "stratus/agent/system_metrics.hpp"
#include "stratus/agent/unheard.hpp"
#include "stratus/net/identity_files.hpp"
#include "stratus/net/link_trouble.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/net/mqtt_session.hpp"
#include "stratus/wire/messages.hpp"

namespace stratus::agent {

class MqttLink final : private net::MqttEvents {
 public:
  // `agent` must outlive it. `invalid` when the broker's URL is none.
  static Result<std::unique_ptr<MqttLink>> make(net::Executor executor, const AgentConfig& config,
                                                Agent& agent);
  void start();
  net::Task<void> stop();

  // Asks for a fresh certificate in the session of the one in use, signed too for the case that a gateway is
  // between. `unavailable` without a connection, `timeout` when nothing comes back: then there is HTTPS;
  // `cancelled` when the agent ends. One at a time.
  net::Task<Result<net::OwnIdentity>> renew(net::IdentityFiles files);
  // The session goes on with the certificate that is on the disk by now.
  void use_fresh_certificate() { session_.reconnect(); }

 private:
  MqttLink(net::Executor executor, const AgentConfig& config, Agent& agent, net::MqttOptions options);

  void on_connected(bool session_present) override;
  void on_disconnected(const Error& why) override;
  void on_message(const wire::mqtt::Message& message) override;
  void take_request(std::string_view body);
  void take_answer(std::string_view body);
  void take_cancel(std::string_view body);
  void take_control(std::string_view body);
  net::Task<void> watch();
  void tell_progress();
  void tell_progress_of(const std::string& name, const boost::json::object& about);
  void tell_metrics();
  void tell_errors();
  void answer_cancels();
  void answer_cancel(const std::string& command, std::string status, std::string reason);
  void say_unheard();
  void say(std::string_view suffix, std::string body, bool retain = false);

  AgentConfig config_;
  Agent& agent_;
  SystemMetrics metrics_;
  net::MqttSession session_;
  net::TaskGroup tasks_;
  net::Notifier answered_;
  std::optional<std::string> renewal_;  // the answer to the request for one
  bool stopping_ = false;
  std::string boot_;
  std::string command_;  // the last request, named in what is told about its update
  std::map<std::string, std::string> last_progress_;  // by name, so that nothing is told twice
  struct Cancel {
    std::string command;
    std::set<std::string> names;  // what was under way when it came
  };
  std::vector<Cancel> cancels_;  // whose end is waited for, oldest first: beyond kMaxCancels it is forgotten
  Unheard unheard_;
  net::LinkTrouble trouble_;
};

}  // namespace stratus::agent
