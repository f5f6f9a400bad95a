// The configuration and access lists of a mosquitto that serves devices: as text, pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "stratus/base/result.hpp"

namespace stratus::net {

// What the broker's owner may have unacknowledged, and what waits for it above that. mosquitto gives no
// number of a packet a second time only while both together are fewer than there are. And the queue is the
// larger by far: an acknowledgement that finds one moves all of it into flight, past the window, and of what
// is in flight and not yet written it throws away what exceeds the queue's bound.
inline constexpr std::uint16_t kOwnerWindow = 8'000;
inline constexpr std::size_t kMaxQueued = 57'000;
static_assert(kOwnerWindow + kMaxQueued < 65'535);

struct BrokerBridge {
  std::string host;  // the broker above
  std::uint16_t port = 8883;
  std::string name;  // of this gateway: the CN of its certificate
  std::filesystem::path ca_file;
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::size_t max_queued = 10'000;  // messages kept while cut off
};

struct BrokerConfig {
  std::filesystem::path directory;  // of the generated files and what mosquitto keeps
  std::filesystem::path socket;     // for the program that owns the broker; only its user reaches it
  std::string address = "0.0.0.0";
  std::uint16_t port = 8883;
  std::filesystem::path ca_file;  // devices' certificates come from here
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::filesystem::path crl;  // empty: none
  std::size_t max_connections = 15'000;
  std::size_t max_queued = kMaxQueued;       // messages for one client that does not read
  std::size_t max_queued_bytes = 32u << 20;  // the same in bytes
  std::size_t max_payload = 256u << 10;      // bytes
  bool as_root = false;                      // mosquitto would give its user away and could not read the keys
  // For those who have no certificate yet: nobody is asked for one, and a client may say `regist` under its
  // client id and read the answer, nothing else. Everything is small and counted, and nothing is kept.
  bool enrolment = false;
  std::vector<BrokerBridge> bridges;
  // A mosquitto that gives no session of its own within this time stands still and is ended; asked so often.
  // One that shakes hands with a whole fleet takes its time and is none such.
  std::chrono::milliseconds answer_within{60'000}, ask_every{5'000};
};

// The unix socket with TLS beside the plain one.
std::filesystem::path bulk_socket(const std::filesystem::path& socket);

// `invalid` when a path or name cannot be written into the file (line breaks).
Result<std::string> broker_config_text(const BrokerConfig& config);

// Who may do what. Certificates decide who somebody is (the CN is user name and client id).
struct BrokerAccess {
  std::set<std::string> gateways;  // may speak for the devices behind them, under gw/{gateway}/
  std::set<std::string> denied;    // revoked: may nothing, also in a session that is open
};
std::string broker_access_text(const BrokerAccess& access);
// The same of a broker for enrolment.
std::string enrolment_access_text();

}  // namespace stratus::net
