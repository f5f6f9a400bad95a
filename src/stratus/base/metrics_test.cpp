#include "stratus/base/metrics.hpp"

#include <gtest/gtest.h>

namespace stratus {
namespace {

TEST(Metrics, WritesTheTextFormat) {
  Metrics metrics;
  metrics.add(Metrics::Kind::gauge, "stratus_devices", "Devices known.", 3);
  metrics.add(Metrics::Kind::counter, "stratus_x_total", "X.", 1, {{"kind", "a\"b\\c\nd"}});
  metrics.add(Metrics::Kind::counter, "stratus_x_total", "X.", 2, {{"kind", "e"}, {"more", "f"}});
  EXPECT_EQ(metrics.text(),
            "# HELP stratus_devices Devices known.\n# TYPE stratus_devices gauge\nstratus_devices 3\n"
            "# HELP stratus_x_total X.\n# TYPE stratus_x_total counter\n"
            "stratus_x_total{kind=\"a\\\"b\\\\c\\nd\"} 1\nstratus_x_total{kind=\"e\",more=\"f\"} 2\n");
}

}  // namespace
}  // namespace stratus
