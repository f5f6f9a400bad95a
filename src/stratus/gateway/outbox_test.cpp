#include "stratus/gateway/outbox.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus::gateway {
namespace {

namespace fs = std::filesystem;

class OutboxTest : public ::testing::Test {
 protected:
  std::unique_ptr<Outbox> open(OutboxOptions options = {}) {
    auto outbox = Outbox::open(directory_.path(), options);
    EXPECT_TRUE(outbox) << outbox.error().text();
    return outbox ? std::move(*outbox) : nullptr;
  }
  static OutboxRecord record(int number, std::size_t size = 10) {
    return {"/api/v1/devices/d/reports", std::to_string(number) + "\n" + std::string(size, 'x')};
  }
  static void add(Outbox& outbox, int number) {
    const OutboxRecord one = record(number);
    ASSERT_TRUE(outbox.append({&one, 1}));
  }
  static std::vector<int> drain(Outbox& outbox) {
    std::vector<int> numbers;
    for (auto front = outbox.front(); front && *front; front = outbox.front()) {
      numbers.push_back(std::stoi((*front)->body));
      EXPECT_TRUE(outbox.pop());
    }
    return numbers;
  }
  std::vector<fs::path> segments() const {
    std::vector<fs::path> found;
    for (const auto& file : fs::directory_iterator(directory_.path())) {
      if (file.path().extension() == ".q" && fs::file_size(file.path()) > 0) found.push_back(file.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  testing::TemporaryDirectory directory_;
};

TEST_F(OutboxTest, KeepsOrderAcrossRestarts) {
  for (int i = 0; i < 6; ++i) {
    const auto outbox = open();
    EXPECT_EQ(outbox->count(), static_cast<std::uint64_t>(i));
    add(*outbox, i);
  }
  const auto outbox = open();
  EXPECT_EQ(drain(*outbox), (std::vector<int>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(outbox->count(), 0u);
}

TEST_F(OutboxTest, GoesOnWhereItHadDelivered) {
  {
    const auto outbox = open();
    for (int i = 0; i < 5; ++i) add(*outbox, i);
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(outbox->front());
      ASSERT_TRUE(outbox->pop());
    }
  }
  EXPECT_EQ(drain(*open()), (std::vector<int>{2, 3, 4}));
  EXPECT_EQ(open()->count(), 0u);
}

TEST_F(OutboxTest, GivesBackTheSpaceOfWhatWasDelivered) {
  OutboxOptions options;
  options.segment_size = 100;
  options.limit = 1'000;
  const auto outbox = open(options);
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 5; ++i) add(*outbox, i);
    EXPECT_EQ(drain(*outbox), (std::vector<int>{0, 1, 2, 3, 4}));
  }
  EXPECT_LE(segments().size(), 2u);
}

TEST_F(OutboxTest, RefusesWhatIsTooMuchAsAWhole) {
  OutboxOptions options;
  options.limit = 200;
  const auto outbox = open(options);
  const std::vector<OutboxRecord> many(10, record(1));
  EXPECT_EQ(outbox->append(many).error().code(), ErrorCode::no_space);
  EXPECT_EQ(outbox->count(), 0u);
  add(*outbox, 7);
  EXPECT_EQ(drain(*outbox), std::vector<int>{7});
  const OutboxRecord large = record(1, 70'000);
  EXPECT_EQ(outbox->append({&large, 1}).error().code(), ErrorCode::invalid);
}

TEST_F(OutboxTest, LeavesOutATornEndAndNothingElse) {
  {
    const auto outbox = open();
    for (int i = 0; i < 3; ++i) add(*outbox, i);
  }
  const fs::path file = segments().back();
  const auto whole = fs::file_size(file);
  for (std::uintmax_t cut = 1; cut < whole / 3; ++cut) {
    fs::resize_file(file, whole - cut);
    EXPECT_EQ(open()->count(), 2u) << cut;
  }
  const auto outbox = open();
  add(*outbox, 9);
  EXPECT_EQ(drain(*outbox), (std::vector<int>{0, 1, 9}));
}

TEST_F(OutboxTest, StopsAtADamagedRecord) {
  {
    const auto outbox = open();
    for (int i = 0; i < 3; ++i) add(*outbox, i);
  }
  const fs::path file = segments().back();
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(fs::file_size(file) / 3 + 20));
  stream.put('!');
  stream.close();
  EXPECT_EQ(drain(*open()), std::vector<int>{0});
}

TEST_F(OutboxTest, ForgetsADamagedPositionRatherThanAMessage) {
  {
    const auto outbox = open();
    for (int i = 0; i < 3; ++i) add(*outbox, i);
    ASSERT_TRUE(outbox->front());
    ASSERT_TRUE(outbox->pop());
  }
  fs::resize_file(directory_ / "position", 5);
  EXPECT_EQ(drain(*open()), (std::vector<int>{0, 1, 2}));
}

TEST_F(OutboxTest, BelongsToOneProcessAtATime) {
  const auto outbox = open();
  EXPECT_EQ(Outbox::open(directory_.path(), {}).error().code(), ErrorCode::conflict);
}

}  // namespace
}  // namespace stratus::gateway
