// What a device shows, and how it gets from one list of contents to the next. Pure.
//
// Files are named by their digest, so a list can be put together beside the one that is shown; the index is
// one small file that is replaced at once. Whatever happens, either the old list is whole or the new one is
// (docs/operations/agent.md, "Contents").
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/wire/content_order.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::update {

struct ListedFile {
  std::string role;
  std::string path;  // below the content directory: "files/<digest><extension>"
  std::string name;  // as uploaded
  Digest digest;
  std::uint64_t size = 0;  // bytes
};

struct ListedItem {
  std::string id;
  std::string title;
  Digest manifest;
  std::vector<ListedFile> files;
};

struct ContentList {
  std::string command;  // of the rollout that brought it; empty: none
  std::uint64_t changed_ms = 0;
  std::vector<ListedItem> items;

  static constexpr std::size_t kMaxEncoded = 256u << 10;  // bytes

  std::vector<std::string> ids() const;
  std::vector<wire::ShownContent> shown() const;
};

// "files/" + digest + the name's extension when that is a short word: display programs go by it.
std::string content_path(const Digest& digest, std::string_view name);

ContentList list_of(const wire::ContentOrder& order, std::uint64_t now_ms);

// index.json, which the display program reads.
std::string encode_index(const ContentList& list);
Result<ContentList> parse_index(std::string_view text);

struct ContentPlan {
  std::vector<ListedFile> fetch;   // in the order of the list, each file once
  std::uint64_t bytes = 0;         // of them
  std::uint64_t bytes_to_get = 0;  // … that are not in partial files yet
};
// `has`: whether the file of that path is complete; `partial`: bytes of it that came already.
ContentPlan plan_contents(const ContentList& wanted, const std::function<bool(const ListedFile&)>& has,
                          const std::function<std::uint64_t(const ListedFile&)>& partial);

// `no_space` with figures when the list is larger than `limit` (0: none), or its missing bytes do not fit
// beside what is shown now.
Result<void> check_room(const ContentList& wanted, const ContentPlan& plan, std::uint64_t limit,
                        std::uint64_t free_disk, std::uint64_t reserve);

}  // namespace stratus::update
