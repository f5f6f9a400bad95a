#include "sim/simulator.hpp"

namespace stratus::mcu::sim {
namespace {

constexpr std::array kModels = {CutModel::before, CutModel::torn, CutModel::after};

std::string describe(const Geometry& geometry, std::uint32_t fill, Scenario scenario,
                     const std::vector<Cut>& cuts, const std::string& failure) {
  static const char* const kModelNames[] = {"before", "torn", "after"};
  std::string text =
      std::string(geometry.name) + ", journal " + std::to_string(fill) + ", " + scenario_name(scenario);
  for (const Cut& cut : cuts) {
    text += ", cut +" + std::to_string(cut.after) + " " + kModelNames[static_cast<unsigned>(cut.model)];
  }
  return text + ": " + failure;
}

}  // namespace

// For each geometry, journal fill and scenario: first without a cut (that counts the operations), then one
// cut at each operation in each model, then second and third cuts during recovery.
void Campaign::run() {
  for (const Geometry* geometry : {&small_sectors(), &large_sectors()}) {
    const bool large = geometry->sector > 64 * 1024;
    const std::uint32_t per_sector = geometry->sector / 64;
    for (std::uint32_t fill : {1u, per_sector - 4, per_sector - 1, 2 * per_sector - 4}) {
      const World world(*geometry, fill);
      for (Scenario scenario : kScenarios) {
        // Large sectors make each run forty times as long: the sample takes the telling half.
        const bool telling = (fill == 1 || fill == per_sector - 1) && scenario != Scenario::self_test &&
                             scenario != Scenario::bit_rot && scenario != Scenario::wrong_key;
        if (large && !exhaustive && !telling) continue;
        const auto attempt = [&](const std::vector<Cut>& cuts) {
          const Outcome outcome = world.run(scenario, cuts, static_cast<unsigned>(runs + 1));
          ++runs;
          boots += outcome.boots;
          if (!outcome.failure.empty() && ++failures <= 20) {
            messages.push_back(describe(*geometry, fill, scenario, cuts, outcome.failure));
          }
          return outcome.operations;
        };
        const std::uint64_t total = attempt({});
        const bool central = scenario == Scenario::good || scenario == Scenario::crash;
        const std::uint64_t step = exhaustive ? 1 : (large ? 199 : central ? 1 : 7) * thin;
        const std::uint64_t further = exhaustive ? 3 : (large ? 995 : 41) * thin;
        for (std::uint64_t k = 1; k <= total; k += step) {
          for (CutModel model : kModels) {
            if (stop_at_failure && failures != 0) return;
            attempt({{k, model}});
            // The operations around the end are records: cut again after each of them, even in the sample.
            if (k % further >= step && (large || thin > 1 || k + 8 < total)) continue;
            const CutModel second = kModels[(k + runs) % 3];
            for (std::uint64_t j = 1; j <= 12; j += 1 + runs % 3) {
              attempt({{k, model}, {j, second}});
              attempt({{k, model}, {j, second}, {1 + runs % 7, kModels[runs % 3]}});
            }
          }
        }
        if (step == 1 || thin > 1) continue;
        for (std::uint64_t k = total > 12 ? total - 12 : 1; k <= total; ++k) {
          for (CutModel model : kModels) attempt({{k, model}});
        }
      }
    }
  }
}

}  // namespace stratus::mcu::sim
