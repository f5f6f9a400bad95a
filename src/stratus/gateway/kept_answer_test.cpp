#include "stratus/gateway/kept_answer.hpp"

#include <gtest/gtest.h>

namespace stratus::gateway {
namespace {

AnswerPointer answer(std::string body) {
  return std::make_shared<Answer>(Answer{200, "application/json", "sha256:x", "<l>", "", std::move(body)});
}

TEST(KeptAnswer, ComesBackAsItWas) {
  const KeptAnswer kept{"next a -", answer("{\"a\":\n1}"), {}, WallTime(Millis(12345))};
  const auto read = parse_kept(encode_kept(kept));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->key, kept.key);
  EXPECT_EQ(*read->answer, *kept.answer);
  EXPECT_EQ(read->fetched_wall, kept.fetched_wall);
}

TEST(KeptAnswer, IsRefusedWhenDamaged) {
  const std::string text = encode_kept({"k", answer("body"), {}, WallTime(Millis(1))});
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(parse_kept(std::string_view(text).substr(0, length))) << length;
  }
  EXPECT_FALSE(parse_kept(text + "x"));
  std::string other = text;
  other.back() ^= 1;
  EXPECT_FALSE(parse_kept(other));
}

}  // namespace
}  // namespace stratus::gateway
