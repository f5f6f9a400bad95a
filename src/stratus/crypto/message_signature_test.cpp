#include "stratus/crypto/message_signature.hpp"

#include <gtest/gtest.h>

namespace stratus::crypto {
namespace {

constexpr MessageContext kContext{"cam-7", "report", 42};

TEST(MessageSignature, HoldsForExactlyThatMessage) {
  const SigningKey key = *SigningKey::generate();
  const auto text = sign_message(key, kContext, "{}");
  ASSERT_TRUE(text) << text.error().text();
  EXPECT_LE(text->size(), 256u);
  const auto parsed = parse_message_signature(*text);
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(parsed->counter, 42u);
  EXPECT_EQ(parsed->key_id, key.public_key().id().substr(0, 16));
  const auto holds = [&](const PublicKey& by, MessageContext context, std::string_view body) {
    return verify_message(by, context, body, parsed->signature).has_value();
  };
  EXPECT_TRUE(holds(key.public_key(), kContext, "{}"));
  EXPECT_FALSE(holds(key.public_key(), kContext, "{} "));
  EXPECT_FALSE(holds(key.public_key(), {"cam-8", "report", 42}, "{}"));
  EXPECT_FALSE(holds(key.public_key(), {"cam-7", "data", 42}, "{}"));
  EXPECT_FALSE(holds(key.public_key(), {"cam-7", "report", 43}, "{}"));
  EXPECT_FALSE(holds(SigningKey::generate()->public_key(), kContext, "{}"));
}

TEST(MessageSignature, HasOneSpelling) {
  const std::string good = *sign_message(*SigningKey::generate(), kContext, "{}");
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return parse_message_signature(text).has_value();
  };
  EXPECT_TRUE(parse_message_signature(good));
  EXPECT_FALSE(replaced("v1;", "v2;"));
  EXPECT_FALSE(replaced("v1;", "v1; "));
  EXPECT_FALSE(replaced("v1;", ""));
  EXPECT_FALSE(replaced("counter=42", "counter=042"));
  EXPECT_FALSE(replaced("counter=42", "counter=-1"));
  EXPECT_FALSE(replaced("counter=42", "counter=99999999999999999999"));
  EXPECT_FALSE(replaced("key=", "key=00"));
  EXPECT_FALSE(replaced("sig=", "sig=*"));
  EXPECT_FALSE(parse_message_signature(good + ";x=1"));
  EXPECT_FALSE(parse_message_signature(good + std::string(256, 'A')));
  EXPECT_FALSE(parse_message_signature(""));
}

TEST(MessageSignature, RefusesKindsThatCouldBlurTheFields) {
  const SigningKey key = *SigningKey::generate();
  EXPECT_FALSE(sign_message(key, {"cam-7", "report\n1", 1}, "{}"));
  EXPECT_FALSE(sign_message(key, {"cam\n7", "report", 1}, "{}"));
  EXPECT_FALSE(sign_message(key, {"cam-7", "", 1}, "{}"));
}

}  // namespace
}  // namespace stratus::crypto
