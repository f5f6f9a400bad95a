#include "stratus/db/artifacts.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "stratus/base/result.hpp"
#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

class ArtifactTest : public EngineTest {
 protected:
  Result<void> write(const std::function<Result<void>(Transaction&)>& work) {
    return database().write_now(work);
  }
  Result<void> add(const Firmware& firmware) {
    return write([&](Transaction& t) { return add_firmware(t, firmware); });
  }
  static Firmware firmware(int number) {
    Firmware firmware;
    firmware.id = fmt::format("id{:03}", number);
    firmware.name = fmt::format("board-{}", number % 3);
    firmware.version = fmt::format("1.{}", number);
    firmware.file_name = fmt::format("board{}.bin", number % 3);
    firmware.notes = number == 7 ? "Fixes 100% of_crashes" : "nothing";
    firmware.digest = "sha256:00";
    firmware.size = number;
    firmware.manifest = "sha256:11";
    firmware.created_by = "user:alice";
    firmware.created_ms = 1'000 + number / 2;  // two at each time
    return firmware;
  }
};
STRATUS_BOTH_ENGINES(ArtifactTest);

std::string reason(const Result<void>& result) { return result ? "done" : result.error().reason(); }

TEST_P(ArtifactTest, RefusesVersionsAndFilesThatAreThere) {
  ASSERT_TRUE(add(firmware(1)));
  Firmware same = firmware(1);
  same.id = "other";
  same.file_name = "else.bin";
  EXPECT_EQ(reason(add(same)), "duplicate_version");
  same = firmware(1);
  same.id = "other";
  same.name = "another-board";
  EXPECT_EQ(reason(add(same)), "duplicate_file");
  const auto found = find_firmware_file(database(), "board1.bin", "1.1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "id001");
  EXPECT_EQ(found->created_by, "user:alice");
  EXPECT_FALSE(find_firmware(database(), "other"));
}

TEST_P(ArtifactTest, PagesCoverEverythingOnceInEachOrder) {
  for (int i = 0; i < 23; ++i) ASSERT_TRUE(add(firmware(i)));
  using Order = ArtifactQuery::Order;
  for (const Order order : {Order::newest, Order::name, Order::version}) {
    ArtifactQuery query;
    query.order = order;
    query.limit = 5;
    std::vector<Firmware> all;
    for (;;) {
      const auto page = list_firmware(database(), query);
      ASSERT_TRUE(page) << page.error().text();
      if (page->empty()) break;
      all.insert(all.end(), page->begin(), page->end());
      query.after = position_of(page->back(), order);
    }
    ASSERT_EQ(all.size(), 23U);
    for (std::size_t i = 1; i < all.size(); ++i) {
      const Firmware &a = all[i - 1], &b = all[i];
      if (order == Order::newest) EXPECT_GT(std::tie(a.created_ms, a.id), std::tie(b.created_ms, b.id));
      if (order == Order::name) EXPECT_LT(std::tie(a.name, a.id), std::tie(b.name, b.id));
      if (order == Order::version) EXPECT_LT(std::tie(a.version, a.id), std::tie(b.version, b.id));
    }
  }
}

TEST_P(ArtifactTest, SearchTakesItsTextLiterally) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(add(firmware(i)));
  const auto count = [&](std::string text) {
    ArtifactQuery query;
    query.text = std::move(text);
    const auto found = list_firmware(database(), query);
    return found ? static_cast<int>(found->size()) : -1;
  };
  EXPECT_EQ(count("100% OF_crash"), 1);
  EXPECT_EQ(count("%"), 1);
  EXPECT_EQ(count("_"), 1);
  EXPECT_EQ(count("board-1"), 3);
  EXPECT_EQ(count("'; DROP TABLE firmware; --"), 0);
}

TEST_P(ArtifactTest, ChangesOnlyTheRevisionThatWasRead) {
  ASSERT_TRUE(add(firmware(1)));
  const auto change = [&](std::int64_t revision) {
    return write([&](Transaction& t) { return change_firmware(t, "id001", revision, "new", "esp32"); });
  };
  EXPECT_TRUE(change(1));
  EXPECT_EQ(reason(change(1)), "precondition_failed");
  const auto found = find_firmware(database(), "id001");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->notes, "new");
  EXPECT_EQ(found->revision, 2);
  const auto gone = write([&](Transaction& t) { return change_firmware(t, "nothing", 1, "", ""); });
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), ErrorCode::not_found);
  EXPECT_TRUE(write([&](Transaction& t) { return remove_firmware(t, "id001"); }));
  EXPECT_FALSE(write([&](Transaction& t) { return remove_firmware(t, "id001"); }));
}

TEST_P(ArtifactTest, AnUploadTakesOneFile) {
  Upload upload;
  upload.id = "u1";
  upload.file_name = "a.bin";
  upload.created_by = "token:ci";
  upload.expires_ms = 500;
  ASSERT_TRUE(write([&](Transaction& t) { return add_upload(t, upload); }));
  const auto finish = [&](std::string_view digest) {
    return write([&](Transaction& t) { return finish_upload(t, "u1", digest, 3); });
  };
  EXPECT_TRUE(finish("sha256:aa"));
  EXPECT_TRUE(finish("sha256:aa"));  // the answer was lost, and it is sent again
  EXPECT_EQ(reason(finish("sha256:bb")), "upload_finished");
  const auto found = find_upload(database(), "u1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->digest, "sha256:aa");
  ASSERT_TRUE(write([&](Transaction& t) { return remove_expired_uploads(t, 500); }));
  EXPECT_TRUE(find_upload(database(), "u1"));
  ASSERT_TRUE(write([&](Transaction& t) { return remove_expired_uploads(t, 501); }));
  EXPECT_FALSE(find_upload(database(), "u1"));
}

TEST_P(ArtifactTest, ContentHasTwoFilesAndATitleOfItsOwn) {
  Content content;
  content.id = "c1";
  content.title = "봄 할인";
  content.original = {"spring.png", "sha256:aa", 9};
  content.display = {"spring.bin", "sha256:bb", 4};
  content.manifest = "sha256:cc";
  content.created_by = "user:bob";
  ASSERT_TRUE(write([&](Transaction& t) { return add_content(t, content); }));
  Content twin = content;
  twin.id = "c2";
  EXPECT_EQ(reason(write([&](Transaction& t) { return add_content(t, twin); })), "duplicate_title");
  ArtifactQuery query;
  query.text = "할인";
  const auto found = list_contents(database(), query);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().display.digest, "sha256:bb");
  EXPECT_EQ(found->front().original.size, 9);
}

}  // namespace
}  // namespace stratus::db
