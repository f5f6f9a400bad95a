// The bodies that /api/v1 answers (docs/api.md), as text.
#pragma once

#include <string>
#include <vector>

#include "stratus/db/catalogue.hpp"
#include "stratus/store/garbage.hpp"

namespace stratus::server {

// What devices sent goes out as it came in; `next`: where the list goes on, empty at the end.
std::string encode_reports(const std::vector<db::Report>& reports, const std::string& next);
std::string encode_samples(const std::vector<db::Sample>& samples, const std::string& next);
// Grouped by name, each with its target.
std::string encode_releases(const std::vector<db::Release>& releases, const std::vector<db::Target>& targets);
std::string encode_release(const std::string& name, const std::vector<db::Release>& releases,
                           const db::Target* target);
std::string encode_operation(const db::Operation& operation);
std::string encode_garbage(const store::GarbageReport& report, bool dry_run);

}  // namespace stratus::server
