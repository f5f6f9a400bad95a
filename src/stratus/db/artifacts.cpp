#include "stratus/db/artifacts.hpp"

#include <charconv>

#include <fmt/format.h>

#include "stratus/base/result.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kUpload =
    "id, file_name, version, digest, size, created_by, created_ms, expires_ms";
constexpr std::string_view kFirmware =
    "id, name, version, file_name, notes, classes, digest, size, manifest, created_by, created_ms, revision";
constexpr std::string_view kContent =
    "id, title, description, original_name, original_digest, original_size, display_name, display_digest, "
    "display_size, manifest, created_by, created_ms, revision";

Firmware read_firmware(const Row& row) {
  return {row.text(0), row.text(1),    row.text(2), row.text(3), row.text(4),     row.text(5),
          row.text(6), row.integer(7), row.text(8), row.text(9), row.integer(10), row.integer(11)};
}

Content read_content(const Row& row) {
  return {row.text(0),
          row.text(1),
          row.text(2),
          {row.text(3), row.text(4), row.integer(5)},
          {row.text(6), row.text(7), row.integer(8)},
          row.text(9),
          row.text(10),
          row.integer(11),
          row.integer(12)};
}

Result<void> not_there(std::string_view kind, std::string_view id) {
  return fail(ErrorCode::not_found, fmt::format("no {} has the id '{}'", kind, id.substr(0, 64)));
}

// '%', '_' and '!' mean themselves in LIKE … ESCAPE '!'.
std::string pattern_of(std::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return pattern + "%";
}

struct Columns {
  std::string_view table, all, name, version;
  std::vector<std::string_view> searched;
};

Result<Rows> list(Reader& reader, const Columns& columns, const ArtifactQuery& query) {
  std::string sql = fmt::format("SELECT {} FROM {}", columns.all, columns.table);
  std::vector<Value> values;
  const auto bind = [&](Value value) {
    values.push_back(std::move(value));
    return fmt::format("${}", values.size());
  };
  const bool newest = query.order == ArtifactQuery::Order::newest;
  const std::string_view key = newest                                         ? "created_ms"
                               : query.order == ArtifactQuery::Order::version ? columns.version
                                                                              : columns.name;
  std::string conditions;
  if (!query.text.empty()) {
    const std::string pattern = bind(pattern_of(query.text));
    for (const std::string_view column : columns.searched) {
      conditions +=
          fmt::format("{}LOWER({}) LIKE {} ESCAPE '!'", conditions.empty() ? "(" : " OR ", column, pattern);
    }
    conditions += ")";
  }
  if (query.after) {
    Value last(query.after->key);
    if (newest) {
      std::int64_t time = 0;
      const auto& text = query.after->key;
      if (std::from_chars(text.data(), text.data() + text.size(), time).ec != std::errc()) {
        return fail(ErrorCode::invalid, "the cursor is not one of this list");
      }
      last = time;
    }
    const std::string key_value = bind(std::move(last));
    const std::string id_value = bind(Value(query.after->id));
    conditions += fmt::format("{}({}, id) {} ({}, {})", conditions.empty() ? "" : " AND ", key,
                              newest ? "<" : ">", key_value, id_value);
  }
  if (!conditions.empty()) sql += " WHERE " + conditions;
  const std::string limit = bind(Value(query.limit));
  const std::string_view down = newest ? " DESC" : "";
  sql += fmt::format(" ORDER BY {}{}, id{} LIMIT {}", key, down, down, limit);
  return reader.run(sql, values);
}

// How many rows the statement changed must be one.
Result<void> changed_one(const Rows& rows, Reader& reader, std::string_view table, std::string_view kind,
                         std::string_view id) {
  if (rows.affected() == 1) return {};
  STRATUS_TRY(there, reader.query(fmt::format("SELECT 1 FROM {} WHERE id = $1", table), {id}));
  if (there.empty()) return not_there(kind, id);
  return fail(ErrorCode::conflict, "it was changed meanwhile; read it again", "precondition_failed");
}

}  // namespace

ArtifactQuery::After position_of(const Firmware& firmware, ArtifactQuery::Order order) {
  if (order == ArtifactQuery::Order::newest) return {std::to_string(firmware.created_ms), firmware.id};
  return {order == ArtifactQuery::Order::name ? firmware.name : firmware.version, firmware.id};
}

ArtifactQuery::After position_of(const Content& content, ArtifactQuery::Order order) {
  if (order == ArtifactQuery::Order::newest) return {std::to_string(content.created_ms), content.id};
  return {content.title, content.id};
}

Result<void> add_upload(Transaction& transaction, const Upload& upload) {
  STRATUS_CHECK(transaction.run(
      fmt::format("INSERT INTO uploads ({}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", kUpload),
      {upload.id, upload.file_name, upload.version, upload.digest, upload.size, upload.created_by,
       upload.created_ms, upload.expires_ms}));
  return {};
}

Result<void> finish_upload(Transaction& transaction, std::string_view id, std::string_view digest,
                           std::int64_t size) {
  STRATUS_TRY(rows, transaction.run("UPDATE uploads SET digest = $2, size = $3 WHERE id = $1 AND "
                                    "(digest = '' OR digest = $2)",
                                    {id, digest, size}));
  if (rows.affected() == 1) return {};
  STRATUS_TRY(there, transaction.run("SELECT 1 FROM uploads WHERE id = $1", {id}));
  if (there.empty()) return not_there("upload", id);
  return fail(ErrorCode::conflict, "another file has been sent to this address: ask for a new one",
              "upload_finished");
}

Result<void> remove_expired_uploads(Transaction& transaction, std::int64_t now_ms) {
  STRATUS_CHECK(
      transaction.run("DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE "
                      "expires_ms < $1 ORDER BY expires_ms LIMIT 1000)",
                      {now_ms}));
  return {};
}

Result<Upload> find_upload(Reader& reader, std::string_view id) {
  STRATUS_TRY(rows, reader.query(fmt::format("SELECT {} FROM uploads WHERE id = $1", kUpload), {id}));
  if (rows.empty()) return forward_error(not_there("upload", id));
  const Row row = rows[0];
  return Upload{row.text(0),    row.text(1), row.text(2),    row.text(3),
                row.integer(4), row.text(5), row.integer(6), row.integer(7)};
}

Result<void> add_firmware(Transaction& transaction, const Firmware& firmware) {
  // Asked first: which of the two rules is broken is what people need to know.
  STRATUS_TRY(version, transaction.run("SELECT 1 FROM firmware WHERE name = $1 AND version = $2",
                                       {firmware.name, firmware.version}));
  if (!version.empty()) {
    return fail(ErrorCode::conflict,
                fmt::format("firmware {} has a version {} already", firmware.name, firmware.version),
                "duplicate_version");
  }
  STRATUS_TRY(file, transaction.run("SELECT 1 FROM firmware WHERE file_name = $1 AND version = $2",
                                    {firmware.file_name, firmware.version}));
  if (!file.empty()) {
    return fail(ErrorCode::conflict,
                fmt::format("a file {} of version {} is there already", firmware.file_name, firmware.version),
                "duplicate_file");
  }
  STRATUS_CHECK(transaction.run(
      fmt::format("INSERT INTO firmware ({}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                  kFirmware),
      {firmware.id, firmware.name, firmware.version, firmware.file_name, firmware.notes, firmware.classes,
       firmware.digest, firmware.size, firmware.manifest, firmware.created_by, firmware.created_ms,
       firmware.revision}));
  return {};
}

Result<void> change_firmware(Transaction& transaction, std::string_view id, std::int64_t revision,
                             std::string_view notes, std::string_view classes) {
  STRATUS_TRY(rows, transaction.run("UPDATE firmware SET notes = $3, classes = $4, revision = revision + 1 "
                                    "WHERE id = $1 AND revision = $2",
                                    {id, revision, notes, classes}));
  return changed_one(rows, transaction, "firmware", "firmware", id);
}

Result<void> remove_firmware(Transaction& transaction, std::string_view id) {
  STRATUS_TRY(rows, transaction.run("DELETE FROM firmware WHERE id = $1", {id}));
  return changed_one(rows, transaction, "firmware", "firmware", id);
}

Result<Firmware> find_firmware(Reader& reader, std::string_view id) {
  STRATUS_TRY(rows, reader.query(fmt::format("SELECT {} FROM firmware WHERE id = $1", kFirmware), {id}));
  if (rows.empty()) return forward_error(not_there("firmware", id));
  return read_firmware(rows[0]);
}

Result<Firmware> find_firmware_version(Reader& reader, std::string_view name, std::string_view version) {
  STRATUS_TRY(rows,
              reader.query(fmt::format("SELECT {} FROM firmware WHERE name = $1 AND version = $2", kFirmware),
                           {name, version}));
  if (rows.empty()) return forward_error(not_there("firmware", fmt::format("{}:{}", name, version)));
  return read_firmware(rows[0]);
}

Result<Firmware> find_firmware_file(Reader& reader, std::string_view file_name, std::string_view version) {
  STRATUS_TRY(rows, reader.query(fmt::format("SELECT {} FROM firmware WHERE file_name = $1 AND version = $2",
                                             kFirmware),
                                 {file_name, version}));
  if (rows.empty()) {
    return fail(ErrorCode::not_found, fmt::format("there is no file '{}' of version '{}'",
                                                  file_name.substr(0, 128), version.substr(0, 128)));
  }
  return read_firmware(rows[0]);
}

Result<std::vector<Firmware>> list_firmware(Reader& reader, const ArtifactQuery& query) {
  STRATUS_TRY(
      rows,
      list(reader, {"firmware", kFirmware, "name", "version", {"name", "version", "file_name", "notes"}},
           query));
  std::vector<Firmware> found;
  for (const Row row : rows) found.push_back(read_firmware(row));
  return found;
}

Result<void> add_content(Transaction& transaction, const Content& content) {
  STRATUS_TRY(title, transaction.run("SELECT 1 FROM contents WHERE title = $1", {content.title}));
  if (!title.empty()) {
    return fail(ErrorCode::conflict, fmt::format("content named '{}' is there already", content.title),
                "duplicate_title");
  }
  STRATUS_CHECK(transaction.run(
      fmt::format("INSERT INTO contents ({}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                  kContent),
      {content.id, content.title, content.description, content.original.name, content.original.digest,
       content.original.size, content.display.name, content.display.digest, content.display.size,
       content.manifest, content.created_by, content.created_ms, content.revision}));
  return {};
}

Result<void> change_content(Transaction& transaction, std::string_view id, std::int64_t revision,
                            std::string_view description) {
  STRATUS_TRY(rows, transaction.run("UPDATE contents SET description = $3, revision = revision + 1 "
                                    "WHERE id = $1 AND revision = $2",
                                    {id, revision, description}));
  return changed_one(rows, transaction, "contents", "content", id);
}

Result<void> remove_content(Transaction& transaction, std::string_view id) {
  STRATUS_TRY(rows, transaction.run("DELETE FROM contents WHERE id = $1", {id}));
  return changed_one(rows, transaction, "contents", "content", id);
}

Result<Content> find_content(Reader& reader, std::string_view id) {
  STRATUS_TRY(rows, reader.query(fmt::format("SELECT {} FROM contents WHERE id = $1", kContent), {id}));
  if (rows.empty()) return forward_error(not_there("content", id));
  return read_content(rows[0]);
}

Result<std::vector<Content>> list_contents(Reader& reader, const ArtifactQuery& query) {
  STRATUS_TRY(rows,
              list(reader, {"contents", kContent, "title", "title", {"title", "description", "display_name"}},
                   query));
  std::vector<Content> found;
  for (const Row row : rows) found.push_back(read_content(row));
  return found;
}

}  // namespace stratus::db
