#include "stratus/gateway/outbox.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus::gateway {
namespace {

TEST(OutboxRecord, KeepsSignaturesAsTheyCame) {
  for (const std::string via : {"", "1.1 a, 1.1 b"}) {
    const OutboxRecord signed_one{"/api/v1/devices/d/reports", "{}", via,
                                  "v1;key=0123456789abcdef;counter=1;sig=AA=="};
    std::string bytes;
    ASSERT_TRUE(append_record(signed_one, bytes));
    const auto framed = parse_record(bytes);
    ASSERT_TRUE(framed);
    EXPECT_EQ(framed->record, signed_one);
  }
}

namespace fs = std::filesystem;

class OutboxTest : public ::testing::Test {
 protected:
  std::unique_ptr<Outbox> open(OutboxOptions options = {}) {
    auto outbox = Outbox::open(directory_.path(), options);
    EXPECT_TRUE(outbox) << outbox.error().text();
    return outbox ? std::move(*outbox) : nullptr;
  }
  static OutboxRecord record(int number, std::size_t size = 10) {
    return {"/api/v1/devices/d/reports", std::to_string(number) + "\n" + std::string(size, 'x'), {}};
  }
  static Outbox::Id add(Outbox& outbox, int number, std::size_t size = 10) {
    const OutboxRecord one = record(number, size);
    const auto id = outbox.append({&one, 1});
    EXPECT_TRUE(id);
    return id.value_or(0);
  }
  // Of what it found when it was opened.
  static std::vector<int> drain(Outbox& outbox, std::size_t most = SIZE_MAX) {
    std::vector<int> numbers;
    for (const auto& [id, target] : outbox.take_found()) {
      if (numbers.size() >= most) break;
      EXPECT_EQ(target, record(0).target);
      const auto read = outbox.read(id);
      EXPECT_TRUE(read);
      if (read) numbers.push_back(std::stoi(read->body));
      EXPECT_TRUE(outbox.remove(id));
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

TEST_F(OutboxTest, RemembersWhatWasDelivered) {
  {
    const auto outbox = open();
    std::vector<Outbox::Id> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(add(*outbox, i));
    EXPECT_EQ(outbox->read(ids[3])->body, record(3).body);
    ASSERT_TRUE(outbox->remove(ids[3]));
    ASSERT_TRUE(outbox->remove(ids[0]));
    EXPECT_EQ(outbox->read(ids[0]).error().code(), ErrorCode::not_found);
  }
  EXPECT_EQ(drain(*open(), 1), std::vector<int>{1});
  EXPECT_EQ(drain(*open()), (std::vector<int>{2, 4}));
  EXPECT_EQ(open()->count(), 0u);
  EXPECT_TRUE(segments().empty());
}

TEST_F(OutboxTest, KeepsWhomAMessageCameThrough) {
  OutboxRecord one = record(1);
  one.via = "1.1 a, 1.1 b";
  ASSERT_TRUE(open()->append({&one, 1}));
  const auto outbox = open();
  EXPECT_EQ(*outbox->read(outbox->take_found().at(0).first), one);
}

TEST_F(OutboxTest, GivesBackTheSpaceOfWhatWasDelivered) {
  OutboxOptions options;
  options.segment_size = 100;
  options.limit = 1'000;
  const auto outbox = open(options);
  for (int round = 0; round < 50; ++round) {
    std::vector<Outbox::Id> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(add(*outbox, i));
    for (const Outbox::Id id : ids) EXPECT_TRUE(outbox->remove(id));
  }
  EXPECT_LE(segments().size(), 2u);
}

TEST_F(OutboxTest, AMessageThatStaysKeepsNoRoomButItsOwn) {
  OutboxOptions options;
  options.segment_size = 1'000;
  options.limit = 10'000;
  std::vector<int> staying;
  {
    const auto outbox = open(options);
    for (int i = 0; i < 1'000; ++i) {
      const Outbox::Id id = add(*outbox, i);
      ASSERT_LE(outbox->bytes(), options.limit);
      if (i % 20 == 0) {
        staying.push_back(i);
      } else {
        ASSERT_TRUE(outbox->remove(id));
      }
    }
    EXPECT_EQ(outbox->count(), staying.size());
  }
  EXPECT_EQ(drain(*open(options)), staying);
}

TEST_F(OutboxTest, RefusesWhatIsTooMuchAsAWhole) {
  OutboxOptions options;
  options.limit = 200;
  const auto outbox = open(options);
  const std::vector<OutboxRecord> many(10, record(1));
  EXPECT_EQ(outbox->append(many).error().code(), ErrorCode::no_space);
  EXPECT_EQ(outbox->count(), 0u);
  const Outbox::Id id = add(*outbox, 7);
  EXPECT_EQ(outbox->read(id)->body, record(7).body);
  const OutboxRecord large = record(1, 70'000);
  EXPECT_EQ(outbox->append({&large, 1}).error().code(), ErrorCode::invalid);
  options.most = 2;
  const testing::TemporaryDirectory other;
  const auto small = Outbox::open(other.path(), options);
  add(**small, 1);
  add(**small, 2);
  const OutboxRecord third = record(3);
  EXPECT_EQ((*small)->append({&third, 1}).error().code(), ErrorCode::no_space);
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
    const auto outbox = open();
    EXPECT_EQ(outbox->count(), 2u) << cut;
    EXPECT_EQ(outbox->damaged(), 0u) << cut;
  }
  {
    const auto outbox = open();
    add(*outbox, 9);
    EXPECT_EQ(outbox->count(), 3u);
  }
  EXPECT_EQ(drain(*open()), (std::vector<int>{0, 1, 9}));
}

void damage(const fs::path& file, std::uintmax_t at, char mask) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(stream.get() ^ mask);
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put(byte);
}

// Whichever byte of a record turns: the others are delivered.
TEST_F(OutboxTest, ADamagedRecordCostsItselfOnly) {
  {
    const auto outbox = open();
    for (int i = 0; i < 4; ++i) add(*outbox, i, 300);
  }
  const fs::path file = segments().back();
  const std::uintmax_t length = fs::file_size(file) / 4;
  for (std::uintmax_t at = length; at < 2 * length; ++at) {
    damage(file, at, 0x41);
    const auto outbox = open();
    EXPECT_EQ(outbox->count(), 3u) << at;
    EXPECT_EQ(outbox->damaged(), 1u) << at;
    damage(file, at, 0x41);
  }
  damage(file, length + 1, 0x41);
  EXPECT_EQ(drain(*open()), (std::vector<int>{0, 2, 3}));
  EXPECT_EQ(open()->count(), 0u);
}

TEST_F(OutboxTest, TellsDamageDoneWhileItRuns) {
  const auto outbox = open();
  const Outbox::Id first = add(*outbox, 1);
  const Outbox::Id second = add(*outbox, 2);
  damage(segments().back(), 20, 1);
  EXPECT_EQ(outbox->read(first).error().code(), ErrorCode::corrupt);
  EXPECT_TRUE(outbox->remove(first));
  EXPECT_EQ(outbox->read(second)->body, record(2).body);
}

TEST_F(OutboxTest, BelongsToOneProcessAtATime) {
  const auto outbox = open();
  EXPECT_EQ(Outbox::open(directory_.path(), {}, Millis(0)).error().code(), ErrorCode::conflict);
}

}  // namespace
}  // namespace stratus::gateway
