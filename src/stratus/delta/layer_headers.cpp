#include "stratus/delta/layer_headers.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "stratus/delta/codec.hpp"
#include "stratus/delta/platform/codecs.hpp"

namespace stratus::delta {
namespace {

constexpr std::string_view kMark = "stratus-headers 1\n";
constexpr unsigned kFrameLog = 16;
constexpr std::size_t kFrame = std::size_t{1} << kFrameLog;
constexpr int kLevel = 6;
constexpr std::size_t kTrailer = 8;
constexpr std::size_t kCachedFrames = 4;

void append_little_endian(Bytes& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> 8 * i));
}

std::uint64_t little_endian(BytesView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

tl::unexpected<Error> damaged(const char* what) {
  return fail(ErrorCode::corrupt, std::string("damaged tar headers: ") + what);
}

}  // namespace

std::filesystem::path header_file_of(const std::filesystem::path& layer) {
  return layer.string() + std::string(kHeaderFileExtension);
}

class HeaderRecorder::Members final : public oci::TarVisitor {
 public:
  Result<void> begin_entry(const oci::TarEntry& entry, std::uint64_t) override {
    size = entry.size;
    return {};
  }
  Result<void> entry_data(BytesView) override { return {}; }
  Result<void> end_entry() override { return {}; }

  std::uint64_t size = 0;  // of the member whose header was seen last
};

HeaderRecorder::HeaderRecorder(FileDescriptor file)
    : file_(std::move(file)), members_(std::make_unique<Members>()), parser_(*members_) {
  block_.reserve(kTarBlock);
  frame_.reserve(kFrame);
}

HeaderRecorder::~HeaderRecorder() = default;

Result<void> HeaderRecorder::feed(BytesView tar) {
  while (!tar.empty()) {
    if (skip_ > 0) {
      const auto piece = tar.first(static_cast<std::size_t>(std::min<std::uint64_t>(skip_, tar.size())));
      STRATUS_CHECK(parser_.feed(piece));
      skip_ -= piece.size();
      tar = tar.subspan(piece.size());
      continue;
    }
    const auto piece = tar.first(std::min(tar.size(), kTarBlock - block_.size()));
    block_.insert(block_.end(), piece.begin(), piece.end());
    tar = tar.subspan(piece.size());
    if (block_.size() == kTarBlock) STRATUS_CHECK(take_block());
  }
  return {};
}

Result<void> HeaderRecorder::take_block() {
  members_->size = 0;
  STRATUS_CHECK(parser_.feed(block_));
  const std::uint64_t size = members_->size;
  if (size > std::numeric_limits<std::uint64_t>::max() - kTarBlock) {
    return fail(ErrorCode::corrupt, "a file larger than any tar");
  }
  skip_ = (size + kTarBlock - 1) / kTarBlock * kTarBlock;
  if (std::all_of(block_.begin(), block_.end(), [](std::uint8_t byte) { return byte == 0; })) {
    ++zeros_;
  } else {
    static constexpr std::array<std::uint8_t, kTarBlock> kZeros{};
    for (; zeros_ > 0 && size_ <= kMaxLayerHeaders; --zeros_) STRATUS_CHECK(keep(kZeros));
    STRATUS_CHECK(keep(block_));
  }
  block_.clear();
  return {};
}

Result<void> HeaderRecorder::keep(BytesView block) {
  size_ += block.size();
  if (size_ > kMaxLayerHeaders) return {};
  frame_.insert(frame_.end(), block.begin(), block.end());
  return frame_.size() == kFrame ? write_frame() : Result<void>();
}

Result<void> HeaderRecorder::write_frame() {
  const auto packed = platform::zstd_compress(frame_, kFrameLog, kLevel);
  if (!packed) return fail(ErrorCode::internal, "zstd: no memory to compress tar headers");
  if (frames_.empty()) STRATUS_CHECK(write_all(file_.get(), as_bytes(kMark)));
  frames_.push_back(static_cast<std::uint32_t>(packed->size()));
  frame_.clear();
  return write_all(file_.get(), *packed);
}

Result<void> HeaderRecorder::finish() {
  if (!block_.empty()) STRATUS_CHECK(parser_.feed(block_));
  STRATUS_CHECK(parser_.finish());
  if (size_ > kMaxLayerHeaders) {
    size_ = 0;
    frame_.clear();
    frames_.clear();
    if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0) {
      return fail(Error::from_errno("cut the file of tar headers"));
    }
  }
  if (!frame_.empty()) STRATUS_CHECK(write_frame());
  Bytes end;
  if (frames_.empty()) end.assign(kMark.begin(), kMark.end());
  for (const std::uint32_t size : frames_) append_little_endian(end, size, 4);
  append_little_endian(end, size_, kTrailer);
  STRATUS_CHECK(write_all(file_.get(), end));
  if (::fsync(file_.get()) != 0) return fail(Error::from_errno("sync the file of tar headers"));
  return {};
}

namespace {

struct Recorded {
  FileDescriptor file;
  std::uint64_t start;                // of the first byte in the row
  std::uint64_t size;                 // unpacked
  std::vector<std::uint64_t> frames;  // where they begin in the file, and where the last ends
};

Result<Recorded> open_recorded(const std::filesystem::path& path, std::uint64_t start) {
  STRATUS_TRY(file, open_file(path, O_RDONLY | O_NOFOLLOW));
  STRATUS_TRY(stored, file_size(file.get()));
  if (stored < kMark.size() + kTrailer) return damaged("too short");
  Bytes bytes(kMark.size());
  STRATUS_CHECK(pread_exact(file.get(), bytes, 0));
  if (as_text(bytes) != kMark) return damaged("wrong mark");
  bytes.resize(kTrailer);
  STRATUS_CHECK(pread_exact(file.get(), bytes, stored - kTrailer));
  const std::uint64_t size = little_endian(bytes);
  if (size > kMaxLayerHeaders || size % kTarBlock != 0) return damaged("length");
  const std::uint64_t frames = (size + kFrame - 1) / kFrame;
  const std::uint64_t room = stored - kMark.size() - kTrailer;
  if (frames * 4 > room) return damaged("index");
  bytes.resize(static_cast<std::size_t>(frames * 4));
  STRATUS_CHECK(pread_exact(file.get(), bytes, stored - kTrailer - bytes.size()));
  Recorded recorded{std::move(file), start, size, {kMark.size()}};
  for (std::size_t i = 0; i < frames; ++i) {
    recorded.frames.push_back(recorded.frames.back() + little_endian(BytesView(bytes).subspan(i * 4, 4)));
  }
  if (recorded.frames.back() != stored - kTrailer - bytes.size()) return damaged("index");
  return recorded;
}

class RecordedHeaders final : public FileView {
 public:
  explicit RecordedHeaders(std::vector<Recorded> layers) : layers_(std::move(layers)) {}

  std::uint64_t size() const override {
    return layers_.empty() ? 0 : layers_.back().start + layers_.back().size;
  }

  Result<void> read(std::uint64_t offset, std::span<std::uint8_t> into) const override {
    if (offset > size() || into.size() > size() - offset) {
      return fail(ErrorCode::corrupt, "read past the end of the old headers");
    }
    if (into.empty()) return {};  // of no layers at all there is no last one
    // Of layers that begin at one place all but the last are empty.
    auto layer = std::upper_bound(layers_.begin(), layers_.end(), offset,
                                  [](std::uint64_t at, const Recorded& of) { return at < of.start; });
    for (--layer; !into.empty();) {
      const std::uint64_t at = offset - layer->start;
      if (at == layer->size) {
        ++layer;
        continue;
      }
      STRATUS_TRY(frame, frame_of(*layer, static_cast<std::size_t>(at / kFrame)));
      const BytesView rest = frame.subspan(static_cast<std::size_t>(at % kFrame));
      const std::size_t count = std::min(rest.size(), into.size());
      std::copy_n(rest.begin(), count, into.begin());
      into = into.subspan(count);
      offset += count;
    }
    return {};
  }

  Result<BytesView> bytes() override {
    if (copy_.empty()) {
      Bytes all(static_cast<std::size_t>(size()));
      STRATUS_CHECK(read(0, all));
      copy_ = std::move(all);
    }
    return BytesView(copy_);
  }

 private:
  struct Cached {
    const Recorded* layer = nullptr;
    std::size_t index = 0;
    Bytes bytes;
  };

  Result<BytesView> frame_of(const Recorded& layer, std::size_t index) const {
    for (const Cached& cached : cache_) {
      if (cached.layer == &layer && cached.index == index) return BytesView(cached.bytes);
    }
    Cached& slot = cache_[next_];
    next_ = (next_ + 1) % kCachedFrames;
    slot.layer = nullptr;
    slot.bytes.resize(static_cast<std::size_t>(
        std::min<std::uint64_t>(kFrame, layer.size - std::uint64_t{index} * kFrame)));
    std::uint64_t at = layer.frames[index];
    const std::uint64_t end = layer.frames[index + 1];
    const int file = layer.file.get();
    const ByteSource stored = [&at, end, file](std::span<std::uint8_t> into) -> Result<std::size_t> {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(end - at, into.size()));
      STRATUS_CHECK(pread_exact(file, into.first(count), at));
      at += count;
      return count;
    };
    STRATUS_TRY(source, open_decoder({Codec::zstd, kFrameLog, 0}, slot.bytes.size(), stored));
    for (std::size_t done = 0; done < slot.bytes.size();) {
      STRATUS_TRY(count, source(std::span(slot.bytes).subspan(done)));
      if (count == 0) return damaged("a frame is too short");
      done += count;
    }
    slot.layer = &layer;
    slot.index = index;
    return BytesView(slot.bytes);
  }

  std::vector<Recorded> layers_;
  mutable std::array<Cached, kCachedFrames> cache_;
  mutable std::size_t next_ = 0;
  Bytes copy_;
};

}  // namespace

Result<std::unique_ptr<FileView>> open_recorded_headers(const std::vector<std::filesystem::path>& files) {
  std::vector<Recorded> layers;
  std::uint64_t size = 0;
  for (const auto& path : files) {
    auto layer = open_recorded(path, size);
    if (!layer) {
      return fail(ErrorCode::corrupt, fmt::format("the tar headers of the base are not at hand ({}: {})",
                                                  path.filename().string(), layer.error().text()));
    }
    size += layer->size;
    layers.push_back(std::move(*layer));
  }
  return std::unique_ptr<FileView>(std::make_unique<RecordedHeaders>(std::move(layers)));
}

}  // namespace stratus::delta
