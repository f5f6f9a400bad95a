#include "stratus/delta/layer_headers.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/delta/recipe.hpp"
#include "stratus/delta/tree_testing.hpp"
#include "stratus/oci/unpack.hpp"

namespace stratus::delta {
namespace {

namespace fs = std::filesystem;
using testing::TarBuilder;

class LayerHeadersTest : public ::testing::Test {
 protected:
  fs::path at(const std::string& name) { return directory_ / name; }

  Result<void> record(const fs::path& layer, const Bytes& tar) {
    STRATUS_TRY(file, open_file(header_file_of(layer), O_WRONLY | O_CREAT | O_TRUNC));
    HeaderRecorder recorder(std::move(file));
    for (std::size_t done = 0; done < tar.size();) {
      const std::size_t piece = std::min<std::size_t>(tar.size() - done, 1 + random_() % 40000);
      STRATUS_CHECK(recorder.feed(BytesView(tar).subspan(done, piece)));
      done += piece;
    }
    return recorder.finish();
  }
  // Both sides of the same layers, lowest first.
  struct Both {
    std::unique_ptr<FileTree> server, device;
  };
  Both keep(const std::vector<Bytes>& tars) {
    std::vector<fs::path> archives, layers;
    for (std::size_t i = 0; i < tars.size(); ++i) {
      archives.push_back(at(std::to_string(i) + ".tar"));
      testing::write(archives.back(), tars[i]);
      layers.push_back(at(std::to_string(i)));
      fs::remove_all(layers.back());
      fs::create_directories(layers.back());
      oci::UnpackOptions options;
      options.keep_owner = options.sync = false;
      auto unpacker = oci::LayerUnpacker::create(layers.back(), options).value();
      const auto fed = unpacker->feed(tars[i]);
      EXPECT_TRUE(fed) << fed.error().text();
      EXPECT_TRUE(unpacker->finish());
      const auto recorded = record(layers.back(), tars[i]);
      EXPECT_TRUE(recorded) << recorded.error().text();
    }
    return {open_tar_tree(archives).value(), open_layered_tree(layers).value()};
  }
  static Bytes all(const FileView& view) {
    Bytes bytes(static_cast<std::size_t>(view.size()));
    EXPECT_TRUE(view.read(0, bytes));
    return bytes;
  }
  Bytes random_layer(std::size_t files, std::size_t zero_blocks = 2, const std::string& prefix = "d") {
    TarBuilder tar;
    for (std::size_t i = 0; i < files; ++i) {
      const std::string name = prefix + std::to_string(random_() % 9) + "/f" + std::to_string(i);
      const unsigned kind = random_() % 8;
      if (kind == 0) {
        const std::string longer = name + std::string(110, 'n');
        tar.add("PaxHeaders/f", as_bytes(std::to_string(longer.size() + 10) + " path=" + longer + "\n"), 'x');
      }
      if (kind == 1) tar.add("././@LongLink", as_bytes(name + std::string(200, 'l')), 'L');
      if (kind == 2) {
        tar.add(name, {}, '2', "somewhere");
      } else {
        tar.add(name, testing::random_bytes(random_, random_() % 3 == 0 ? 0 : random_() % 2000));
      }
    }
    return tar.finish(zero_blocks);
  }

  stratus::testing::TemporaryDirectory directory_;
  std::mt19937 random_{7};
};

TEST_F(LayerHeadersTest, DeviceAndServerSeeTheSame) {
  for (const std::size_t files : {0u, 1u, 3u, 50u, 127u, 128u, 129u, 700u}) {
    SCOPED_TRACE(files);
    const Both both =
        keep({random_layer(files), TarBuilder().finish(), random_layer(files / 2), random_layer(5)});
    const auto server = both.server->headers().value(), device = both.device->headers().value();
    ASSERT_EQ(device->size(), server->size());
    const Bytes expected = all(*server);
    EXPECT_TRUE(all(*device) == expected);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), device->bytes()->begin()));
    for (int i = 0; i < 200 && !expected.empty(); ++i) {
      Bytes piece(random_() % 1500);
      const std::size_t offset = random_() % expected.size();
      piece.resize(std::min(piece.size(), expected.size() - offset));
      ASSERT_TRUE(device->read(offset, piece));
      EXPECT_TRUE(
          std::equal(piece.begin(), piece.end(), expected.begin() + static_cast<std::ptrdiff_t>(offset)));
    }
    Bytes one(1);
    EXPECT_EQ(device->read(device->size(), one).error().code(), ErrorCode::corrupt);
  }
}

TEST_F(LayerHeadersTest, FilesAreSmall) {
  keep({random_layer(700)});
  EXPECT_LT(fs::file_size(header_file_of(at("0"))), 700u * 80);
}

// What all of this is for: a layer rebuilt as one, against several layers of which a device has no tar.
TEST_F(LayerHeadersTest, RebuiltLayerIsCheapOnADevice) {
  const Bytes low = random_layer(200, 0), high = random_layer(100, 20, "high");
  const Both both = keep({low, high});
  TarBuilder rebuilt;
  rebuilt.raw(low);
  testing::write(at("new"), rebuilt.add("new", testing::random_bytes(random_, 1000)).finish());
  MakeOptions options;
  const auto without = make_recipe(*both.server, at("new"), at("recipe"), options);
  options.base_headers = true;
  const auto with = make_recipe(*both.server, at("new"), at("recipe"), options);
  ASSERT_TRUE(with && without);
  EXPECT_LT(with->recipe_bytes, 1400u);
  EXPECT_GT(without->recipe_bytes, 2 * with->recipe_bytes);
  Bytes output;
  const auto apply = [&] {
    output.clear();
    return apply_recipe(at("recipe"), *both.device, {}, [&](BytesView bytes) -> Result<void> {
      output.insert(output.end(), bytes.begin(), bytes.end());
      return {};
    });
  };
  const auto applied = apply();
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_TRUE(output == testing::read(at("new")));

  const Bytes good = testing::read(header_file_of(at("0")));
  for (std::size_t i = 0; i < 60; ++i) {
    Bytes bad = good;
    if (i % 3 == 0) {
      bad.resize(random_() % bad.size());
    } else {
      bad[i % 3 == 1 ? random_() % bad.size() : bad.size() - 1 - random_() % 16] ^=
          static_cast<std::uint8_t>(1u << random_() % 8);
    }
    testing::write(header_file_of(at("0")), bad);
    const auto broken = apply();
    if (broken) {
      EXPECT_TRUE(output == testing::read(at("new")));  // what was damaged is not used
    } else {
      EXPECT_EQ(broken.error().code(), ErrorCode::corrupt) << broken.error().text();
    }
  }
  fs::remove(header_file_of(at("0")));
  const auto missing = apply();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::corrupt);
  EXPECT_NE(missing.error().text().find("headers"), std::string::npos) << missing.error().text();
  // Nothing else needs them.
  ASSERT_TRUE(make_recipe(*both.server, at("new"), at("recipe"), {}));
  EXPECT_TRUE(apply());
}

TEST_F(LayerHeadersTest, TooManyCountAsNone) {
  TarBuilder tar;
  tar.add("file", as_bytes("text"));
  const Bytes one = tar.finish(0);
  Bytes many;
  while (many.size() <= 2 * kMaxLayerHeaders) {
    many.insert(many.end(), one.begin(), one.end());
  }
  testing::write(at("many.tar"), many);
  testing::write(at("few.tar"), one);
  fs::create_directories(at("many"));
  fs::create_directories(at("few"));
  ASSERT_TRUE(record(at("many"), many));
  ASSERT_TRUE(record(at("few"), one));
  EXPECT_LT(fs::file_size(header_file_of(at("many"))), 100u);
  const auto server = open_tar_tree({at("many.tar"), at("few.tar")}).value()->headers().value();
  const auto device = open_layered_tree({at("many"), at("few")}).value()->headers().value();
  EXPECT_EQ(server->size(), 512u);
  EXPECT_TRUE(all(*device) == all(*server));
}

TEST_F(LayerHeadersTest, NoTarIsNotRecorded) {
  EXPECT_FALSE(record(at("x"), testing::random_bytes(random_, 5000)));
  TarBuilder tar;
  const Bytes cut = tar.add("file", testing::random_bytes(random_, 5000)).finish();
  EXPECT_FALSE(record(at("x"), Bytes(cut.begin(), cut.begin() + 3000)));
}

}  // namespace
}  // namespace stratus::delta
