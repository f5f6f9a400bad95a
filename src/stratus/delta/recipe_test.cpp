// Making and applying recipes, end to end.
#include "stratus/delta/recipe.hpp"

#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/delta/tree_testing.hpp"

namespace stratus::delta {
namespace {

namespace fs = std::filesystem;
using testing::TarBuilder;
using Files = std::map<std::string, Bytes>;

class RecipeTest : public ::testing::Test {
 protected:
  fs::path at(const std::string& name) { return directory_ / name; }

  std::unique_ptr<FileTree> directory_tree(const Files& files) {
    fs::remove_all(at("base"));
    fs::create_directories(at("base"));
    for (const auto& [path, bytes] : files) testing::write(at("base") / path, bytes);
    return open_directory_tree(at("base")).value();
  }
  std::unique_ptr<FileTree> tar_tree(const Bytes& tar) {
    testing::write(at("base.tar"), tar);
    return open_tar_tree({at("base.tar")}).value();
  }
  MakeResult make(const FileTree& base, const Bytes& output, const MakeOptions& options = {}) {
    testing::write(at("new"), output);
    auto made = make_recipe(base, at("new"), at("recipe"), options);
    EXPECT_TRUE(made) << made.error().text();
    return *made;
  }
  Result<Bytes> apply(const FileTree& base, const ApplyLimits& limits = {}) {
    Bytes out;
    auto applied = apply_recipe(at("recipe"), base, limits, [&out](BytesView bytes) -> Result<void> {
      out.insert(out.end(), bytes.begin(), bytes.end());
      return {};
    });
    if (!applied) return forward_error(std::move(applied));
    return out;
  }
  // Makes, applies, compares; answers the recipe's size.
  std::uint64_t round_trip(const FileTree& base, const Bytes& output, const MakeOptions& options = {}) {
    const MakeResult made = make(base, output, options);
    EXPECT_EQ(made.output_bytes, output.size());
    EXPECT_EQ(made.output_digest, sha256(output));
    EXPECT_EQ(made.recipe_bytes, fs::file_size(at("recipe")));
    const auto applied = apply(base);
    EXPECT_TRUE(applied) << applied.error().text();
    if (applied) EXPECT_TRUE(*applied == output);
    return made.recipe_bytes;
  }
  static Bytes tar_of(const Files& files) {
    TarBuilder tar;
    for (const auto& [path, bytes] : files) tar.add(path, bytes);
    return tar.finish();
  }

  std::mt19937 random_{1};
  stratus::testing::TemporaryDirectory directory_;
};

TEST_F(RecipeTest, UnchangedFilesCostNothingButTheirHeaders) {
  Files files;
  for (int i = 0; i < 200; ++i) {
    files["usr/lib/file" + std::to_string(i)] = testing::random_bytes(random_, random_() % 5000);
  }
  const Bytes tar = tar_of(files);
  const auto base = tar_tree(tar);
  EXPECT_LT(round_trip(*base, tar), 2500u);
  MakeOptions options;
  options.base_headers = true;
  EXPECT_LT(round_trip(*base, tar, options), 60u);
}

TEST_F(RecipeTest, ChangedFileCostsItsChange) {
  Files files{{"bin/a", testing::random_bytes(random_, 200000)},
              {"etc/b", testing::random_text(random_, 3000)}};
  const auto base = directory_tree(files);
  testing::edit(random_, files["bin/a"], 10);
  EXPECT_LT(round_trip(*base, tar_of(files)), 900u);
}

TEST_F(RecipeTest, MovedAndRenamedFilesAreFound) {
  Files files{{"lib/libx.so.1.2.3", testing::random_bytes(random_, 50000)},
              {"share/doc", testing::random_bytes(random_, 30000)}};
  const auto base = directory_tree(files);
  Files fresh{{"lib/libx.so.1.2.4", files["lib/libx.so.1.2.3"]}, {"usr/other", files["share/doc"]}};
  testing::edit(random_, fresh["lib/libx.so.1.2.4"], 5);
  EXPECT_LT(round_trip(*base, tar_of(fresh)), 700u);
}

TEST_F(RecipeTest, TextThatMovesBetweenFilesIsFound) {
  Files files{{"a", testing::random_bytes(random_, 40000)}, {"b", testing::random_bytes(random_, 40000)}};
  const auto base = directory_tree(files);
  Files fresh = files;
  std::swap_ranges(fresh["a"].begin() + 10000, fresh["a"].begin() + 20000, fresh["b"].begin() + 5000);
  EXPECT_LT(round_trip(*base, tar_of(fresh)), 400u);
}

TEST_F(RecipeTest, EmptyOutputsFilesAndBases) {
  const auto nothing = directory_tree({});
  EXPECT_LT(round_trip(*nothing, {}), 64u);
  EXPECT_LT(round_trip(*nothing, Bytes(10240)), 64u);
  round_trip(*nothing, tar_of({{"a", {}}, {"b", testing::random_bytes(random_, 1000)}, {"c", {}}}));
  const auto base = directory_tree({{"a", {}}, {"b", {}}});
  round_trip(*base, tar_of({{"a", testing::random_text(random_, 1000)}, {"b", {}}}));
}

TEST_F(RecipeTest, HugeRunsOfZerosStaySmall) {
  Bytes sparse(20u << 20);
  sparse[7u << 20] = 1;
  const auto base = directory_tree({{"disk", sparse}});
  sparse[9u << 20] = 2;
  sparse.resize(30u << 20);
  EXPECT_LT(round_trip(*base, tar_of({{"disk", sparse}})), 6000u);
}

TEST_F(RecipeTest, OpaqueFilesNeedNoTar) {
  Bytes firmware = testing::random_bytes(random_, 100000);
  testing::write(at("old.bin"), firmware);
  const auto base = open_single_file_tree(at("old.bin")).value();
  testing::edit(random_, firmware, 5);
  EXPECT_LT(round_trip(*base, firmware), 500u);
}

TEST_F(RecipeTest, TarsThatEndWithTheLastFilesBytes) {
  Files files{{"a", testing::random_bytes(random_, 5000)}, {"b", testing::random_bytes(random_, 50000)}};
  const auto base = directory_tree(files);
  Bytes unpadded = tar_of(files);
  unpadded.resize(512 + 5120 + 512 + 50000);
  EXPECT_LT(round_trip(*base, unpadded), 400u);
  unpadded.resize(unpadded.size() + 100);
  EXPECT_LT(round_trip(*base, unpadded), 400u);
}

TEST_F(RecipeTest, OddTarsFallBackToOneFile) {
  Files files{{"bin/a", testing::random_bytes(random_, 50000)}};
  const Bytes good = tar_of(files);
  const auto base = tar_tree(good);
  Bytes garbage = good;
  garbage.insert(garbage.end(), {1, 2, 3});
  round_trip(*base, garbage);
  Bytes padding = good;
  padding[512 + 50000] = 7;
  round_trip(*base, padding);
  Bytes cut(good.begin(), good.begin() + 20000);
  round_trip(*base, cut);
  TarBuilder bad_sum;
  Bytes wrong = good;
  wrong[0] ^= 1;
  round_trip(*base, wrong);
}

TEST_F(RecipeTest, ExtendedHeadersAreCarried) {
  const std::string name = "usr/" + std::string(120, 'n') + "/file";
  const std::string record = std::to_string(name.size() + 10) + " path=" + name + "\n";
  TarBuilder tar;
  tar.add("PaxHeaders/file", as_bytes(record), 'x').add("short", testing::random_bytes(random_, 3000));
  tar.add("././@LongLink", as_bytes(name + "2"), 'L').add("short2", testing::random_bytes(random_, 3000));
  tar.add("link", {}, '2', "short").add("hard", {}, '1', "short2").add("dir/", {}, '5');
  const Bytes bytes = tar.finish(20);
  const auto base = tar_tree(bytes);
  MakeOptions options;
  options.base_headers = true;
  EXPECT_LT(round_trip(*base, bytes, options), 64u);
  round_trip(*base, bytes);
}

TEST_F(RecipeTest, ManyGeneratedTrees) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    Files files;
    const std::size_t count = random() % 12;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string path = "d" + std::to_string(random() % 3) + "/f" + std::to_string(i);
      const std::size_t size = random() % 4 == 0 ? random() % 3 : random() % 20000;
      files[path] =
          random() % 2 == 0 ? testing::random_bytes(random, size) : testing::random_text(random, size);
    }
    Files fresh;
    for (const auto& [path, bytes] : files) {
      const unsigned fate = random() % 6;
      if (fate == 0) continue;
      const std::string to = fate == 1 ? "moved/" + path : path;
      fresh[to] = bytes;
      if (fate >= 3) testing::edit(random, fresh[to], random() % 6);
    }
    if (random() % 2 == 0) fresh["new"] = testing::random_text(random, random() % 5000);
    MakeOptions options;
    options.base_headers = random() % 2 == 0;
    options.suffix_array_limit = random() % 3 == 0 ? 0 : options.suffix_array_limit;
    SCOPED_TRACE(seed);
    if (random() % 2 == 0) {
      round_trip(*directory_tree(files), tar_of(fresh), options);
    } else {
      round_trip(*tar_tree(tar_of(files)), tar_of(fresh), options);
    }
  }
}

TEST_F(RecipeTest, TheLinearMatcherFindsLongMatches) {
  Files files{{"a", testing::random_bytes(random_, 300000)}};
  const auto base = directory_tree(files);
  testing::edit(random_, files["a"], 8);
  MakeOptions options;
  options.suffix_array_limit = 1000;
  EXPECT_LT(round_trip(*base, tar_of(files), options), 1500u);
}

TEST_F(RecipeTest, NeverNamesMoreOldFilesThanAReaderTakes) {
  Files files;
  for (int i = 0; i < 40; ++i) files["f" + std::to_string(100 + i)] = testing::random_bytes(random_, 400);
  files["large"] = testing::random_bytes(random_, 20000);
  const auto base = directory_tree(files);
  for (auto& [path, bytes] : files) testing::edit(random_, bytes, 2);
  MakeOptions options;
  const std::uint64_t all = round_trip(*base, tar_of(files), options);
  options.max_reference_memory = 10 * 100;  // each takes 96 bytes and its path
  const std::uint64_t some = round_trip(*base, tar_of(files), options);
  EXPECT_GT(some, all + 20 * 400);
  EXPECT_LT(some, all + 36 * 400);  // the largest files are the ones that are still patched
  options.max_reference_memory = 0;
  EXPECT_GT(round_trip(*base, tar_of(files), options), 36000u);
}

TEST_F(RecipeTest, SameInputSameRecipe) {
  Files files{{"a", testing::random_text(random_, 50000)}, {"b", testing::random_bytes(random_, 20000)}};
  const auto base = directory_tree(files);
  testing::edit(random_, files["a"], 30);
  make(*base, tar_of(files));
  const Bytes first = testing::read(at("recipe"));
  make(*directory_tree({{"a", testing::read(at("base") / "a")}, {"b", files["b"]}}), tar_of(files));
  EXPECT_EQ(testing::read(at("recipe")), first);
}

TEST_F(RecipeTest, ChangedBaseIsCorruptNeverWrong) {
  Files files{{"a", testing::random_bytes(random_, 20000)}, {"b", testing::random_bytes(random_, 20000)}};
  const auto base = directory_tree(files);
  Files fresh = files;
  testing::edit(random_, fresh["a"], 3);
  make(*base, tar_of(fresh));
  for (const std::string& changed : {"a", "b"}) {
    Files other = files;
    other[changed][777] ^= 1;
    EXPECT_EQ(apply(*directory_tree(other)).error().code(), ErrorCode::corrupt) << changed;
    other[changed].resize(100);
    EXPECT_EQ(apply(*directory_tree(other)).error().code(), ErrorCode::corrupt) << changed;
    other.erase(changed);
    EXPECT_EQ(apply(*directory_tree(other)).error().code(), ErrorCode::corrupt) << changed;
  }
}

TEST_F(RecipeTest, GivesUpWhenItWouldBeOfNoUse) {
  const auto base = directory_tree({});
  testing::write(at("new"), testing::random_bytes(random_, 5000));
  MakeOptions options;
  options.give_up_at = 5000;
  const auto made = make_recipe(*base, at("new"), at("recipe"), options);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::conflict);
  EXPECT_FALSE(fs::exists(at("recipe")));
}

// Memory and time of making a recipe grow with the bytes that the base does not explain.
TEST_F(RecipeTest, GivesUpWhenTooMuchIsNew) {
  const Files files{{"a", testing::random_bytes(random_, 60'000)},
                    {"b", testing::random_bytes(random_, 500)}};
  const auto base = directory_tree(files);
  const auto is_made = [&](const Files& fresh, std::uint64_t max_new_bytes) {
    testing::write(at("new"), tar_of(fresh));
    fs::remove(at("recipe"));
    MakeOptions options;
    options.max_new_bytes = max_new_bytes;
    const auto made = make_recipe(*base, at("new"), at("recipe"), options);
    if (!made) EXPECT_EQ(made.error().code(), ErrorCode::conflict) << made.error().text();
    EXPECT_EQ(bool(made), fs::exists(at("recipe")));
    return bool(made);
  };
  Files fresh = files;
  fresh["c/other"] = testing::random_bytes(random_, 9'000);  // like nothing there is
  EXPECT_FALSE(is_made(fresh, 8'999));
  EXPECT_TRUE(is_made(fresh, 9'000));
  EXPECT_TRUE(is_made(fresh, 0)) << "no bound";
  fresh = files;
  fresh["a"] = testing::random_bytes(random_, 60'000);  // the same name, nothing else
  EXPECT_FALSE(is_made(fresh, 50'000));
  fresh = files;
  fresh["a"][30'000] ^= 1;
  fresh["moved"] = files.at("a");
  EXPECT_TRUE(is_made(fresh, 600)) << "old bytes cost nothing, wherever they are now";
  for (std::size_t i = 0; i < 60'000; i += 200) fresh["a"][i] ^= 1;
  EXPECT_FALSE(is_made(fresh, 50'000)) << "short runs between differences are held, too";
}

TEST_F(RecipeTest, LimitsAreKept) {
  const auto base = directory_tree({});
  make(*base, testing::random_text(random_, 5000));
  ApplyLimits limits;
  limits.max_output = 4999;
  EXPECT_EQ(apply(*base, limits).error().code(), ErrorCode::no_space);
  limits = {};
  limits.max_memory = read_recipe_info(at("recipe"))->memory_bytes - 1;
  EXPECT_EQ(apply(*base, limits).error().code(), ErrorCode::no_space);
  limits.max_memory += 1;
  EXPECT_TRUE(apply(*base, limits));
}

TEST_F(RecipeTest, InfoIsKnownBeforeApplying) {
  const auto base = directory_tree({});
  const Bytes output = testing::random_text(random_, 5000);
  make(*base, output);
  const auto info = read_recipe_info(at("recipe"));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->output_bytes, output.size());
  EXPECT_EQ(info->output_digest, sha256(output));
  EXPECT_LE(info->memory_bytes, 32u << 20);
}

// A small recipe with everything in it: headers, patches, a moved file, new bytes.
class CorruptRecipeTest : public RecipeTest {
 protected:
  void SetUp() override {
    Files files{{"a", testing::random_text(random_, 3000)},
                {"b", testing::random_bytes(random_, 500)},
                {"c", testing::random_bytes(random_, 300)}};
    base_ = directory_tree(files);
    Files fresh{{"a", files["a"]}, {"b", files["b"]}, {"moved", files["c"]}};
    testing::edit(random_, fresh["a"], 4);
    fresh["new"] = testing::random_text(random_, 80);
    output_ = tar_of(fresh);
    make(*base_, output_);
    recipe_ = testing::read(at("recipe"));
  }
  void expect_error_or_output(const Bytes& recipe, std::size_t position) {
    testing::write(at("recipe"), recipe);
    const auto applied = apply(*base_);
    if (applied) {
      EXPECT_TRUE(*applied == output_) << "byte " << position;
    } else {
      EXPECT_TRUE(applied.error().code() == ErrorCode::corrupt ||
                  applied.error().code() == ErrorCode::no_space)
          << "byte " << position << ": " << applied.error().text();
    }
  }

  std::unique_ptr<FileTree> base_;
  Bytes output_, recipe_;
};

TEST_F(CorruptRecipeTest, CutAnywhere) {
  for (std::size_t size = 0; size < recipe_.size(); ++size) {
    testing::write(at("recipe"), BytesView(recipe_).first(size));
    const auto applied = apply(*base_);
    ASSERT_FALSE(applied) << size;
    EXPECT_EQ(applied.error().code(), ErrorCode::corrupt) << size;
  }
}

TEST_F(CorruptRecipeTest, AnyBitFlipped) {
  for (std::size_t bit = 0; bit < recipe_.size() * 8; ++bit) {
    Bytes broken = recipe_;
    broken[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    expect_error_or_output(broken, bit / 8);
  }
}

TEST_F(CorruptRecipeTest, BytesAppended) {
  recipe_.push_back(0);
  expect_error_or_output(recipe_, recipe_.size());
}

}  // namespace
}  // namespace stratus::delta
