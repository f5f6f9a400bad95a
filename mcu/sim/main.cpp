// stratus-mcu-sim: the power-cut simulator as a program. The mutants are this same program, built with one
// fault.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "sim/simulator.hpp"

int main(int count, char** arguments) {
  stratus::mcu::sim::Campaign campaign;
  bool json = false;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--long") == 0) {
      campaign.exhaustive = true;
    } else if (std::strcmp(arguments[i], "--stop-at-failure") == 0) {
      campaign.stop_at_failure = true;
    } else if (std::strcmp(arguments[i], "--json") == 0) {
      json = true;
    } else if (std::strcmp(arguments[i], "--thin") == 0 && i + 1 < count && std::atoi(arguments[i + 1]) > 0) {
      campaign.thin = static_cast<unsigned>(std::atoi(arguments[++i]));
    } else {
      std::fprintf(
          stderr,
          "Usage: stratus-mcu-sim [--long | --thin N] [--stop-at-failure] [--json]\n"
          "Cuts the power of simulated devices at every flash operation of whole updates.\n"
          "--long: at all of them, not a sample; --thin N: a sample with one of N cuts of the usual one.\n"
          "Exit status 0: every invariant held in every run; 1: a failure, described on stderr.\n");
      return std::strcmp(arguments[i], "--help") == 0 ? 0 : 2;
    }
  }
  campaign.run();
  for (const auto& message : campaign.messages) std::fprintf(stderr, "%s\n", message.c_str());
  std::printf(
      json ? "{\"runs\":%llu,\"boots\":%llu,\"failures\":%llu}\n" : "%llu runs, %llu boots, %llu failures\n",
      static_cast<unsigned long long>(campaign.runs), static_cast<unsigned long long>(campaign.boots),
      static_cast<unsigned long long>(campaign.failures));
  return campaign.failures == 0 ? 0 : 1;
}
