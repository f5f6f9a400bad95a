#include "stratus/sim/fleet.hpp"

#include <algorithm>

#include <malloc.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/sim/device.hpp"

namespace stratus::sim {

namespace {

constexpr Millis kLook{100};
constexpr std::size_t kOwnDescriptors = 64;

std::uint64_t resident_kib() {
  std::uint64_t pages = 0;
  if (const auto text = read_file("/proc/self/statm", 4096)) {
    const std::size_t blank = text->find(' ');
    if (blank != std::string::npos) pages = std::strtoull(text->c_str() + blank, nullptr, 10);
  }
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

Result<std::unique_ptr<crypto::ReleaseVerifier>> make_verifier(
    const std::vector<std::filesystem::path>& files) {
  if (files.empty()) return std::unique_ptr<crypto::ReleaseVerifier>();
  std::vector<crypto::PublicKey> keys;
  for (const std::filesystem::path& file : files) {
    STRATUS_TRY(key, crypto::PublicKey::load(file));
    keys.push_back(std::move(key));
  }
  return crypto::make_pinned_key_verifier(std::move(keys));
}

}  // namespace

struct Fleet::Impl {
  Impl(net::Executor executor, Identities identities, std::unique_ptr<crypto::ReleaseVerifier> verifier,
       const RunOptions& run)
      : options(run),
        world(executor, std::move(identities), std::move(verifier), std::max<std::size_t>(1, run.parallel)),
        tasks(executor) {}

  RunOptions options;
  std::vector<FleetProfile> profiles;
  World world;
  std::vector<std::unique_ptr<Device>> devices;
  net::TaskGroup tasks;
  std::uint64_t empty_kib = 0;
  std::uint64_t peak_kib = 0;
};

Fleet::Fleet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Fleet::~Fleet() = default;

Result<std::unique_ptr<Fleet>> Fleet::make(net::Executor executor, std::vector<FleetProfile> profiles,
                                           const RunOptions& options) {
  STRATUS_TRY(identities, Identities::open(options.identities));
  STRATUS_TRY(verifier, make_verifier(options.keys));
  auto impl =
      std::make_unique<Impl>(std::move(executor), std::move(identities), std::move(verifier), options);
  World& world = impl->world;
  world.goal = options.goal;
  STRATUS_TRY(origin, net::parse_http_origin(options.server));
  world.http.origin = std::move(origin);
  const std::filesystem::path trust = world.identities.trust_file();
  if (world.http.origin.tls) {
    STRATUS_TRY(context, net::TlsClientContext::make(options.ca_file.empty() ? trust : options.ca_file,
                                                     net::ServerJudgement::remembered));
    world.http.context = std::move(context);
  }
  if (!options.broker.empty()) {
    STRATUS_TRY(broker, net::parse_mqtt_endpoint(options.broker));
    world.broker = std::move(broker);
    world.has_broker = true;
    if (world.broker.kind == net::MqttEndpoint::Kind::tls) {
      STRATUS_TRY(context, net::TlsClientContext::make(trust, net::ServerJudgement::remembered));
      world.broker_context = std::move(context);
    }
  }
  impl->profiles = std::move(profiles);
  return std::unique_ptr<Fleet>(new Fleet(std::move(impl)));
}

net::Task<Result<void>> Fleet::run(std::function<void(const Tally&)> changed) {
  Impl& impl = *impl_;
  ::malloc_trim(0);
  impl.empty_kib = resident_kib();
  const auto began = std::chrono::steady_clock::now();
  // Reports are numbered on from run to run: the server takes a number once.
  const auto sequence = unix_ms();
  std::uint64_t number = 0;
  for (const FleetProfile& profile : impl.profiles) {
    for (std::uint32_t i = 0; i < profile.count; ++i, ++number) {
      impl.devices.push_back(
          std::make_unique<Device>(impl.world, profile, device_name(profile, i), sequence));
      const auto delay = static_cast<std::int64_t>(
          number * 1000 / std::max<std::uint32_t>(1, impl.options.connects_per_second));
      impl.tasks.spawn(impl.devices.back()->live(Millis(delay)));
    }
  }
  for (;;) {
    co_await net::sleep_for(kLook);
    const auto now = std::chrono::steady_clock::now();
    for (net::HttpConnection* const connection : impl.world.connections) {
      if (connection->overdue(now)) connection->cut_as_late();
    }
    for (const auto& device : impl.devices) device->tick(now);
    impl.peak_kib = std::max(impl.peak_kib, resident_kib());
    const Tally tally = this->tally();
    if (changed) changed(tally);
    if (impl.options.goal.any() && tally.reached == tally.devices) co_return Result<void>();
    if (impl.options.longest.count() > 0 && now - began > impl.options.longest)
      co_return fail(ErrorCode::timeout, "the time is over before all devices are where they should be");
  }
}

net::Task<void> Fleet::stop() {
  co_await impl_->tasks.stop();
  for (const auto& device : impl_->devices) co_await device->stop();
}

Tally Fleet::tally() const {
  Tally tally = impl_->world.tally;
  tally.devices = impl_->devices.size();
  for (const auto& device : impl_->devices) {
    tally.unsaid += device->unsaid();
    if (impl_->options.goal.any() && device->reached_goal()) ++tally.reached;
  }
  const std::uint64_t resident = resident_kib();
  tally.memory_kib = resident - std::min(resident, impl_->empty_kib);
  tally.peak_memory_kib = impl_->peak_kib - std::min(impl_->peak_kib, impl_->empty_kib);
  return tally;
}

std::vector<FleetProfile> share_of(const std::vector<FleetProfile>& profiles, unsigned number,
                                   unsigned workers) {
  std::vector<FleetProfile> share;
  for (const FleetProfile& profile : profiles) {
    const std::uint64_t begin = std::uint64_t{profile.count} * number / workers;
    const std::uint64_t end = std::uint64_t{profile.count} * (number + 1) / workers;
    if (begin == end) continue;
    FleetProfile part = profile;
    part.first += static_cast<std::uint32_t>(begin);
    part.count = static_cast<std::uint32_t>(end - begin);
    share.push_back(std::move(part));
  }
  return share;
}

unsigned workers_needed(std::uint64_t devices, std::size_t descriptors, std::size_t parallel) {
  const std::size_t taken = parallel + kOwnDescriptors;
  const std::uint64_t each = descriptors > taken + 1 ? descriptors - taken : 1;
  return static_cast<unsigned>(std::max<std::uint64_t>(1, (devices + each - 1) / each));
}

}  // namespace stratus::sim
