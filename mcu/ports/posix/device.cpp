#include "ports/posix/device.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>

#include "ports/common/enrol.hpp"
#include "ports/common/show_assets.hpp"
#include <unistd.h>

namespace stratus::mcu::posix {
namespace {

constexpr int kTimeout = 15'000;  // milliseconds

// There is no code to run in an image: what it is to do wrong stands at the start of its payload.
enum class Behaviour { works, crashes, fails_self_test };
Behaviour behaviour = Behaviour::works;
bool self_test() { return behaviour != Behaviour::fails_self_test; }

void say(const char* format, const std::string& text, const char* more = "") {
  std::printf(format, text.c_str(), more);
  std::fflush(stdout);
}

Behaviour read_behaviour(Flash& flash, uint32_t at) {
  char text[24] = {};
  flash.read(at, text, sizeof text - 1);
  const std::string start(text);
  if (start.rfind("behaviour=crash", 0) == 0) return Behaviour::crashes;
  return start.rfind("behaviour=self-test", 0) == 0 ? Behaviour::fails_self_test : Behaviour::works;
}

std::string version_of(const ImageInfo& info) {
  return std::to_string(info.version[0]) + "." + std::to_string(info.version[1]) + "." +
         std::to_string(load16(info.version + 2));
}

}  // namespace

Device::Device(const DeviceOptions& options)
    : options_(options),
      flash_(options.state + "/flash.bin", FlashMap::kSize),
      crypto_(options.release_key),
      assignment_(options.assignment_key),
      hash_(options.release_key),
      identity_(flash_, FlashMap::kIdentity),
      tls_(options.root) {}

bool Device::install(const std::string& image) {
  std::ifstream file(image, std::ios::binary);
  std::vector<uint8_t> bytes(std::istreambuf_iterator<char>(file), {});
  uint32_t first = 0;
  if (!file || bytes.empty() || bytes.size() > map_.firmware.slot_size) return false;
  if (!flash_.read(map_.firmware.slot[0], &first, sizeof first) || first != 0xffffffff) return false;
  bytes.resize((bytes.size() + flash_.align - 1) / flash_.align * flash_.align, 0xff);
  return flash_.program(map_.firmware.slot[0], bytes.data(), static_cast<uint32_t>(bytes.size()));
}

bool Device::pause(const volatile bool& stopped, unsigned milliseconds) {
  for (unsigned done = 0; done < milliseconds && !stopped; done += 10) ::usleep(10'000);
  return !stopped;
}

void Device::use_identity() {
  const IdentityHead& head = identity_.head();
  std::vector<uint8_t> certificate(head.certificate_size), chain(head.chain_size);
  identity_.read(certificate.data(), chain.data());
  tls_.use(head.key, std::move(certificate), std::move(chain));
}

Cause Device::request(const char* path, const char* code, const char* device) {
  TlsStream stream(tls_, options_.host, options_.https_port, kTimeout);
  HttpClient http(stream, options_.host.c_str());
  const auto answer = std::make_unique<CertificateAnswer>();
  return request_certificate<OpenSslKey>(http, path, code, device, make_secret, hash_, identity_, *answer);
}

bool Device::enrol(const volatile bool& stopped) {
  while (!identity_.mount()) {
    const Cause cause = request("/api/v1/enrol", options_.code.c_str(), options_.name.c_str());
    say("app: enrol, %s\n", cause_name(cause));
    if (cause != Cause::ok && !pause(stopped, 2000)) return false;
  }
  use_identity();
  return true;
}

void Device::show(ComponentArea& area) {
  uint8_t first[1024], second[1024];
  show_assets(area, hash_, first, second, sizeof first, [](const char* name, const char* hex, Cause cause) {
    say("app: asset %s, ", name);
    say("%s\n", cause == Cause::ok ? std::string("sha256:") + hex : cause_name(cause));
  });
}

bool Device::live(const volatile bool& stopped) {
  uint8_t board_class[16];
  component_class(hash_, options_.model.c_str(), ComponentKind::firmware, board_class);
  Journal journal(flash_, map_.firmware.journal);
  const BootChoice boot = choose_boot(flash_, map_.firmware, journal, crypto_, board_class);
  if (!boot.bootable) {
    say("boot: nothing to run, %s\n", cause_name(boot.cause));
    return false;
  }
  const std::string version = version_of(boot.info);
  std::printf("app: version %s, slot %u%s\n", version.c_str(), boot.slot, boot.trial ? ", trial" : "");
  std::fflush(stdout);
  behaviour = read_behaviour(flash_, map_.firmware.slot[boot.slot] + boot.info.header_size);
  if (behaviour == Behaviour::crashes) return pause(stopped, 20);
  if (!enrol(stopped)) return false;

  Updater updater(flash_, map_.firmware, journal, crypto_, board_class);
  ComponentArea assets(ComponentKind::assets, flash_, map_.assets, crypto_, options_.model.c_str());
  ComponentArea configuration(ComponentKind::configuration, flash_, map_.configuration, crypto_,
                              options_.model.c_str());
  ComponentArea* areas[] = {&assets, &configuration};
  ComponentSet components(areas, 2);
  components.start(updater.state().state);
  show(assets);

  TlsStream https(tls_, options_.host, options_.https_port, kTimeout);
  TlsStream mqtts(tls_, options_.mqtt_host, options_.mqtt_port, kTimeout);
  HttpClient http(https, options_.host.c_str());
  OpenSslKey key(identity_.head().key);
  uint8_t packet[512];
  MqttClient mqtt(mqtts, clock_, packet, sizeof packet);
  const std::string device = identity_.head().device, name = "firmware/" + options_.firmware;
  const std::string path =
      "/api/v1/mcu/" + name + "?model=" + options_.model + "&device=" + device + "&have=";
  Link link({device.c_str(), name.c_str(), version.c_str()},
            {mqtt, clock_, hash_, key, &entropy_, &components});
  Agent agent(
      {options_.model.c_str(), path.c_str(), options_.poll_seconds, self_test},
      {flash_, map_.firmware, updater, crypto_, clock_, &entropy_, nullptr, &assignment_, &link, &components},
      http);
  Client client(agent, updater, link, clock_);

  uint8_t generation = assets.generation();
  RenewalTimer renewal;
  while (pause(stopped, 10)) {
    const bool restart = client.poll();
    if (client.was_round()) {
      const char* const step = client.step() == AgentStep::reboot     ? "reboot"
                               : client.step() == AgentStep::accepted ? "accepted"
                                                                      : "idle";
      say("app: fetched %s, ", std::to_string(agent.fetched()));
      say("%s, %s\n", step, cause_name(agent.cause()));
      http.close();
    }
    if (generation != assets.generation()) {
      generation = assets.generation();
      show(assets);
    }
    if (restart) {
      mqtt.close();
      return true;
    }
    if (renewal.is_due(clock_, identity_.head().renew_after)) {
      const Cause cause = request("/api/v1/certificates/renew", nullptr, device.c_str());
      say("app: renewal, %s\n", cause_name(cause));
      if (cause == Cause::ok) return true;  // the simplest way to use it everywhere
      renewal.note(clock_, cause);
    }
  }
  mqtt.close();
  return false;
}

}  // namespace stratus::mcu::posix
