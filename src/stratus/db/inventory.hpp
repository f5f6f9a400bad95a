// Regions, groups and saved filters: what people sort devices into. Plain structs and functions of a
// transaction or a reader; errors as in database.hpp, texts for people.
//
// A region or group is named by its id (ULID) or its code wherever `key` stands. Changes carry the revision
// they are based on (0: any); another one is a `conflict` that says so.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/db/database.hpp"

namespace stratus::db {

using Tags = std::map<std::string, std::string>;

// Codes of regions, groups and filters: 1 to 32 of a-z 0-9 -.
bool is_code(std::string_view text);
// Display names, labels, locations: at most 128 bytes of UTF-8 without control characters.
Result<void> check_name(std::string_view what, std::string_view text, bool may_be_empty);
// At most 32; keys 1 to 32 of a-z 0-9 . _ -, values at most 128 bytes without control characters.
Result<void> check_tags(const Tags& tags);
std::string encode_tags(const Tags& tags);  // one "key=value" a line, as the tables keep it
Tags decode_tags(std::string_view text);

enum class PlaceKind : std::uint8_t { region, group };
std::string_view word_for(PlaceKind kind);  // "region", "group"

struct Place {
  std::string id;
  std::string code;
  std::string name;
  Tags tags;
  std::int64_t created_ms = 0;
  std::int64_t changed_ms = 0;
  std::int64_t revision = 1;
  std::int64_t devices = 0;   // how many belong to it; filled by list_places and find_place
  std::int64_t inactive = 0;  // how many of them are not active
};

struct PlaceChange {  // what is absent stays
  std::optional<std::string> code;
  std::optional<std::string> name;
  std::optional<Tags> tags;
};

// `place` with id, code, name, tags and created_ms. `conflict` when the code is taken.
Result<void> create_place(Transaction& transaction, PlaceKind kind, const Place& place);
// Answers the place as it is now.
Result<Place> change_place(Transaction& transaction, PlaceKind kind, std::string_view key,
                           const PlaceChange& change, std::int64_t revision, std::int64_t now_ms);
// `conflict` while devices belong to it.
Result<void> remove_place(Transaction& transaction, PlaceKind kind, std::string_view key,
                          std::int64_t revision);
Result<Place> find_place(Reader& reader, PlaceKind kind, std::string_view key);
// By code, after the code `after`.
Result<std::vector<Place>> list_places(Reader& reader, PlaceKind kind, std::string_view after,
                                       std::int64_t limit);

struct SavedFilter {
  std::string id;
  std::string code;
  std::string name;
  std::string filter;  // its text, in the language of filter.hpp
  std::int64_t created_ms = 0;
  std::int64_t changed_ms = 0;
  std::int64_t revision = 1;
};

// `invalid` when its text does not parse, `conflict` when the code is taken.
Result<void> create_filter(Transaction& transaction, const SavedFilter& filter);
// Takes code, name and text of `now` and its changed_ms.
Result<SavedFilter> change_filter(Transaction& transaction, std::string_view key, const SavedFilter& now,
                                  std::int64_t revision);
Result<void> remove_filter(Transaction& transaction, std::string_view key, std::int64_t revision);
Result<SavedFilter> find_filter(Reader& reader, std::string_view key);
Result<std::vector<SavedFilter>> list_filters(Reader& reader, std::string_view after, std::int64_t limit);

}  // namespace stratus::db
