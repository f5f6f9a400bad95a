// Contents to simulated devices: the list that is to be shown is one release whose files are its layers, so
// that everything between question and report is as with firmware.
#include <fmt/format.h>

#include "stratus/crypto/sha256.hpp"
#include "stratus/sim/device.hpp"
#include "stratus/update/record_report.hpp"
#include "stratus/wire/content_order.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::sim {

std::string Device::question(const InstalledImage& image) const {
  const std::string device = net::percent_encode(name_);
  const update::ReleaseId& runs = image.record.current;
  if (wire::update_kind_of(image.name) == wire::UpdateKind::content)
    return fmt::format("/api/v1/devices/{}/contents/next?have={}", device, runs.version);
  const std::string name = net::percent_encode(image.name);
  const std::string have = runs.manifest.empty() ? "" : "&have=" + runs.manifest.hex();
  return fmt::format("/api/v1/next/{}?device={}{}", name, device, have);
}

Device::Outcome Device::consider_contents(InstalledImage& image, std::string_view answer) {
  const auto order = wire::parse_content_order(answer);
  if (!order) return unreadable(order.error());
  if (order->items.empty()) return outcome(update::Event::up_to_date);
  auto list = world_.shelf.take(*order);
  if (!list) return outcome(update::Event::unreachable);
  const update::ReleaseId id{(*list)->manifest, (*list)->version};
  if (id.manifest == image.record.current.manifest) return outcome(update::Event::up_to_date);
  const auto now = unix_ms();
  if (image.record.is_bad(id.manifest, now)) return outcome(update::Event::known_bad);
  image.offers.clear();
  return accept(image, id, std::move(list));
}

// Of contents one each when they are shown, because each is a line of the rollout; else about the one whose
// turn it was.
std::vector<wire::DeviceReport> Device::reports_of(const InstalledImage& image) const {
  const auto now = unix_ms();
  wire::DeviceReport report = update::report_of(image.record, name_, image.name, now);
  report.downtime_ms = image.record.downtime_ms;
  if (!image.candidate || image.candidate->shown.empty()) return {report};
  const bool is_shown = image.record.state == update::State::committed;
  std::vector<wire::DeviceReport> reports;
  for (const wire::ShownContent& one : image.candidate->shown) {
    if (!is_shown && one.manifest != image.candidate->about) continue;
    report.version = one.id;
    report.target = one.manifest;
    report.running = is_shown ? one.manifest : Digest();
    report.running_version = is_shown ? one.id : "";
    if (is_shown) report.shown = image.candidate->shown;
    reports.push_back(report);
  }
  return reports;
}

}  // namespace stratus::sim
