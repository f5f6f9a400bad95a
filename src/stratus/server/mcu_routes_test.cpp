#include "stratus/server/mcu_routes.hpp"

#include "host/device_view_testing.hpp"

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/signing_request.hpp"
#include "stratus/db/artifacts.hpp"
#include "stratus/db/devices.hpp"
#include "stratus/db/mcu.hpp"
#include "stratus/db/testing.hpp"
#include "stratus/server/changes.hpp"
#include "stratus/server/content_orders.hpp"
#include "stratus/server/event_bus.hpp"
#include "stratus/server/fake_exchange_testing.hpp"
#include "stratus/server/mcu_shelf_testing.hpp"

namespace stratus::server {
namespace {

class OneBoard final : public Fleet {
 public:
  Result<std::vector<rollout::Candidate>> resolve(const rollout::Targets& /*targets*/) override {
    rollout::Candidate device;
    device.id = "mcu-1";
    return std::vector<rollout::Candidate>{device};
  }
};

// Version 1 is firmware; version 2 is other firmware with a configuration.
class McuRoutesTest : public ::testing::Test {
 protected:
  McuRoutesTest() {
    add_version("1", one_, shelf_.push(one_));
    const Bytes settings = shelf_.image(McuShelf::noise(3, 60), 1, "test-board/configuration");
    add_version("2", two_,
                shelf_.push({{oci::media::kFirmwareFile, two_},
                             {"application/vnd.stratus.firmware.configuration.v1", settings}}));
  }
  void add_version(const std::string& version, const Bytes& image, const Digest& release) {
    db::Firmware firmware;
    firmware.id = "F" + version;
    firmware.name = "board";
    firmware.version = version;
    firmware.file_name = "board.img";
    firmware.digest = sha256(image).text();
    firmware.manifest = release.text();
    ASSERT_TRUE(database().write_now(
        [&](db::Transaction& transaction) { return db::add_firmware(transaction, firmware); }));
  }

  // What a server has of all this, while a test looks at it.
  struct Parts {
    Identity& identity;
    Rollouts& rollouts;
    McuReleases& mcu;
    Router& router;
    EventBus& bus;
  };
  using Test = std::function<net::Task<void>(Parts&)>;
  void run(const Test& test, IdentityMode mode = IdentityMode::optional) {
    net::WorkerPool pool("test", 2);
    auto ca = Identity::open(directory_ / "ca", system_clock().wall());
    ASSERT_TRUE(ca) << ca.error().text();
    IdentityConfig config;
    config.mode = mode;
    Identity identity(loop_.executor(), std::move(*ca), config, database(), pool);
    ASSERT_TRUE(identity.load());
    auto catalogue = db::Catalogue::open(database(), {});
    ASSERT_TRUE(catalogue) << catalogue.error().text();
    Releases releases(loop_.executor(), *shelf_.repositories, **catalogue, pool);
    Rollouts::Ports ports{loop_.executor(), database(), releases, fleet_, pool};
    ports.find_artifact = [this](const std::string& name, const std::string& version) {
      return find_rollout_artifact(database(), name, version);
    };
    ports.is_delta_pending = [](const DeltaJob& /*job*/) { return false; };
    Rollouts rollouts(std::move(ports));
    ASSERT_TRUE(rollouts.load());
    rollouts.start();
    auto mcu = McuReleases::open(directory_ / "mcu", *shelf_.repositories);
    ASSERT_TRUE(mcu) << mcu.error().text();
    McuRoutes routes(identity, rollouts, releases, **mcu, database(), pool);
    Router router(who_);
    EventBus bus(loop_.executor(), "test");
    Changes changes(database(), bus);
    router.use(changes);
    routes.register_routes(router);
    Parts parts{identity, rollouts, **mcu, router, bus};
    const std::function<net::Task<Result<void>>()> body = [&]() -> net::Task<Result<void>> {
      co_await test(parts);
      co_await rollouts.stop();
      co_return Result<void>();
    };
    EXPECT_TRUE(loop_.run(body()));
  }
  void be_device(const std::string& id) {
    who_.principal.kind = Principal::Kind::device;
    who_.principal.id = id;
    who_.principal.scopes.add(Scope::device);
  }
  static std::string question(const std::string& have = {}, const std::string& model = McuShelf::kModel) {
    return "/api/v1/mcu/firmware/board?model=" + model + "&device=mcu-1&have=" + have;
  }
  // As a device reads an answer.
  static mcu::Manifest read(const Parts& parts, Bytes& raw, const std::string& answer) {
    raw.assign(answer.begin(), answer.end());
    mcu::Manifest manifest = {};
    EXPECT_EQ(mcu::host::read_as_device(raw, *from_hex(parts.mcu.public_key()), McuShelf::kModel, manifest),
              mcu::Cause::ok);
    return manifest;
  }
  db::Database& database() { return test_.database(); }

  testing::TemporaryDirectory directory_;
  db::TestDatabase test_{db::Engine::sqlite};
  McuShelf shelf_{directory_ / "data"};
  Bytes one_ = shelf_.image(McuShelf::noise(1, 4'000), 1), two_ = shelf_.image(McuShelf::noise(2, 4'000), 2);
  net::Loop loop_;
  OneBoard fleet_;
  FixedAuthenticator who_;
};

TEST_F(McuRoutesTest, ShowsAnybodyTheKeyThatSigns) {
  run([](Parts& parts) -> net::Task<void> {
    FakeExchange asked("GET", "/api/v1/mcu-key");
    co_await parts.router.handle(asked);
    EXPECT_EQ(asked.status(), 200);
    EXPECT_EQ(asked.answer(), "{\"key\":\"" + parts.mcu.public_key() + "\"}");
    EXPECT_EQ(parts.mcu.public_key().size(), 128u);
  });
}

TEST_F(McuRoutesTest, RefusesQuestionsThatMakeNoSense) {
  be_device("mcu-1");
  struct Case {
    std::string target;
    int status;
    std::string word;
  };
  const std::vector<Case> cases = {
      {"/api/v1/mcu/firmware/board?device=mcu-1", 400, "model"},
      {"/api/v1/mcu/firmware/board?device=mcu-1&model=" + std::string(33, 'm'), 400, "model"},
      {"/api/v1/mcu/firmware/board?device=a%20b&model=m", 400, "device"},
      {question("12"), 400, "have"},
      {question(std::string(64, 'X')), 400, "have"},
      {"/api/v1/mcu/board?device=mcu-1&model=m", 404, "firmware/NAME"},
      {"/api/v1/mcu/content/board?device=mcu-1&model=m", 404, "firmware/NAME"},
      {question(), 404, "nothing is offered"},
      {question(std::string(64, '1')), 404, "nothing is offered"},
  };
  run([&](Parts& parts) -> net::Task<void> {
    for (const Case& one : cases) {
      FakeExchange asked("GET", one.target);
      co_await parts.router.handle(asked);
      EXPECT_EQ(asked.status(), one.status) << one.target << asked.answer();
      EXPECT_NE(asked.answer().find(one.word), std::string::npos) << one.target << asked.answer();
    }
  });
}

TEST_F(McuRoutesTest, WhatKindADeviceIsComesOutOnceAndIsTold) {
  be_device("mcu-1");
  ASSERT_TRUE(database().write_now([](db::Transaction& transaction) -> Result<void> {
    STRATUS_CHECK(db::ensure_device(transaction, "mcu-1", 1));
    return {};
  }));
  run([&](Parts& parts) -> net::Task<void> {
    for (int i = 0; i < 2; ++i) {
      FakeExchange asked("GET", question(sha256(two_).hex()));
      co_await parts.router.handle(asked);
      EXPECT_EQ(asked.status(), 200) << asked.answer();
    }
    const auto told = parts.bus.read(0, [](std::string_view topic) { return topic == "devices"; });
    EXPECT_EQ(told.last, 1u) << told.frames;
    EXPECT_NE(told.frames.find("\"kind\":\"mcu\""), std::string::npos) << told.frames;
    EXPECT_EQ(db::find_device(database(), "mcu-1")->kind, "mcu");
  });
}

TEST_F(McuRoutesTest, AQuestionIsNoRequestThatComesTwice) {
  be_device("gateway-1");  // that asks for its boards, with one and the same key
  ASSERT_TRUE(database().write_now([](db::Transaction& transaction) -> Result<void> {
    STRATUS_CHECK(db::ensure_device(transaction, "mcu-1", 1));
    STRATUS_CHECK(db::ensure_device(transaction, "mcu-2", 1));
    return {};
  }));
  run([&](Parts& parts) -> net::Task<void> {
    for (const char* const board : {"mcu-1", "mcu-2"}) {
      FakeExchange asked("GET", std::string("/api/v1/mcu/firmware/board?model=") + McuShelf::kModel +
                                    "&have=" + sha256(two_).hex() + "&device=" + board);
      asked.head().headers.set("Idempotency-Key", "k");
      co_await parts.router.handle(asked);
      EXPECT_EQ(asked.status(), 200) << asked.answer();
      const auto known = db::find_device(database(), board);
      EXPECT_TRUE(known && known->kind == "mcu") << board;
    }
  });
}

TEST_F(McuRoutesTest, AnswersWhatRunsWhenNothingIsOrderedAndNoOtherParts) {
  be_device("mcu-1");
  run([&](Parts& parts) -> net::Task<void> {
    FakeExchange asked("GET", question(sha256(two_).hex()));
    co_await parts.router.handle(asked);
    EXPECT_EQ(asked.status(), 200) << asked.answer();
    EXPECT_EQ(asked.header("Content-Type"), "application/octet-stream");
    EXPECT_EQ(asked.header("Cache-Control"), "private");
    Bytes raw;
    const mcu::Manifest manifest = read(parts, raw, asked.answer());
    EXPECT_EQ(std::string(manifest.version.data, manifest.version.size), "2");
    EXPECT_EQ(manifest.components, 1u) << "several releases may hold this image";
  });
}

TEST_F(McuRoutesTest, AnswersTheReleaseOfARolloutWithAllItsParts) {
  be_device("mcu-1");
  run([&](Parts& parts) -> net::Task<void> {
    rollout::Spec spec;
    spec.contents = {{McuShelf::kName, "2", {}}};
    spec.targets.all = true;
    spec.waves.resize(1);
    spec.waves[0].percent = 100;
    spec.expires_ms = now_ms() + 3'600'000;
    auto draft = co_await parts.rollouts.plan(std::move(spec));
    if (!draft) {
      ADD_FAILURE() << draft.error().text();
      co_return;
    }
    Actor who{"user:ann", "", "", "ann"};
    RepeatKey once;
    const auto made = co_await parts.rollouts.create(std::move(*draft), who, true, once);
    EXPECT_TRUE(made) << made.error().text();
    FakeExchange asked("GET", question(sha256(one_).hex()));
    co_await parts.router.handle(asked);
    EXPECT_EQ(asked.status(), 200) << asked.answer();
    Bytes raw;
    const mcu::Manifest manifest = read(parts, raw, asked.answer());
    EXPECT_EQ(std::string(manifest.version.data, manifest.version.size), "2");
    EXPECT_EQ(manifest.components, 2u);
    EXPECT_EQ(manifest.component[1].kind, 2) << "configuration";

    FakeExchange other("GET", question(sha256(one_).hex(), "other-board"));
    co_await parts.router.handle(other);
    EXPECT_EQ(other.status(), 409);
    EXPECT_NE(other.answer().find("wrong_model"), std::string::npos) << other.answer();
  });
}

TEST_F(McuRoutesTest, AnswersADeviceForItselfAloneAndNotesWhatItIs) {
  be_device("mcu-1");
  const crypto::SigningKey key = crypto::SigningKey::generate().value();
  run(
      [&](Parts& parts) -> net::Task<void> {
        FakeExchange nobody("GET", question(sha256(one_).hex()));
        co_await parts.router.handle(nobody);
        EXPECT_EQ(nobody.status(), 403);
        EXPECT_NE(nobody.answer().find("certificate_required"), std::string::npos) << nobody.answer();

        CodeWish wish;
        wish.by = "user:ann";
        auto codes = co_await parts.identity.make_codes(wish);
        const wire::EnrolRequest request{codes->front().code,
                                         crypto::make_signing_request(key, "mcu-1").value(), ""};
        auto enrolled = co_await parts.identity.enrol(request, "192.0.2.1:1");
        if (!enrolled) {
          ADD_FAILURE() << enrolled.error().text();
          co_return;
        }
        const auto certificate = std::make_shared<const crypto::CertificateInfo>(
            *crypto::parse_certificate(enrolled->certificate));
        EXPECT_TRUE(*db::is_other_kind(database(), "mcu-1")) << "not known yet";
        FakeExchange itself("GET", question(sha256(one_).hex()));
        itself.head().peer_certificate = certificate;
        co_await parts.router.handle(itself);
        EXPECT_EQ(itself.status(), 200) << itself.answer();
        EXPECT_FALSE(*db::is_other_kind(database(), "mcu-1"));

        FakeExchange another("GET", "/api/v1/mcu/firmware/board?model=test-board&device=mcu-2");
        another.head().peer_certificate = certificate;
        co_await parts.router.handle(another);
        EXPECT_EQ(another.status(), 403);
        EXPECT_NE(another.answer().find("other_device"), std::string::npos) << another.answer();
      },
      IdentityMode::required);
}

}  // namespace
}  // namespace stratus::server
