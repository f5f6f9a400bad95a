#include "stratus/db/catalogue.hpp"

#include <future>

#include <gtest/gtest.h>

#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

class CatalogueTest : public EngineTest {
 protected:
  void opened() override { reopen(); }
  void TearDown() override { catalogue_.reset(); }
  void reopen() {
    catalogue_.reset();
    test_->reopen();
    auto opened = Catalogue::open(database(), limits_);
    ASSERT_TRUE(opened) << opened.error().text();
    catalogue_ = std::move(*opened);
  }
  template <class Start>
  Result<void> wait(Start start) {
    std::promise<Result<void>> promise;
    start([&](Result<void> result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  Result<void> report(std::int64_t sequence, const std::string& state,
                      const std::string& running = "sha256:1", std::int64_t time = 0) {
    Report report;
    report.device = "d1";
    report.sequence = sequence;
    report.received_ms = 1000 + sequence;
    report.reported_ms = time;
    report.name = "app";
    report.running = running;
    report.state = state;
    report.body = "{\"state\":\"" + state + "\"}";
    return wait([&](auto done) { catalogue_->add_report(report, done); });
  }
  Result<void> release(const std::string& version, const std::string& digest) {
    return wait([&](auto done) { catalogue_->add_release({"app", version, digest, 1}, done); });
  }

  CatalogueLimits limits_;
  std::unique_ptr<Catalogue> catalogue_;
};
STRATUS_BOTH_ENGINES(CatalogueTest);

TEST_P(CatalogueTest, KeepsReportsAndWhatTheyTellOfTheDevice) {
  ASSERT_TRUE(report(1, "committed"));
  ASSERT_TRUE(report(2, "failed"));
  ASSERT_TRUE(report(2, "failed"));
  reopen();
  EXPECT_EQ(catalogue_->device("d1")->state, "failed");
  const auto reports = catalogue_->reports("d1", 10);
  ASSERT_EQ(reports->items.size(), 2u);
  EXPECT_EQ(reports->items.front().sequence, 2);
  EXPECT_EQ(catalogue_->device("d2").error().code(), ErrorCode::not_found);
}

TEST_P(CatalogueTest, AnOvertakenReportIsHistoryButARestartedSequenceCounts) {
  ASSERT_TRUE(report(5, "committed", "sha256:5", 500));
  ASSERT_TRUE(report(4, "failed", "sha256:4", 400));
  EXPECT_EQ(catalogue_->device("d1")->state, "committed");
  EXPECT_EQ(catalogue_->reports("d1", 10)->items.size(), 2u);
  ASSERT_TRUE(report(1, "rolled_back", "sha256:1", 600));
  EXPECT_EQ(catalogue_->device("d1")->state, "rolled_back");
}

TEST_P(CatalogueTest, AVersionIsNeverReplaced) {
  ASSERT_TRUE(release("1", "sha256:a"));
  ASSERT_TRUE(release("1", "sha256:a"));
  EXPECT_EQ(release("1", "sha256:b").error().code(), ErrorCode::conflict);
  ASSERT_TRUE(release("2", "sha256:b"));
  EXPECT_EQ(catalogue_->releases("app")->size(), 2u);
  EXPECT_EQ(catalogue_->releases("")->size(), 2u);
  EXPECT_TRUE(catalogue_->releases("other")->empty());
  ASSERT_TRUE(wait([&](auto done) { catalogue_->remove_release("app", "1", done); }));
  EXPECT_EQ(catalogue_->releases("app")->size(), 1u);
  ASSERT_TRUE(release("1", "sha256:c"));
}

TEST_P(CatalogueTest, AFailedWriteDoesNotTakeItsNeighboursAlong) {
  std::vector<std::future<Result<void>>> futures;
  for (int i = 0; i < 40; ++i) {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    futures.push_back(promise->get_future());
    // Every second one contradicts the first.
    const std::string digest = i % 2 == 0 ? "sha256:a" : "sha256:b";
    catalogue_->add_release({"app", "1", digest, 1},
                            [promise](Result<void> r) { promise->set_value(std::move(r)); });
  }
  for (int i = 0; i < 40; ++i) EXPECT_EQ(futures[static_cast<std::size_t>(i)].get().has_value(), i % 2 == 0);
}

TEST_P(CatalogueTest, KnowsWhatTheFleetRuns) {
  const auto see = [&](const std::string& device, const std::string& running) {
    ASSERT_TRUE(wait([&](auto done) { catalogue_->note_sightings({{device, "app", running, 5}}, done); }));
  };
  see("a", "sha256:1");
  see("b", "sha256:2");
  see("c", "sha256:2");
  see("d", "");
  EXPECT_EQ(*catalogue_->running_images("app", 10), (std::vector<std::string>{"sha256:2", "sha256:1"}));
  EXPECT_EQ(catalogue_->devices("b", 10)->size(), 2u);
  EXPECT_EQ(catalogue_->devices("", 1)->front().id, "a");
}

TEST_P(CatalogueTest, KeepsABoundedNumberOfSamplesAndDevices) {
  limits_.samples_per_device = 5;
  limits_.devices = 1;
  reopen();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(wait([&](auto done) { catalogue_->add_sample("d1", std::to_string(i), i, done); }));
  }
  const auto samples = catalogue_->samples("d1", 100);
  ASSERT_EQ(samples->items.size(), 5u);
  EXPECT_EQ(samples->items.front().body, "19");
  const auto refused = wait([&](auto done) { catalogue_->add_sample("d2", "{}", 1, done); });
  EXPECT_EQ(refused.error().code(), ErrorCode::conflict);  // never worth sending again
}

TEST_P(CatalogueTest, ADeviceTooManyDoesNotHideTheOthers) {
  limits_.devices = 1;
  reopen();
  const auto note = [&](std::vector<Sighting> sightings) {
    return wait([&](auto done) { catalogue_->note_sightings(std::move(sightings), done); });
  };
  ASSERT_TRUE(note({{"d1", "app", "sha256:1", 1}}));
  EXPECT_TRUE(note({{"d0", "app", "sha256:1", 2}, {"d1", "app", "sha256:2", 2}}));
  EXPECT_EQ(catalogue_->device("d1")->running, "sha256:2");
  EXPECT_EQ(catalogue_->device("d0").error().code(), ErrorCode::not_found);
}

TEST_P(CatalogueTest, AQuestionThatIsWrittenLateTakesNothingBack) {
  const auto note = [this](std::vector<Sighting> sightings) {
    return wait([&](auto done) { catalogue_->note_sightings(std::move(sightings), done); });
  };
  Report done;
  done.device = "d1";
  done.sequence = 1;
  done.received_ms = 10;
  done.name = "app";
  done.running = "sha256:2";
  done.running_version = "2";
  done.state = "committed";
  done.body = "{}";
  ASSERT_TRUE(wait([&](auto stored) { catalogue_->add_report(done, stored); }));
  ASSERT_TRUE(note({{"d1", "app", "", 9}}));
  EXPECT_EQ(catalogue_->device("d1")->running_version, "2") << "asked before it reported";
  ASSERT_TRUE(note({{"d1", "app", "sha256:3", 11}}));
  EXPECT_EQ(catalogue_->device("d1")->running, "sha256:3");
}

TEST_P(CatalogueTest, ADeviceThatCountsFromOneAgainIsBelieved) {
  const auto report = [this](std::int64_t sequence, std::int64_t at, const char* running) {
    Report made;
    made.device = "d1";
    made.sequence = sequence;
    made.received_ms = made.reported_ms = at;
    made.name = "app";
    made.running = running;
    made.body = running;
    return wait([&](auto stored) { catalogue_->add_report(made, stored); });
  };
  ASSERT_TRUE(report(7, 10, "sha256:1"));
  ASSERT_TRUE(report(1, 30, "sha256:2"));
  ASSERT_TRUE(wait([&](auto done) { catalogue_->note_sightings({{"d1", "app", "sha256:1", 20}}, done); }));
  EXPECT_EQ(catalogue_->device("d1")->running, "sha256:2") << "asked before it reported";
}

TEST_P(CatalogueTest, AnOperationThatACrashCutIsFailedAfterwards) {
  Operation operation{"1", "deploy", "app", "2", "running", "", 0, 3, 1, 0};
  ASSERT_TRUE(wait([&](auto done) { catalogue_->put_operation(operation, done); }));
  operation.done = 1;
  ASSERT_TRUE(wait([&](auto done) { catalogue_->put_operation(operation, done); }));
  EXPECT_EQ(catalogue_->operation("1")->done, 1);
  reopen();
  EXPECT_EQ(catalogue_->operation("1")->state, "failed");
  EXPECT_EQ(catalogue_->operation("2").error().code(), ErrorCode::not_found);
}

TEST_P(CatalogueTest, RemembersTargets) {
  ASSERT_TRUE(wait([&](auto done) { catalogue_->set_target({"app", "1", "sha256:a", 1}, done); }));
  ASSERT_TRUE(wait([&](auto done) { catalogue_->set_target({"app", "2", "sha256:b", 2}, done); }));
  reopen();
  ASSERT_EQ(catalogue_->targets()->size(), 1u);
  EXPECT_EQ(catalogue_->targets()->front().version, "2");
}

}  // namespace
}  // namespace stratus::db
