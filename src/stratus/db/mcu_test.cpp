#include "stratus/db/mcu.hpp"

#include <gtest/gtest.h>

#include "stratus/db/artifacts.hpp"
#include "stratus/db/devices.hpp"
#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

class McuCatalogueTest : public EngineTest {
 protected:
  Result<void> write(const std::function<Result<void>(Transaction&)>& work) {
    return database().write_now(work);
  }
};
STRATUS_BOTH_ENGINES(McuCatalogueTest);

TEST_P(McuCatalogueTest, NotesAMicrocontrollerOnce) {
  EXPECT_FALSE(is_other_kind(database(), "board-1").value());
  ASSERT_TRUE(write([](Transaction& t) { return create_device(t, "board-1", 5); }));
  EXPECT_TRUE(is_other_kind(database(), "board-1").value());
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(write([](Transaction& t) { return note_microcontroller(t, "board-1", 9); }));
  EXPECT_FALSE(is_other_kind(database(), "board-1").value());
  const auto device = find_device(database(), "board-1");
  ASSERT_TRUE(device);
  EXPECT_EQ(device->kind, "mcu");
  EXPECT_EQ(device->revision, 2);
}

TEST_P(McuCatalogueTest, FindsTheNewestVersionOfADigestUnderItsName) {
  const auto add = [&](const char* id, const char* name, const char* version, const char* digest, int at) {
    Firmware firmware;
    firmware.id = id;
    firmware.name = name;
    firmware.version = version;
    firmware.file_name = std::string(name) + ".bin";
    firmware.digest = digest;
    firmware.manifest = std::string("sha256:") + id;
    firmware.created_by = "user:alice";
    firmware.created_ms = at;
    ASSERT_TRUE(write([&](Transaction& t) { return add_firmware(t, firmware); }));
  };
  add("a", "board", "1.0", "sha256:11", 1);
  add("b", "board", "1.1", "sha256:22", 2);
  add("c", "board", "1.2", "sha256:11", 3);
  add("d", "other", "9.0", "sha256:33", 4);
  const auto found = find_firmware_version_of(database(), "board", "sha256:11");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->version, "1.2");
  EXPECT_EQ(found->manifest, "sha256:c");
  EXPECT_EQ(find_firmware_version_of(database(), "board", "sha256:33").error().code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace stratus::db
