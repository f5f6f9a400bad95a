// The repositories under which the askers of one transfer know its blob. A digest says what the bytes are,
// not where they may be asked for: a blob that the upstream does not have in one repository is asked for in
// the next. Pure.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "stratus/base/result.hpp"

namespace stratus::gateway {

class FillNames {
 public:
  explicit FillNames(std::string first) : current_(std::move(first)) {}

  const std::string& current() const { return current_; }
  // One more asker. `known`: the upstream has served this repository before, so it is tried before strange
  // ones. False when there are too many to try; the asker comes back when this transfer has ended.
  bool join(const std::string& name, bool known);
  // The upstream does not have the blob under the current name. True when there is another to try, which is
  // current now.
  bool refuse(Error error);
  // What the upstream said to this name; null while it may still come.
  const Error* refusal_of(const std::string& name) const;

 private:
  std::string current_;
  std::deque<std::string> next_;
  std::map<std::string, Error> refused_;
};

// Whether an upstream's error is about the repository or the blob in it rather than about the transfer.
bool is_about_name(const Error& error);

}  // namespace stratus::gateway
