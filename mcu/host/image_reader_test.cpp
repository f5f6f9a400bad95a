#include "host/image_reader.hpp"

#include "host/p256_key.hpp"
#include <gtest/gtest.h>

namespace stratus::mcu::host {
namespace {

TEST(McuImageReader, TellsCounterAndBoardWithoutTheKey) {
  const P256Key key = P256Key::generate().value();
  ImageFields fields;
  fields.security_counter = 7;
  fields.model = "some-board";
  Bytes image = write_image(Bytes(1000, 5), fields, key.signer()).value();
  const auto facts = read_image_facts(image);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->counter, 7u);
  EXPECT_EQ(facts->board_class, board_class_of("some-board"));

  image.push_back(0);
  EXPECT_EQ(read_image_facts(image).error().code(), ErrorCode::invalid);
  image.pop_back();
  image[500] ^= 1;
  EXPECT_NE(read_image_facts(image).error().text().find("hash_mismatch"), std::string::npos);
  EXPECT_FALSE(read_image_facts(Bytes(10)));
  EXPECT_FALSE(read_image_facts({}));
}

}  // namespace
}  // namespace stratus::mcu::host
