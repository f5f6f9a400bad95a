// What a server can be told about the time series database beside it; the names in the file are in
// docs/operations/monitoring.md.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "stratus/base/clock.hpp"

namespace stratus::server {

struct InfluxConfig {
  std::string url;                      // "http://127.0.0.1:8428/write"; "" for none. A query in it stays.
  std::filesystem::path ca_file;        // PEM; empty: the system's roots
  std::filesystem::path token_file;     // "Authorization: Token …"; empty: none
  std::size_t batch_bytes = 1u << 20;   // of lines, before gzip
  std::size_t queue_bytes = 64u << 20;  // waiting; beyond it the oldest go
  Millis flush{1'000};                  // after the first line of a batch
  Millis longest_pause{30'000};         // between tries
};

}  // namespace stratus::server
