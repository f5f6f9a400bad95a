#include <fstream>

#include <gtest/gtest.h>

#include "stratus/agent/image_store.hpp"
#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/delta/recipe.hpp"
#include "stratus/oci/image_config.hpp"
#include "stratus/oci/layer_size.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/oci/tar_testing.hpp"

namespace stratus::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargeRoom = 16u << 20;  // bytes

// A base of two layers and a target that is the same rebuilt as one, with one small file more.
class ImageStoreHeaders : public ::testing::Test {
 protected:
  ImageStoreHeaders() : store_(directory_.path() / "device") {
    std::vector<oci::testing::Member> low, high;
    for (int i = 0; i < 300; ++i) {
      auto& layer = i % 2 == 0 ? low : high;
      layer.push_back(oci::testing::file("lib/module" + std::to_string(i * 7919), std::to_string(i)));
    }
    base_tars_ = {oci::testing::tar_of(low), oci::testing::tar_of(high)};
    low.insert(low.end(), high.begin(), high.end());
    low.push_back(oci::testing::file("new", "brand new"));
    target_tar_ = oci::testing::tar_of(low);
    base_ = release_of(base_tars_);
    target_ = release_of({target_tar_});
    EXPECT_TRUE(store_.prepare());
  }

  static Release release_of(const std::vector<std::string>& tars) {
    Release release;
    for (const std::string& tar : tars) {
      oci::Descriptor layer;
      layer.media_type = oci::media::kLayerTar;
      layer.digest = sha256(tar);
      layer.size = tar.size();
      release.manifest.layers.push_back(layer);
      release.config.diff_ids.push_back(sha256(tar));
    }
    return release;
  }
  static std::string slurp(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  fs::path layer(const std::string& tar) { return store_.data() / "layers" / sha256(tar).hex(); }
  fs::path headers(const std::string& tar) { return layer(tar).string() + ".headers"; }

  Result<void> install(const std::string& tar, const Release& release) {
    STRATUS_CHECK(write_file_atomically(store_.partial_path(sha256(tar)), tar));
    update::PlanStep step;
    step.kind = update::StepKind::layer;
    step.diff_id = step.blob.digest = sha256(tar);
    step.blob.size = tar.size();
    return store_.install_layer(step, release, nullptr, kLargeRoom);
  }
  void install_base() {
    for (const std::string& tar : base_tars_) {
      const auto done = install(tar, base_);
      ASSERT_TRUE(done) << done.error().text();
    }
  }
  // As the server makes it.
  std::string make_recipe() {
    std::vector<fs::path> tars;
    for (const std::string& tar : base_tars_) {
      tars.push_back(directory_.path() / sha256(tar).hex());
      EXPECT_TRUE(write_file_atomically(tars.back(), tar));
    }
    EXPECT_TRUE(write_file_atomically(directory_.path() / "new", target_tar_));
    delta::MakeOptions options;
    options.base_headers = true;
    EXPECT_TRUE(delta::make_recipe(**delta::open_tar_tree(tars), directory_.path() / "new",
                                   directory_.path() / "recipe", options));
    return slurp(directory_.path() / "recipe");
  }
  Result<void> install_delta(std::uint64_t room = kLargeRoom) { return install_recipe(make_recipe(), room); }
  Result<void> install_recipe(const std::string& recipe, std::uint64_t room) {
    STRATUS_CHECK(write_file_atomically(store_.partial_path(sha256(recipe)), recipe));
    update::PlanStep step;
    step.kind = update::StepKind::delta;
    step.diff_id = sha256(target_tar_);
    step.blob.digest = sha256(recipe);
    step.blob.size = recipe.size();
    return store_.install_layer(step, target_, &base_, room);
  }

  stratus::testing::TemporaryDirectory directory_;
  ImageStore store_;
  std::vector<std::string> base_tars_;
  std::string target_tar_;
  Release base_, target_;
};

TEST_F(ImageStoreHeaders, LayerByRecipeUsesAndKeepsHeaders) {
  install_base();
  EXPECT_LT(make_recipe().size(), 400u);
  const auto done = install_delta();
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(slurp(layer(target_tar_) / "new"), "brand new");
  const std::string by_recipe = slurp(headers(target_tar_));
  EXPECT_FALSE(by_recipe.empty());
  ASSERT_TRUE(remove_tree(layer(target_tar_)));
  ASSERT_TRUE(install(target_tar_, target_));
  EXPECT_EQ(slurp(headers(target_tar_)), by_recipe);
}

// A recipe is not signed: it says itself what it makes, and may lie.
TEST_F(ImageStoreHeaders, ARecipeThatMakesMoreThanTheLayerMakesNothing) {
  install_base();
  const auto refused_before_the_first_byte = [this](std::uint64_t room) {
    const auto done = install_delta(room);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::corrupt);
    EXPECT_NE(done.error().text().find("the delta makes"), std::string::npos) << done.error().text();
    EXPECT_FALSE(store_.has_layer(sha256(target_tar_)));
  };
  refused_before_the_first_byte(target_tar_.size() - 1);  // of a size that nobody says
  oci::annotate(target_.manifest.layers[0], {target_tar_.size() - 1, 0});
  refused_before_the_first_byte(kLargeRoom);
  oci::annotate(target_.manifest.layers[0], {target_tar_.size(), 0});
  const auto done = install_delta(0);  // planned with the signed size, not with what is free now
  EXPECT_TRUE(done) << done.error().text();
}

TEST_F(ImageStoreHeaders, MissingOrDamagedHeadersOnlyMeanTheWholeLayer) {
  install_base();
  for (const bool missing : {false, true}) {
    if (missing) {
      fs::remove(headers(base_tars_[1]));
    } else {
      ASSERT_TRUE(write_file_atomically(headers(base_tars_[1]), "rubbish"));
    }
    const auto done = install_delta();
    ASSERT_FALSE(done);
    // What makes the agent plan again without deltas.
    EXPECT_EQ(done.error().code(), ErrorCode::corrupt);
    EXPECT_NE(done.error().text().find("headers"), std::string::npos) << done.error().text();
    EXPECT_FALSE(store_.has_layer(sha256(target_tar_)));
    EXPECT_FALSE(fs::exists(headers(target_tar_)));
  }
  update::PlanLimits limits;
  limits.deltas = false;
  limits.free_disk = 1ull << 30;
  Release offered = target_;
  offered.deltas.push_back({sha256("base"), sha256(target_tar_), sha256("recipe"), 10});
  const auto plan = update::make_plan(store_.needs_of(offered, &base_), limits);
  ASSERT_TRUE(plan && plan->steps.size() == 1);
  EXPECT_EQ(plan->steps[0].kind, update::StepKind::layer);
  ASSERT_TRUE(install(target_tar_, target_));
  EXPECT_TRUE(store_.is_complete(target_));
}

// Fetched, it would turn out useless.
TEST_F(ImageStoreHeaders, ADeltaThatCannotBeUsedIsNotPlanned) {
  install_base();
  Release offered = target_;
  offered.deltas.push_back({base_.manifest_digest, sha256(target_tar_), sha256("recipe"), 10});
  const auto has_delta = [&](const Release* base) {
    return store_.needs_of(offered, base).at(0).delta.has_value();
  };
  EXPECT_TRUE(has_delta(&base_));
  EXPECT_FALSE(has_delta(nullptr)) << "nothing is installed";
  EXPECT_FALSE(has_delta(&target_)) << "made against another release, and nothing of this one is here";
  offered.deltas[0].base = sha256("another");
  EXPECT_FALSE(has_delta(&base_)) << "made against another release";
  offered.deltas[0].base = base_.manifest_digest;
  fs::rename(headers(base_tars_[1]), headers(base_tars_[1]).string() + ".away");
  EXPECT_FALSE(has_delta(&base_)) << "its tar headers are lost";
  fs::rename(headers(base_tars_[1]).string() + ".away", headers(base_tars_[1]));
  EXPECT_TRUE(has_delta(&base_));
  ASSERT_TRUE(remove_tree(layer(base_tars_[0])));
  EXPECT_FALSE(has_delta(&base_)) << "a layer of it is lost";
}

TEST_F(ImageStoreHeaders, LayerComesEvenIfHeadersCannotBeKept) {
  fs::create_directories(headers(base_tars_[0]).string() + ".tmp/in the way");
  const auto done = install(base_tars_[0], base_);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(store_.has_layer(sha256(base_tars_[0])));
}

TEST_F(ImageStoreHeaders, HeadersGoWithTheirLayer) {
  install_base();
  ASSERT_TRUE(install(target_tar_, target_));
  std::ofstream(headers(target_tar_).string() + ".tmp") << "half";
  ASSERT_TRUE(store_.prepare());
  EXPECT_FALSE(fs::exists(headers(target_tar_).string() + ".tmp"));
  EXPECT_TRUE(fs::exists(headers(target_tar_)));
  store_.collect({});
  EXPECT_FALSE(fs::exists(headers(target_tar_)));
  EXPECT_TRUE(fs::is_empty(store_.data() / "layers"));
}

TEST_F(ImageStoreHeaders, EqualLayersCountOnce) {
  base_tars_ = {base_tars_[0], base_tars_[1], base_tars_[0]};
  base_ = release_of(base_tars_);
  const auto names = ImageStore::layer_names(base_);
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(names[1], "layers/" + sha256(base_tars_[0]).hex());
  EXPECT_EQ(oci::distinct_layers(base_.config.diff_ids), (std::vector<std::size_t>{1, 2}));
}

}  // namespace
}  // namespace stratus::agent
