// What a rollout would cost before it starts: bytes per device, per gateway, upstream, and time. Pure: sizes
// of layers and deltas come from whoever can read the releases.
//
// A device takes the cheapest of the ways that are known now: the delta from what it runs, or the layers that
// the image it runs lacks. Each blob passes a gateway's upstream link once; devices without a gateway fetch
// from the server themselves.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "stratus/rollout/plan.hpp"

namespace stratus::rollout {

struct SizedBlob {
  Digest digest;
  std::uint64_t size = 0;  // bytes
};

// The ways from one image (or none) to a content.
struct Ways {
  std::uint64_t head_bytes = 0;    // manifest, configuration, signatures
  std::vector<SizedBlob> layers;   // all of the new image
  std::vector<SizedBlob> missing;  // those that the old one lacks
  std::vector<SizedBlob> delta;    // instead of the missing ones; empty: there is none
};

struct Estimate {
  struct Kind {  // devices that take the same way
    std::string name;
    std::string from_version;  // "" when nothing or something unknown runs
    std::uint32_t devices = 0;
    std::uint64_t bytes = 0;       // of each
    std::uint64_t full_bytes = 0;  // of each, were it the whole image
    std::string plan;              // "delta", "layers", "full"
    std::uint32_t layers_reused = 0;
  };
  struct Gateway {
    std::string name;
    std::uint32_t devices = 0;  // of the plan, behind it
    std::uint64_t bytes = 0;    // into it
  };
  std::vector<Kind> kinds;
  std::vector<Gateway> gateways;     // by name
  std::uint64_t device_bytes = 0;    // all devices together
  std::uint64_t gateway_bytes = 0;   // into all gateways together
  std::uint64_t upstream_bytes = 0;  // out of the server: gateways and devices without one
  std::uint64_t full_bytes = 0;      // all devices together, were it whole images
  std::int64_t shortest_ms = 0;      // soak times and the rate; what devices and links need comes on top
  std::int64_t expected_ms = 0;      // with what devices usually need, if they are there; 0: nobody knows
};

// `ways`: per content, by what runs. A member whose base has no entry takes the one of the empty digest.
// `gateways`: of members that have one. `usual_ms`: what one device needs; 0: not known.
Estimate estimate(const Spec& spec, const Plan& plan, std::span<const std::map<Digest, Ways>> ways,
                  const std::map<std::string, std::string>& gateways, std::int64_t usual_ms = 0);

}  // namespace stratus::rollout
