#include "stratus/server/artifact_guard.hpp"

#include <fmt/format.h>

#include "stratus/db/rollout_sums.hpp"

namespace stratus::server {

Result<void> check_no_rollout_needs(db::Transaction& transaction, std::string_view what,
                                    std::string_view manifest_digest) {
  constexpr std::int64_t kNamed = 5;
  STRATUS_TRY(needing, db::rollouts_bringing(transaction, manifest_digest, kNamed));
  if (needing.empty()) return {};
  std::string names;
  for (const db::OpenRollout& rollout : needing) {
    names += names.empty() ? "" : ", ";
    names += rollout.title.empty() ? rollout.id : fmt::format("{} ({})", rollout.id, rollout.title);
  }
  return fail(ErrorCode::conflict,
              fmt::format("{} is being brought to devices by rollout {}; abort it first", what, names),
              "needed_by_rollout");
}

}  // namespace stratus::server
