#include "stratus/db/mcu.hpp"

namespace stratus::db {

Result<bool> is_other_kind(Reader& reader, std::string_view device) {
  STRATUS_TRY(rows, reader.query("SELECT kind FROM devices WHERE id = $1", {device}));
  return !rows.empty() && rows[0].text(0) != "mcu";
}

Result<void> note_microcontroller(Transaction& transaction, std::string_view device, std::int64_t now_ms) {
  STRATUS_CHECK(
      transaction.run("UPDATE devices SET kind = 'mcu', changed_ms = $2, revision = revision + 1 "
                      "WHERE id = $1 AND kind <> 'mcu'",
                      {device, now_ms}));
  return {};
}

Result<FirmwareVersion> find_firmware_version_of(Reader& reader, std::string_view name,
                                                 std::string_view digest) {
  STRATUS_TRY(rows, reader.query("SELECT version, manifest FROM firmware WHERE name = $1 AND digest = $2 "
                                 "ORDER BY created_ms DESC LIMIT 1",
                                 {name, digest}));
  if (rows.empty()) return fail(ErrorCode::not_found, "no version of this firmware has that digest");
  return FirmwareVersion{rows[0].text(0), rows[0].text(1)};
}

}  // namespace stratus::db
