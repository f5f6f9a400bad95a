// A device of the fleet: enrols by its code, keeps a session with the broker, follows its firmware over
// HTTPS, both with its certificate. APP_BEHAVIOUR as in app_main.cpp.
#include "board.hpp"
#include "ethernet.hpp"
#include "ports/common/enrol.hpp"
#include "ports/common/provision.hpp"
#include "ports/common/show_assets.hpp"
#include "ports/net/tls_stream.hpp"
#include "release_key.hpp"

#include "stratus/mcu/client.hpp"

using namespace stratus::mcu;
using namespace stratus::mcu::board;

namespace {

constexpr uint32_t kTimeout = 15'000;

struct Feeder final : Watchdog {
  void feed() override { feed_watchdog(); }
};

// Everything has its place before the first instruction: what the device needs is what the linker says.
BoardClock board_clock;
BoardFlash flash;
Feeder feeder;
EthernetPort ethernet;
Provision provision;
net::SeededEntropy entropy(flash, kSeeds);
IdentityStore identity(flash, kIdentity);
net::TlsContext tls;
uint8_t certificate[kMaximumCertificate], chain[kMaximumCertificate];
CertificateAnswer answer;

bool self_test() { return APP_BEHAVIOUR != 3; }

void use_identity() {
  identity.read(certificate, chain);
  tls.chain[0] = {certificate, identity.head().certificate_size};
  tls.chain[1] = {chain, identity.head().chain_size};
  tls.key = {BR_EC_secp256r1, const_cast<uint8_t*>(identity.head().key), 32};
}

void say(const char* what, Cause cause) {
  print(what);
  print(", ");
  print(cause_name(cause));
  print("\n");
}

// How deep the stack ever was: what this board needs, and a warning before it is not enough.
void say_stack() {
  static uint32_t said = 0;
  const uint32_t used = stack_used();
  if (used <= said) return;
  said = used;
  print("app: stack ");
  print_number(used);
  print("\n");
}

// What a display would show. A request for certificates is not under way meanwhile: its memory does for rows.
void show(ComponentArea& assets, Crypto& hash) {
  show_assets(assets, hash, answer.certificate, answer.chain, sizeof answer.chain,
              [](const char* name, const char* hex, Cause cause) {
                print("app: asset ");
                print(name);
                print(cause == Cause::ok ? ", sha256:" : ", ");
                print(cause == Cause::ok ? hex : cause_name(cause));
                print("\n");
              });
}

void wait(const net::Network& network, uint32_t milliseconds) {
  const uint32_t start = board_clock.millis();
  while (board_clock.millis() - start < milliseconds) {
    network.poll();
    idle();
  }
}

Cause enrol(HttpClient& http, const char* path, const char* code, const char* device) {
  answer = CertificateAnswer();
  net::BearCrypto hash(kReleaseKey);
  const auto draw = [](uint8_t* key) { return net::make_key(entropy, key); };
  return request_certificate<net::EcDeviceKey>(http, path, code, device, draw, hash, identity, answer);
}

}  // namespace

extern "C" void stratus_net_panic() { reset(); }

extern "C" void run() {
  start_clock();
  const auto* hand_over = reinterpret_cast<const HandOver*>(kHandOver);
  print("app: version " APP_VERSION ", slot ");
  print_number(hand_over->slot);
  print(hand_over->trial != 0 ? ", trial\n" : "\n");
  if (APP_BEHAVIOUR == 1) __builtin_trap();
  while (APP_BEHAVIOUR == 2) asm volatile("");
  if (!read_provision(flash, kProvision, provision)) {
    print("app: not provisioned\n");
    quit(false);
  }
  const net::Address address = {0x0a00020f, 0xffffff00, 0x0a000202, {0x52, 0x54, 0, 0x12, 0x34, 0x56}};
  if (!entropy.start(provision.seed, board_clock.unix_time()) || !ethernet.start(address.mac)) quit(false);
  start_idle();  // its interrupt ends a sleep; resetting it forgets what was set
  const net::Network& network = net::start(ethernet, board_clock, entropy, &feeder, address, idle);

  tls.root.dn = {provision.root_name, provision.root_name_size};
  tls.root.flags = BR_X509_TA_CA;
  tls.root.pkey.key_type = BR_KEYTYPE_EC;
  tls.root.pkey.key.ec = {BR_EC_secp256r1, provision.root_key, sizeof provision.root_key};
  tls.server_name = provision.server_name;
  tls.clock = &board_clock;
  tls.entropy = &entropy;

  static net::TcpSocket https_socket(network, provision.address, provision.https_port);
  static net::TcpSocket mqtt_socket(network, provision.address, provision.mqtt_port);
  static net::TlsStream https(https_socket, tls, kTimeout), mqtts(mqtt_socket, tls, kTimeout);
  static HttpClient http(https, provision.server_name);

  while (!identity.mount()) {
    const Cause cause = enrol(http, "/api/v1/enrol", provision.code, provision.device);
    say("app: enrol", cause);
    http.close();
    if (cause != Cause::ok) wait(network, 2000);
  }
  use_identity();

  static net::BearCrypto crypto(kReleaseKey), assignment(provision.assignment_key), hash(kReleaseKey);
  static Journal journal(flash, kLayout.journal);
  static Updater updater(flash, kLayout, journal, crypto, kBoardClass);
  static net::EcDeviceKey key(identity.head().key);
  static uint8_t packet[256];
  static MqttClient mqtt(mqtts, board_clock, packet, sizeof packet);
  static char path[22 + sizeof provision.firmware];
  TextWriter(path, sizeof path).text("/api/v1/mcu/firmware/").text(provision.firmware).c_str();
  const char* const name = path + 12;  // "firmware/NAME"
  static ComponentArea assets(ComponentKind::assets, flash, kAssets, crypto, kModel);
  static ComponentArea configuration(ComponentKind::configuration, flash, kConfiguration, crypto, kModel);
  static ComponentArea* areas[] = {&assets, &configuration};
  static ComponentSet components(areas, 2);
  static Link link({identity.head().device, name, APP_VERSION},
                   {mqtt, board_clock, hash, key, &entropy, &components});
  static Agent agent(
      {kModel, path, provision.poll_seconds, self_test, identity.head().device},
      {flash, kLayout, updater, crypto, board_clock, &entropy, &feeder, &assignment, &link, &components},
      http);
  static Client client(agent, updater, link, board_clock);
  journal.mount();
  components.start(updater.state().state);
  show(assets, hash);
  uint8_t shown = assets.generation();
  uint32_t asked_at = 0;
  RenewalTimer renewal;

  for (;;) {
    const bool restart = client.poll();
    if (client.was_round()) {
      print("app: fetched ");
      print_number(agent.fetched());
      say(client.step() == AgentStep::reboot     ? ", reboot"
          : client.step() == AgentStep::accepted ? ", accepted"
                                                 : ", idle",
          agent.cause());
      say_stack();
      if (shown != assets.generation()) show(assets, hash);
      shown = assets.generation();
      asked_at = board_clock.millis();
    }
    // The next question may come at once; a connection that idles longer would be cut by the other end
    // anyway.
    if (board_clock.millis() - asked_at > 5000) http.close();
    if (restart) {
      http.close();
      mqtt.close();
      wait(network, 50);
      reset();
    }
    if (renewal.is_due(board_clock, identity.head().renew_after)) {
      http.close();
      const Cause cause = enrol(http, "/api/v1/certificates/renew", nullptr, identity.head().device);
      say("app: renewal", cause);
      renewal.note(board_clock, cause);
      http.close();
      if (cause == Cause::ok) {
        mqtt.close();  // the session of the old certificate ends
        use_identity();
      }
    }
    network.poll();
    idle();
  }
}
