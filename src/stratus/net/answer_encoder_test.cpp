#include "stratus/net/answer_encoder.hpp"

#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace stratus::net {
namespace {

Task<void> encode(AnswerEncoder& encoder, const std::string& body, std::vector<std::string>& into) {
  std::string encoded = co_await encoder.encode(body);
  into.push_back(std::move(encoded));
}

class AnswerEncoderTest : public ::testing::Test {
 protected:
  // The encoded forms in the order in which they were ready.
  std::vector<std::string> encode_all(const std::vector<std::string>& bodies) {
    std::vector<std::string> encoded;
    for (const std::string& body : bodies) {
      boost::asio::co_spawn(loop_, encode(encoder_, body, encoded), boost::asio::detached);
    }
    loop_.restart();
    loop_.run();
    return encoded;
  }
  static std::string text(std::size_t size) {
    std::string body;
    for (int i = 0; body.size() < size; ++i) body += "{\"temperature\":" + std::to_string(i * 7 % 100) + "},";
    return body;
  }

  boost::asio::io_context loop_;
  AnswerEncoder encoder_{loop_.get_executor()};
};

TEST_F(AnswerEncoderTest, ALargeBodyHoldsUpNobody) {
  const std::vector<std::string> bodies{text(1u << 20), text(2000)};
  const auto encoded = encode_all(bodies);
  ASSERT_EQ(encoded.size(), 2u);
  EXPECT_EQ(brotli_decompress(encoded[0], 1u << 21).value(), bodies[1]);  // the small one was first
  EXPECT_EQ(brotli_decompress(encoded[1], 1u << 21).value(), bodies[0]);
}

TEST_F(AnswerEncoderTest, ManyWhoWantTheSameGetTheSame) {
  const std::string body = text(100'000);
  const auto encoded = encode_all(std::vector<std::string>(20, body));
  ASSERT_EQ(encoded.size(), 20u);
  for (const std::string& one : encoded) EXPECT_EQ(one, encoded[0]);
  EXPECT_EQ(brotli_decompress(encoded[0], 1u << 21).value(), body);
}

TEST_F(AnswerEncoderTest, LeavesAloneWhatIsTooLargeOrWouldGrow) {
  EXPECT_EQ(encode_all({text(5u << 20)}), std::vector<std::string>{""});
  EXPECT_EQ(encode_all({"x"}), std::vector<std::string>{""});
  encoder_.stop();
  EXPECT_EQ(encode_all({text(100'000)}), std::vector<std::string>{""});
  EXPECT_NE(encode_all({text(1000)}), std::vector<std::string>{""});
}

}  // namespace
}  // namespace stratus::net
