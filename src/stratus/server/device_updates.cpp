#include "stratus/server/device_updates.hpp"

#include "stratus/base/log.hpp"
#include "stratus/server/report_record.hpp"
#include "stratus/wire/messages.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::server {
namespace {

constexpr std::int64_t kPage = 1'000;  // devices read at a time

Result<void> keep_reports(db::Catalogue& catalogue, db::Transaction& transaction,
                          std::span<const DeviceMessage* const> messages) {
  for (const DeviceMessage* const message : messages) {
    STRATUS_TRY(result, wire::parse_result(message->body));
    if (result.report.empty()) continue;
    STRATUS_TRY(report, wire::parse_report(result.report));
    STRATUS_CHECK(catalogue.add_report_in(
        transaction, report_record(report, std::move(result.report), message->received_ms)));
  }
  return {};
}

// What the contents are when they are all of one kind; a mixture is told of as containers are.
std::string kind_of(const std::vector<rollout::Content>& contents) {
  wire::UpdateKind kind =
      contents.empty() ? wire::UpdateKind::container : wire::update_kind_of(contents[0].name);
  for (const rollout::Content& content : contents) {
    if (wire::update_kind_of(content.name) != kind) kind = wire::UpdateKind::container;
  }
  return std::string(name_of(kind));
}

}  // namespace

DeviceUpdates::DeviceUpdates(net::Executor loop, DeviceLink& link, Releases& releases,
                             db::Catalogue& catalogue, net::WorkerPool& pool, IsPersonal is_personal)
    : link_(link),
      releases_(releases),
      catalogue_(catalogue),
      pool_(pool),
      is_personal_(std::move(is_personal)),
      tasks_(loop) {
  link_.on_message(
      "update/result",
      [&catalogue](db::Transaction& transaction, std::span<const DeviceMessage* const> messages) {
        return keep_reports(catalogue, transaction, messages);
      },
      nullptr);
  link_.on_question([this](const std::string& /*device*/,
                           const wire::NextQuestion& question) -> std::optional<wire::UpdateRequest> {
    const auto target = releases_.target(question.name);
    if (!target) return std::nullopt;
    const auto digest = Digest::parse(target->digest);
    if (!digest || (*digest == question.have && !is_personal_(question.name))) return std::nullopt;
    return request_for(*target, *digest);
  });
}

wire::UpdateRequest DeviceUpdates::request_for(const db::Target& target, const Digest& digest) const {
  wire::UpdateRequest request;
  request.command = "target-" + std::to_string(target.changed_ms);
  request.kind = "container";
  request.items.push_back({target.name, target.version, digest});
  return request;
}

void DeviceUpdates::tell(const rollout::Telling& telling, const std::string& rollout,
                         const std::vector<rollout::Content>& contents) {
  if (!link_.is_online(telling.device)) return;  // it asks when it comes back
  if (telling.what == rollout::Tell::cancel) {
    wire::CancelRequest cancel;
    cancel.command = rollout;
    cancel.name = contents.at(telling.content).name;
    (void)link_.send(telling.device, "update/cancel", wire::encode_cancel(cancel));
    return;
  }
  wire::UpdateRequest request;
  request.command = rollout;
  request.kind = kind_of(contents);
  request.rollout = rollout;
  for (const rollout::Content& content : contents)
    request.items.push_back({content.name, content.version, content.digest});
  (void)link_.send(telling.device, "update/request/" + request.kind, wire::encode_update_request(request));
}

void DeviceUpdates::announce(const std::string& name) { tasks_.spawn(tell_all(name)); }

net::Task<void> DeviceUpdates::tell_all(std::string name) {
  const auto target = releases_.target(name);
  if (!target) co_return;
  const auto digest = Digest::parse(target->digest);
  if (!digest) co_return;
  const std::string request = wire::encode_update_request(request_for(*target, *digest));
  std::string after;
  std::size_t told = 0;
  for (;;) {
    auto read = [&] { return catalogue_.devices(after, kPage); };
    auto devices = co_await pool_.run(read);
    if (!devices || devices->empty()) break;
    after = devices->back().id;
    for (const db::Device& device : *devices) {
      if (device.name != name || device.running == target->digest) continue;
      // One that is away asks when it comes back.
      if (!link_.is_online(device.id)) continue;
      if (link_.send(device.id, "update/request/container", request)) ++told;
    }
  }
  if (told > 0) log::info("mqtt", "told {} devices about {}:{}", told, name, target->version);
}

}  // namespace stratus::server
