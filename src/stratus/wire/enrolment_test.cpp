#include "stratus/wire/enrolment.hpp"

#include <gtest/gtest.h>

namespace stratus::wire {
namespace {

TEST(EnrolRequest, TravelsWhole) {
  const auto parsed = parse_enrol_request(encode_enrol_request({"123456", "PEM", "cam-7"}));
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(parsed->code, "123456");
  EXPECT_EQ(parsed->csr, "PEM");
  EXPECT_EQ(parsed->device, "cam-7");
}

TEST(EnrolRequest, TakesACodeAsPeopleWriteIt) {
  EXPECT_EQ(parse_enrol_request(R"({"code":"123 456","csr":"x"})")->code, "123456");
  EXPECT_EQ(parse_enrol_request(R"({"code":"1234-5678","csr":"x"})")->code, "12345678");
}

TEST(EnrolRequest, RefusesWhatIsNone) {
  for (const char* const text :
       {R"({"code":"12345","csr":"x"})", R"({"code":"12345a","csr":"x"})", R"({"code":123456,"csr":"x"})",
        R"({"code":"12345678901234567","csr":"x"})", R"({"code":"123456"})", R"({"csr":"x"})", R"([])", "",
        R"({"code":"123456","csr":"x","device":"../etc"})", R"({"code":"123456","csr":"x","device":".a"})",
        R"({"code":"123456","code":"654321","csr":"x"})"}) {
    EXPECT_FALSE(parse_enrol_request(text)) << text;
  }
  EXPECT_FALSE(parse_enrol_request(encode_enrol_request({"123456", std::string(9'000, 'x'), ""})));
}

TEST(EnrolAnswer, TravelsWhole) {
  EnrolAnswer answer;
  answer.device = "cam-7";
  answer.kind = "device";
  answer.region = "seoul";
  answer.group = "lobby";
  answer.certificate = "C\n";
  answer.chain = "I\n";
  answer.root = "R\n";
  answer.not_after_ms = 1'900'000'000'000;
  answer.renew_after_ms = 1'800'000'000'000;
  const auto parsed = parse_enrol_answer(encode_enrol_answer(answer));
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(encode_enrol_answer(*parsed), encode_enrol_answer(answer));
  answer.device = "a/b";
  EXPECT_FALSE(parse_enrol_answer(encode_enrol_answer(answer)));
}

TEST(RenewRequest, TravelsWhole) {
  EXPECT_EQ(parse_renew_request(encode_renew_request({"PEM"}))->csr, "PEM");
  EXPECT_FALSE(parse_renew_request("{}"));
  EXPECT_EQ(parse_renew_request(encode_renew_request({"PEM", "v1;x"}))->signature, "v1;x");
}

TEST(EnrolReply, TellsARefusalAsTheErrorThatItWas) {
  const auto refused =
      parse_enrol_reply(encode_refusal(Error(ErrorCode::denied, "used before", "code_refused")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::denied);
  EXPECT_EQ(refused.error().reason(), "code_refused");
  EXPECT_EQ(refused.error().text(), "used before");
  EXPECT_EQ(parse_enrol_reply(encode_refusal(Error(ErrorCode::invalid, "x"))).error().reason(), "invalid");
  EXPECT_FALSE(parse_enrol_reply("{}"));
  EXPECT_FALSE(parse_enrol_reply("no JSON"));
}

}  // namespace
}  // namespace stratus::wire
