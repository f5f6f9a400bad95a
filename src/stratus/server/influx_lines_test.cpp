#include "stratus/server/influx_lines.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "stratus/oci/decompress.hpp"

namespace stratus::server {
namespace {

using Values = std::vector<std::pair<std::string, double>>;

TEST(InfluxLines, AMessageIsALine) {
  EXPECT_EQ(
      influx_line("door-1", "status/system", {{"cpu.percent", 12.5}, {"memory", 1048576}}, 1767323045000),
      "stratus,device=door-1,kind=status/system cpu.percent=12.5,memory=1048576 1767323045000\n");
}

TEST(InfluxLines, WhatWouldBreakOutIsEscaped) {
  EXPECT_EQ(influx_line("a b", "k=v,x", {{"f 1", 1}}, 5), "stratus,device=a\\ b,kind=k\\=v\\,x f\\ 1=1 5\n");
  EXPECT_EQ(influx_line("a\nb", "", {{"f\r", 1}}, 5), "stratus,device=a_b f_=1 5\n");
  EXPECT_EQ(influx_line("a\\", "k", {{"f", 1}}, 5), "stratus,device=a\\_,kind=k f=1 5\n");
}

TEST(InfluxLines, WhatIsNoNumberIsLeftOut) {
  const double nan = std::numeric_limits<double>::quiet_NaN(),
               infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(influx_line("d", "k", {{"a", nan}, {"b", 1e300}, {"c", infinity}}, 5),
            "stratus,device=d,kind=k b=1e+300 5\n");
  EXPECT_EQ(influx_line("d", "k", {{"a", nan}}, 5), "");
  EXPECT_EQ(influx_line("d", "k", {}, 5), "");
}

TEST(InfluxLines, GzipComesBackAsItWas) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += influx_line("door-" + std::to_string(i), "k", {{"a", i / 3.0}}, i);
  const std::string packed = gzip(text);
  EXPECT_LT(packed.size() * 3, text.size());
  std::string back;
  const ByteSink sink = [&](BytesView bytes) {
    back += as_text(bytes);
    return Result<void>();
  };
  auto unpacker = oci::Decompressor::create(oci::Compression::gzip, oci::DecompressLimits(), sink);
  ASSERT_TRUE(unpacker);
  ASSERT_TRUE((*unpacker)->feed(as_bytes(packed)));
  ASSERT_TRUE((*unpacker)->finish());
  EXPECT_EQ(back, text);
}

}  // namespace
}  // namespace stratus::server
