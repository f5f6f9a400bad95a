#include "stratus/server/delta_maker.hpp"

#include <random>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/delta/layer_headers.hpp"
#include "stratus/delta/recipe.hpp"
#include "stratus/oci/image_config.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/oci/tar_testing.hpp"
#include "stratus/server/release_reader.hpp"

namespace stratus::server {
namespace {

namespace media = oci::media;
namespace fs = std::filesystem;

std::string noise(unsigned seed, std::size_t size) {
  std::mt19937 generator(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(generator());
  return text;
}

class DeltaMakerTest : public ::testing::Test {
 protected:
  DeltaMakerTest()
      : blobs_(std::move(*store::FileBlobStore::open(directory_ / "data"))),
        repositories_(std::move(*store::RepositoryStore::open(directory_ / "data", *blobs_))),
        maker_(std::move(*DeltaMaker::open(directory_ / "scratch", 1 << 20, *repositories_))) {}

  oci::Descriptor blob(std::string_view type, std::string_view content) {
    EXPECT_TRUE(blobs_->put(as_bytes(content)));
    EXPECT_TRUE(repositories_->link_blob("app", sha256(content)));
    oci::Descriptor descriptor;
    descriptor.media_type = type;
    descriptor.digest = sha256(content);
    descriptor.size = content.size();
    return descriptor;
  }
  // An image of uncompressed layers.
  Digest push(const std::vector<std::string>& layers, bool lie = false) {
    oci::ImageConfig config;
    config.architecture = "amd64";
    oci::Manifest manifest;
    manifest.media_type = media::kManifest;
    for (const std::string& layer : layers) {
      config.diff_ids.push_back(lie ? sha256("something else") : sha256(layer));
      manifest.layers.push_back(blob(media::kLayerTar, layer));
    }
    manifest.config = blob(media::kConfig, oci::encode_image_config(config));
    const auto pushed =
        repositories_->put_manifest("app", oci::encode_manifest(manifest), media::kManifest, {}, {});
    EXPECT_TRUE(pushed) << pushed.error().text();
    return pushed->digest;
  }
  std::size_t files_in_scratch() {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(directory_ / "scratch")) count += entry.is_regular_file();
    return count;
  }

  stratus::testing::TemporaryDirectory directory_;
  std::unique_ptr<store::FileBlobStore> blobs_;
  std::unique_ptr<store::RepositoryStore> repositories_;
  std::unique_ptr<DeltaMaker> maker_;
};

TEST_F(DeltaMakerTest, MakesARecipeThatGivesTheNewLayer) {
  const std::string old_app = noise(1, 50'000);
  std::string new_app = old_app;
  new_app.replace(20'000, 4, "edit");
  const std::string runtime = oci::testing::tar_of({oci::testing::file("lib/runtime", noise(2, 30'000))});
  const std::string old_layer = oci::testing::tar_of({oci::testing::file("bin/app", old_app)});
  const std::string new_layer = oci::testing::tar_of({oci::testing::file("bin/app", new_app)});
  // A layer that the base has twice (builders repeat empty ones) is on a device once.
  const Digest base = push({runtime, runtime, old_layer}), target = push({runtime, new_layer});

  const auto made = maker_->make({"app", base, target});
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(made->recipes, 1u);  // the runtime's layer is there already
  EXPECT_LT(made->bytes, 2'000u);
  EXPECT_TRUE(maker_->make({"app", base, target})->was_there);
  EXPECT_EQ(files_in_scratch(), 0u);

  const auto next = read_next(*repositories_, {"app", "2", target, base});
  ASSERT_TRUE(next && next->next.deltas.size() == 1);
  EXPECT_EQ(next->next.deltas[0].diff_id, sha256(new_layer));
  // What a device does with it.
  std::vector<fs::path> layers;
  const auto install = [&](const std::string& layer, const std::string& path, const std::string& content) {
    layers.push_back(directory_ / "device" / std::to_string(layers.size()));
    ASSERT_TRUE(make_directories((layers.back() / path).parent_path()));
    ASSERT_TRUE(write_file_atomically(layers.back() / path, content));
    auto file = open_file(delta::header_file_of(layers.back()), O_WRONLY | O_CREAT);
    ASSERT_TRUE(file);
    delta::HeaderRecorder recorder(std::move(*file));
    ASSERT_TRUE(recorder.feed(as_bytes(layer)) && recorder.finish());
  };
  install(runtime, "lib/runtime", noise(2, 30'000));
  install(old_layer, "bin/app", old_app);
  const auto tree = delta::open_layered_tree(layers);
  ASSERT_TRUE(tree);
  std::string output;
  const auto applied =
      delta::apply_recipe(blobs_->path_of(next->next.deltas[0].blob), **tree, {}, [&](BytesView data) {
        output += as_text(data);
        return Result<void>();
      });
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(output, new_layer);
}

TEST_F(DeltaMakerTest, SaysSoWhenAnImageIsDamagedOrMissing) {
  const Digest good = push({oci::testing::tar_of({oci::testing::file("a", "1")})});
  const Digest lying = push({oci::testing::tar_of({oci::testing::file("a", "2")})}, true);
  EXPECT_EQ(maker_->make({"app", good, lying}).error().code(), ErrorCode::corrupt);
  EXPECT_EQ(maker_->make({"app", sha256("gone"), good}).error().code(), ErrorCode::not_found);
  EXPECT_EQ(maker_->make({"app", good, sha256("gone")}).error().code(), ErrorCode::not_found);
  EXPECT_FALSE(find_delta(*repositories_, "app", lying, good)->has_value());  // no half artifact
  EXPECT_EQ(files_in_scratch(), 0u);
}

}  // namespace
}  // namespace stratus::server
