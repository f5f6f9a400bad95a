// The grammar of names that become paths (OCI distribution specification 1.1, "Pulling manifests"). Whatever
// passes here cannot leave its directory: no empty or dotted components, no separators but '/'.
#pragma once

#include <string_view>

namespace stratus::store {

// [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* joined by '/', at most 255 bytes.
bool is_repository_name(std::string_view name);

// [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}
bool is_tag(std::string_view tag);

}  // namespace stratus::store
