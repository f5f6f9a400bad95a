#include "stratus/server/fleet.hpp"

#include <algorithm>

#include "stratus/db/devices.hpp"
#include "stratus/db/identity.hpp"
#include "stratus/db/inventory.hpp"
#include "stratus/db/testing.hpp"

namespace stratus::server {
namespace {

// Cities are regions, shops and depots are groups.
class FleetTest : public db::EngineTest {
 protected:
  void opened() override {
    const auto made = database().write_now([](db::Transaction& t) -> Result<void> {
      for (const char* const city : {"seoul", "busan"})
        STRATUS_CHECK(db::create_place(t, db::PlaceKind::region, place(city)));
      for (const char* const kind : {"shop", "depot"})
        STRATUS_CHECK(db::create_place(t, db::PlaceKind::group, place(kind)));
      STRATUS_CHECK(db::place_device(t, "s-shop", "seoul", "shop", 1));
      STRATUS_CHECK(db::place_device(t, "s-depot", "seoul", "depot", 1));
      STRATUS_CHECK(db::place_device(t, "b-shop", "busan", "shop", 1));
      STRATUS_CHECK(db::place_device(t, "b-depot", "busan", "depot", 1));
      STRATUS_CHECK(db::place_device(t, "nowhere", "", "", 1));
      return db::place_device(t, "cam-7", "", "", 1);
    });
    ASSERT_TRUE(made) << made.error().text();
  }
  static db::Place place(const std::string& code) {
    db::Place made;
    made.id = "01" + code;
    made.code = made.name = code;
    made.created_ms = 1;
    return made;
  }
  // The ids that the targets mean, sorted; one that comes twice stands twice.
  std::vector<std::string> meant(const rollout::Targets& targets) {
    const auto found = DatabaseFleet(database()).resolve(targets);
    EXPECT_TRUE(found) << found.error().text();
    std::vector<std::string> ids;
    if (found) {
      for (const rollout::Candidate& one : *found) ids.push_back(one.id);
    }
    std::sort(ids.begin(), ids.end());
    return ids;
  }
  using Ids = std::vector<std::string>;
};
STRATUS_BOTH_ENGINES(FleetTest);

TEST_P(FleetTest, ARegionAGroupAFilterEachMeanTheirs) {
  rollout::Targets targets;
  targets.regions = {"seoul"};
  EXPECT_EQ(meant(targets), (Ids{"s-depot", "s-shop"}));
  targets = {};
  targets.groups = {"shop"};
  EXPECT_EQ(meant(targets), (Ids{"b-shop", "s-shop"}));
  targets = {};
  targets.filter = "region=busan group=depot";
  EXPECT_EQ(meant(targets), (Ids{"b-depot"}));
  targets = {};
  targets.all = true;
  EXPECT_EQ(meant(targets).size(), 6U);
}

TEST_P(FleetTest, AllInOneAreTheUnionAndNobodyTwice) {
  rollout::Targets targets;
  targets.regions = {"seoul"};
  targets.groups = {"depot", "shop"};  // in both cities
  targets.filter = "region=busan";
  targets.devices = {"cam-7", "s-shop", "ghost", "cam-7"};
  EXPECT_EQ(meant(targets), (Ids{"b-depot", "b-shop", "cam-7", "ghost", "s-depot", "s-shop"}));
  const auto found = DatabaseFleet(database()).resolve(targets);
  for (const rollout::Candidate& one : *found) {
    EXPECT_EQ(one.known, one.id != "ghost");
    if (one.id == "b-shop") EXPECT_EQ(one.region + " " + one.group, "busan shop");
  }
}

TEST_P(FleetTest, ATypingMistakeDoesNotMeanNobody) {
  rollout::Targets targets;
  targets.regions = {"seoul", "soul"};
  EXPECT_EQ(DatabaseFleet(database()).resolve(targets).error().code(), ErrorCode::not_found);
  targets = {};
  targets.groups = {"shops"};
  EXPECT_EQ(DatabaseFleet(database()).resolve(targets).error().code(), ErrorCode::not_found);
  targets = {};
  targets.filter = "seen>soon";
  EXPECT_EQ(DatabaseFleet(database()).resolve(targets).error().code(), ErrorCode::invalid);
}

}  // namespace
}  // namespace stratus::server
