// The example firmware: the library's agent in a super-loop, HTTP over UART 1. APP_BEHAVIOUR makes the bad
// versions that the tests need: 0 works, 1 crashes at once, 2 hangs, 3 fails its self-test.
#include "ports/mps2_an385/board.hpp"
#include "release_key.hpp"

#include "stratus/mcu/agent.hpp"
#include "stratus/mcu/software_crypto.hpp"

using namespace stratus::mcu;
using namespace stratus::mcu::mps2;

namespace {

bool self_test() { return APP_BEHAVIOUR != 3; }

struct Feeder final : Watchdog {
  void feed() override { feed_watchdog(); }
};

void wait(uint32_t milliseconds) {
  BoardClock clock;
  const uint32_t start = clock.millis();
  while (clock.millis() - start < milliseconds) {
  }
}

}  // namespace

extern "C" void run() {
  start_clock();
  const auto* hand_over = reinterpret_cast<const HandOver*>(kHandOver);
  print("app: version " APP_VERSION ", slot ");
  print_number(hand_over->slot);
  print(hand_over->trial != 0 ? ", trial\n" : "\n");
  if (APP_BEHAVIOUR == 1) *reinterpret_cast<volatile uint32_t*>(0xfffffff0) = 1;
  while (APP_BEHAVIOUR == 2) asm volatile("");
  BoardFlash flash;
  SoftwareCrypto crypto(kReleaseKey);
  Journal journal(flash, kLayout.journal);
  Updater updater(flash, kLayout, journal, crypto, kBoardClass);
  UartStream stream(1500);
  HttpClient http(stream, "device.local");
  BoardClock clock;
  Feeder feeder;
  Agent agent({kModel, "/mcu/v1/next?have=", 60, self_test},
              {flash, kLayout, updater, crypto, clock, nullptr, &feeder, nullptr, nullptr}, http);
  journal.mount();
  for (int round = 0; round < 40; ++round) {
    feeder.feed();
    const AgentStep step = agent.poll();
    print("app: fetched ");
    print_number(agent.fetched());
    print(step == AgentStep::reboot     ? ", reboot, "
          : step == AgentStep::accepted ? ", accepted, "
                                        : ", idle, ");
    print(cause_name(agent.cause()));
    print("\n");
    if (step == AgentStep::reboot) reset();
    // The example ends when there is nothing more to do, so that a test can wait for it.
    const Cause cause = agent.cause();
    if (step == AgentStep::idle && cause != Cause::io && cause != Cause::unavailable)
      quit(cause == Cause::ok || cause == Cause::known_bad);
    if (step == AgentStep::idle) wait(100);
  }
  quit(false);
}
