#include "stratus/db/identity.hpp"

#include <fmt/format.h>

#include "stratus/db/devices.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kCertificate =
    "SELECT serial, device, kind, fingerprint, key_id, public_key, names, not_before_ms, not_after_ms, "
    "issued_ms, "
    "state, changed_ms, changed_by, reason FROM certificates ";
// `certificate`: the column, or what stands for it where a list need not load each PEM.
std::string select_code(std::string_view certificate) {
  return fmt::format(
      "SELECT id, hash, kind, region, device_group, device, names, created_ms, created_by, expires_ms, "
      "used_ms, used_by, {} FROM registration_codes ",
      certificate);
}

Certificate certificate_of(const Row& row) {
  Certificate out;
  out.serial = row.text(0);
  out.device = row.text(1);
  out.kind = row.text(2);
  out.fingerprint = row.text(3);
  out.key_id = row.text(4);
  out.public_key = row.bytes(5);
  out.names = row.text(6);
  out.not_before_ms = row.integer(7);
  out.not_after_ms = row.integer(8);
  out.issued_ms = row.integer(9);
  out.state = row.text(10);
  out.changed_ms = row.integer(11);
  out.changed_by = row.text(12);
  out.reason = row.text(13);
  return out;
}

RegistrationCode code_of(const Row& row) {
  RegistrationCode out;
  out.id = row.text(0);
  out.hash = row.text(1);
  out.kind = row.text(2);
  out.region = row.text(3);
  out.group = row.text(4);
  out.device = row.text(5);
  out.names = row.text(6);
  out.created_ms = row.integer(7);
  out.created_by = row.text(8);
  out.expires_ms = row.integer(9);
  out.used_ms = row.integer(10);
  out.used_by = row.text(11);
  out.certificate = row.text(12);
  return out;
}

std::vector<Certificate> certificates_in(const Rows& rows) {
  std::vector<Certificate> out;
  for (const Row row : rows) out.push_back(certificate_of(row));
  return out;
}

std::vector<std::string> texts_in(const Rows& rows) {
  std::vector<std::string> out;
  for (const Row row : rows) out.push_back(row.text(0));
  return out;
}

}  // namespace

Result<void> add_certificate(Transaction& transaction, const Certificate& c) {
  // A device asks with the same key until it hears an answer: those made for it before were lost. They must
  // not crowd out the only one that it has.
  STRATUS_CHECK(
      transaction.run("UPDATE certificates SET state = 'superseded', changed_ms = $3, reason = 'superseded' "
                      "WHERE device = $1 AND state = 'active' AND key_id = $2",
                      {c.device, c.key_id, c.issued_ms}));
  STRATUS_CHECK(
      transaction.run("INSERT INTO certificates (serial, device, kind, fingerprint, key_id, public_key, "
                      "names, not_before_ms, "
                      "not_after_ms, issued_ms, state, changed_ms, changed_by, reason) "
                      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'active', $10, '', '')",
                      {c.serial, c.device, c.kind, c.fingerprint, c.key_id, c.public_key, c.names,
                       c.not_before_ms, c.not_after_ms, c.issued_ms}));
  STRATUS_CHECK(transaction.run(
      "UPDATE certificates SET state = 'superseded', changed_ms = $2, reason = 'superseded' "
      "WHERE device = $1 AND state = 'active' AND serial NOT IN (SELECT serial FROM certificates "
      "WHERE device = $1 AND state = 'active' ORDER BY issued_ms DESC, serial LIMIT $3)",
      {c.device, c.issued_ms, kMaxActiveCertificates}));
  return {};
}

Result<void> end_certificates(Transaction& transaction, std::string_view device, std::int64_t now_ms,
                              std::string_view reason) {
  STRATUS_CHECK(
      transaction.run("UPDATE certificates SET state = 'superseded', changed_ms = $2, reason = $3 "
                      "WHERE device = $1 AND state = 'active'",
                      {device, now_ms, reason}));
  return {};
}

Result<std::vector<Certificate>> certificates_of(Reader& reader, std::string_view device,
                                                 std::int64_t limit) {
  STRATUS_TRY(rows, reader.query(std::string(kCertificate) +
                                     "WHERE device = $1 ORDER BY issued_ms DESC, serial LIMIT $2",
                                 {device, limit}));
  return certificates_in(rows);
}

Result<std::vector<Certificate>> list_certificates(Reader& reader, const CertificateQuery& query) {
  std::string sql =
      std::string(kCertificate) + "WHERE (not_after_ms, serial) > ($1, $2) AND (not_after_ms < $3 OR $3 = 0)";
  std::vector<Value> values{query.after_ms, query.after_serial, query.expires_before_ms, query.limit};
  const auto filter = [&](const char* test, const std::string& text) {
    if (text.empty()) return;
    values.emplace_back(text);
    sql += fmt::format(fmt::runtime(test), values.size());
  };
  filter(" AND state = ${}", query.state);
  filter(" AND substr(device, 1, length(${0})) = ${0}", query.device);
  filter(" AND substr(serial, 1, length(${0})) = ${0}", query.serial);
  if (query.newest) {
    sql +=
        " AND NOT EXISTS (SELECT 1 FROM certificates n WHERE n.device = certificates.device AND "
        "n.state = 'active' AND n.not_after_ms > certificates.not_after_ms)";
  }
  STRATUS_TRY(rows, reader.run(sql + " ORDER BY not_after_ms, serial LIMIT $4", values));
  return certificates_in(rows);
}

Result<std::optional<Certificate>> find_certificate(Reader& reader, std::string_view serial) {
  STRATUS_TRY(rows, reader.query(std::string(kCertificate) + "WHERE serial = $1", {serial}));
  if (rows.empty()) return std::optional<Certificate>();
  return std::optional<Certificate>(certificate_of(rows[0]));
}

Result<std::vector<std::string>> enrolled_devices(Reader& reader, std::int64_t alive_ms) {
  STRATUS_TRY(
      rows,
      reader.query("SELECT DISTINCT device FROM certificates WHERE state = 'active' AND not_after_ms > $1",
                   {alive_ms}));
  return texts_in(rows);
}

Result<std::vector<Certificate>> ended_certificates(Reader& reader, std::int64_t since_ms,
                                                    std::int64_t alive_ms) {
  STRATUS_TRY(rows, reader.query(std::string(kCertificate) +
                                     "WHERE changed_ms >= $1 AND state <> 'active' AND not_after_ms > $2",
                                 {since_ms, alive_ms}));
  return certificates_in(rows);
}

Result<std::vector<std::string>> enrolled_since(Reader& reader, std::int64_t since_ms) {
  STRATUS_TRY(rows,
              reader.query("SELECT device FROM certificates WHERE changed_ms >= $1 AND state = 'active'",
                           {since_ms}));
  return texts_in(rows);
}

Result<std::vector<std::string>> gateways_since(Reader& reader, std::int64_t since_ms,
                                                std::int64_t alive_ms) {
  STRATUS_TRY(rows, reader.query("SELECT DISTINCT device FROM certificates WHERE changed_ms >= $1 "
                                 "AND state = 'active' AND kind = 'gateway' AND not_after_ms > $2",
                                 {since_ms, alive_ms}));
  return texts_in(rows);
}

Result<void> place_device(Transaction& transaction, std::string_view device, std::string_view region,
                          std::string_view group, std::int64_t now_ms) {
  STRATUS_CHECK(ensure_device(transaction, device, now_ms));
  if (region.empty() && group.empty()) return {};
  DeviceChange change;
  if (!region.empty()) change.region = std::string(region);
  if (!group.empty()) change.group = std::string(group);
  STRATUS_CHECK(change_device(transaction, device, change, 0, now_ms));
  return {};
}

Result<void> check_places(Reader& reader, std::string_view region, std::string_view group) {
  if (!region.empty()) STRATUS_CHECK(find_place(reader, PlaceKind::region, region));
  if (!group.empty()) STRATUS_CHECK(find_place(reader, PlaceKind::group, group));
  return {};
}

Result<void> revoke_device(Transaction& transaction, const RevokedDevice& revoked) {
  STRATUS_CHECK(transaction.run(
      "INSERT INTO revoked_devices (device, revoked_ms, revoked_by, reason) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (device) DO NOTHING",
      {revoked.device, revoked.revoked_ms, revoked.revoked_by, revoked.reason}));
  STRATUS_CHECK(transaction.run(
      "UPDATE certificates SET state = 'revoked', changed_ms = $2, changed_by = $3, reason = $4 "
      "WHERE device = $1 AND state <> 'revoked'",
      {revoked.device, revoked.revoked_ms, revoked.revoked_by, revoked.reason}));
  return {};
}

Result<void> readmit_device(Transaction& transaction, std::string_view device) {
  STRATUS_CHECK(transaction.run("DELETE FROM revoked_devices WHERE device = $1", {device}));
  return {};
}

Result<std::vector<RevokedDevice>> revoked_devices(Reader& reader) {
  STRATUS_TRY(
      rows,
      reader.query("SELECT device, revoked_ms, revoked_by, reason FROM revoked_devices ORDER BY device"));
  std::vector<RevokedDevice> out;
  for (const Row row : rows) out.push_back({row.text(0), row.integer(1), row.text(2), row.text(3)});
  return out;
}

Result<bool> is_revoked(Reader& reader, std::string_view device) {
  STRATUS_TRY(rows, reader.query("SELECT 1 FROM revoked_devices WHERE device = $1", {device}));
  return !rows.empty();
}

Result<void> add_code(Transaction& transaction, const RegistrationCode& code) {
  STRATUS_CHECK(
      transaction.run("INSERT INTO registration_codes (id, hash, kind, region, device_group, device, names, "
                      "created_ms, created_by, "
                      "expires_ms, digits) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                      {code.id, code.hash, code.kind, code.region, code.group, code.device, code.names,
                       code.created_ms, code.created_by, code.expires_ms, code.digits}));
  return {};
}

Result<std::int64_t> count_open_codes(Reader& reader, std::int64_t now_ms, std::int64_t digits) {
  STRATUS_TRY(rows,
              reader.query("SELECT COUNT(*) FROM registration_codes WHERE used_ms = 0 AND expires_ms > $1 "
                           "AND digits IN (0, $2)",
                           {now_ms, digits}));
  return rows[0].integer(0);
}

Result<UsedCode> use_code(Transaction& transaction, std::string_view hash, std::string_view device,
                          std::int64_t now_ms) {
  STRATUS_TRY(used, transaction.run("UPDATE registration_codes SET used_ms = $2, used_by = $3 "
                                    "WHERE hash = $1 AND used_ms = 0 AND expires_ms > $2",
                                    {hash, now_ms, device}));
  const bool won = used.affected() == 1;
  STRATUS_TRY(code, find_code(transaction, hash));
  if (!code) return UsedCode{CodeVerdict::none, {}};
  if (won) return UsedCode{CodeVerdict::good, std::move(*code)};
  const bool before = code->used_ms != 0;
  return UsedCode{before ? CodeVerdict::used : CodeVerdict::expired, std::move(*code)};
}

Result<void> keep_answer(Transaction& transaction, std::string_view id, std::string_view certificate) {
  STRATUS_CHECK(
      transaction.run("UPDATE registration_codes SET certificate = $2 WHERE id = $1", {id, certificate}));
  return {};
}

Result<std::optional<RegistrationCode>> find_code(Reader& reader, std::string_view hash) {
  STRATUS_TRY(rows, reader.query(select_code("certificate") + "WHERE hash = $1", {hash}));
  if (rows.empty()) return std::optional<RegistrationCode>();
  return std::optional<RegistrationCode>(code_of(rows[0]));
}

Result<std::vector<RegistrationCode>> codes(Reader& reader, bool only_open, std::int64_t now_ms,
                                            std::int64_t limit) {
  const std::string select = select_code("''");
  STRATUS_TRY(rows, only_open ? reader.query(select + "WHERE used_ms = 0 AND expires_ms > $1 "
                                                      "ORDER BY created_ms DESC, id LIMIT $2",
                                             {now_ms, limit})
                              : reader.query(select + "ORDER BY created_ms DESC, id LIMIT $1", {limit}));
  std::vector<RegistrationCode> out;
  for (const Row row : rows) out.push_back(code_of(row));
  return out;
}

Result<void> withdraw_code(Transaction& transaction, std::string_view id, std::int64_t now_ms) {
  STRATUS_TRY(rows, transaction.run("UPDATE registration_codes SET expires_ms = $2 "
                                    "WHERE id = $1 AND used_ms = 0 AND expires_ms > $2",
                                    {id, now_ms}));
  if (rows.affected() == 1) return {};
  return fail(ErrorCode::not_found, "no open registration code " + std::string(id));
}

Result<void> forget_codes(Transaction& transaction, std::int64_t before_ms) {
  STRATUS_CHECK(transaction.run("DELETE FROM registration_codes WHERE expires_ms < $1", {before_ms}));
  return {};
}

}  // namespace stratus::db
