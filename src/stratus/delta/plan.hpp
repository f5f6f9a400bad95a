// The plan stream of a recipe: which base file each new file comes from (docs/formats/delta.md, "Plan").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stratus/base/result.hpp"
#include "stratus/delta/stream_reader.hpp"
#include "stratus/delta/tar_headers.hpp"

namespace stratus::delta {

enum class FileKind : std::uint8_t {
  patch_own = 0,    // patch, starting at the base's file of the same path
  patch = 1,        // patch, starting where the last one ended
  copy_named = 2,   // the whole of a base file of another path
  patch_named = 3,  // patch, starting at a base file of another path
};

// A new file that is not simply the base's file of the same path.
struct PlannedFile {
  FileKind kind = FileKind::patch;
  std::string base_path;  // of the named kinds
};

// What every plan begins with.
struct PlanHead {
  std::uint64_t header_bytes = 0;  // of the new tar, without the zeros at the end
  ChecksumForm checksum_form = ChecksumForm::kept;
  std::vector<std::string> references;  // base files that come first in the reference
};

class PlanReader {
 public:
  explicit PlanReader(StreamReader stream) : stream_(std::move(stream)) {}

  Result<PlanHead> head(bool tar);
  // For the new file at `path`; nothing when it is the base's file of that path, unchanged.
  Result<std::optional<PlannedFile>> next(const std::string& path);
  bool at_end() const { return stream_.at_end() && !word_; }

 private:
  Result<std::string> path_near(const std::string& context);

  StreamReader stream_;
  std::optional<std::uint64_t> word_;  // unchanged files to come << 2 | kind of the one after them
};

class PlanWriter {
 public:
  void head(const PlanHead& head, bool tar);
  void unchanged() { ++unchanged_; }
  void file(const PlannedFile& file, const std::string& path);
  Bytes take() { return std::move(out_); }

 private:
  void path_near(const std::string& path, const std::string& context);

  Bytes out_;
  std::uint64_t unchanged_ = 0;
};

}  // namespace stratus::delta
