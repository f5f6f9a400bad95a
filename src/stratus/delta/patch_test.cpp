// Every instruction of a patch, and every way to get one wrong.
#include "stratus/delta/patch.hpp"

#include <gtest/gtest.h>

#include "stratus/delta/tree_testing.hpp"
#include "stratus/delta/varint.hpp"

namespace stratus::delta {
namespace {

using Streams = std::array<Bytes, kPatchStreams>;

class MemoryReference final : public Reference {
 public:
  explicit MemoryReference(Bytes bytes) : bytes_(std::move(bytes)) {}
  Result<void> read(std::uint64_t position, std::span<std::uint8_t> into) override {
    if (position > bytes_.size() || into.size() > bytes_.size() - position) {
      return fail(ErrorCode::corrupt, "outside");
    }
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(position), into.size(), into.begin());
    return {};
  }
  BytesView view(std::uint64_t position, std::size_t size) const {
    return BytesView(bytes_).subspan(static_cast<std::size_t>(position), size);
  }

 private:
  Bytes bytes_;
};

PatchReader reader_of(const Streams& streams) {
  std::array<StreamReader, kPatchStreams> readers;
  for (std::size_t i = 0; i < kPatchStreams; ++i) readers[i] = StreamReader(BytesView(streams[i]));
  return PatchReader(std::move(readers));
}

Bytes text(std::string_view characters) { return {characters.begin(), characters.end()}; }

class PatchTest : public ::testing::Test {
 protected:
  // Reads one target of `size` bytes; `streams` by name, as varints (below 128).
  Result<std::string> read(std::uint64_t size, const Streams& streams, std::uint64_t position = 0) {
    PatchReader reader = reader_of(streams);
    reader.begin(size, position);
    Bytes out(static_cast<std::size_t>(size));
    STRATUS_CHECK(reader.read(reference_, out));
    if (!reader.at_end()) return fail(ErrorCode::corrupt, "left over");
    return std::string(as_text(out));
  }

  MemoryReference reference_{text("0123456789")};
};

// Order of the streams: copy, insert, seek, exact, diff, delta, literal.
TEST_F(PatchTest, CopiesAllThatIsLeft) { EXPECT_EQ(*read(4, {{{0}, {}, {}, {4}, {}, {}, {}}}, 3), "3456"); }

TEST_F(PatchTest, AddsDifferences) {
  EXPECT_EQ(*read(4, {{{0}, {}, {}, {1, 1}, {2}, {1, 0xff}, {}}}), "0213");
}

TEST_F(PatchTest, InsertsAndSeeks) {
  // Copy 2, insert "ab", go on 3 further, copy the rest.
  EXPECT_EQ(*read(6, {{{3, 0}, {3}, {8 + 6}, {4}, {}, {}, text("ab")}}), "01ab56");
}

TEST_F(PatchTest, SeeksToARecentShift) {
  // Two bytes replaced by two others: the shift stays.
  EXPECT_EQ(*read(6, {{{3, 0}, {3}, {0}, {4}, {}, {}, text("ab")}}), "01ab45");
}

TEST_F(PatchTest, BeginsWithAMereSeek) {
  EXPECT_EQ(*read(2, {{{1, 0}, {1}, {8 + 4}, {2}, {}, {}, {}}}), "23");
}

TEST_F(PatchTest, InsertsOnly) { EXPECT_EQ(*read(3, {{{1}, {0}, {}, {}, {}, {}, text("new")}}), "new"); }

TEST_F(PatchTest, RefusesWhatIsMalformed) {
  const std::pair<const char*, Streams> bad[] = {
      {"no streams", {}},
      {"copy longer than the target", {{{6}, {}, {}, {5}, {}, {}, {}}}},
      {"insertion longer than the target", {{{1}, {6}, {}, {}, {}, {}, text("abcde")}}},
      {"copy from outside", {{{1, 0}, {1}, {8 + 20}, {4}, {}, {}, {}}}},
      {"seek to before the beginning", {{{1, 0}, {1}, {8 + 1}, {4}, {}, {}, {}}}},
      {"two empty steps", {{{1, 1, 0}, {1, 1}, {8, 8}, {4}, {}, {}, {}}}},
      {"an empty run", {{{0}, {}, {}, {2, 2}, {0}, {}, {}}}},
      {"a run beyond the copies", {{{0}, {}, {}, {5}, {}, {}, {}}}},
      {"no runs", {{{0}, {}, {}, {}, {}, {}, {}}}},
      {"differences missing", {{{0}, {}, {}, {1}, {3}, {1}, {}}}},
      {"literals missing", {{{1}, {0}, {}, {}, {}, {}, text("abc")}}},
      {"literals left over", {{{1}, {0}, {}, {}, {}, {}, text("abcde")}}},
      {"a long number",
       {{{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2}, {}, {}, {}, {}, {}, {}}}},
      {"a number not in its shortest form", {{{0x85, 0}, {0}, {}, {4}, {}, {}, {}}}},
  };
  for (const auto& [what, streams] : bad) {
    const auto made = read(4, streams);
    ASSERT_FALSE(made) << what;
    EXPECT_EQ(made.error().code(), ErrorCode::corrupt) << what;
  }
}

TEST(PatchWriterTest, WhatIsWrittenIsRead) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const Bytes old = testing::random_text(random, 4000);
    MemoryReference reference(old);
    PatchWriter writer(random() % 2 == 0 ? 4 : 64);
    std::vector<std::pair<Bytes, std::optional<std::uint64_t>>> targets;
    for (unsigned i = 0; i < 3; ++i) {
      std::vector<PatchStep> steps;
      Bytes target;
      const unsigned count = 1 + random() % 6;
      for (unsigned s = 0; s < count; ++s) {
        PatchStep step;
        step.copy = s == 0 ? random() % 300 : 1 + random() % 300;
        if (step.copy > 0) step.position = random() % (old.size() - 300);
        step.insert = random() % 2 == 0 || s + 1 == count ? random() % 20 : 0;
        const BytesView copied = reference.view(step.position, step.copy);
        target.insert(target.end(), copied.begin(), copied.end());
        for (unsigned e = 0; e < random() % 8 && step.copy > 0; ++e) {
          target[target.size() - 1 - random() % step.copy] ^= 0x55;
        }
        const Bytes fresh = testing::random_bytes(random, step.insert);
        target.insert(target.end(), fresh.begin(), fresh.end());
        steps.push_back(step);
      }
      if (target.empty()) continue;
      std::optional<std::uint64_t> position;
      if (random() % 2 == 0) position = random() % 100;
      writer.append(
          target, steps, [&](std::uint64_t at, std::size_t size) { return reference.view(at, size); },
          position);
      targets.emplace_back(target, position);
    }
    const Streams streams = writer.finish();
    PatchReader reader = reader_of(streams);
    for (const auto& [target, position] : targets) {
      reader.begin(target.size(), position);
      Bytes out(target.size());
      for (std::size_t at = 0; at < out.size();) {
        const std::size_t piece = std::min<std::size_t>(1 + random() % 97, out.size() - at);
        ASSERT_TRUE(reader.read(reference, std::span(out).subspan(at, piece))) << seed;
        at += piece;
      }
      ASSERT_TRUE(out == target) << seed;
    }
    EXPECT_TRUE(reader.at_end()) << seed;
  }
}

}  // namespace
}  // namespace stratus::delta
