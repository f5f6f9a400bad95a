// What a device is to show (docs/formats/messages.md, "Contents"): the whole list, in its order, with a link
// to each file. Links end after a while; whoever still needs one asks again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/wire/next.hpp"

namespace stratus::wire {

struct ContentFile {
  std::string role;  // "original", "display"
  std::string name;  // as it was uploaded; for people
  Digest digest;
  std::uint64_t size = 0;
  std::string link;  // path and query below the address that was asked; always begins with "/"
};

struct ContentItem {
  std::string id;
  std::string title;
  Digest manifest;
  std::vector<ContentFile> files;
  // What its signatures are about hashes to `manifest`; both empty when nobody has signed it, or the order
  // would grow too long. Agents do not ask for them yet.
  std::string manifest_text = {};
  std::vector<ReleaseSignature> signatures = {};
};

struct ContentOrder {
  std::string command;             // the rollout's id; empty: what the device showed before
  Digest about;                    // manifest of the one whose turn it is; empty without a rollout
  std::uint64_t expires_ms = 0;    // 0: never
  std::vector<ContentItem> items;  // several are fetched one after the other, and shown together

  static constexpr std::size_t kMaxEncoded = 256u << 10;  // bytes
  static constexpr std::size_t kMaxItems = 64;
  static constexpr std::size_t kMaxFiles = 8;  // of an item
  static constexpr std::size_t kMaxManifest = 8u << 10;
};

std::string encode_content_order(const ContentOrder& order);
// Refuses ids and links that could mean another path, and two items with one id.
Result<ContentOrder> parse_content_order(std::string_view text);

// Ids as they stand in questions and indexes: 1 to 64 of A–Z a–z 0–9 _ -.
bool is_content_id(std::string_view id);

}  // namespace stratus::wire
