// What the tests of this module share: small specs, digests by number, a fleet.
#pragma once

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "stratus/rollout/campaign.hpp"

namespace stratus::rollout::testing {

inline constexpr std::int64_t kNow = 1'795'243'153'250;  // 2026-11-21T06:39:13.250Z

inline Digest digest(int number) { return *Digest::parse(fmt::format("sha256:{:064x}", number)); }

// web:2 (digest 2) for everybody, and further members of the JSON.
inline Spec spec(const std::string& members, int contents = 1) {
  std::string list;
  for (int i = 0; i < contents; ++i) {
    list += fmt::format(R"({}{{"name":"{}","version":"2","digest":"{}"}})", i > 0 ? "," : "",
                        i == 0 ? "web" : fmt::format("extra{}", i), digest(2 + i * 10).text());
  }
  const std::string text = fmt::format(R"({{"contents":[{}],"targets":{{"all":true}}{}{}}})", list,
                                       members.empty() ? "" : ",", members);
  auto parsed = parse_spec_text(text, kNow);
  EXPECT_TRUE(parsed) << parsed.error().text();
  return *std::move(parsed);
}

// Devices d000 … that run web:1 (digest 1), in a draft by "ann".
inline Campaign campaign(const Spec& spec, int devices, const char* id = "r1") {
  std::vector<Candidate> candidates;
  for (int i = 0; i < devices; ++i) {
    Candidate candidate;
    candidate.id = fmt::format("d{:03}", i);
    candidate.running = digest(1);
    candidate.running_version = "1";
    candidate.follows = "web";
    candidates.push_back(candidate);
  }
  const std::vector<Requirement> none(spec.contents.size());
  Header header;
  header.id = id;
  header.author = "ann";
  header.author_person = "person-ann";
  header.created_ms = kNow;
  return Campaign::create(header, spec, make_plan(spec, none, candidates, id));
}

inline Person person(const std::string& name) { return {name, "person-" + name}; }

inline bool nobody(const std::string&) { return false; }

inline DeviceNews about(DeviceEvent event, const Digest& release) {
  DeviceNews news;
  news.event = event;
  news.about = release;
  return news;
}

}  // namespace stratus::rollout::testing
