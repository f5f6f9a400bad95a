#include "stratus/base/json.hpp"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

namespace stratus {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxDepth = 32;

// Boost.JSON's parser keeps the last of two members with one name. Where members were lost, or the text is no
// JSON, this handler runs over the same text and finds the first thing that is wrong.
class DuplicateKeyHandler {
 public:
  [[maybe_unused]] static constexpr std::size_t max_object_size = ~std::size_t{0};
  [[maybe_unused]] static constexpr std::size_t max_array_size = ~std::size_t{0};
  [[maybe_unused]] static constexpr std::size_t max_key_size = ~std::size_t{0};
  [[maybe_unused]] static constexpr std::size_t max_string_size = ~std::size_t{0};

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    objects_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) {
    objects_.pop_back();
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    key_.append(part.data(), part.size());
    if (!objects_.back().insert(key_).second) {
      duplicate = key_;
      error = json::error::exception;  // any error stops the parser; `duplicate` says which it was
      return false;
    }
    key_.clear();
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  std::string duplicate;

 private:
  std::vector<std::unordered_set<std::string>> objects_;
  std::string key_;
};

// Of well-formed JSON: each member has one colon outside of strings.
std::size_t count_members(std::string_view text) {
  std::size_t members = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == ':') ++members;
    if (text[at] != '"') continue;
    for (++at; text[at] != '"'; ++at) {
      if (text[at] == '\\') ++at;
    }
  }
  return members;
}

std::size_t count_members(const json::value& value) {
  std::size_t members = 0;
  if (const json::object* const object = value.if_object()) {
    members = object->size();
    for (const auto& member : *object) members += count_members(member.value());
  } else if (const json::array* const array = value.if_array()) {
    for (const json::value& element : *array) members += count_members(element);
  }
  return members;
}

bool has_nul(const json::value& value) {
  if (const json::string* const string = value.if_string()) return string->find('\0') != json::string::npos;
  if (const json::object* const object = value.if_object()) {
    return std::any_of(object->begin(), object->end(), [](const auto& member) {
      return member.key().find('\0') != json::string_view::npos || has_nul(member.value());
    });
  }
  const json::array* const array = value.if_array();
  return array != nullptr && std::any_of(array->begin(), array->end(), has_nul);
}

Error find_problem(std::string_view text, const json::parse_options& options) {
  json::basic_parser<DuplicateKeyHandler> names(options);
  json::error_code error;
  const std::size_t used = names.write_some(false, text.data(), text.size(), error);
  if (!names.handler().duplicate.empty())
    return Error(ErrorCode::invalid, "JSON names '" + names.handler().duplicate.substr(0, 100) + "' twice");
  if (!error) error = json::error::extra_data;
  return Error(ErrorCode::invalid, fmt::format("not JSON at byte {}: {}", used, error.message()));
}

}  // namespace

Result<json::value> parse_json(std::string_view text, std::size_t limit) {
  if (text.size() > limit) {
    return fail(ErrorCode::invalid,
                fmt::format("JSON of {} bytes, more than the {} allowed here", text.size(), limit));
  }
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  json::value value = json::parse(text, error, {}, options);
  if (error || count_members(text) != count_members(value)) return fail(find_problem(text, options));
  // No database keeps it in a text, or it ends the text there. It can only be written as an escape.
  if (text.find("\\u0000") != std::string_view::npos && has_nul(value))
    return fail(ErrorCode::invalid, "JSON with a NUL in a text");
  return value;
}

ObjectReader::ObjectReader(const json::value& value, std::string path) : path_(std::move(path)) {
  object_ = value.if_object();
  if (object_ == nullptr) problem_ = (path_.empty() ? "the message" : path_) + ": not an object";
}

std::string ObjectReader::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void ObjectReader::reject(std::string_view key, std::string_view why) {
  if (problem_.empty()) problem_ = path_of(key) + ": " + std::string(why);
}

const json::value* ObjectReader::find(std::string_view key, bool required) {
  if (object_ == nullptr) return nullptr;
  const json::value* const found = object_->if_contains(key);
  if (found == nullptr && required) reject(key, "missing");
  return found;
}

std::string ObjectReader::text(std::string_view key, std::size_t max_length) {
  find(key, true);
  return optional_text(key, max_length);
}

std::string ObjectReader::optional_text(std::string_view key, std::size_t max_length) {
  const json::value* const value = find(key, false);
  if (value == nullptr) return {};
  if (!value->is_string()) return reject(key, "not a string"), std::string();
  const json::string& string = value->get_string();
  if (string.size() > max_length)
    return reject(key, fmt::format("longer than {} bytes", max_length)), std::string();
  return std::string(string.data(), string.size());
}

std::uint64_t ObjectReader::number(std::string_view key) {
  find(key, true);
  return optional_number(key, 0);
}

std::uint64_t ObjectReader::optional_number(std::string_view key, std::uint64_t otherwise) {
  const json::value* const value = find(key, false);
  if (value == nullptr) return otherwise;
  if (!value->is_int64() || value->get_int64() < 0)
    return reject(key, "not a whole number of 0 or more"), otherwise;
  return static_cast<std::uint64_t>(value->get_int64());
}

Digest ObjectReader::digest(std::string_view key) {
  find(key, true);
  return optional_digest(key);
}

Digest ObjectReader::optional_digest(std::string_view key) {
  const std::string spelled = optional_text(key, 100);
  if (spelled.empty()) return {};
  const Result<Digest> parsed = Digest::parse(spelled);
  if (!parsed) return reject(key, parsed.error().text()), Digest();
  return *parsed;
}

Bytes ObjectReader::base64(std::string_view key, std::size_t max_length) {
  std::optional<Bytes> bytes = from_base64(text(key, max_length * 2));
  if (!bytes || bytes->size() > max_length) return reject(key, "not base64 of the allowed length"), Bytes();
  return *std::move(bytes);
}

const json::array& ObjectReader::optional_array(std::string_view key, std::size_t max_count) {
  static const json::array empty;
  const json::value* const value = find(key, false);
  if (value == nullptr) return empty;
  if (!value->is_array()) return reject(key, "not an array"), empty;
  if (value->get_array().size() > max_count) {
    return reject(key, fmt::format("more than {} elements", max_count)), empty;
  }
  return value->get_array();
}

Result<void> ObjectReader::done() const {
  if (!problem_.empty()) return fail(ErrorCode::invalid, problem_);
  return {};
}

}  // namespace stratus
