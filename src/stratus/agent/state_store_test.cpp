#include "stratus/agent/state_store.hpp"

#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "stratus/agent/report_queue.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/update/journal.hpp"

namespace stratus::agent {
namespace {

namespace fs = std::filesystem;

update::DeviceRecord numbered(std::uint64_t number) {
  update::DeviceRecord record;
  record.next_sequence = number;
  return record;
}

TEST(StateStore, RemembersTheLastRecord) {
  const testing::TemporaryDirectory data;
  {
    auto store = StateStore::open(data.path());
    ASSERT_TRUE(store) << store.error().text();
    EXPECT_EQ(store->record(), update::DeviceRecord{});
    ASSERT_TRUE(store->save(numbered(7)));
    ASSERT_TRUE(store->save(numbered(8)));
    EXPECT_EQ(StateStore::peek(data.path())->next_sequence, 8U);
  }
  EXPECT_EQ(StateStore::open(data.path())->record(), numbered(8));
}

TEST(StateStore, OneAgentAtATime) {
  const testing::TemporaryDirectory data;
  const auto first = StateStore::open(data.path());
  ASSERT_TRUE(first);
  const auto second = StateStore::open(data.path(), Millis(0));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::conflict);
}

TEST(StateStore, CutsATornTailAndGoesOn) {
  const testing::TemporaryDirectory data;
  ASSERT_TRUE(StateStore::open(data.path())->save(numbered(7)));
  std::ofstream(data / "journal", std::ios::app) << std::string("\x20\0\0\0\x01\x02", 6);
  {
    auto store = StateStore::open(data.path());
    ASSERT_TRUE(store) << store.error().text();
    EXPECT_EQ(store->record(), numbered(7));
    ASSERT_TRUE(store->save(numbered(9)));
  }
  EXPECT_EQ(StateStore::open(data.path())->record(), numbered(9));
}

TEST(StateStore, AJournalCutInItsMarkIsANewOne) {
  const testing::TemporaryDirectory data;
  std::ofstream(data / "journal") << update::kJournalMark.substr(0, 5);
  auto store = StateStore::open(data.path());
  ASSERT_TRUE(store) << store.error().text();
  EXPECT_EQ(store->record(), update::DeviceRecord{});
}

TEST(StateStore, AForeignJournalIsSetAsideAndTheAgentStarts) {
  const testing::TemporaryDirectory data;
  std::ofstream(data / "journal") << "stratus-journal 2\nwhatever comes then";
  {
    auto store = StateStore::open(data.path());
    ASSERT_TRUE(store) << store.error().text();
    EXPECT_TRUE(store->lost());
    EXPECT_NE(store->trouble(), "");
    EXPECT_EQ(store->record(), update::DeviceRecord{});
    EXPECT_EQ(*read_file(data / "journal.aside", 100), "stratus-journal 2\nwhatever comes then");
    ASSERT_TRUE(store->save(numbered(5)));
  }
  const auto again = StateStore::open(data.path());
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->lost());
  EXPECT_EQ(again->record(), numbered(5));
}

constexpr const char* kDigest = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

void write_journal(const fs::path& path, std::initializer_list<std::string> payloads) {
  std::ofstream file(path);
  file << update::kJournalMark;
  for (const std::string& payload : payloads) file << update::encode_journal_record(payload);
}

TEST(StateStore, ARecordOfANewerAgentIsReadAsFarAsItCanBe) {
  const testing::TemporaryDirectory data;
  const std::string release = std::string("{\"manifest\":\"") + kDigest + "\",\"version\":\"7\"}";
  write_journal(data / "journal",
                {update::encode_record(numbered(3)),
                 "{\"state\":\"teleporting\",\"current\":" + release + ",\"next_sequence\":9}"});
  const auto store = StateStore::open(data.path());
  ASSERT_TRUE(store) << store.error().text();
  EXPECT_FALSE(store->lost());
  EXPECT_NE(store->trouble().find("state"), std::string::npos) << store->trouble();
  EXPECT_EQ(store->record().current.version, "7");
  EXPECT_EQ(store->record().next_sequence, 9U);
  EXPECT_TRUE(fs::exists(data / "journal.aside"));
}

TEST(StateStore, AnUnreadableRecordLeavesTheOneBefore) {
  const testing::TemporaryDirectory data;
  write_journal(data / "journal", {update::encode_record(numbered(3)), "not even JSON"});
  const auto store = StateStore::open(data.path());
  ASSERT_TRUE(store) << store.error().text();
  EXPECT_EQ(store->record(), numbered(3));
  EXPECT_FALSE(store->lost());
}

TEST(StateStore, NothingReadableIsSaid) {
  const testing::TemporaryDirectory data;
  write_journal(data / "journal", {"not even JSON"});
  const auto store = StateStore::open(data.path());
  ASSERT_TRUE(store) << store.error().text();
  EXPECT_TRUE(store->lost());
}

TEST(StateStore, StaysSmall) {
  const testing::TemporaryDirectory data;
  auto store = StateStore::open(data.path());
  ASSERT_TRUE(store);
  update::DeviceRecord record;
  record.reason = std::string(500, 'x');
  for (std::uint64_t i = 0; i < 1200; ++i) {
    record.next_sequence = i;
    ASSERT_TRUE(store->save(record));
  }
  EXPECT_LE(fs::file_size(data / "journal"), 256u << 10);
  EXPECT_EQ(StateStore::peek(data.path())->next_sequence, 1199U);
}

// No descriptor is free, so no new file can be made; what is open goes on.
class NoNewFiles {
 public:
  NoNewFiles() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    const int lowest = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(lowest);
    none.rlim_cur = static_cast<rlim_t>(lowest);
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoNewFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoNewFiles(const NoNewFiles&) = delete;
  NoNewFiles& operator=(const NoNewFiles&) = delete;

 private:
  rlimit before_{};
};

TEST(StateStore, GoesOnInTheOldFileWhereNoFreshOneCanBeMade) {
  const testing::TemporaryDirectory data;
  auto store = StateStore::open(data.path());
  ASSERT_TRUE(store);
  update::DeviceRecord record;
  record.reason = std::string(500, 'x');
  while (fs::file_size(data / "journal") < (256u << 10) - 1000) {
    ++record.next_sequence;
    ASSERT_TRUE(store->save(record));
  }
  {
    const NoNewFiles none;
    for (int i = 0; i < 20; ++i) {
      ++record.next_sequence;
      const Result<void> saved = store->save(record);
      ASSERT_TRUE(saved) << saved.error().text();
    }
  }
  EXPECT_GT(fs::file_size(data / "journal"), 256u << 10);
  EXPECT_EQ(StateStore::peek(data.path())->next_sequence, record.next_sequence);
  ++record.next_sequence;
  ASSERT_TRUE(store->save(record));
  EXPECT_LT(fs::file_size(data / "journal"), 4096U) << "made up for as soon as it can be";
  EXPECT_EQ(StateStore::peek(data.path())->next_sequence, record.next_sequence);
}

// A rewrite that failed after its rename: what is open has no name any more, and a restart would not see it.
TEST(StateStore, DoesNotGoOnInAFileThatWasReplaced) {
  const testing::TemporaryDirectory data;
  auto store = StateStore::open(data.path());
  ASSERT_TRUE(store);
  update::DeviceRecord record;
  record.reason = std::string(500, 'x');
  const std::size_t one = update::encode_journal_record(update::encode_record(record)).size();
  while (fs::file_size(data / "journal") + one <= 256u << 10) ASSERT_TRUE(store->save(record));
  write_journal(data / "journal.new", {update::encode_record(numbered(3))});
  fs::rename(data / "journal.new", data / "journal");
  {
    const NoNewFiles none;
    EXPECT_FALSE(store->save(record));
  }
  ASSERT_TRUE(store->save(numbered(10'000)));
  EXPECT_EQ(StateStore::peek(data.path())->next_sequence, 10'000U);
}

TEST(ReportQueue, HoldsInMemoryWhatCannotBeStored) {
  const testing::TemporaryDirectory data;
  ReportQueue queue(data / "reports");
  wire::DeviceReport report;
  report.device = "d";
  report.name = "n";
  report.state = "rolled_back";
  report.sequence = 7;
  ASSERT_TRUE(queue.add(report));
  report.sequence = 5;
  queue.hold(report);
  EXPECT_EQ(queue.waiting(), (std::vector<std::uint64_t>{5, 7}));
  EXPECT_EQ(wire::parse_report(*queue.read(5))->sequence, 5U);
  ASSERT_TRUE(queue.add(report));
  EXPECT_EQ(queue.waiting(), (std::vector<std::uint64_t>{5, 7}));
  queue.remove(5);
  EXPECT_FALSE(queue.waits(5));
  EXPECT_TRUE(queue.waits(7));
  queue.hold(report);
  queue.remove(5);
  EXPECT_FALSE(queue.waits(5));
  EXPECT_EQ(queue.waiting(), (std::vector<std::uint64_t>{7}));
}

TEST(ReportQueue, KeepsReportsUntilTheyAreRemovedOldestFirst) {
  const testing::TemporaryDirectory data;
  ReportQueue queue(data / "reports");
  wire::DeviceReport report;
  report.device = "d";
  report.name = "n";
  report.state = "failed";
  for (const std::uint64_t sequence : {10, 9, 11, 9}) {
    report.sequence = sequence;
    ASSERT_TRUE(queue.add(report));
  }
  EXPECT_EQ(queue.waiting(), (std::vector<std::uint64_t>{9, 10, 11}));
  EXPECT_EQ(wire::parse_report(*queue.read(10))->sequence, 10U);
  queue.remove(9);
  EXPECT_EQ(queue.waiting().front(), 10U);
  EXPECT_FALSE(queue.read(9));
}

TEST(ReportQueue, IsBounded) {
  const testing::TemporaryDirectory data;
  ReportQueue queue(data / "reports");
  wire::DeviceReport report;
  report.device = "d";
  report.name = "n";
  report.state = "failed";
  for (report.sequence = 1; report.sequence <= ReportQueue::kMaxWaiting + 3; ++report.sequence) {
    ASSERT_TRUE(queue.add(report));
  }
  EXPECT_EQ(queue.waiting().size(), ReportQueue::kMaxWaiting);
  EXPECT_EQ(queue.waiting().front(), 4U);
}

}  // namespace
}  // namespace stratus::agent
