// What PostgreSQL's SQLSTATE means in our codes (appendix A of its manual).
#pragma once

#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus::db {

ErrorCode code_of_sqlstate(std::string_view sqlstate);

}  // namespace stratus::db
