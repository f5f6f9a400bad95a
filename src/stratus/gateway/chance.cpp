#include "stratus/gateway/chance.hpp"

#include <random>

namespace stratus::gateway {

double chance() {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace stratus::gateway
