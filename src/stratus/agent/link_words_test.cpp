#include "stratus/agent/link_words.hpp"

#include <gtest/gtest.h>

namespace stratus::agent {
namespace {

AgentConfig config() {
  AgentConfig out;
  out.server = "https://gateway:8444";
  out.ca_file = "old.pem";
  out.device = "kiosk-7";
  out.image = "sensor";
  return out;
}

bool names(const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* const part : parts) {
    if (text.find(part) == std::string::npos) return false;
  }
  return true;
}

TEST(LinkWords, NameWhatHappenedToWhatAndWhatToDo) {
  const std::string wrong_ca =
      explain_no_answer(config(), Error(ErrorCode::denied, "self-signed certificate"));
  EXPECT_TRUE(names(wrong_ca, {"https://gateway:8444", "old.pem", "self-signed certificate", "--ca"}))
      << wrong_ca;
  const std::string away = explain_no_answer(config(), Error(ErrorCode::unavailable, "Connection refused"));
  EXPECT_TRUE(names(away, {"https://gateway:8444 cannot be reached", "Connection refused", "--server"}))
      << away;
  const std::string unknown = explain_status(config(), 404);
  EXPECT_TRUE(names(unknown, {"'sensor'", "`stratus publish sensor:VERSION", "--image"})) << unknown;
  for (const int status : {401, 403})
    EXPECT_TRUE(names(explain_status(config(), status), {"'kiosk-7'", "stratus-agent enrol"}));
  EXPECT_TRUE(names(explain_status(config(), 503), {"503", "see its log"}));
  EXPECT_TRUE(names(explain_status(config(), 302), {"302", "Stratus gateway or server"}));
}

}  // namespace
}  // namespace stratus::agent
