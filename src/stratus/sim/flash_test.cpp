#include "stratus/sim/flash.hpp"

#include <gtest/gtest.h>

namespace stratus::sim {
namespace {

TEST(Flash, IsKeptBetweenRuns) {
  Flash flash;
  flash.next_sequence = 42;
  InstalledImage& image = flash.image("app");
  image.record.current = {sha256("manifest"), "7"};
  image.record.candidate = {sha256("other"), "8"};
  image.record.state = update::State::fetching;
  image.record.floors = {{"app", 12}};
  auto release = std::make_shared<Release>();
  release->layers = {{sha256("tar"), sha256("tar.gz"), 100}};
  image.current = release;
  flash.unsaid = {{41, "{\"a\":1}"}};
  const auto read = parse_flash(encode_flash(flash));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->next_sequence, 42u);
  ASSERT_EQ(read->images.size(), 1u);
  const InstalledImage& kept = read->images[0];
  EXPECT_EQ(kept.record.current, image.record.current);
  EXPECT_EQ(kept.record.floor_of("app"), 12u);
  EXPECT_EQ(kept.record.state, update::State::idle) << "an update under way is forgotten";
  EXPECT_TRUE(kept.record.candidate.manifest.empty());
  ASSERT_TRUE(kept.current);
  EXPECT_EQ(kept.current->layers[0].blob, sha256("tar.gz"));
  EXPECT_EQ(kept.current->manifest, sha256("manifest"));
  EXPECT_EQ(read->unsaid[0].message, "{\"a\":1}");
  for (const char* const bad : {"", "{}", "{\"next_sequence\":1,\"images\":[{}]}", "[1]"})
    EXPECT_FALSE(parse_flash(bad));
}

TEST(Flash, KnowsWhatIsHere) {
  InstalledImage image;
  EXPECT_EQ(image.here(sha256("x")), 0u);
  image.partial(sha256("x")).length = 7;
  EXPECT_EQ(image.here(sha256("x")), 7u);
  EXPECT_EQ(image.partials.size(), 1u);
}

}  // namespace
}  // namespace stratus::sim
