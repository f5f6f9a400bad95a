// What the lists of firmware and content have in common: their query, their cursor, their changes.
#pragma once

#include <fmt/format.h>

#include "stratus/db/artifacts.hpp"
#include "stratus/server/call.hpp"
#include "stratus/server/cursor.hpp"

namespace stratus::server {

// ?search= &sort=newest|name|version &limit= &cursor=
inline Result<db::ArtifactQuery> artifact_query(const Call& call) {
  db::ArtifactQuery query;
  const std::string sort = call.query("sort").value_or("newest");
  if (sort == "name" || sort == "title") {
    query.order = db::ArtifactQuery::Order::name;
  } else if (sort == "version") {
    query.order = db::ArtifactQuery::Order::version;
  } else if (sort != "newest") {
    return fail(ErrorCode::invalid, "sort: one of newest, name, version");
  }
  query.text = call.query("search").value_or("");
  if (query.text.size() > 256) return fail(ErrorCode::invalid, "search: at most 256 bytes");
  if (const auto cursor = call.query("cursor")) {
    STRATUS_TRY(parts, decode_cursor(*cursor, 3));
    if (parts[0] != sort) return fail(ErrorCode::invalid, "the cursor is of a list in another order");
    query.after = db::ArtifactQuery::After{parts[1], parts[2]};
  }
  query.limit = call.limit(50, 500) + 1;  // one more tells whether there is another page
  return query;
}

// Takes the item too many away and answers the cursor behind the rest; "" at the end.
template <class Item>
std::string cut_page(const Call& call, const db::ArtifactQuery& query, std::vector<Item>& items) {
  if (static_cast<std::int64_t>(items.size()) < query.limit) return "";
  items.pop_back();
  const auto position = db::position_of(items.back(), query.order);
  return encode_cursor({call.query("sort").value_or("newest"), position.key, position.id});
}

}  // namespace stratus::server
