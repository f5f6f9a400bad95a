#include "stratus/server/sightings.hpp"

#include "stratus/base/log.hpp"
#include "stratus/server/report_record.hpp"

namespace stratus::server {

void Sightings::note(const std::string& device, const std::string& name, const Digest& running,
                     bool own_word) {
  if (waiting_.size() >= kMax && !waiting_.contains(device)) return;
  db::Report::Main main = main_of(name);
  if (main == db::Report::Main::never) return;
  if (!own_word) main = db::Report::Main::never;
  // What the device itself runs is the better word.
  if (main != db::Report::Main::always && waiting_.contains(device)) return;
  waiting_[device] = {device, name, running.empty() ? "" : running.text(), now_ms(), main};
}

net::Task<void> Sightings::flush() {
  if (waiting_.empty()) co_return;
  std::vector<db::Sighting> taken;
  for (auto& [device, sighting] : waiting_) taken.push_back(std::move(sighting));
  waiting_.clear();
  std::function<void(db::Catalogue::Done)> write = [&](db::Catalogue::Done done) {
    catalogue_.note_sightings(std::move(taken), std::move(done));
  };
  auto written = co_await await_write(write);
  if (!written) log::warning("devices", "sightings were not stored: {}", written.error().text());
}

}  // namespace stratus::server
