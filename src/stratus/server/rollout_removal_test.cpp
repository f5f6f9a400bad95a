// What a rollout brings is taken away while people plan it: whoever comes first wins, and the other is told.
#include <future>
#include <thread>

#include "stratus/base/result.hpp"
#include "stratus/base/ulid.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/db/artifacts.hpp"
#include "stratus/db/rollout_sums.hpp"
#include "stratus/db/rollouts.hpp"
#include "stratus/db/testing.hpp"
#include "stratus/server/artifact_guard.hpp"
#include "stratus/server/content_orders.hpp"
#include "stratus/server/rollouts.hpp"

namespace stratus::server {
namespace {

class OneDevice final : public Fleet {
 public:
  Result<std::vector<rollout::Candidate>> resolve(const rollout::Targets& /*targets*/) override {
    rollout::Candidate device;
    device.id = "shelf";
    if (!running.empty()) {
      device.follows = "firmware/board";
      device.running = sha256(running);
      device.running_version = running;
    }
    return std::vector<rollout::Candidate>{device};
  }
  std::string running;
};

class RolloutRemovalTest : public db::EngineTest {
 protected:
  void opened() override {
    for (const char* const version : {"1", "2"}) {
      db::Firmware firmware;
      firmware.id = std::string("F") + version;
      firmware.name = "board";
      firmware.version = version;
      firmware.file_name = "board.bin";
      firmware.digest = firmware.manifest = sha256(version).text();
      ASSERT_TRUE(database().write_now(
          [&](db::Transaction& transaction) { return db::add_firmware(transaction, firmware); }));
    }
  }
  // As DELETE /api/v1/firmware/{id} does.
  static Result<void> remove(
      db::Database& database, const std::string& version, const std::function<void()>& between = [] {}) {
    return database.write_now([&](db::Transaction& transaction) -> Result<void> {
      STRATUS_CHECK(db::remove_firmware(transaction, "F" + version));
      between();
      return db::check_not_brought(transaction, "board:" + version, sha256(version).text());
    });
  }
  static rollout::Spec spec(const std::string& version) {
    rollout::Spec spec;
    spec.contents = {{"firmware/board", version, {}}};
    spec.targets.all = true;
    spec.waves.resize(1);
    spec.waves[0].percent = 100;
    spec.expires_ms = now_ms() + 3'600'000;
    return spec;
  }
  using Test = std::function<net::Task<void>(Rollouts&)>;
  void run(const Test& test) {
    auto blobs = store::FileBlobStore::open(directory_.path());
    auto repositories = store::RepositoryStore::open(directory_.path(), **blobs);
    auto catalogue = db::Catalogue::open(database(), {});
    ASSERT_TRUE(catalogue) << catalogue.error().text();
    net::WorkerPool pool("test", 2);
    Releases releases(loop_.executor(), **repositories, **catalogue, pool);
    Rollouts::Ports ports{loop_.executor(), database(), releases, fleet_, pool};
    ports.find_artifact = [this](const std::string& name, const std::string& version) {
      auto found = find_rollout_artifact(database(), name, version);
      if (after_look_) after_look_();
      return found;
    };
    ports.is_delta_pending = [](const DeltaJob& /*job*/) { return false; };
    Rollouts rollouts(std::move(ports));
    ASSERT_TRUE(rollouts.load());
    rollouts.start();
    const std::function<net::Task<Result<void>>()> body = [&]() -> net::Task<Result<void>> {
      co_await test(rollouts);
      co_await rollouts.stop();
      co_return Result<void>();
    };
    EXPECT_TRUE(loop_.run(body()));
  }
  static net::Task<Result<std::string>> make(Rollouts& rollouts, std::string version, bool submit) {
    rollout::Spec wanted = spec(version);
    auto draft = co_await rollouts.plan(std::move(wanted));
    if (!draft) co_return fail(draft.error());
    Actor who{"user:ann", "", ""};
    RepeatKey once;
    co_return co_await rollouts.create(std::move(*draft), who, submit, once);
  }
  static std::string reason_of(const Result<std::string>& result) {
    return result ? "made" : result.error().reason();
  }

  testing::TemporaryDirectory directory_;
  net::Loop loop_;
  OneDevice fleet_;
  std::function<void()> after_look_;  // between the look of the planning and what follows
};
STRATUS_BOTH_ENGINES(RolloutRemovalTest);

TEST_P(RolloutRemovalTest, RemovedBetweenPlanningAndStoringIsRefused) {
  run([this](Rollouts& rollouts) -> net::Task<void> {
    after_look_ = [this] { EXPECT_TRUE(remove(database(), "1")); };
    const auto gone = co_await make(rollouts, "1", true);
    EXPECT_EQ(reason_of(gone), "release_removed");
    EXPECT_TRUE(db::list_rollouts(database(), {}, "", 10)->empty());
    after_look_ = nullptr;
    const auto made = co_await make(rollouts, "2", true);
    EXPECT_EQ(reason_of(made), "made");
    EXPECT_EQ(rollouts.live_count(), 1U) << "the refused one is forgotten before the next is looked at";
    EXPECT_EQ(remove(database(), "2").error().reason(), "needed_by_rollout");
    EXPECT_TRUE(db::find_firmware(database(), "F2")) << "the removal was undone";
  });
}

TEST_P(RolloutRemovalTest, ARefusedRolloutLeavesTheOthersAsTheyAre) {
  run([this](Rollouts& rollouts) -> net::Task<void> {
    const auto kept = co_await make(rollouts, "2", true);
    EXPECT_EQ(reason_of(kept), "made");
    if (!kept) co_return;
    const rollout::Campaign* const before = rollouts.live(*kept);
    after_look_ = [this] { EXPECT_TRUE(remove(database(), "1")); };
    const auto refused = co_await make(rollouts, "1", false);
    EXPECT_EQ(reason_of(refused), "release_removed");
    after_look_ = nullptr;
    RolloutOrder order;
    order.actor.label = "user:ann";
    const auto paused = co_await rollouts.order(*kept, order);
    EXPECT_TRUE(paused) << "it goes on from the revision that is stored";
    EXPECT_EQ(rollouts.live(*kept), before) << "it was not read again";
    EXPECT_EQ(rollouts.live_count(), 1U);
  });
}

TEST_P(RolloutRemovalTest, SomethingElseUnderTheSameNameIsRefused) {
  run([this](Rollouts& rollouts) -> net::Task<void> {
    after_look_ = [this] {
      EXPECT_TRUE(database().write_now([](db::Transaction& transaction) -> Result<void> {
        STRATUS_CHECK(
            transaction.run("UPDATE firmware SET manifest = $1 WHERE id = 'F1'", {sha256("another").text()}));
        return {};
      }));
    };
    const auto made = co_await make(rollouts, "1", false);
    EXPECT_EQ(reason_of(made), "release_removed");
  });
}

TEST_P(RolloutRemovalTest, ADraftIsLookedAtAgainWhenItIsSubmitted) {
  run([this](Rollouts& rollouts) -> net::Task<void> {
    const auto draft = co_await make(rollouts, "1", false);
    EXPECT_EQ(reason_of(draft), "made");
    if (!draft) co_return;
    // As a server of before, which did not look at drafts.
    EXPECT_TRUE(database().write_now(
        [](db::Transaction& transaction) { return db::remove_firmware(transaction, "F1"); }));
    RolloutOrder order;
    order.kind = RolloutOrder::Kind::submit;
    order.actor.label = "user:ann";
    const auto submitted = co_await rollouts.order(*draft, order);
    EXPECT_EQ(submitted ? "done" : submitted.error().reason(), "release_removed");
    EXPECT_EQ(db::find_rollout(database(), *draft)->state, "draft");
    order.kind = RolloutOrder::Kind::abort;
    const auto aborted = co_await rollouts.order(*draft, order);
    EXPECT_TRUE(aborted) << "it can be given up";
  });
}

TEST_P(RolloutRemovalTest, WhatDevicesGoBackToIsHeldAsWell) {
  fleet_.running = "1";
  run([this](Rollouts& rollouts) -> net::Task<void> {
    const auto made = co_await make(rollouts, "2", true);
    EXPECT_EQ(reason_of(made), "made");
    if (!made) co_return;
    rollout::DeviceNews news;
    news.event = rollout::DeviceEvent::succeeded;
    news.about = sha256("2");
    const auto updated = co_await rollouts.news("shelf", news);
    EXPECT_TRUE(updated);
    EXPECT_EQ(db::find_rollout(database(), *made)->state, "completed");
    const auto firmware = db::find_firmware(database(), "F1");
    EXPECT_TRUE(remove(database(), "1")) << "nothing brings it";
    RolloutOrder order;
    order.kind = RolloutOrder::Kind::abort;
    order.give_back = true;
    order.actor.label = "user:ann";
    const auto refused = co_await rollouts.order(*made, order);
    EXPECT_EQ(refused ? "done" : refused.error().reason(), "release_removed");
    EXPECT_EQ(db::find_rollout(database(), *made)->state, "completed");
    EXPECT_TRUE(database().write_now(
        [&](db::Transaction& transaction) { return db::add_firmware(transaction, *firmware); }));
    auto back = co_await rollouts.order(*made, order);
    while (!back && back.error().code() == ErrorCode::unavailable)  // the refused one is being forgotten
      back = co_await rollouts.order(*made, order);
    EXPECT_TRUE(back) << (back ? "" : back.error().text());
    EXPECT_EQ(remove(database(), "1").error().reason(), "needed_by_rollout");
  });
}

// Two servers on one database: the removal of one and the rollout of the other wait for each other's row.
class TwoServersTest : public RolloutRemovalTest {};
INSTANTIATE_TEST_SUITE_P(Engines, TwoServersTest, ::testing::Values(db::Engine::postgres),
                         [](const auto& parameter) { return db::name_of(parameter.param); });

TEST_P(TwoServersTest, AnotherServersRemovalWaitsForTheRollout) {
  auto other = db::Database::open(test_->url(), {});
  ASSERT_TRUE(other);
  std::thread removal;
  Result<void> removed;
  std::promise<void> begun;
  const rollout::Content content{"firmware/board", "1", sha256("1")};
  db::RolloutSave save;
  save.rollout = {"r1", "night", "running", "ann", sha256("1").text(), "{}", 5, 6, 1};
  const auto stored = database().write_now([&](db::Transaction& transaction) -> Result<void> {
    STRATUS_CHECK(hold_content(transaction, content));
    removal = std::thread([&] {
      removed = (*other)->write_now([&](db::Transaction& theirs) -> Result<void> {
        begun.set_value();
        STRATUS_CHECK(db::remove_firmware(theirs, "F1"));
        return db::check_not_brought(theirs, "board:1", sha256("1").text());
      });
    });
    begun.get_future().wait();
    return db::save_rollouts(transaction, {save});
  });
  removal.join();
  EXPECT_TRUE(stored) << stored.error().text();
  EXPECT_EQ(removed ? "done" : removed.error().reason(), "needed_by_rollout");
}

}  // namespace
}  // namespace stratus::server
