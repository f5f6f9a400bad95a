#include "stratus/db/fleet_view.hpp"

#include <fmt/format.h>

#include "stratus/db/catalogue.hpp"
#include "stratus/db/devices.hpp"
#include "stratus/db/gateways.hpp"
#include "stratus/db/identity.hpp"
#include "stratus/db/telemetry.hpp"
#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

constexpr std::int64_t kViewedAt = 1'700'000'000'000;

class FleetViewTest : public EngineTest {
 protected:
  void opened() override {
    auto made = Catalogue::open(database(), {});
    ASSERT_TRUE(made) << made.error().text();
    catalogue_ = std::move(*made);
  }
  template <class Work>
  void write(Work work) {
    const auto written = database().write_now([&](Transaction& transaction) { return work(transaction); });
    ASSERT_TRUE(written) << written.error().text();
  }
  void run(std::string_view sql) {
    write([&](Transaction& transaction) -> Result<void> {
      STRATUS_CHECK(transaction.run(sql, {}));
      return {};
    });
  }
  void report(const std::string& device, std::int64_t sequence, const std::string& state,
              const std::string& running, const std::string& target, std::int64_t at,
              std::int64_t bytes = 0) {
    Report made;
    made.device = device;
    made.sequence = sequence;
    made.received_ms = made.reported_ms = at;
    made.name = "app";
    made.running = running;
    made.target = target;
    made.state = state;
    made.body = device + std::to_string(sequence);
    made.bytes = bytes;
    write([&](Transaction& transaction) { return catalogue_->add_report_in(transaction, made); });
  }
  std::vector<std::string> matching(const std::string& filter) {
    const auto parsed = parse_filter(filter);
    EXPECT_TRUE(parsed) << parsed.error().text();
    const auto ids = list_device_ids(database(), *parsed, kViewedAt, "", 100);
    EXPECT_TRUE(ids) << ids.error().text();
    return *ids;
  }

  std::unique_ptr<Catalogue> catalogue_;
};
STRATUS_BOTH_ENGINES(FleetViewTest);

using Ids = std::vector<std::string>;

TEST_P(FleetViewTest, EveryDeviceHasOneHealthAndTheFilterFindsIt) {
  write([](Transaction& t) { return create_device(t, "new", kViewedAt - 1'000); });
  report("polls", 1, "committed", "b", "b", kViewedAt - 60'000);
  report("sick", 1, "failed", "a", "b", kViewedAt - 60'000);
  report("gone", 1, "committed", "b", "b", kViewedAt - 3'600'000);
  report("talks", 1, "committed", "b", "b", kViewedAt - 3'600'000);
  report("said-bye", 1, "committed", "b", "b", kViewedAt - 60'000);
  report("retired", 1, "committed", "b", "b", kViewedAt - 60'000);
  const std::vector<PresenceRow> presence{{"talks", true, kViewedAt - 7'000'000, kViewedAt, "", "", ""},
                                          {"said-bye", false, kViewedAt - 30'000, kViewedAt, "", "", ""}};
  write([&](Transaction& t) { return put_presence(t, presence); });
  run("UPDATE devices SET active = FALSE WHERE id = 'retired'");
  const auto health = fleet_health(database(), kViewedAt);
  ASSERT_TRUE(health) << health.error().text();
  EXPECT_EQ(health->devices, 7);
  EXPECT_EQ(health->inactive, 1);
  EXPECT_EQ(health->online, 2);
  EXPECT_EQ(health->degraded, 1);
  EXPECT_EQ(health->offline, 2);
  EXPECT_EQ(health->never, 1);
  EXPECT_EQ(matching("health=online active=yes"), (Ids{"polls", "talks"}));
  EXPECT_EQ(matching("health=degraded"), (Ids{"sick"}));
  EXPECT_EQ(matching("health=offline,never"), (Ids{"gone", "new", "said-bye"}));
  EXPECT_EQ(*health_of(database(), "sick", kViewedAt), "degraded");
  EXPECT_FALSE(parse_filter("health=fine")) << "a word that does not exist must not mean nobody";
}

TEST_P(FleetViewTest, WhatARolloutBroughtIsTheTargetUntilTheNamesChanges) {
  report("a", 1, "committed", "b", "b", kViewedAt);
  report("b", 1, "committed", "a", "a", kViewedAt);
  report("c", 1, "rolled_back", "a", "b", kViewedAt);
  report("d", 1, "committed", "c", "c", kViewedAt);
  report("e", 1, "committed", "c", "c", kViewedAt);
  EXPECT_EQ(fleet_health(database(), kViewedAt)->none, 5);
  run("INSERT INTO targets (name, version, digest, changed_ms) VALUES ('app', '2', 'b', 100)");
  run("INSERT INTO device_assignments (device, name, version, digest, rollout, since_ms) VALUES "
      "('d', 'app', '3', 'c', 'R', 200), ('e', 'app', '3', 'c', 'R', 50)");
  const auto health = fleet_health(database(), kViewedAt);
  ASSERT_TRUE(health) << health.error().text();
  EXPECT_EQ(health->on_target, 2) << "a by the target, d by its rollout";
  EXPECT_EQ(health->failing, 1);
  EXPECT_EQ(health->behind, 2) << "b, and e whose rollout is older than the target";
  EXPECT_EQ(matching("compliance=on_target"), (Ids{"a", "d"}));
  EXPECT_EQ(matching("compliance!=on_target,failing"), (Ids{"b", "e"}));
}

TEST_P(FleetViewTest, WhatAnOpenRolloutWantsIsNotThereYet) {
  for (const char* device : {"waits", "failed", "has-it"})
    report(device, 1, "committed", "a", "a", kViewedAt);
  run("INSERT INTO targets (name, version, digest, changed_ms) VALUES ('app', '1', 'a', 100)");
  EXPECT_EQ(fleet_health(database(), kViewedAt)->on_target, 3);
  run("INSERT INTO rollouts VALUES ('R', '', 'paused', 'u', '{}', 1, 1, 1)");
  for (const char* row : {"('R', 'waits', 0, 1, 'waiting'", "('R', 'failed', 1, 1, 'rolled_back'",
                          "('R', 'has-it', 2, 1, 'success'"})
    run(fmt::format("INSERT INTO rollout_devices VALUES {}, 0, 1, 0, '', 0, 0, 0, 0, 0, '', '', 0)", row));
  EXPECT_EQ(matching("compliance=behind"), (Ids{"waits"}));
  EXPECT_EQ(matching("compliance=failing"), (Ids{"failed"}));
  EXPECT_EQ(matching("compliance=on_target"), (Ids{"has-it"}));
  run("UPDATE rollouts SET state = 'completed'");
  EXPECT_EQ(fleet_health(database(), kViewedAt)->on_target, 3)
      << "what a rollout that is over did not bring is wanted no more";
}

TEST_P(FleetViewTest, UpdatesAreSummedOnceEach) {
  report("a", 1, "fetching", "", "b", kViewedAt, 50);
  for (int i = 0; i < 2; ++i) report("a", 2, "committed", "b", "b", kViewedAt, 100);  // a repeat
  report("b", 1, "committed", "b", "b", kViewedAt, 30);
  report("c", 1, "failed", "a", "b", kViewedAt - 7'200'000, 7);
  const auto totals = update_totals(database(), 0);
  ASSERT_TRUE(totals) << totals.error().text();
  ASSERT_EQ(totals->size(), 2u);
  EXPECT_EQ((*totals)[0].outcome, "committed");
  EXPECT_EQ((*totals)[0].updates, 2);
  EXPECT_EQ((*totals)[0].bytes, 130);
  EXPECT_EQ((*totals)[1].bytes, 7);
  EXPECT_EQ(update_totals(database(), kViewedAt - 3'000'000)->size(), 1u) << "by the hour";
  EXPECT_EQ(fleet_alarms(database(), kViewedAt, kViewedAt, kViewedAt - 86'400'000)->updates_failed, 1);
  write([](Transaction& t) { return prune_totals(t, kViewedAt + kTotalsKeptMs + 7'200'000); });
  EXPECT_TRUE(update_totals(database(), 0)->empty());
}

TEST_P(FleetViewTest, TheSpreadNamesVersionsAsRegistered) {
  report("a", 1, "committed", "b", "b", kViewedAt);
  report("b", 1, "committed", "b", "b", kViewedAt);
  report("c", 1, "committed", "x", "x", kViewedAt);
  run("INSERT INTO releases (name, version, digest, created_ms) VALUES ('app', '2', 'b', 1)");
  const auto spread = release_spread(database(), 10);
  ASSERT_TRUE(spread) << spread.error().text();
  ASSERT_EQ(spread->size(), 2u);
  EXPECT_EQ((*spread)[0].version, "2");
  EXPECT_EQ((*spread)[0].devices, 2);
  EXPECT_EQ((*spread)[1].version, "");
}

TEST_P(FleetViewTest, AReplacedCertificateIsNoAlarm) {
  const auto add = [&](const std::string& serial, const std::string& device, std::int64_t ends) {
    Certificate made;
    made.serial = serial;
    made.device = device;
    made.kind = "device";
    made.key_id = serial;
    made.public_key = {1};
    made.not_after_ms = ends;
    made.issued_ms = 1;
    write([&](Transaction& t) { return add_certificate(t, made); });
  };
  add("1", "replaced", kViewedAt + 10);
  add("2", "replaced", kViewedAt + 1'000);
  add("3", "ending", kViewedAt + 20);
  add("4", "over", kViewedAt - 20);
  const auto alarms = fleet_alarms(database(), kViewedAt, kViewedAt + 100, 0);
  ASSERT_TRUE(alarms) << alarms.error().text();
  EXPECT_EQ(alarms->certificates_expiring, 1);
  EXPECT_EQ(alarms->certificates_expired, 1);
  CertificateQuery query;
  query.limit = 2;
  const auto first = list_certificates(database(), query);
  ASSERT_TRUE(first) << first.error().text();
  ASSERT_EQ(first->size(), 2u);
  EXPECT_EQ((*first)[0].device, "over");
  query.after_ms = (*first)[1].not_after_ms;
  query.after_serial = (*first)[1].serial;
  EXPECT_EQ((*list_certificates(database(), query))[0].device, "ending");
  CertificateQuery newest;
  newest.newest = true;
  newest.expires_before_ms = kViewedAt + 100;
  EXPECT_EQ(list_certificates(database(), newest)->size(), 2u) << "over and ending";
}

TEST_P(FleetViewTest, AGatewaysSumsGoOnOverItsStarts) {
  Gateway said;
  said.id = "g";
  said.interval_ms = 10'000;
  const auto say = [&](const std::string& boot, std::int64_t at, std::int64_t received, std::int64_t sent) {
    said.boot = boot;
    said.last_seen_ms = at;
    said.boot_received = received;
    said.boot_sent = sent;
    write([&](Transaction& t) { return note_gateway(t, said); });
  };
  say("one", 1'000, 100, 400);
  say("one", 2'000, 150, 500);
  say("two", 3'000, 10, 20);
  const auto found = find_gateway(database(), "g", 4'000);
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->received, 160);
  EXPECT_EQ(found->sent, 520);
  EXPECT_EQ(found->first_seen_ms, 1'000);
  EXPECT_TRUE(found->is_online(33'000));
  EXPECT_FALSE(found->is_online(33'001));
  const auto sums = sum_gateways(database(), 33'001);
  EXPECT_EQ(sums->known, 1);
  EXPECT_EQ(sums->online, 0);
  EXPECT_EQ(sums->received, 160);
  EXPECT_EQ(find_gateway(database(), "x", 0).error().code(), ErrorCode::not_found);
}

TEST_P(FleetViewTest, DevicesAreWhereTheyWereHeardLast) {
  report("a", 1, "committed", "b", "b", kViewedAt - 7'200'000);
  report("b", 1, "committed", "b", "b", kViewedAt - 7'200'000);
  Gateway said;
  said.interval_ms = 1'000;
  said.last_seen_ms = kViewedAt;
  for (const char* const id : {"east", "west"}) {
    said.id = id;
    write([&](Transaction& t) { return note_gateway(t, said); });
  }
  write([](Transaction& t) { return note_behind(t, "east", {"a", "b", "stranger"}, kViewedAt - 60'000); });
  write([](Transaction& t) { return note_behind(t, "west", {"b"}, kViewedAt - 1'000); });
  EXPECT_EQ(matching("gateway=east"), (Ids{"a"}));
  EXPECT_EQ(matching("gateway=west,-"), (Ids{"b"}));
  EXPECT_EQ(find_gateway(database(), "west", kViewedAt)->devices, 1);
  EXPECT_EQ(find_gateway(database(), "west", kViewedAt + kBehindMs)->devices, 0);
  EXPECT_EQ(*health_of(database(), "a", kViewedAt), "online") << "heard through a gateway";
  EXPECT_EQ(find_device(database(), "stranger").error().code(), ErrorCode::not_found);
  EXPECT_EQ(load_routes(database(), "", 10)->size(), 2u);
  write([](Transaction& t) { return remove_gateway(t, "east"); });
  EXPECT_EQ(list_gateways(database(), "", 10, kViewedAt)->size(), 1u);
  EXPECT_EQ(matching("gateway=-"), (Ids{"a"}));
}

}  // namespace
}  // namespace stratus::db
