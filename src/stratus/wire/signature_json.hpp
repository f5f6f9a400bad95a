// Release signatures as they stand in messages to devices. Only .cpp files of this module include it.
#pragma once

#include <string>
#include <vector>

#include <boost/json/fwd.hpp>

#include "stratus/wire/next.hpp"

namespace stratus::wire {

// Adds the member "signatures" unless there are none.
void add_signatures(boost::json::object& message, const std::vector<ReleaseSignature>& signatures);
// None when the member is absent. `path` of the object, for messages of errors.
Result<std::vector<ReleaseSignature>> parse_signatures(const boost::json::value& message,
                                                       const std::string& path);

}  // namespace stratus::wire
