#include "stratus/wire/plain_metrics.hpp"

#include <gtest/gtest.h>

namespace stratus::wire {
namespace {

// What the general reader makes of it; the error's text where it refuses it.
std::string by_hand(std::string_view text) {
  auto sample = parse_metrics(text);
  if (!sample) return sample.error().text();
  const Envelope envelope = std::exchange(sample->envelope, {});
  return std::to_string(envelope.seq) + " " + std::to_string(envelope.time_ms) + " " +
         encode_metrics(*sample);
}

std::string plainly(std::string_view text) {
  const auto plain = plain_metrics(text);
  if (!plain) return plain.error().text();
  return std::to_string(plain->envelope.seq) + " " + std::to_string(plain->envelope.time_ms) + " " +
         plain->body;
}

TEST(PlainMetrics, IsWhatReadingAndWritingWouldGive) {
  for (const char* const text :
       {"{}",
        " { } ",
        R"({"cpu":12.25})",
        R"({"seq":3,"time_ms":1700000000000,"cpu":1,"disk.used":-7})",
        "\t{ \"a\" : 1 ,\r\n\"b\" : 2.5 } \n",
        R"({"a":0,"b":-0,"c":0.0,"d":-0.5,"e":-12})",
        R"({"a":999999999999999,"b":1234567890123456789,"c":123456789012345678901234567890})",
        R"({"a":1e3,"b":1E-2,"c":0.1,"d":100.0})",
        R"({"a":{"b":1},"c":"x","d":[1],"e":true})",
        R"({"seq":1.5})",
        R"({"seq":-1})",
        R"({"time_ms":253402300800001})",
        R"({"time_ms":999999999999999})",
        R"({"seq":9223372036854775807,"a":1})",
        R"({"a":1,"a":2})",
        R"({"seq":1,"seq":2})",
        R"({"a b":1})",
        R"({"":1})",
        R"({"a\u0062":1})",
        R"({"a":01})",
        R"({"a":+1})",
        R"({"a":1.})",
        R"({"a":.5})",
        R"({"a":-})",
        R"({"a":1,})",
        R"({"a":1}x)",
        R"({"a":1)",
        R"({"a")",
        R"({"a":)",
        R"({"a:1})",
        "",
        "[]",
        "1",
        R"({"a":1 "b":2})",
        R"({"a":null})",
        R"({"a":1e999})",
        "{\"a\":1}\0"})
    EXPECT_EQ(plainly(text), by_hand(text)) << text;
  EXPECT_EQ(plainly(R"({"seq":3,"cpu":12.50,"a":7})"), R"(3 0 {"cpu":12.5,"a":7})");
}

TEST(PlainMetrics, TakesManyAndLongOnesByTheOtherWay) {
  for (const int count : {31, 32, 33, 128, 129}) {
    std::string text = "{\"seq\":1";
    for (int i = 1; i < count; ++i) text += ",\"n" + std::to_string(i) + "\":" + std::to_string(i) + ".5";
    EXPECT_EQ(plainly(text + "}"), by_hand(text + "}")) << count;
  }
  for (const std::size_t size : {64u, 65u}) {
    const std::string text = "{\"" + std::string(size, 'n') + "\":1}";
    EXPECT_EQ(plainly(text), by_hand(text)) << size;
  }
  const std::string wide = "{\"a\":1" + std::string(kMaxDeviceMessage, ' ') + "}";
  EXPECT_EQ(plainly(wide), by_hand(wide));
}

}  // namespace
}  // namespace stratus::wire
