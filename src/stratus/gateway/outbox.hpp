// Reports and data on their way to the upstream: a durable bounded store of files, delivered in any order
// (docs/formats/gateway-cache.md). What append() took survives a power cut; what remove() took out may come
// again after a crash, which the server tells by (device, sequence). Damage costs the record it hits.
//
// Blocks; one thread at a time. `conflict` on open while another process uses the directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "stratus/base/lock_file.hpp"
#include "stratus/base/result.hpp"
#include "stratus/gateway/outbox_record.hpp"

namespace stratus::gateway {

struct OutboxOptions {
  std::uint64_t limit = 64u << 20;        // bytes on disk
  std::uint64_t segment_size = 4u << 20;  // a file's; the space of what was delivered returns by files
  std::size_t most = 100'000;             // records: about 10 MB of memory
};

class Outbox {
 public:
  using Id = std::uint64_t;  // in the order of arrival; new with every open

  // `patience`: how long another holder of the directory is waited for.
  static Result<std::unique_ptr<Outbox>> open(const std::filesystem::path& directory, OutboxOptions options,
                                              Millis patience = kLockPatience);

  // What waited when it was opened, with its target, in order. Once.
  std::vector<std::pair<Id, std::string>> take_found() { return std::move(found_); }
  // All of them or none; durable on return. The first one's id, the others' follow. `no_space`: the queue or
  // the disk is full; `invalid`: a record is too long.
  Result<Id> append(std::span<const OutboxRecord> records);
  // `corrupt`: damaged on the disk meanwhile.
  Result<OutboxRecord> read(Id id);
  Result<void> remove(Id id);

  std::uint64_t count() const { return waiting_.size(); }
  std::uint64_t bytes() const;                        // on the disk
  std::uint64_t damaged() const { return damaged_; }  // stretches of bytes left out when it was opened

 private:
  struct Segment {
    std::uint64_t size = 0;
    std::uint64_t waiting_bytes = 0;
  };
  struct Location {
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
  };
  Outbox(std::filesystem::path directory, OutboxOptions options)
      : directory_(std::move(directory)), options_(options) {}
  Result<void> load(Millis patience);
  Result<void> load_segment(std::uint64_t number);
  Result<void> start_segment();
  Result<void> compact();
  Result<void> compact(std::uint64_t number);
  Result<int> file_of(std::uint64_t number);
  void drop_if_done(std::uint64_t number);
  std::uint64_t last() const { return segments_.rbegin()->first; }
  std::filesystem::path path_of(std::uint64_t number) const;

  std::filesystem::path directory_;
  OutboxOptions options_;
  FileDescriptor lock_;
  FileDescriptor writing_;  // the last segment
  FileDescriptor reading_;
  std::uint64_t reading_number_ = 0;
  std::map<std::uint64_t, Segment> segments_;
  std::map<Id, Location> waiting_;
  std::vector<std::pair<Id, std::string>> found_;
  Id next_id_ = 1;
  std::uint64_t damaged_ = 0;
};

}  // namespace stratus::gateway
