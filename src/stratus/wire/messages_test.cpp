#include "stratus/wire/messages.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace stratus::wire {
namespace {

const Digest kDigest = Digest::parse("sha256:" + std::string(64, 'a')).value();

// What is written is read, and written again as the same bytes.
template <class Message>
void comes_back(const Message& message, std::string (*encode)(const Message&),
                Result<Message> (*parse)(std::string_view)) {
  const std::string once = encode(message);
  const auto read = parse(once);
  ASSERT_TRUE(read) << once << ": " << read.error().text();
  EXPECT_EQ(encode(*read), once);
}

TEST(Messages, ComeBack) {
  comes_back(CommandAnswer{{7, 1000}, "c1", "rejected", "busy", "v1;key=0"}, encode_command_answer,
             parse_command_answer);
  comes_back(UpdateProgress{{1, 2}, "c1", "app", "fetching", 40, 400, 1000, 50, 12}, encode_progress,
             parse_progress);
  comes_back(UpdateResult{{1, 2}, "c1", "SUCCESS", "{\"a\":1}", "v1;key=0"}, encode_result, parse_result);
  comes_back(MetricSample{{3, 4}, {{"cpu_percent", 12.5}, {"disk.used", 1e9}}}, encode_metrics,
             parse_metrics);
  comes_back(LogMessage{{1, 2}, {{5, "error", "app", "it broke"}, {6, "info", "", "fine"}}}, encode_log,
             parse_log);
  comes_back(Presence{{0, 9}, true, "boot", "0.1"}, encode_presence, parse_presence);
  comes_back(NextQuestion{{0, 0}, "app", kDigest}, encode_next_question, parse_next_question);
  comes_back(UpdateRequest{"c1", "container", "r1", {{"app", "2", kDigest}}, 99}, encode_update_request,
             parse_update_request);
  comes_back(CancelRequest{"c1", "firmware/board", "paused"}, encode_cancel, parse_cancel);
  comes_back(ControlCommand{"c1", "check_now"}, encode_control_command, parse_control_command);
  comes_back(Stored{{1, 2, 3}, {{4, "not JSON"}}}, encode_stored, parse_stored);
}

TEST(Messages, MetricsTakeEveryNumberAndNothingElse) {
  const auto sample = parse_metrics(
      R"({"seq":1,"time_ms":2,"cpu":{"percent":3,"model":"x"},"up":true,"note":"y","load":[1],"temp":-4.5})");
  ASSERT_TRUE(sample) << sample.error().text();
  const std::vector<std::pair<std::string, double>> wanted{{"cpu.percent", 3}, {"temp", -4.5}};
  EXPECT_EQ(sample->values, wanted);
  EXPECT_EQ(sample->envelope.seq, 1u);
}

TEST(Messages, MetricsAreWrittenAsTheyAreReadAgain) {
  const MetricSample sample{
      {1ull << 62, 5}, {{"a", 12.5}, {"b", -3}, {"c", 1e300}, {"d", 0.1}, {"no name", 1}, {"e", HUGE_VAL}}};
  const std::string text = encode_metrics(sample);
  EXPECT_EQ(text, R"({"seq":4611686018427387904,"time_ms":5,"a":12.5,"b":-3,"c":1e+300,"d":0.1})");
  const auto read = parse_metrics(text);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->envelope.seq, 1ull << 62);
  EXPECT_EQ(read->values.size(), 4u);
  EXPECT_EQ(encode_metrics(MetricSample{}), "{}");
  const auto twice = parse_metrics(R"({"a":{"b":1},"a.b":2})");
  ASSERT_TRUE(twice);
  EXPECT_EQ(encode_metrics(*twice), R"({"a.b":2})");
}

TEST(Messages, OneLogEntryNeedsNoArray) {
  const auto log = parse_log(R"({"level":"error","message":"m","time_ms":5})");
  ASSERT_TRUE(log);
  ASSERT_EQ(log->entries.size(), 1u);
  EXPECT_EQ(log->entries[0].message, "m");
}

TEST(Messages, RefuseWhatIsOutsideTheirBounds) {
  EXPECT_FALSE(parse_progress(R"({"state":"fetching","percent":101})"));
  EXPECT_FALSE(parse_progress(R"({"percent":1})"));
  EXPECT_FALSE(parse_progress(R"({"state":"fetching","bytes":-1})"));
  EXPECT_FALSE(parse_progress(R"({"state":"fetching","bytes":1e999})"));
  EXPECT_FALSE(parse_result(R"({"status":"MAYBE"})"));
  EXPECT_FALSE(parse_command_answer(R"({"command":7,"status":"accepted"})"));
  EXPECT_FALSE(parse_presence("[]"));
  EXPECT_FALSE(parse_presence(R"({"online":true,"online":false})"));
  EXPECT_FALSE(parse_presence(R"({"online":"yes"})"));
  EXPECT_FALSE(parse_presence(R"({"boot":"b1"})")) << "neither came nor left";
  EXPECT_FALSE(parse_presence(R"({"time_ms":253402300800001})"));
  EXPECT_FALSE(parse_metrics(R"({"a b":1})"));
  EXPECT_FALSE(parse_metrics(R"({"":1})"));
  std::string many = "{\"seq\":1";
  for (int i = 0; i < 129; ++i) many += ",\"m" + std::to_string(i) + "\":1";
  EXPECT_FALSE(parse_metrics(many + "}"));
  EXPECT_FALSE(parse_log(R"({"entries":[{"level":"error"}]})"));
  EXPECT_FALSE(parse_log("{\"message\":\"" + std::string(5000, 'x') + "\"}"));
  EXPECT_FALSE(
      parse_update_request(R"({"command":"c","kind":"container","items":[{"name":"a","digest":"md5:1"}]})"));
  EXPECT_FALSE(parse_stored(R"({"seqs":[-1]})"));
  EXPECT_FALSE(parse_control_command(R"({"command":"c1"})"));
  EXPECT_FALSE(parse_control_command(R"({"action":"check_now"})"));
  EXPECT_FALSE(parse_control_command(R"({"command":"c1","action":["check_now"]})"));
  EXPECT_FALSE(parse_control_command("{\"command\":\"c1\",\"action\":\"" + std::string(33, 'x') + "\"}"));
  EXPECT_FALSE(parse_envelope(std::string(kMaxDeviceMessage + 1, ' ')));
}

}  // namespace
}  // namespace stratus::wire
