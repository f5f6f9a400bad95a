#include "stratus/gateway/fill_names.hpp"

#include <algorithm>

namespace stratus::gateway {
namespace {

constexpr std::size_t kMost = 64;

}  // namespace

bool FillNames::join(const std::string& name, bool known) {
  if (name == current_ || refused_.contains(name)) return true;
  if (std::find(next_.begin(), next_.end(), name) != next_.end()) return true;
  if (next_.size() + refused_.size() >= kMost) return false;
  known ? next_.push_front(name) : next_.push_back(name);
  return true;
}

bool FillNames::refuse(Error error) {
  refused_.emplace(current_, std::move(error));
  if (next_.empty()) return false;
  current_ = std::move(next_.front());
  next_.pop_front();
  return true;
}

const Error* FillNames::refusal_of(const std::string& name) const {
  const auto found = refused_.find(name);
  return found == refused_.end() ? nullptr : &found->second;
}

bool is_about_name(const Error& error) {
  return error.code() == ErrorCode::not_found || error.code() == ErrorCode::denied ||
         error.code() == ErrorCode::invalid;
}

}  // namespace stratus::gateway
