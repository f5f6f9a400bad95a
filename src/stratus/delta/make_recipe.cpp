// The encoder: finds out which base file each new file comes from, aligns what changed, and writes the
// recipe. Nothing here depends on time, addresses or thread order: the same input gives the same bytes.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>

#include "stratus/base/file.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/delta/aligner.hpp"
#include "stratus/delta/base_matching.hpp"
#include "stratus/delta/file_view.hpp"
#include "stratus/delta/match_finder.hpp"
#include "stratus/delta/patch.hpp"
#include "stratus/delta/plan.hpp"
#include "stratus/delta/recipe.hpp"
#include "stratus/delta/recipe_format.hpp"
#include "stratus/delta/tar_headers.hpp"
#include "stratus/delta/tar_layout.hpp"

namespace stratus::delta {
namespace {

// Changed files are aligned together, each against the old versions of all of them, as long as these old
// versions take no more than this.
constexpr std::uint64_t kGroupLimit = 64ull << 20;
// Larger old files are aligned alone.
constexpr std::uint64_t kAloneAbove = 16ull << 20;
// A large file that the quick matcher explains in a few steps, but for less than this share of its bytes,
// needs no suffix array.
constexpr std::size_t kQuickAbove = 2u << 20;
constexpr std::size_t kQuickSteps = 4;
constexpr std::size_t kQuickShare = 256;
constexpr std::size_t kTryBothLimit = 256u << 10;  // bytes of differences
constexpr std::size_t kLongEqualRun = 512;         // bytes

// A base file that something is copied from.
struct Source {
  std::string path;
  std::unique_ptr<FileView> view;
  BytesView bytes;
  std::uint64_t start = 0;  // in the recipe's reference
  bool listed = false;      // in the plan's head
  bool placed = false;      // `start` is known
};

// A new file that is not the base's file of the same path.
struct Changed {
  std::size_t member;  // in the layout
  BytesView bytes;
  std::string match;                  // the old version's path; empty: none
  std::optional<std::size_t> source;  // the old version
  PlannedFile planned;
  // Positions count from the beginning of the group's sources in a row until they are resolved.
  std::vector<PatchStep> steps;
};

class Maker {
 public:
  Maker(const FileTree& base, const MakeOptions& options, BytesView output, std::string name)
      : base_(base), options_(options), output_(output), name_(std::move(name)) {}

  Result<Bytes> run() {
    STRATUS_CHECK(lay_out());
    BaseMatcher matcher(base_);
    STRATUS_CHECK(matcher.load());
    STRATUS_CHECK(sort_out(matcher));
    STRATUS_CHECK(align_groups());
    STRATUS_TRY(header_streams, patch_headers());
    return write(header_streams);
  }

 private:
  Result<void> lay_out();
  Result<void> sort_out(BaseMatcher& matcher);
  void drop_excess_matches();
  Result<std::size_t> source_of(const std::string& path);
  Result<void> align_groups();
  Result<void> align_group(const std::vector<std::size_t>& group);
  Result<void> check_new(std::uint64_t bytes) const;
  Result<std::array<Bytes, kPatchStreams>> patch_headers();
  Bytes write(const std::array<Bytes, kPatchStreams>& header_streams);
  void place_sources();
  std::array<Bytes, kPatchStreams> patch_content(std::size_t equal_run);

  const FileTree& base_;
  const MakeOptions& options_;
  BytesView output_;
  std::string name_;
  RecipeHead head_;
  PlanHead plan_head_;
  TarLayout layout_;
  std::vector<std::size_t> files_;                 // members with data
  std::map<std::size_t, std::size_t> changed_of_;  // member → changed_
  std::vector<Changed> changed_;
  std::vector<Source> sources_;
  std::map<std::string, std::size_t> source_index_;
  std::uint64_t new_bytes_ = 0;
  std::vector<std::size_t> placed_;  // sources in the order of the reference
};

bool padding_is_zero(BytesView output, const TarMember& member) {
  const std::size_t end = static_cast<std::size_t>(member.data_offset + member.size);
  const std::size_t stop =
      std::min<std::size_t>((end + kTarBlock - 1) / kTarBlock * kTarBlock, output.size());
  return std::all_of(output.begin() + static_cast<std::ptrdiff_t>(end),
                     output.begin() + static_cast<std::ptrdiff_t>(stop), [](auto byte) { return byte == 0; });
}

// A view of memory that somebody else keeps.
class BorrowedView final : public FileView {
 public:
  explicit BorrowedView(BytesView bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read(std::uint64_t offset, std::span<std::uint8_t> into) const override {
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return {};
  }
  Result<BytesView> bytes() override { return bytes_; }

 private:
  BytesView bytes_;
};

Result<void> Maker::lay_out() {
  auto layout = read_tar_layout(BorrowedView(output_));
  head_.tar = layout.has_value();
  if (layout) {
    for (const TarMember& member : layout->members) head_.tar = head_.tar && padding_is_zero(output_, member);
  }
  head_.directory = head_.tar && options_.directory;
  if (head_.tar) {
    layout_ = std::move(*layout);
  } else {
    layout_ = {};
    layout_.members.push_back({"", "", oci::EntryType::file, 0, output_.size()});
  }
  for (std::size_t i = 0; i < layout_.members.size(); ++i) {
    if (layout_.members[i].size > 0 || !head_.tar) files_.push_back(i);
  }
  return {};
}

Result<std::size_t> Maker::source_of(const std::string& path) {
  if (const auto found = source_index_.find(path); found != source_index_.end()) return found->second;
  STRATUS_TRY(view, base_.open(path));
  STRATUS_TRY(bytes, view->bytes());
  sources_.push_back({path, std::move(view), bytes, 0, false, false});
  source_index_.emplace(path, sources_.size() - 1);
  return sources_.size() - 1;
}

Result<void> Maker::sort_out(BaseMatcher& matcher) {
  for (const std::size_t index : files_) {
    const TarMember& member = layout_.members[index];
    const BytesView bytes =
        output_.subspan(static_cast<std::size_t>(member.data_offset), static_cast<std::size_t>(member.size));
    STRATUS_TRY(match, head_.tar ? matcher.match(member.path, bytes) : matcher.match_opaque(name_, bytes));
    if (match.identical && match.path == member.path) continue;
    Changed changed{index, bytes, {}, {}, {}, {}};
    if (match.identical) {
      changed.planned = {FileKind::copy_named, match.path};
    } else {
      changed.match = match.path;
    }
    changed_of_.emplace(index, changed_.size());
    changed_.push_back(std::move(changed));
  }
  drop_excess_matches();
  std::uint64_t unlike_anything = 0;  // known before the work begins
  for (const Changed& changed : changed_) {
    if (changed.match.empty() && changed.planned.kind != FileKind::copy_named) {
      unlike_anything += changed.bytes.size();
    }
  }
  STRATUS_CHECK(check_new(unlike_anything));
  for (Changed& changed : changed_) {
    if (changed.match.empty()) continue;
    const bool own = changed.match == layout_.members[changed.member].path;
    changed.planned = {own ? FileKind::patch_own : FileKind::patch_named, own ? "" : changed.match};
    STRATUS_TRY(source, source_of(changed.match));
    changed.source = source;
  }
  return {};
}

// A recipe names only so many old files. Beyond that the smallest new ones do without: they travel as new
// bytes.
void Maker::drop_excess_matches() {
  std::vector<Changed*> by_size;
  for (Changed& changed : changed_) {
    if (!changed.match.empty()) by_size.push_back(&changed);
  }
  std::stable_sort(by_size.begin(), by_size.end(),
                   [](const Changed* a, const Changed* b) { return a->bytes.size() > b->bytes.size(); });
  std::set<std::string_view> named;
  std::size_t memory = 0;
  for (Changed* const changed : by_size) {
    if (named.contains(changed->match)) continue;
    const std::size_t cost = kReferenceCost + changed->match.size();
    if (memory + cost > std::min(options_.max_reference_memory, kMaxReferenceMemory)) {
      changed->match.clear();
      continue;
    }
    memory += cost;
    named.insert(changed->match);
  }
}

Result<void> Maker::check_new(std::uint64_t bytes) const {
  if (options_.max_new_bytes == 0 || bytes <= options_.max_new_bytes) return {};
  return fail(ErrorCode::conflict,
              fmt::format("more than {} bytes are new: too many for a delta", options_.max_new_bytes));
}

Result<void> Maker::align_groups() {
  std::vector<std::size_t> group;
  std::uint64_t size = 0;
  const auto close = [&]() -> Result<void> {
    if (!group.empty()) STRATUS_CHECK(align_group(group));
    group.clear();
    size = 0;
    return {};
  };
  for (std::size_t i = 0; i < changed_.size(); ++i) {
    if (changed_[i].planned.kind == FileKind::copy_named) continue;
    const std::uint64_t old = changed_[i].source ? sources_[*changed_[i].source].bytes.size() : 0;
    if (old > kAloneAbove) {
      STRATUS_CHECK(align_group({i}));
      continue;
    }
    if (size + old > kGroupLimit) STRATUS_CHECK(close());
    size += old;
    group.push_back(i);
  }
  return close();
}

// Pieces of `step` that each lie in one source. `order` are the group's sources, `starts` where they begin.
void split_step(const PatchStep& step, const std::vector<std::uint64_t>& starts,
                std::vector<PatchStep>& out) {
  PatchStep rest = step;
  while (rest.copy > 0) {
    const auto next = std::upper_bound(starts.begin(), starts.end(), rest.position);
    const std::uint64_t room = next == starts.end() ? rest.copy : *next - rest.position;
    const std::uint64_t piece = std::min(room, rest.copy);
    out.push_back({rest.position, piece, 0});
    rest.position += piece;
    rest.copy -= piece;
  }
  if (step.copy == 0) {
    out.push_back(step);
  } else {
    out.back().insert = step.insert;
  }
}

// Bytes of a file that the steps insert or that differ from what they copy, each difference with up to
// `longest_gap` equal bytes before it.
std::uint64_t held_bytes(BytesView target, const std::vector<PatchStep>& steps, BytesView reference,
                         std::size_t longest_gap) {
  std::uint64_t count = 0;
  std::size_t at = 0;
  for (const PatchStep& step : steps) {
    const auto copy = static_cast<std::size_t>(step.copy);
    const std::uint8_t* const old = reference.data() + step.position;
    std::size_t last = 0;  // after the last difference
    for (std::size_t i = 0; i < copy; ++i) {
      if (target[at + i] == old[i]) continue;
      count += 1 + std::min(i - last, longest_gap);
      last = i + 1;
    }
    count += step.insert;
    at += static_cast<std::size_t>(step.copy + step.insert);
  }
  return count;
}

Result<void> Maker::align_group(const std::vector<std::size_t>& group) {
  std::vector<std::size_t> order;  // the group's sources
  for (const std::size_t i : group) {
    const auto source = changed_[i].source;
    if (source && std::find(order.begin(), order.end(), *source) == order.end()) order.push_back(*source);
  }
  std::vector<std::uint64_t> starts;
  Bytes joined;
  BytesView reference;
  std::uint64_t size = 0;
  for (const std::size_t source : order) {
    starts.push_back(size);
    size += sources_[source].bytes.size();
  }
  if (order.size() == 1) {
    reference = sources_[order[0]].bytes;
  } else {
    joined.reserve(static_cast<std::size_t>(size));
    for (const std::size_t source : order) {
      joined.insert(joined.end(), sources_[source].bytes.begin(), sources_[source].bytes.end());
    }
    reference = joined;
  }
  const std::unique_ptr<MatchFinder> blocks = make_block_finder(reference);
  std::unique_ptr<MatchFinder> suffixes;
  bool tried = false;
  const auto align_well = [&](BytesView bytes, std::uint64_t position) {
    std::vector<PatchStep> steps = align(bytes, reference, *blocks, position);
    if (bytes.size() >= kQuickAbove && steps.size() <= kQuickSteps &&
        held_bytes(bytes, steps, reference, 0) <= bytes.size() / kQuickShare) {
      return steps;
    }
    if (!std::exchange(tried, true) && size <= options_.suffix_array_limit) {
      suffixes = make_suffix_finder(reference);
    }
    return suffixes ? align(bytes, reference, *suffixes, position) : steps;
  };
  for (const std::size_t i : group) {
    Changed& changed = changed_[i];
    std::uint64_t position = 0;
    std::size_t own = order.size();
    if (changed.source) {
      own = static_cast<std::size_t>(std::find(order.begin(), order.end(), *changed.source) - order.begin());
      position = starts[own];
    }
    const std::vector<PatchStep> steps = align_well(changed.bytes, position);
    new_bytes_ += held_bytes(changed.bytes, steps, reference, kLongEqualRun);  // what the streams will hold
    STRATUS_CHECK(check_new(new_bytes_));
    for (const PatchStep& step : steps) split_step(step, starts, changed.steps);
    // From here on positions are (source << 40 | offset): where sources begin is not known yet.
    for (PatchStep& step : changed.steps) {
      if (step.copy == 0) continue;
      const auto next = std::upper_bound(starts.begin(), starts.end(), step.position);
      const auto slot = static_cast<std::size_t>(next - starts.begin() - 1);
      if (slot != own) sources_[order[slot]].listed = true;
      step.position = std::uint64_t{order[slot]} << 40 | (step.position - starts[slot]);
    }
  }
  return {};
}

Result<std::array<Bytes, kPatchStreams>> Maker::patch_headers() {
  PatchWriter writer(16);
  if (!head_.tar) return writer.finish();
  Bytes fresh;
  for (const auto& extent : layout_.headers) {
    const BytesView bytes =
        output_.subspan(static_cast<std::size_t>(extent.tar_offset), static_cast<std::size_t>(extent.size));
    fresh.insert(fresh.end(), bytes.begin(), bytes.end());
  }
  plan_head_.header_bytes = fresh.size();
  plan_head_.checksum_form = find_checksum_form(fresh);
  Bytes memory;
  if (options_.base_headers) {
    STRATUS_TRY(view, base_.headers());
    STRATUS_TRY(bytes, view->bytes());
    memory.assign(bytes.begin(),
                  bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / kTarBlock * kTarBlock));
    head_.base_headers = !memory.empty();
  }
  memory.insert(memory.end(), template_header().begin(), template_header().end());
  const std::size_t before = memory.size();
  memory.insert(memory.end(), fresh.begin(), fresh.end());
  for (std::size_t at = 0; at < memory.size(); at += kTarBlock) {
    strip_checksum(std::span(memory).subspan(at, kTarBlock), plan_head_.checksum_form);
  }
  const BytesView stripped = BytesView(memory).subspan(before);
  const auto steps = align_headers(stripped, memory);
  writer.append(
      stripped, steps,
      [&](std::uint64_t position, std::size_t size) {
        return BytesView(memory).subspan(static_cast<std::size_t>(position), size);
      },
      0);
  return writer.finish();
}

std::array<Bytes, kPatchStreams> Maker::patch_content(std::size_t equal_run) {
  PatchWriter writer(equal_run);
  const auto lookup = [this](std::uint64_t position, std::size_t size) {
    const auto after = std::partition_point(placed_.begin(), placed_.end(), [&](std::size_t source) {
      return sources_[source].start <= position;
    });
    // Of sources that begin at one place all but the last are empty.
    const Source& source = sources_[*(after - 1)];
    return source.bytes.subspan(static_cast<std::size_t>(position - source.start), size);
  };
  for (const Changed& changed : changed_) {
    if (changed.planned.kind == FileKind::copy_named) continue;
    std::optional<std::uint64_t> position;
    if (changed.source) position = sources_[*changed.source].start;
    writer.append(changed.bytes, changed.steps, lookup, position);
  }
  return writer.finish();
}

void Maker::place_sources() {
  std::uint64_t end = 0;
  const auto place = [&](std::size_t index) {
    if (std::exchange(sources_[index].placed, true)) return;
    sources_[index].start = end;
    end += sources_[index].bytes.size();
    placed_.push_back(index);
  };
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (!sources_[i].listed) continue;
    place(i);
    plan_head_.references.push_back(sources_[i].path);
  }
  for (Changed& changed : changed_) {
    if (changed.source) place(*changed.source);
  }
  constexpr std::uint64_t kOffset = (std::uint64_t{1} << 40) - 1;
  for (Changed& changed : changed_) {
    for (PatchStep& step : changed.steps) {
      if (step.copy > 0) step.position = sources_[step.position >> 40].start + (step.position & kOffset);
    }
  }
}

Bytes Maker::write(const std::array<Bytes, kPatchStreams>& header_streams) {
  place_sources();
  PlanWriter plan;
  plan.head(plan_head_, head_.tar);
  for (const std::size_t index : files_) {
    const auto found = changed_of_.find(index);
    if (found == changed_of_.end()) {
      plan.unchanged();
    } else {
      plan.file(changed_[found->second].planned, layout_.members[index].path);
    }
  }
  std::array<Bytes, kStreams> streams;
  streams[kPlanStream] = plan.take();
  std::copy(header_streams.begin(), header_streams.end(), streams.begin() + kHeaderStreams);
  head_.output_bytes = output_.size();
  head_.output_digest = sha256(output_);
  // Long runs of equal bytes are cheaper left in than cut out, unless the differences are noise.
  Bytes best;
  StreamPacker packer;
  for (const std::size_t equal_run : {kLongEqualRun, std::size_t{16}}) {
    auto content = patch_content(equal_run);
    const bool large = content[kDelta].size() > kTryBothLimit;
    std::move(content.begin(), content.end(), streams.begin() + kContentStreams);
    Bytes recipe = build_recipe(head_, streams, packer);
    if (best.empty() || recipe.size() < best.size()) best = std::move(recipe);
    if (large) break;
  }
  return best;
}

}  // namespace

Result<MakeResult> make_recipe(const FileTree& base, const std::filesystem::path& new_tar,
                               const std::filesystem::path& recipe, const MakeOptions& options) {
  STRATUS_TRY(map, MappedFile::open(new_tar));
  Maker maker(base, options, map.bytes(), new_tar.filename().string());
  STRATUS_TRY(bytes, maker.run());
  if (options.give_up_at > 0 && bytes.size() >= options.give_up_at) {
    return fail(ErrorCode::conflict,
                fmt::format("a delta of {} bytes is no smaller than the {} bytes it would "
                            "replace",
                            bytes.size(), options.give_up_at));
  }
  STRATUS_CHECK(write_file_atomically(recipe, as_text(bytes)));
  STRATUS_TRY(info, read_recipe_info(recipe));
  return MakeResult{bytes.size(), info.output_bytes, info.output_digest};
}

}  // namespace stratus::delta
