// What a server can be told: by options and by one TOML file (docs/operations/server.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "stratus/base/result.hpp"
#include "stratus/server/identity_config.hpp"
#include "stratus/server/influx_config.hpp"
#include "stratus/server/messaging_config.hpp"

namespace stratus::server {

struct ServerConfig {
  std::filesystem::path data;
  std::string listen = "0.0.0.0:8443";
  bool plain_http = false;
  std::string database;  // "postgresql://…" or a path; empty: data/catalogue.db

  unsigned file_threads = 4;
  unsigned delta_threads = 1;
  std::size_t delta_queue = 256;               // jobs waiting; beyond it a base is tried again when asked for
  std::uint64_t delta_temporary = 8ull << 30;  // bytes of uncompressed layers kept for further deltas
  std::chrono::seconds deploy_wait{120};       // for deltas, before the target flips without them
  std::chrono::seconds garbage_grace{3600};    // must outlast a push from its first blob to its manifest
  std::chrono::seconds upload_grace{24 * 3600};
  std::chrono::seconds stop_grace{10};

  // Whether devices and releases may be read without signing in.
  bool anonymous_reads = false;
  std::vector<std::string> trusted_proxies;  // addresses whose X-Forwarded-For and -Proto count
  IdentityConfig identity;

  // A rollout to so much of the active devices, or to "all", needs a second person; 0: only when it says so.
  unsigned approval_from_percent = 0;

  std::int64_t samples_per_device = 10'000;
  std::int64_t reports_per_device = 1'000;
  std::int64_t devices = 200'000;

  MessagingConfig mqtt;
  InfluxConfig influx;
};

// Values of the file over those of `config`. `invalid` names what is not known or of the wrong type.
Result<ServerConfig> read_config_file(const std::filesystem::path& path, ServerConfig config);

}  // namespace stratus::server
