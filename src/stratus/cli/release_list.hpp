// The server's list of releases, read.
#pragma once

#include <string>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/cli/server_connection.hpp"

namespace stratus::cli {

struct ReleaseLine {
  std::string name, version;
  Digest digest;
  std::int64_t created_ms = 0;
  bool is_target = false;  // what devices of that name are to run
};

// Of one name, newest first; of all names when `name` is empty. An unknown name has none.
Result<std::vector<ReleaseLine>> fetch_releases(ServerConnection& server, const std::string& name);

// For an error about a version of `name` that is not there: "; `stratus releases NAME` lists …", when it
// does.
std::string where_to_look(const std::string& name, const std::vector<ReleaseLine>& releases);

}  // namespace stratus::cli
