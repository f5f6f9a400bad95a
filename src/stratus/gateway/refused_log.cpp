#include "stratus/gateway/refused_log.hpp"

#include <boost/json.hpp>
#include <fcntl.h>

#include "stratus/base/file.hpp"

namespace stratus::gateway {
namespace {

constexpr std::uint64_t kMost = 1u << 20;

}  // namespace

Result<void> set_aside(const std::filesystem::path& directory, const OutboxRecord& record, int status,
                       const std::string& answer, WallTime now) {
  const std::filesystem::path path = directory / "refused";
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size >= kMost) std::filesystem::rename(path, directory / "refused.old", error);
  STRATUS_TRY(file, open_file(path, O_WRONLY | O_CREAT | O_APPEND, 0600));
  const boost::json::object line{{"time_ms", now.time_since_epoch().count()},
                                 {"status", status},
                                 {"answer", answer.substr(0, 1000)},
                                 {"target", record.target},
                                 {"body", record.body}};
  return write_all(file.get(), as_bytes(boost::json::serialize(line) + "\n"));
}

}  // namespace stratus::gateway
