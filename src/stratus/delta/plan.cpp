#include "stratus/delta/plan.hpp"

#include <algorithm>

#include "stratus/delta/recipe_format.hpp"
#include "stratus/delta/varint.hpp"

namespace stratus::delta {
namespace {

tl::unexpected<Error> malformed_plan(const char* what) {
  return fail(ErrorCode::corrupt, std::string("malformed plan in the recipe: ") + what);
}

bool is_named(FileKind kind) { return kind == FileKind::copy_named || kind == FileKind::patch_named; }

}  // namespace

Result<std::string> PlanReader::path_near(const std::string& context) {
  STRATUS_TRY(prefix, stream_.varint());
  STRATUS_TRY(suffix, stream_.varint());
  STRATUS_TRY(middle, stream_.varint());
  if (prefix > context.size() || suffix > context.size() - prefix || middle > kMaxPath) {
    return malformed_plan("path");
  }
  std::string path = context.substr(0, static_cast<std::size_t>(prefix));
  Bytes bytes(static_cast<std::size_t>(middle));
  STRATUS_CHECK(stream_.bytes(bytes));
  path += as_text(bytes);
  path += context.substr(context.size() - static_cast<std::size_t>(suffix));
  return path;
}

Result<PlanHead> PlanReader::head(bool tar) {
  PlanHead head;
  if (tar) {
    STRATUS_TRY(blocks, stream_.varint());
    if (blocks > (std::uint64_t{1} << 48)) return malformed_plan("header length");
    head.header_bytes = blocks * kTarBlock;
    STRATUS_TRY(form, stream_.varint());
    if (form >= kChecksumForms) return malformed_plan("checksum form");
    head.checksum_form = static_cast<ChecksumForm>(form);
  }
  STRATUS_TRY(count, stream_.varint());
  std::size_t memory = 0;
  std::string context;
  for (std::uint64_t i = 0; i < count; ++i) {
    STRATUS_TRY(path, path_near(context));
    memory += kReferenceCost + path.size();
    if (memory > kMaxReferenceMemory) return malformed_plan("too many references");
    context = path;
    head.references.push_back(std::move(path));
  }
  return head;
}

Result<std::optional<PlannedFile>> PlanReader::next(const std::string& path) {
  if (!word_) {
    if (stream_.at_end()) return std::optional<PlannedFile>();
    STRATUS_TRY(word, stream_.varint());
    word_ = word;
  }
  if (*word_ >= 4) {
    *word_ -= 4;
    return std::optional<PlannedFile>();
  }
  PlannedFile file{static_cast<FileKind>(*word_), {}};
  word_.reset();
  if (is_named(file.kind)) {
    STRATUS_TRY(name, path_near(path));
    file.base_path = std::move(name);
  }
  return std::optional<PlannedFile>(std::move(file));
}

void PlanWriter::path_near(const std::string& path, const std::string& context) {
  const std::size_t most = std::min(path.size(), context.size());
  std::size_t prefix = 0, suffix = 0;
  while (prefix < most && path[prefix] == context[prefix]) ++prefix;
  while (suffix < most - prefix && path[path.size() - 1 - suffix] == context[context.size() - 1 - suffix]) {
    ++suffix;
  }
  append_varint(out_, prefix);
  append_varint(out_, suffix);
  append_varint(out_, path.size() - prefix - suffix);
  out_.insert(out_.end(), path.begin() + static_cast<std::ptrdiff_t>(prefix),
              path.end() - static_cast<std::ptrdiff_t>(suffix));
}

void PlanWriter::head(const PlanHead& head, bool tar) {
  if (tar) {
    append_varint(out_, head.header_bytes / kTarBlock);
    append_varint(out_, static_cast<std::uint64_t>(head.checksum_form));
  }
  append_varint(out_, head.references.size());
  std::string context;
  for (const std::string& path : head.references) {
    path_near(path, context);
    context = path;
  }
}

void PlanWriter::file(const PlannedFile& file, const std::string& path) {
  append_varint(out_, unchanged_ << 2 | static_cast<std::uint64_t>(file.kind));
  unchanged_ = 0;
  if (is_named(file.kind)) path_near(file.base_path, path);
}

}  // namespace stratus::delta
