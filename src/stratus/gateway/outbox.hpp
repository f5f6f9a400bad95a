// Reports and data on their way to the upstream: a durable bounded queue of files, in order
// (docs/formats/gateway-cache.md). What append() took survives a power cut; what pop() removed may come again
// after a crash, which the server tells by (device, sequence).
//
// Blocks; one thread at a time. `conflict` on open while another process uses the directory.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "stratus/base/file.hpp"
#include "stratus/base/result.hpp"

namespace stratus::gateway {

struct OutboxRecord {
  std::string target;  // "/api/v1/devices/a/reports"
  std::string body;

  bool operator==(const OutboxRecord&) const = default;
};

struct OutboxOptions {
  std::uint64_t limit = 64u << 20;        // bytes on disk
  std::uint64_t segment_size = 4u << 20;  // a file's; the space of what was delivered returns by files
};

class Outbox {
 public:
  static Result<std::unique_ptr<Outbox>> open(const std::filesystem::path& directory, OutboxOptions options);

  // All of them or none; durable on return. `no_space`: the queue or the disk is full.
  Result<void> append(std::span<const OutboxRecord> records);
  Result<std::optional<OutboxRecord>> front();  // nullopt: empty
  Result<void> pop();                           // what front() answered

  std::uint64_t count() const { return count_; }
  std::uint64_t bytes() const;

 private:
  struct Segment {
    std::uint64_t number = 0;
    std::uint64_t size = 0;
  };
  Outbox(std::filesystem::path directory, OutboxOptions options)
      : directory_(std::move(directory)), options_(options) {}
  Result<void> load();
  Result<void> start_segment();
  Result<void> drop_delivered();
  std::filesystem::path path_of(std::uint64_t number) const;

  std::filesystem::path directory_;
  OutboxOptions options_;
  FileDescriptor lock_;
  FileDescriptor position_;
  FileDescriptor reading_;
  FileDescriptor writing_;
  std::deque<Segment> segments_;  // the first is read, the last is written
  std::uint64_t read_offset_ = 0;
  std::uint64_t front_size_ = 0;  // of the record front() answered
  std::uint64_t count_ = 0;
};

}  // namespace stratus::gateway
