#include "stratus/mcu/stratus_mcu.h"

#include "stratus/mcu/agent.hpp"
#include "stratus/mcu/boot.hpp"
#include "stratus/mcu/components.hpp"
#include "stratus/mcu/software_crypto.hpp"

// Freestanding: there is no <new>.
struct StratusMcuPlace {
  void* at;
};
inline void* operator new(size_t, StratusMcuPlace place) { return place.at; }

namespace stratus::mcu {
namespace {

struct CFlash final : Flash {
  explicit CFlash(const stratus_mcu_ports& ports) : Flash(ports.sector, ports.align), c(ports) {}
  bool read(uint32_t at, void* to, uint32_t size) override { return c.flash_read(c.context, at, to, size); }
  bool program(uint32_t at, const void* from, uint32_t size) override {
    return c.flash_program(c.context, at, from, size);
  }
  bool erase(uint32_t at) override { return c.flash_erase(c.context, at); }
  const stratus_mcu_ports& c;
};

struct CStream final : Stream {
  explicit CStream(const stratus_mcu_ports& ports) : c(ports) {}
  bool open() override { return c.stream_open(c.context); }
  int32_t read(void* to, uint32_t size) override { return c.stream_read(c.context, to, size); }
  bool readable() override { return true; }  // HTTP alone never asks
  bool write(const void* from, uint32_t size) override { return c.stream_write(c.context, from, size); }
  void close() override { c.stream_close(c.context); }
  const stratus_mcu_ports& c;
};

struct CRest final : Clock, Entropy, Watchdog, AgentObserver {
  explicit CRest(const stratus_mcu_ports& ports) : c(ports) {}
  uint32_t millis() override { return c.millis(c.context); }
  uint32_t unix_time() override { return c.unix_time(c.context); }
  bool fill(void* to, uint32_t size) override { return c.random(c.context, to, size); }
  void feed() override { c.feed_watchdog(c.context); }
  bool on_step(const char* state, uint32_t done, uint32_t total) override {
    return c.on_step(c.context, state, done, total);
  }
  const stratus_mcu_ports& c;
};

FlashLayout layout_of(const stratus_mcu_config& config) {
  return {config.journal, {config.slot[0], config.slot[1]}, config.slot_size};
}

struct CClient {
  CClient(const stratus_mcu_ports& ports, const stratus_mcu_config& config)
      : flash(ports),
        stream(ports),
        rest(ports),
        layout(layout_of(config)),
        crypto(config.release_key),
        assignment(config.assignment_key),
        journal(flash, layout.journal),
        updater(flash, layout, journal, crypto, board_class),
        http(stream, config.host),
        agent({config.model, config.check_path, config.poll_seconds, config.self_test},
              {flash, layout, updater, crypto, rest, ports.random != nullptr ? &rest : nullptr,
               ports.feed_watchdog != nullptr ? &rest : nullptr,
               config.assignment_key != nullptr ? &assignment : nullptr,
               ports.on_step != nullptr ? &rest : nullptr},
              http) {
    component_class(crypto, config.model, ComponentKind::firmware, board_class);
    journal.mount();
  }
  CFlash flash;
  CStream stream;
  CRest rest;
  FlashLayout layout;
  SoftwareCrypto crypto, assignment;
  uint8_t board_class[16];
  Journal journal;
  Updater updater;
  HttpClient http;
  Agent agent;
};
static_assert(sizeof(CClient) <= sizeof(stratus_mcu::storage), "stratus_mcu is too small");
static_assert(alignof(CClient) <= alignof(uint64_t), "stratus_mcu is not aligned");

CClient& client_of(stratus_mcu* client) { return *reinterpret_cast<CClient*>(client->storage); }
const CClient& client_of(const stratus_mcu* client) {
  return *reinterpret_cast<const CClient*>(client->storage);
}

}  // namespace
}  // namespace stratus::mcu

using namespace stratus::mcu;

void stratus_mcu_choose(const stratus_mcu_ports* ports, const stratus_mcu_config* config,
                        stratus_mcu_boot* boot) {
  CFlash flash(*ports);
  SoftwareCrypto crypto(config->release_key);
  const FlashLayout layout = layout_of(*config);
  Journal journal(flash, layout.journal);
  uint8_t board_class[16];
  component_class(crypto, config->model, ComponentKind::firmware, board_class);
  const BootChoice choice = choose_boot(flash, layout, journal, crypto, board_class);
  *boot = {choice.bootable,
           choice.trial,
           choice.slot,
           choice.info.load_address,
           choice.info.header_size,
           choice.info.payload_size,
           {}};
  memcpy(boot->version, choice.info.version, sizeof boot->version);
}

void stratus_mcu_start(stratus_mcu* client, const stratus_mcu_ports* ports,
                       const stratus_mcu_config* config) {
  new (StratusMcuPlace{client->storage}) CClient(*ports, *config);
}

stratus_mcu_step stratus_mcu_poll(stratus_mcu* client) {
  switch (client_of(client).agent.poll()) {
    case AgentStep::reboot:
      return STRATUS_MCU_REBOOT;
    case AgentStep::accepted:
      return STRATUS_MCU_ACCEPTED;
    case AgentStep::idle:
      break;
  }
  return STRATUS_MCU_IDLE;
}

uint32_t stratus_mcu_wait_seconds(stratus_mcu* client) { return client_of(client).agent.wait_seconds(); }
const char* stratus_mcu_cause(const stratus_mcu* client) {
  return cause_name(client_of(client).agent.cause());
}
uint32_t stratus_mcu_fetched(const stratus_mcu* client) { return client_of(client).agent.fetched(); }
bool stratus_mcu_on_trial(const stratus_mcu* client) { return client_of(client).updater.on_trial(); }
bool stratus_mcu_cancel(stratus_mcu* client) { return client_of(client).updater.cancel() == Cause::ok; }
