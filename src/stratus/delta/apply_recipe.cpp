// The decoder. Everything it reads may be hostile: each number is checked where it is used, each loop either
// makes output or uses up the recipe, and memory is bounded before the first byte is made.
#include <algorithm>
#include <array>

#include <fcntl.h>
#include <fmt/format.h>

#include "stratus/base/file.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/delta/base_reference.hpp"
#include "stratus/delta/file_view.hpp"
#include "stratus/delta/plan.hpp"
#include "stratus/delta/recipe.hpp"
#include "stratus/delta/recipe_format.hpp"
#include "stratus/delta/tar_headers.hpp"
#include "stratus/delta/tar_layout.hpp"
#include "stratus/oci/tar_parser.hpp"

namespace stratus::delta {
namespace {

constexpr std::size_t kOutputChunk = 64u << 10;

tl::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::corrupt, std::string("malformed recipe: ") + what);
}

// Hashes and passes on what is made, never more than was announced.
class Output {
 public:
  Output(std::uint64_t size, const ByteSink& sink) : left_(size), sink_(sink), buffer_(kOutputChunk) {}

  std::uint64_t left() const { return left_; }
  // Room for 1 … `wanted` bytes; `commit` says how many of them are there now.
  Result<std::span<std::uint8_t>> room(std::uint64_t wanted) {
    if (wanted > left_) return malformed("more output than it says");
    if (filled_ == buffer_.size()) STRATUS_CHECK(flush());
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, buffer_.size() - filled_));
    return std::span(buffer_).subspan(filled_, size);
  }
  void commit(std::size_t count) {
    filled_ += count;
    left_ -= count;
  }
  Result<void> zeros(std::uint64_t count) {
    while (count > 0) {
      STRATUS_TRY(out, room(count));
      std::fill(out.begin(), out.end(), std::uint8_t{0});
      commit(out.size());
      count -= out.size();
    }
    return {};
  }
  Result<Digest> finish() {
    STRATUS_CHECK(flush());
    return hash_.finish();
  }

 private:
  Result<void> flush() {
    if (filled_ == 0) return {};
    const BytesView ready = BytesView(buffer_).first(filled_);
    filled_ = 0;
    hash_.update(ready);
    return sink_(ready);
  }

  std::uint64_t left_;
  const ByteSink& sink_;
  Sha256 hash_;
  Bytes buffer_;
  std::size_t filled_ = 0;
};

// Notes the file whose data comes next in the tar that is being made.
class NextFile final : public oci::TarVisitor {
 public:
  Result<void> begin_entry(const oci::TarEntry& entry, std::uint64_t) override {
    if (entry.size > 0) path = normalised_path(entry.path);
    size = entry.size;
    return {};
  }
  Result<void> entry_data(BytesView) override { return {}; }
  Result<void> end_entry() override { return {}; }

  std::string path;
  std::uint64_t size = 0;
};

ByteSource read_range(int file, std::uint64_t offset, std::uint64_t size) {
  return [file, offset, size](std::span<std::uint8_t> into) mutable -> Result<std::size_t> {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(size, into.size()));
    STRATUS_CHECK(pread_exact(file, into.first(count), offset));
    offset += count;
    size -= count;
    return count;
  };
}

Result<StreamReader> open_stream(int file, const RecipeHead::Stream& stream) {
  if (stream.raw_size == 0) return StreamReader();
  STRATUS_TRY(source, open_decoder(stream.spec, stream.raw_size,
                                   read_range(file, stream.offset, stream.stored_size)));
  return StreamReader(stream.raw_size, std::move(source));
}

// The streams of a packed recipe are slices of `body`, which must outlive them.
Result<std::array<StreamReader, kStreams>> open_packed(int file, const RecipeHead& head, Bytes& body) {
  body.resize(static_cast<std::size_t>(head.body.raw_size));
  STRATUS_TRY(packed, open_stream(file, head.body));
  STRATUS_CHECK(packed.bytes(body));
  StreamReader lengths{BytesView(body)};
  std::array<std::uint64_t, kStreams> sizes{};
  for (std::size_t i = 0; i + 1 < kStreams; ++i) {
    STRATUS_TRY(size, lengths.varint());
    sizes[i] = size;
  }
  BytesView rest = BytesView(body).last(static_cast<std::size_t>(lengths.remaining()));
  std::array<StreamReader, kStreams> streams;
  for (std::size_t i = 0; i < kStreams; ++i) {
    const std::uint64_t size = i + 1 < kStreams ? sizes[i] : rest.size();
    if (size > rest.size()) return malformed("stream lengths");
    streams[i] = StreamReader(rest.first(static_cast<std::size_t>(size)));
    rest = rest.subspan(static_cast<std::size_t>(size));
  }
  return streams;
}

std::array<StreamReader, kPatchStreams> patch_streams(std::array<StreamReader, kStreams>& all,
                                                      std::size_t first) {
  std::array<StreamReader, kPatchStreams> some;
  std::move(all.begin() + static_cast<std::ptrdiff_t>(first),
            all.begin() + static_cast<std::ptrdiff_t>(first + kPatchStreams), some.begin());
  return some;
}

class Applier {
 public:
  Applier(const RecipeHead& head, const FileTree& base, std::array<StreamReader, kStreams> streams,
          const ByteSink& sink)
      : head_(head),
        base_(base),
        reference_(base),
        plan_(std::move(streams[kPlanStream])),
        header_patch_(patch_streams(streams, kHeaderStreams)),
        content_patch_(patch_streams(streams, kContentStreams)),
        output_(head.output_bytes, sink) {}

  Result<Digest> run() {
    STRATUS_TRY(plan, plan_.head(head_.tar));
    for (std::string& path : plan.references) STRATUS_CHECK(reference_.add(std::move(path)));
    if (head_.tar) {
      STRATUS_CHECK(make_tar(plan));
    } else {
      STRATUS_CHECK(make_file("", head_.output_bytes));
    }
    if (output_.left() != 0 || !plan_.at_end() || !header_patch_.at_end() || !content_patch_.at_end()) {
      return malformed("it says more than its output needs");
    }
    return output_.finish();
  }

 private:
  Result<void> make_tar(const PlanHead& plan) {
    std::unique_ptr<FileView> old;
    if (head_.base_headers) {
      STRATUS_TRY(view, base_.headers());
      if (view->size() == 0) {
        return fail(ErrorCode::corrupt,
                    "this recipe copies from the tar headers of the base's layers, and a plain directory has "
                    "none: name the layer's tar instead");
      }
      old = std::move(view);
    }
    HeaderReference headers(std::move(old), plan.checksum_form);
    header_patch_.begin(plan.header_bytes, 0);
    NextFile file;
    oci::TarParser parser(file);
    while (header_patch_.left() > 0) {
      std::array<std::uint8_t, kTarBlock> block{};
      STRATUS_CHECK(header_patch_.read(headers, block));
      headers.append(block);
      restore_checksum(block, plan.checksum_form);
      STRATUS_CHECK(emit(block));
      STRATUS_CHECK(parser.feed(block).with_context("the recipe makes no tar"));
      if (file.size == 0) continue;
      const std::uint64_t size = std::exchange(file.size, 0);
      if (size > output_.left()) return malformed("a file larger than the output");
      STRATUS_CHECK(make_file(file.path, size));
      const std::uint64_t padding = std::min((kTarBlock - size % kTarBlock) % kTarBlock, output_.left());
      STRATUS_CHECK(output_.zeros(padding));
      STRATUS_CHECK(pass_over(parser, size + padding));
    }
    return output_.zeros(output_.left());
  }

  // The parser only counts data, so it need not be the real.
  static Result<void> pass_over(oci::TarParser& parser, std::uint64_t count) {
    static constexpr std::array<std::uint8_t, 16384> kZeros{};
    while (count > 0) {
      const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(count, kZeros.size()));
      STRATUS_CHECK(parser.feed(BytesView(kZeros).first(piece)));
      count -= piece;
    }
    return {};
  }

  Result<void> emit(BytesView bytes) {
    while (!bytes.empty()) {
      STRATUS_TRY(out, output_.room(bytes.size()));
      std::copy_n(bytes.begin(), out.size(), out.begin());
      output_.commit(out.size());
      bytes = bytes.subspan(out.size());
    }
    return {};
  }

  Result<void> make_file(const std::string& path, std::uint64_t size) {
    STRATUS_TRY(planned, plan_.next(path));
    if (!planned) return copy_whole(path, size);
    switch (planned->kind) {
      case FileKind::copy_named:
        return copy_whole(planned->base_path, size);
      case FileKind::patch:
        content_patch_.begin(size, std::nullopt);
        break;
      case FileKind::patch_own:
      case FileKind::patch_named: {
        const bool own = planned->kind == FileKind::patch_own;
        STRATUS_TRY(start, reference_.add(own ? path : planned->base_path));
        content_patch_.begin(size, start);
        break;
      }
    }
    while (content_patch_.left() > 0) {
      STRATUS_TRY(out, output_.room(content_patch_.left()));
      STRATUS_CHECK(content_patch_.read(reference_, out).with_context(path));
      output_.commit(out.size());
    }
    return {};
  }

  Result<void> copy_whole(const std::string& path, std::uint64_t size) {
    auto view = base_.open(path);
    if (!view) {
      if (view.error().code() != ErrorCode::not_found) return forward_error(std::move(view));
      return fail(ErrorCode::corrupt,
                  fmt::format("the base has no file '{}': this recipe was made for another base", path));
    }
    if ((*view)->size() != size) {
      return fail(
          ErrorCode::corrupt,
          fmt::format("the base's file '{}' has {} bytes, not {}: it changed, or this recipe was made "
                      "for another base",
                      path, (*view)->size(), size));
    }
    for (std::uint64_t at = 0; at < size;) {
      STRATUS_TRY(out, output_.room(size - at));
      STRATUS_CHECK((*view)->read(at, out));
      output_.commit(out.size());
      at += out.size();
    }
    return {};
  }

  const RecipeHead& head_;
  const FileTree& base_;
  BaseReference reference_;
  PlanReader plan_;
  PatchReader header_patch_, content_patch_;
  Output output_;
};

Result<RecipeHead> read_head(int file) {
  STRATUS_TRY(size, file_size(file));
  Bytes beginning(static_cast<std::size_t>(std::min<std::uint64_t>(size, kMaxHead)));
  STRATUS_CHECK(pread_exact(file, beginning, 0));
  return parse_recipe_head(beginning, size);
}

RecipeInfo info_of(const RecipeHead& head) {
  return {head.output_bytes, head.output_digest, head.memory_bytes(), head.directory};
}

}  // namespace

Result<RecipeInfo> read_recipe_info(const std::filesystem::path& recipe) {
  STRATUS_TRY(file, open_file(recipe, O_RDONLY));
  STRATUS_TRY(head, read_head(file.get()).with_context(recipe.string()));
  return info_of(head);
}

Result<RecipeInfo> apply_recipe(const std::filesystem::path& recipe, const FileTree& base,
                                const ApplyLimits& limits, const ByteSink& sink) {
  STRATUS_TRY(file, open_file(recipe, O_RDONLY));
  STRATUS_TRY(head, read_head(file.get()).with_context(recipe.string()));
  if (head.output_bytes > limits.max_output) {
    return fail(ErrorCode::no_space, fmt::format("{} makes {} bytes, the limit is {}", recipe.string(),
                                                 head.output_bytes, limits.max_output));
  }
  if (head.memory_bytes() > limits.max_memory) {
    return fail(ErrorCode::no_space, fmt::format("{} needs {} bytes of memory, the limit is {}",
                                                 recipe.string(), head.memory_bytes(), limits.max_memory));
  }
  Bytes body;
  std::array<StreamReader, kStreams> streams;
  if (head.packed) {
    STRATUS_TRY(opened, open_packed(file.get(), head, body));
    streams = std::move(opened);
  } else {
    for (std::size_t i = 0; i < kStreams; ++i) {
      STRATUS_TRY(opened, open_stream(file.get(), head.streams[i]));
      streams[i] = std::move(opened);
    }
  }
  STRATUS_TRY(digest, Applier(head, base, std::move(streams), sink).run());
  if (digest != head.output_digest) {
    return fail(ErrorCode::corrupt,
                fmt::format("{} made {} instead of {}: the base is not the one it was made for, or changed",
                            recipe.string(), digest.text(), head.output_digest.text()));
  }
  return info_of(head);
}

}  // namespace stratus::delta
