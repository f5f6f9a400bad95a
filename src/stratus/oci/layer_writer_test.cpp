#include "stratus/oci/layer_writer.hpp"

#include <gtest/gtest.h>

namespace stratus::oci {
namespace {

TEST(LayerLevel, PacksSmallLayersBestAndLargeChangesQuickly) {
  EXPECT_EQ(layer_level(20'000, true), 19);
  EXPECT_EQ(layer_level(1u << 20, true), 19);
  EXPECT_EQ(layer_level(3u << 20, true), 12);
  EXPECT_EQ(layer_level(10u << 20, true), 3);
  EXPECT_EQ(layer_level(10u << 20, false), 19);
  EXPECT_EQ(layer_level(60u << 20, false), 12);
}

}  // namespace
}  // namespace stratus::oci
