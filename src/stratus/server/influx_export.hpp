// Copies measurements of devices to a time series database that takes the Influx line protocol over HTTP
// (InfluxDB, VictoriaMetrics, QuestDB). The server's own database stays the truth: what the other one does
// not take in time is dropped there, never held back here. Runs on the loop.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "stratus/base/metrics.hpp"
#include "stratus/net/http_client.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/server/influx_config.hpp"

namespace stratus::server {

class InfluxExport {
 public:
  struct Counters {
    std::uint64_t lines = 0;     // taken by the other database
    std::uint64_t bytes = 0;     // sent, packed
    std::uint64_t dropped = 0;   // lines: no room
    std::uint64_t refused = 0;   // lines: it will never take them
    std::uint64_t failures = 0;  // requests
  };

  // `invalid` for an address that is none or a token that cannot be read.
  static Result<std::unique_ptr<InfluxExport>> make(net::Executor loop, InfluxConfig config);

  void add(std::string line);
  net::Task<void> run();  // until cancelled

  const Counters& counters() const { return counters_; }
  std::size_t waiting_bytes() const { return waiting_bytes_; }
  void add_metrics(Metrics& metrics) const;

 private:
  InfluxExport(net::Executor loop, InfluxConfig config, std::string token);
  struct Batch {
    std::string lines;
    std::uint64_t count = 0;
  };
  Batch take();
  void put_back(Batch batch);
  enum class Outcome : std::uint8_t { taken, refused, again };
  net::Task<Outcome> send(const Batch& batch);

  InfluxConfig config_;
  std::string url_, token_;
  std::unique_ptr<net::HttpClient> client_;
  std::deque<Batch> waiting_;  // of one line each, but for what was put back
  std::size_t waiting_bytes_ = 0;
  net::Notifier arrived_;
  Counters counters_;
  bool failing_ = false;
};

}  // namespace stratus::server
