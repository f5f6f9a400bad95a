// Every form of a recipe: those that the encoder finds too large are still read by every device. The seeds of
// the fuzz target are these forms; STRATUS_WRITE_SEEDS=1 writes them anew.
#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/delta/recipe.hpp"
#include "stratus/delta/recipe_forms_testing.hpp"

namespace stratus::delta {
namespace {

namespace fs = std::filesystem;
const fs::path kSeeds = STRATUS_SOURCE_DIR "/fuzz/corpus/recipe";

class RecipeFormsTest : public ::testing::Test {
 protected:
  Result<Bytes> apply(BytesView recipe) {
    const fs::path file = directory_.path() / "recipe";
    testing::write(file, recipe);
    Bytes out;
    STRATUS_CHECK(apply_recipe(file, *base_.tree, {}, [&out](BytesView bytes) -> Result<void> {
      out.insert(out.end(), bytes.begin(), bytes.end());
      return {};
    }));
    return out;
  }

  // A layer in which "a" changed, "b" moved and "new" is new; what the encoder makes of it.
  testing::LooseRecipe made(bool base_headers, bool tar = true) {
    std::mt19937 random(5);
    auto files = base_.files;
    testing::edit(random, files["a"], 4);
    files["moved"] = files["b"];
    testing::edit(random, files["b"], 3);
    files["new"] = testing::random_text(random, 90);
    testing::TarBuilder builder;
    for (const auto& [path, bytes] : files) builder.add(path, bytes);
    output_ = tar ? builder.finish() : files["b"];
    testing::write(directory_.path() / "new", output_);
    MakeOptions options;
    options.base_headers = base_headers;
    const fs::path recipe = directory_.path() / "made";
    const auto done = make_recipe(*base_.tree, directory_.path() / "new", recipe, options);
    EXPECT_TRUE(done) << done.error().text();
    return testing::take_apart(testing::read(recipe));
  }

  // {"headers-packed-zstd": recipe, …}: with and without the base's headers, and of no tar.
  std::map<std::string, Bytes> all() {
    std::map<std::string, Bytes> recipes;
    for (const auto& [prefix, loose] : {std::pair{"headers-", made(true)}, std::pair{"plain-", made(false)},
                                        std::pair{"file-", made(false, false)}}) {
      for (const auto& [form, recipe] : testing::all_forms(loose)) recipes[prefix + form] = recipe;
    }
    return recipes;
  }

  stratus::testing::TemporaryDirectory directory_;
  testing::SeedBase base_{directory_.path()};
  Bytes output_;
};

TEST_F(RecipeFormsTest, EveryFormMakesTheSame) {
  for (const auto& [headers, tar] :
       {std::pair{true, true}, std::pair{false, true}, std::pair{false, false}}) {
    const testing::LooseRecipe loose = made(headers, tar);
    EXPECT_EQ(loose.head.base_headers, headers);
    EXPECT_EQ(loose.head.tar, tar);
    for (const auto& [form, recipe] : testing::all_forms(loose)) {
      const auto out = apply(recipe);
      ASSERT_TRUE(out) << form << ": " << out.error().text();
      EXPECT_TRUE(*out == output_) << form;
    }
  }
}

TEST_F(RecipeFormsTest, EverySeedAppliesAndTheyAreOfEveryForm) {
  const auto recipes = all();
  if (std::getenv("STRATUS_WRITE_SEEDS") != nullptr) {
    for (const auto& [name, recipe] : recipes) testing::write(kSeeds / name, recipe);
  }
  for (const auto& [name, recipe] : recipes) EXPECT_TRUE(fs::exists(kSeeds / name)) << name;
  std::set<std::string> seen;
  for (const auto& entry : fs::directory_iterator(kSeeds)) {
    const Bytes seed = testing::read(entry.path());
    const auto out = apply(seed);
    ASSERT_TRUE(out) << entry.path() << ": " << out.error().text();
    const auto head = parse_recipe_head(seed, seed.size());
    ASSERT_TRUE(head);
    EXPECT_EQ(sha256(*out), head->output_digest);
    const std::string kind = !head->tar ? "file " : head->base_headers ? "headers " : "plain ";
    std::set<Codec> codecs;
    for (const auto& stream : head->streams) {
      if (stream.raw_size > 0) codecs.insert(stream.spec.codec);
    }
    if (head->packed) codecs = {head->body.spec.codec};
    for (const Codec codec : codecs) {
      seen.insert(kind + (head->packed ? "packed " : "separate ") + std::to_string(static_cast<int>(codec)));
    }
  }
  for (const std::string kind : {"file ", "headers ", "plain "}) {
    for (const std::string body : {"packed ", "separate "}) {
      for (const char codec : {'0', '1', '2', '3'})
        EXPECT_TRUE(seen.count(kind + body + codec) == 1) << kind << body << codec;
    }
  }
}

TEST_F(RecipeFormsTest, NoCutOrFlippedBitMakesAnythingElse) {
  for (const auto& [form, recipe] : testing::all_forms(made(true))) {
    for (std::size_t size = 0; size < recipe.size(); size += 3) {
      const auto out = apply(BytesView(recipe).first(size));
      ASSERT_FALSE(out) << form << ", " << size;
      EXPECT_EQ(out.error().code(), ErrorCode::corrupt) << form << ", " << size << ": " << out.error().text();
    }
    for (std::size_t byte = 0; byte < recipe.size(); ++byte) {
      Bytes broken = recipe;
      broken[byte] ^= static_cast<std::uint8_t>(1u << byte % 8);
      const auto out = apply(broken);
      if (out) {
        EXPECT_TRUE(*out == output_) << form << ", byte " << byte;
      } else {
        EXPECT_TRUE(out.error().code() == ErrorCode::corrupt || out.error().code() == ErrorCode::no_space)
            << form << ", byte " << byte << ": " << out.error().text();
      }
    }
  }
}

}  // namespace
}  // namespace stratus::delta
