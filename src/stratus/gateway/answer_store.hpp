// Small answers of the upstream, kept in memory and on disk (docs/formats/gateway-cache.md): what comes next,
// manifests, tags, referrers. Bounded in number and bytes. When there is no room, the least recently asked
// for goes out of the fullest group (a repository's `next` answers, its registry answers), so that no flood
// of questions about one drives out the others; and what one device alone asked for is a handful at most.
//
// Files that are damaged are not there. They are written behind the loop's back and synced; an answer that a
// crash loses is asked for again. Belongs to the loop's thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"
#include "stratus/gateway/kept_answer.hpp"
#include "stratus/net/worker_pool.hpp"

namespace stratus::gateway {

// What an answer shares its room with: "next NAME", "get NAME". Pure.
std::string group_of_key(std::string_view key);

struct AnswerLimits {
  std::size_t count = 1024;
  std::uint64_t bytes = 16u << 20;
  std::size_t per_asker = 8;
};

class AnswerStore {
 public:
  AnswerStore(std::filesystem::path directory, AnswerLimits limits);

  Result<void> load();  // blocks
  // Notes the use. Valid until the next change.
  const KeptAnswer* find(const std::string& key);
  // `asker`: who alone wanted to know it so far; "": not counted.
  void keep(const std::string& key, AnswerPointer answer, const std::string& asker = "");
  // An answer that another wants too is no longer counted against the first.
  void note_asker(const std::string& key, const std::string& asker);
  void persist(const std::string& key);  // now, however little has changed
  std::uint64_t next_order() const { return next_order_; }
  void drop(const std::string& key);
  void for_each(const std::function<void(const KeptAnswer&)>& visit) const;
  // Called with the key of what goes.
  void on_drop(std::function<void(const std::string&)> hook) { dropped_ = std::move(hook); }
  std::size_t count() const { return entries_.size(); }
  void join() { writer_.join(); }  // what was kept is on the disk then

 private:
  struct Entry {
    KeptAnswer kept;
    SteadyTime written{};
    std::string group;
    std::string asker;
  };
  using Entries = std::list<Entry>;  // newest first
  std::filesystem::path path_of(const std::string& key) const;
  void erase(Entries::iterator entry);
  void shrink();
  Entries::iterator victim(bool by_count);
  void hold_to_quota(std::string asker);
  void write(Entry& entry);

  std::filesystem::path directory_;
  AnswerLimits limits_;
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> index_;
  std::uint64_t bytes_ = 0;
  std::uint64_t next_order_ = 1;
  std::function<void(const std::string&)> dropped_;
  net::WorkerPool writer_;  // one thread, so that writes of one key keep their order
};

}  // namespace stratus::gateway
