#include "stratus/oci/layer_size.hpp"

#include <gtest/gtest.h>

#include "stratus/oci/media_types.hpp"

namespace stratus::oci {
namespace {

std::optional<LayerSize> read(const std::string& text) {
  Descriptor layer;
  layer.annotations[std::string(media::kUnpackedAnnotation)] = text;
  return layer_size_of(layer);
}

TEST(LayerSize, CountsWholeBlocksOfFilesAndDirectories) {
  DiskSizeCounter counter;
  EXPECT_EQ(counter.bytes(), 0u);
  TarEntry entry;
  entry.size = 1;
  counter.add(entry);
  EXPECT_EQ(counter.bytes(), 2 * kDiskBlock) << "its byte, and its name";
  entry.size = 2 * kDiskBlock;
  counter.add(entry);
  EXPECT_EQ(counter.bytes(), 4 * kDiskBlock);
  entry.type = EntryType::directory;
  entry.size = 0;
  counter.add(entry);
  EXPECT_EQ(counter.bytes(), 5 * kDiskBlock);
  entry.type = EntryType::symlink;
  for (int i = 0; i < 29; ++i) counter.add(entry);
  EXPECT_EQ(counter.bytes(), 5 * kDiskBlock) << "links only take a name";
  counter.add(entry);
  EXPECT_EQ(counter.bytes(), 6 * kDiskBlock);
}

TEST(LayerSize, ReadsWhatItWrites) {
  Descriptor layer;
  EXPECT_FALSE(layer_size_of(layer));
  annotate(layer, {10'240, 3 * kDiskBlock});
  EXPECT_EQ(layer.annotation(media::kUnpackedAnnotation), "10240 3");
  const auto size = layer_size_of(layer);
  ASSERT_TRUE(size);
  EXPECT_EQ(size->tar_bytes, 10'240u);
  EXPECT_EQ(size->disk_bytes, 3 * kDiskBlock);
}

TEST(LayerSize, AnythingElseCountsAsUnsaid) {
  EXPECT_TRUE(read("1024 0"));
  for (const char* const text :
       {"", " ", "10", "10 ", " 10 1", "10  1", "10 1 ", "-1 1", "10 -1", "0 1", "a b", "0x10 1",
        "1125899906842625 1", "10 274877906945", "99999999999999999999 1", "10 99999999999999999999"}) {
    EXPECT_FALSE(read(text)) << text;
  }
}

}  // namespace
}  // namespace stratus::oci
