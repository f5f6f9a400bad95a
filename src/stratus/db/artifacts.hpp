// Uploads, firmware and display content (B1–B5, B69–B74): what people see of the artifacts whose bytes are in
// the store. Digests are their texts, classes are words separated by spaces, times are milliseconds.
// Reads block; writes run inside a transaction (database.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/result.hpp"
#include "stratus/db/database.hpp"

namespace stratus::db {

// A promise that somebody may send one file until `expires_ms`.
struct Upload {
  std::string id;
  std::string file_name;
  std::string version;  // what it is meant for, when its asker said so
  std::string digest;   // "" until the file has come
  std::int64_t size = 0;
  std::string created_by;
  std::int64_t created_ms = 0;
  std::int64_t expires_ms = 0;
};

struct Firmware {
  std::string id;
  std::string name;
  std::string version;
  std::string file_name;
  std::string notes;
  std::string classes;  // device classes it is for; "" = any
  std::string digest;   // of the file
  std::int64_t size = 0;
  std::string manifest;  // digest of its OCI manifest
  std::string created_by;
  std::int64_t created_ms = 0;
  std::int64_t revision = 1;
};

struct ContentFile {
  std::string name;
  std::string digest;
  std::int64_t size = 0;
};

struct Content {
  std::string id;
  std::string title;
  std::string description;
  ContentFile original;  // what people look at
  ContentFile display;   // what the device's screen takes
  std::string manifest;
  std::string created_by;
  std::int64_t created_ms = 0;
  std::int64_t revision = 1;
};

// Newest first, or by name (title) or version; a page goes on behind `after`, the sort key and id of the last
// item of the page before.
struct ArtifactQuery {
  enum class Order : std::uint8_t { newest, name, version };
  Order order = Order::newest;
  std::string text;  // anywhere in name, version, notes (title, description); ASCII case does not count
  struct After {
    std::string key;
    std::string id;
  };
  std::optional<After> after;
  std::int64_t limit = 50;
};
// What `after` of the next page is.
ArtifactQuery::After position_of(const Firmware& firmware, ArtifactQuery::Order order);
ArtifactQuery::After position_of(const Content& content, ArtifactQuery::Order order);

Result<void> add_upload(Transaction& transaction, const Upload& upload);
// `conflict` when its file has come already with another digest.
Result<void> finish_upload(Transaction& transaction, std::string_view id, std::string_view digest,
                           std::int64_t size);
// At most 1,000 that expired before `now_ms`; their blobs are garbage unless something names them.
Result<void> remove_expired_uploads(Transaction& transaction, std::int64_t now_ms);
Result<Upload> find_upload(Reader& reader, std::string_view id);  // `not_found`

// `conflict`, with reason "duplicate_version" or "duplicate_file", when it is there already.
Result<void> add_firmware(Transaction& transaction, const Firmware& firmware);
// Notes and classes; counts the revision up. `conflict` with reason "precondition_failed" when it is not at
// `revision`.
Result<void> change_firmware(Transaction& transaction, std::string_view id, std::int64_t revision,
                             std::string_view notes, std::string_view classes);
Result<void> remove_firmware(Transaction& transaction, std::string_view id);  // `not_found`
Result<Firmware> find_firmware(Reader& reader, std::string_view id);          // `not_found`
Result<Firmware> find_firmware_version(Reader& reader, std::string_view name, std::string_view version);
Result<Firmware> find_firmware_file(Reader& reader, std::string_view file_name, std::string_view version);
Result<std::vector<Firmware>> list_firmware(Reader& reader, const ArtifactQuery& query);

// `conflict` with reason "duplicate_title".
Result<void> add_content(Transaction& transaction, const Content& content);
Result<void> change_content(Transaction& transaction, std::string_view id, std::int64_t revision,
                            std::string_view description);
Result<void> remove_content(Transaction& transaction, std::string_view id);
Result<Content> find_content(Reader& reader, std::string_view id);
Result<std::vector<Content>> list_contents(Reader& reader, const ArtifactQuery& query);

}  // namespace stratus::db
