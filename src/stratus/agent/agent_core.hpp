// Inside of the agent; see agent.hpp. Split over agent.cpp (life, keeper, status), update_actions.cpp
// (asking, fetching, unpacking) and swap_actions.cpp (swapping, probation, return).
#pragma once

#include <deque>
#include <optional>
#include <random>

#include "stratus/agent/agent.hpp"
#include "stratus/agent/content_keeper.hpp"
#include "stratus/agent/firmware_follower.hpp"
#include "stratus/agent/image_store.hpp"
#include "stratus/agent/mqtt_link.hpp"
#include "stratus/agent/notifier.hpp"
#include "stratus/agent/report_queue.hpp"
#include "stratus/agent/service_host.hpp"
#include "stratus/agent/state_store.hpp"
#include "stratus/crypto/release_verifier.hpp"
#include "stratus/net/http_client.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/update/crash_rules.hpp"
#include "stratus/update/planner.hpp"
#include "stratus/update/transfer_meter.hpp"

namespace stratus::agent {

// What an action came to.
struct Outcome {
  update::Event event;
  update::EventDetail detail;
};

class AgentCore final : public Agent {
 public:
  AgentCore(AgentConfig config, net::Executor executor, StateStore state,
            std::unique_ptr<crypto::ReleaseVerifier> verifier, runtime::Launcher launcher);

  net::Task<Result<void>> run() override;
  void check_now() override;
  bool cancel(std::string_view name) override;
  void stop(bool service_too) override;
  std::vector<wire::LogEntry> take_errors() override { return std::exchange(errors_, {}); }
  std::string status() const override;
  void on_link(std::function<void(const std::string&)> hook) override { on_link_ = std::move(hook); }

 private:
  // agent.cpp
  const update::DeviceRecord& record() const { return state_.record(); }
  Outcome outcome(update::Event event, std::string reason = {}, bool blame = false) const;
  void recover();
  void rebuild_record(const Found& found);
  net::Task<bool> fall_back(std::string reason);
  bool ends_too_often();
  void note_error(std::string_view component, std::string message);
  void mark_committed();
  net::Task<void> drive();
  net::Task<Outcome> perform(update::Action action);
  net::Task<update::Action> advance(Outcome done);
  std::optional<Outcome> died_meanwhile(const Outcome& done) const;
  net::Task<Outcome> rest(std::chrono::milliseconds duration);
  net::Task<Outcome> conclude();
  net::Task<void> keep_running();
  net::Task<void> keep_house();
  net::Task<void> deliver_reports();
  net::Task<void> stop_service();
  wire::DeviceReport make_report() const;
  Result<void> start_others();
  net::Task<Result<void>> queue_report(wire::DeviceReport report);

  // update_actions.cpp
  net::Task<Outcome> ask();
  net::Task<Outcome> consider(wire::NextRelease next);
  net::Task<Outcome> plan();
  net::Task<Outcome> fetch();
  net::Task<Outcome> fetch_later();
  net::Task<Outcome> unpack();
  net::Task<Outcome> discard();
  Result<void> need_candidate();
  const Release* installed_base();
  Outcome after_fetch_error(const Error& error, const update::PlanStep& step, bool progress);
  Outcome after_unpack_error(const Error& error, const update::PlanStep& step);
  std::uint64_t take_traffic();
  void note_link(std::string problem);  // "": the server answered

  // swap_actions.cpp
  net::Task<Outcome> begin_swap();
  net::Task<Outcome> swap();
  net::Task<Outcome> swap_stop_first(InstancePtr candidate);
  net::Task<Outcome> swap_start_first(InstancePtr candidate);
  net::Task<Outcome> watch();
  net::Task<Outcome> commit();
  net::Task<Outcome> restore();
  net::Task<Result<void>> wait_healthy(InstancePtr instance, HealthCheckPlan plan);
  net::Task<Result<void>> run_release(Digest manifest);
  net::Task<void> end_all_but(InstancePtr keep);
  net::Task<Outcome> give_up_candidate(InstancePtr candidate, std::string reason, bool blame);

  AgentConfig config_;
  net::Executor executor_;
  StateStore state_;
  ImageStore images_;
  ReportQueue reports_;
  net::WorkerPool worker_;
  std::unique_ptr<crypto::ReleaseVerifier> verifier_;
  ServiceHost host_;
  std::unique_ptr<net::HttpClient> client_;
  std::unique_ptr<MqttLink> mqtt_;           // null without a broker
  std::unique_ptr<ContentKeeper> contents_;  // null without a directory for them

  std::vector<InstancePtr> adopted_;  // until recovery has sorted them
  std::vector<update::ReleaseId> dead_;
  InstancePtr main_;                // what is in charge; null while nothing runs
  std::optional<Release> current_;  // of record().current
  std::optional<Release> candidate_;
  std::vector<std::unique_ptr<FirmwareFollower>> firmware_;
  Digest last_refused_;
  Digest last_known_bad_;     // said once, not at every poll
  std::uint64_t checks_ = 0;  // times that it asked
  update::Plan plan_;
  update::TransferMeter transfer_;
  bool swapping_ = false;  // the keeper keeps out
  bool keeper_busy_ = false;
  std::chrono::milliseconds downtime_{0};

  bool stopping_ = false;
  bool stop_service_too_ = false;
  bool cancelled_ = false;
  bool check_wanted_ = false;
  bool asked_by_hand_ = false;
  update::CrashCounter crashes_;
  InstancePtr counted_;    // the last one whose end was counted
  std::string fell_back_;  // why the version before runs although another is committed; for the machine
  std::string boot_;       // id of this run of the machine
  bool first_poll_ = true;
  unsigned attempts_ = 0;                     // of the link, in a row
  std::chrono::milliseconds asked_pause_{0};  // by who could not answer last (Retry-After)
  unsigned failures_ = 0;                     // updates that failed, in a row
  unsigned damaged_ = 0;                      // wrong bytes, in a row
  std::uint64_t traffic_mark_ = 0;
  std::optional<std::uint64_t> spent_;   // bytes of blobs that came for the candidate; none: another agent's
  std::uint64_t reached_ = 0;            // most bytes of the plan's blobs that were here at once
  std::vector<wire::LogEntry> errors_;   // not told yet; at most kMaxErrors, the oldest go
  std::string last_end_;                 // of the last update: "committed", "failed", …
  std::string link_;                     // the last trouble with the server; empty when it answered
  bool asked_ = false;                   // once, with whatever success
  std::optional<update::Event> answer_;  // what the last question came to
  std::function<void(const std::string&)> on_link_;
  std::mt19937_64 random_{std::random_device{}()};

  Notifier wake_;  // the update coroutine
  Notifier keeper_wake_;
  Notifier report_wake_;
  Notifier stopped_;
};

}  // namespace stratus::agent
