// Reading the few JSON members that a device cares about, in place: no tree, no copies, no recursion.
//
// Not a validator: what is not JSON gives no value or a wrong one, never an access outside the text. Nothing
// that is read this way carries trust.
#pragma once

#include "stratus/mcu/text.hpp"

namespace stratus::mcu {

// The value of a member of the outermost object: of a string what stands between the quotes, escapes as they
// are; else the value's text. False when there is none.
bool json_member(const Text& json, const char* name, Text& value);

// Calls for each whole number of an array such as "[1,2,3]"; others are passed over.
class JsonNumbers {
 public:
  explicit JsonNumbers(const Text& array) : at_(array.data), end_(array.data + array.size) {}
  bool next(uint32_t& number);

 private:
  const char* at_;
  const char* end_;
};

}  // namespace stratus::mcu
