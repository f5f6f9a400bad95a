#include "stratus/update/crash_rules.hpp"

namespace stratus::update {

bool CrashCounter::ended(const CrashRules& rules, std::chrono::milliseconds ran,
                         std::chrono::milliseconds now) {
  if (rules.exits == 0) return false;
  if (ran >= rules.quick) {
    ends_.clear();
    return false;
  }
  ends_.push_back(now);
  while (ends_.front() + rules.window < now) ends_.pop_front();
  if (ends_.size() < rules.exits) return false;
  ends_.clear();
  return true;
}

}  // namespace stratus::update
