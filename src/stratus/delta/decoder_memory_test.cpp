// What applying a recipe really allocates, against what the recipe's head says beforehand and against the 32
// MiB of docs/formats/delta.md. Every allocation of this program is counted, those of the compression
// libraries too; a sanitizer has an allocator of its own, so the file is empty there.
#include <atomic>
#include <cerrno>
#include <cstdlib>

#include <gtest/gtest.h>
#include <malloc.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/delta/plan.hpp"
#include "stratus/delta/recipe.hpp"
#include "stratus/delta/recipe_forms_testing.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STRATUS_OWN_ALLOCATOR
#endif
#endif

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(STRATUS_OWN_ALLOCATOR)

namespace {

std::atomic<std::size_t> live_bytes{0}, peak_bytes{0};

void* counted(void* memory) {
  if (memory == nullptr) return nullptr;
  const std::size_t size = ::malloc_usable_size(memory);
  const std::size_t now = live_bytes.fetch_add(size) + size;
  std::size_t peak = peak_bytes;
  while (now > peak && !peak_bytes.compare_exchange_weak(peak, now)) {
  }
  return memory;
}

void discount(void* memory) {
  if (memory != nullptr) live_bytes -= ::malloc_usable_size(memory);
}

}  // namespace

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* memory);

void* malloc(std::size_t size) { return counted(__libc_malloc(size)); }
void* calloc(std::size_t count, std::size_t size) { return counted(__libc_calloc(count, size)); }
void* realloc(void* memory, std::size_t size) {
  discount(memory);
  return counted(__libc_realloc(memory, size));
}
void* memalign(std::size_t alignment, std::size_t size) { return counted(__libc_memalign(alignment, size)); }
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return counted(__libc_memalign(alignment, size));
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  *memory = counted(__libc_memalign(alignment, size));
  return *memory == nullptr ? ENOMEM : 0;
}
void free(void* memory) {
  discount(memory);
  __libc_free(memory);
}
}

namespace stratus::delta {
namespace {

constexpr std::uint64_t kBound = 32u << 20;  // docs/formats/delta.md, "Bounds"

// Has every file there is, each of the same few bytes, none of them mapped or allocated.
class ZerosTree final : public FileTree {
 public:
  class View final : public FileView {
   public:
    std::uint64_t size() const override { return sizeof kZeros - 1; }
    Result<void> read(std::uint64_t offset, std::span<std::uint8_t> into) const override {
      for (std::size_t i = 0; i < into.size(); ++i)
        into[i] = static_cast<std::uint8_t>(kZeros[static_cast<std::size_t>(offset) + i]);
      return {};
    }
    Result<BytesView> bytes() override { return as_bytes(kZeros); }

   private:
    static constexpr char kZeros[] = "0000000000000000";
  };
  Result<const std::vector<TreeFile>*> files() const override {
    return fail(ErrorCode::internal, "applying lists nothing");
  }
  Result<std::unique_ptr<FileView>> open(std::string_view) const override { return std::make_unique<View>(); }
};

// '0' or a letter, in a pattern that repeats: compressors find it quickly, and their windows fill all the
// same.
Bytes pattern(std::size_t size) {
  std::mt19937 random(3);
  Bytes tile(5003);
  for (auto& byte : tile) byte = random() % 2 == 0 ? '0' : static_cast<std::uint8_t>('a' + random() % 26);
  Bytes out;
  while (out.size() < size) out.insert(out.end(), tile.begin(), tile.end());
  out.resize(size);
  return out;
}

// Copies two bytes and inserts one, over and over, so that each of the seven streams grows with the target.
std::array<Bytes, kPatchStreams> tiny_steps(BytesView target, std::uint64_t from) {
  static const Bytes kZeros(16, '0');
  std::vector<PatchStep> steps;
  for (std::size_t at = 0; at < target.size(); at += 3)
    steps.push_back(
        {from + at % 5, std::min<std::size_t>(2, target.size() - at), at + 2 < target.size() ? 1u : 0u});
  PatchWriter writer(1);
  writer.append(
      target, steps, [](std::uint64_t, std::size_t size) { return BytesView(kZeros).first(size); }, 0);
  return writer.finish();
}

// The heaviest that the format allows: fifteen streams longer than their windows, extended headers and
// references up to their limits. Its base is a ZerosTree.
testing::LooseRecipe heaviest() {
  constexpr std::size_t kFile = 7'000'000, kComment = 980'000, kExtended = 8;
  testing::TarBuilder builder;
  for (std::size_t i = 0; i < kExtended; ++i) {
    const Bytes comment = pattern(kComment);
    const std::string head = std::to_string(kComment + 16) + " comment=",
                      text(comment.begin(), comment.end());
    builder.add("pax", as_bytes(head + text + "\n"), 'x').add("empty", {});
  }
  testing::TarBuilder with_file = builder;
  const Bytes content = pattern(kFile);
  const std::size_t header_bytes = builder.finish(0).size() + kTarBlock;
  const Bytes tar = with_file.add("file", content).finish();

  PlanHead plan;
  plan.header_bytes = header_bytes;
  for (std::size_t i = 0; plan.references.size() * (kReferenceCost + 4090) < kMaxReferenceMemory - 8000;
       ++i) {
    std::string path = std::to_string(i) + "/";
    const Bytes rest = pattern(4090 + i * 7);
    path.append(rest.end() - 4080, rest.end());
    plan.references.push_back(path.substr(0, 4085));
  }
  PlanWriter planned;
  planned.head(plan, true);
  planned.file({FileKind::patch, ""}, "file");

  testing::LooseRecipe loose;
  loose.head.tar = true;
  loose.head.output_bytes = tar.size();
  loose.head.output_digest = sha256(tar);
  loose.streams[kPlanStream] = planned.take();
  // The header template has zeros in a row at 124.
  auto headers = tiny_steps(BytesView(tar).first(header_bytes), 124);
  auto contents = tiny_steps(content, 0);
  std::move(headers.begin(), headers.end(), loose.streams.begin() + kHeaderStreams);
  std::move(contents.begin(), contents.end(), loose.streams.begin() + kContentStreams);
  return loose;
}

class DecoderMemoryTest : public ::testing::TestWithParam<Codec> {
 protected:
  // What applying takes at its most, in bytes.
  std::uint64_t measure(BytesView recipe) {
    const stratus::testing::TemporaryDirectory directory;
    testing::write(directory.path() / "recipe", recipe);
    const ZerosTree tree;
    const auto info = read_recipe_info(directory.path() / "recipe");
    EXPECT_TRUE(info);
    said_ = info->memory_bytes;
    const std::size_t before = live_bytes;
    peak_bytes = before;
    const auto applied =
        apply_recipe(directory.path() / "recipe", tree, {}, [](BytesView) { return Result<void>(); });
    const std::size_t peak = peak_bytes;
    EXPECT_TRUE(applied) << applied.error().text();
    return peak - before;
  }

  std::uint64_t said_ = 0;
};

TEST_P(DecoderMemoryTest, FifteenFullWindowsTakeNoMoreThanTheHeadSays) {
  static const testing::LooseRecipe loose = heaviest();
  // As many windows of 2 MiB as the bound allows, 1 MiB the others.
  std::uint64_t windows = 0;
  const auto window_log = [&](std::size_t stream) {
    const unsigned log = loose.streams[stream].size() >= (2u << 20) && windows < (13u << 20) ? 21 : 20;
    windows += std::uint64_t{1} << log;
    return log;
  };
  for (const Bytes& stream : loose.streams) ASSERT_GE(stream.size(), 1u << 20);
  const Bytes recipe = loose.separate(GetParam(), window_log);
  const std::uint64_t taken = measure(recipe);
  EXPECT_LE(taken, said_);
  EXPECT_LE(said_, kBound);
  EXPECT_GE(taken, windows) << "the windows were not filled: this shows nothing";
}

TEST_P(DecoderMemoryTest, APackedBodyWithTheLargestWindowTakesNoMoreThanTheHeadSays) {
  testing::LooseRecipe loose;
  const Bytes content = pattern(900'000);
  PlanWriter planned;
  planned.head({}, false);
  planned.file({FileKind::patch, ""}, "");
  loose.streams[kPlanStream] = planned.take();
  loose.streams[kContentStreams + kCopy] = {1};
  loose.streams[kContentStreams + kInsert] = {0};
  loose.streams[kContentStreams + kLiteral] = content;
  loose.head.output_bytes = content.size();
  loose.head.output_digest = sha256(content);
  const std::uint64_t taken = measure(loose.packed(GetParam(), CodecSpec::kMaxWindowLog));
  EXPECT_LE(taken, said_);
  EXPECT_LE(said_, kBound);
  EXPECT_GE(taken, content.size());
}

std::string name_of(const ::testing::TestParamInfo<Codec>& of) {
  return of.param == Codec::zstd ? "zstd" : of.param == Codec::lzma ? "lzma" : "brotli";
}
INSTANTIATE_TEST_SUITE_P(EachCodec, DecoderMemoryTest,
                         ::testing::Values(Codec::zstd, Codec::lzma, Codec::brotli), name_of);

}  // namespace
}  // namespace stratus::delta

#endif
