#include "stratus/oci/tar_parser.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "stratus/oci/pax.hpp"
#include "stratus/oci/tar_block.hpp"

namespace stratus::oci {
namespace {

constexpr std::uint64_t kMaxExtended = 1u << 20;
constexpr std::uint64_t kMaxGlobal = 1u << 20;
// All ones means "leave it" to chown(2), so it is no id.
constexpr std::uint64_t kMaxId = 0xfffffffe;

std::optional<EntryType> entry_type_of(const TarBlock& block) {
  switch (block.type) {
    case '\0':  // before POSIX a directory was a file whose name ends in a slash
      return block.name.ends_with('/') ? EntryType::directory : EntryType::file;
    case '0':
    case '7':
      return EntryType::file;
    case '1':
      return EntryType::hard_link;
    case '2':
      return EntryType::symlink;
    case '3':
      return EntryType::char_device;
    case '4':
      return EntryType::block_device;
    case '5':
      return EntryType::directory;
    case '6':
      return EntryType::fifo;
    default:
      return std::nullopt;
  }
}

// An override of a ustar field; an empty pax value cancels one.
const std::string* find_record(const PaxRecords& records, const char* key) {
  const auto found = records.find(key);
  return found == records.end() || found->second.empty() ? nullptr : &found->second;
}

Result<void> override_number(const PaxRecords& records, const char* key, std::uint64_t& value) {
  const std::string* const text = find_record(records, key);
  if (text == nullptr) return {};
  STRATUS_TRY(number, parse_decimal(*text).with_context(fmt::format("pax {}", key)));
  value = number;
  return {};
}

}  // namespace

struct TarParser::Impl {
  enum class State { header, extended, data, padding, one_zero_block, ended };

  explicit Impl(TarVisitor& the_visitor) : visitor(the_visitor) {}

  TarVisitor& visitor;
  State state = State::header;
  std::uint64_t offset = 0;    // bytes taken from the stream
  Bytes collected;             // a header block or an extended header
  std::uint64_t expected = 0;  // bytes that `extended`, `data` or `padding` still waits for
  char extended_type = 0;
  std::size_t extended_size = 0;  // without padding
  std::size_t padding_after = 0;
  // What stands before the next entry's header.
  bool extended_seen = false;
  PaxRecords global, local;
  std::uint64_t global_bytes = 0;
  std::string long_name, long_link;
  std::optional<Error> error;

  Result<void> take(BytesView data);
  Result<void> take_header();
  Result<void> take_extended();
  Result<void> begin_entry(const TarBlock& block, EntryType type);
  Result<void> end_data();
  // Moves bytes into `collected` until it holds `target`; true when it does.
  bool collect(BytesView& data, std::size_t target);
};

bool TarParser::Impl::collect(BytesView& data, std::size_t target) {
  const std::size_t count = std::min(target - collected.size(), data.size());
  collected.insert(collected.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(count));
  data = data.subspan(count);
  offset += count;
  return collected.size() == target;
}

Result<void> TarParser::Impl::take(BytesView data) {
  while (!data.empty()) {
    switch (state) {
      case State::header:
      case State::one_zero_block:
        if (collect(data, kTarBlock)) {
          STRATUS_CHECK(take_header());
          collected.clear();
        }
        break;
      case State::extended:
        if (collect(data, expected)) {
          state = State::header;
          STRATUS_CHECK(take_extended());
          collected.clear();
        }
        break;
      case State::data: {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(expected, data.size()));
        STRATUS_CHECK(visitor.entry_data(data.first(count)));
        data = data.subspan(count);
        offset += count;
        expected -= count;
        if (expected == 0) STRATUS_CHECK(end_data());
        break;
      }
      case State::padding: {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(expected, data.size()));
        data = data.subspan(count);
        offset += count;
        expected -= count;
        if (expected == 0) state = State::header;
        break;
      }
      case State::ended:
        if (std::any_of(data.begin(), data.end(), [](std::uint8_t byte) { return byte != 0; })) {
          return fail(ErrorCode::corrupt, "bytes after the end of the tar archive");
        }
        offset += data.size();
        return {};
    }
  }
  return {};
}

Result<void> TarParser::Impl::end_data() {
  state = padding_after == 0 ? State::header : State::padding;
  expected = padding_after;
  return visitor.end_entry();
}

Result<void> TarParser::Impl::take_header() {
  STRATUS_TRY(block, decode_tar_block(collected));
  if (!block) {
    if (extended_seen) return fail(ErrorCode::corrupt, "tar archive ends after an extended header");
    state = state == State::one_zero_block ? State::ended : State::one_zero_block;
    return {};
  }
  if (state == State::one_zero_block)
    return fail(ErrorCode::corrupt, "tar archive: an entry after a zero block");
  if (block->type == 'x' || block->type == 'g' || block->type == 'L' || block->type == 'K') {
    if (block->size > kMaxExtended) {
      return fail(ErrorCode::corrupt,
                  fmt::format("tar extended header of {} bytes, {} at most", block->size, kMaxExtended));
    }
    extended_type = block->type;
    extended_seen = extended_seen || block->type != 'g';
    extended_size = static_cast<std::size_t>(block->size);
    expected = extended_size + tar_padding(extended_size);
    if (extended_size > 0) state = State::extended;
    return {};
  }
  const std::optional<EntryType> type = entry_type_of(*block);
  if (!type) {
    return fail(ErrorCode::invalid, fmt::format("tar entry '{}' of type '{}' is not supported (sparse files, "
                                                "multi-volume and vendor types have no place in a layer)",
                                                block->name, block->type));
  }
  return begin_entry(*block, *type);
}

Result<void> TarParser::Impl::take_extended() {
  const BytesView payload = BytesView(collected).first(extended_size);
  switch (extended_type) {
    case 'x':
      local.clear();
      return parse_pax(payload, local);
    case 'g':
      global_bytes += payload.size();
      if (global_bytes > kMaxGlobal) return fail(ErrorCode::corrupt, "tar archive: too many global headers");
      return parse_pax(payload, global);
    default: {
      std::string& target = extended_type == 'L' ? long_name : long_link;
      target.assign(payload.begin(), std::find(payload.begin(), payload.end(), 0));
      return {};
    }
  }
}

Result<void> TarParser::Impl::begin_entry(const TarBlock& block, EntryType type) {
  PaxRecords records = std::move(local);
  records.insert(global.begin(), global.end());  // does not replace
  TarEntry entry;
  entry.type = type;
  entry.mode = block.mode;
  entry.path = long_name.empty() ? block.name : std::move(long_name);
  entry.link_target = long_link.empty() ? block.link_name : std::move(long_link);
  local.clear();
  long_name.clear();
  long_link.clear();
  extended_seen = false;

  std::uint64_t uid = block.uid, gid = block.gid, size = block.size;
  PaxTime mtime{block.mtime, 0};
  for (const auto& [key, value] : records) {
    if (key.starts_with("GNU.sparse.")) {
      return fail(ErrorCode::invalid,
                  fmt::format("tar entry '{}' is a sparse file, which a layer cannot hold "
                              "(write it without --sparse)",
                              entry.path));
    }
    if (key.starts_with(kXattrPrefix)) entry.xattrs.emplace(key.substr(kXattrPrefix.size()), value);
  }
  if (const auto* path = find_record(records, "path")) entry.path = *path;
  if (const auto* link = find_record(records, "linkpath")) entry.link_target = *link;
  STRATUS_CHECK(override_number(records, "uid", uid));
  STRATUS_CHECK(override_number(records, "gid", gid));
  STRATUS_CHECK(override_number(records, "size", size));
  if (const auto* text = find_record(records, "mtime")) {
    STRATUS_TRY(time, parse_pax_time(*text));
    mtime = time;
  }
  if (uid > kMaxId || gid > kMaxId) {
    return fail(ErrorCode::corrupt, fmt::format("tar entry '{}': user or group id out of range", entry.path));
  }
  if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return fail(ErrorCode::corrupt, fmt::format("tar entry '{}': size out of range", entry.path));
  }
  if (block.device_major > 0xffffffff || block.device_minor > 0xffffffff) {
    return fail(ErrorCode::corrupt, fmt::format("tar entry '{}': device number out of range", entry.path));
  }
  entry.uid = static_cast<std::uint32_t>(uid);
  entry.gid = static_cast<std::uint32_t>(gid);
  entry.mtime_s = mtime.seconds;
  entry.mtime_ns = mtime.nanoseconds;
  entry.device_major = static_cast<std::uint32_t>(block.device_major);
  entry.device_minor = static_cast<std::uint32_t>(block.device_minor);
  // Only files carry data; a size on anything else is an old writer's habit and no bytes follow.
  entry.size = type == EntryType::file ? size : 0;
  if (type != EntryType::symlink && type != EntryType::hard_link) entry.link_target.clear();

  STRATUS_CHECK(visitor.begin_entry(entry, offset));
  expected = entry.size;
  padding_after = tar_padding(entry.size);
  if (expected == 0) return end_data();
  state = State::data;
  return {};
}

TarParser::TarParser(TarVisitor& visitor) : impl_(std::make_unique<Impl>(visitor)) {}
TarParser::~TarParser() = default;

Result<void> TarParser::feed(BytesView data) {
  if (impl_->error) return fail(*impl_->error);
  Result<void> taken = impl_->take(data);
  if (!taken) impl_->error = taken.error();
  return taken;
}

Result<void> TarParser::finish() {
  if (impl_->error) return fail(*impl_->error);
  const bool between_entries =
      impl_->state == Impl::State::header && impl_->collected.empty() && !impl_->extended_seen;
  const bool after_data = impl_->state == Impl::State::padding;
  const bool after_zeros = (impl_->state == Impl::State::one_zero_block && impl_->collected.empty()) ||
                           impl_->state == Impl::State::ended;
  if (between_entries || after_data || after_zeros) return {};
  return fail(ErrorCode::corrupt, fmt::format("tar archive ends in the middle, at byte {}", impl_->offset));
}

}  // namespace stratus::oci
