#include "stratus/gateway/counters.hpp"

namespace stratus::gateway {

using enum Metrics::Kind;

BlobBytes& BlobTraffic::find(const Digest& blob) {
  const auto known = index_.find(blob);
  if (known != index_.end()) {
    recent_.splice(recent_.begin(), recent_, known->second);
    return known->second->bytes;
  }
  if (recent_.size() >= limit_) {
    other_.upstream += recent_.back().bytes.upstream;
    other_.downstream += recent_.back().bytes.downstream;
    index_.erase(recent_.back().digest);
    recent_.pop_back();
  }
  recent_.push_front({blob, {}});
  index_[blob] = recent_.begin();
  return recent_.front().bytes;
}

BlobBytes BlobTraffic::total() const {
  BlobBytes sum = other_;
  for (const Entry& entry : recent_) {
    sum.upstream += entry.bytes.upstream;
    sum.downstream += entry.bytes.downstream;
  }
  return sum;
}

void BlobTraffic::write(Metrics& metrics) const {
  const auto each = [&](const char* name, const char* help, std::uint64_t BlobBytes::*bytes) {
    for (const Entry& entry : recent_) {
      metrics.add(counter, name, help, entry.bytes.*bytes, {{"blob", entry.digest.text()}});
    }
    metrics.add(counter, name, help, other_.*bytes, {{"blob", "other"}});
  };
  each("stratus_gateway_blob_upstream_bytes_total", "Body bytes received from the upstream, by blob.",
       &BlobBytes::upstream);
  each("stratus_gateway_blob_downstream_bytes_total", "Bytes sent to askers, heads included, by blob.",
       &BlobBytes::downstream);
}

void write_counters(const Counters& c, Metrics& metrics) {
  metrics.add(counter, "stratus_gateway_downstream_bytes_total", "Bytes of all answers to askers.",
              c.downstream_bytes);
  metrics.add(counter, "stratus_gateway_blob_hits_total", "Blob requests answered from the cache.", c.hits);
  metrics.add(counter, "stratus_gateway_blob_joined_total",
              "Blob requests answered from a transfer that was running.", c.joined);
  metrics.add(counter, "stratus_gateway_blob_misses_total", "Blob requests that started a transfer.",
              c.misses);
  metrics.add(counter, "stratus_gateway_blob_passed_total", "Blob requests passed through without caching.",
              c.passed);
  metrics.add(counter, "stratus_gateway_upstream_transfers_total", "Upstream requests for blobs.",
              c.transfers);
  metrics.add(counter, "stratus_gateway_upstream_resumed_total", "Upstream requests that continued a blob.",
              c.resumed);
  metrics.add(counter, "stratus_gateway_corrupt_blobs_total", "Blobs refused because of their digest.",
              c.corrupt);
  metrics.add(counter, "stratus_gateway_disk_full_total", "Transfers that found no room on the disk.",
              c.disk_full);
  metrics.add(counter, "stratus_gateway_evictions_total", "Blobs removed to make room.", c.evictions);
  constexpr const char* answers = "Answers that may change (next, tags, referrers), by where they came from.";
  metrics.add(counter, "stratus_gateway_answers_total", answers, c.answer_hits, {{"from", "cache"}});
  metrics.add(counter, "stratus_gateway_answers_total", answers, c.answer_misses, {{"from", "upstream"}});
  metrics.add(counter, "stratus_gateway_answers_total", answers, c.answer_stale, {{"from", "stale"}});
  metrics.add(counter, "stratus_gateway_queue_accepted_total", "Reports and data taken.", c.queued);
  metrics.add(counter, "stratus_gateway_queue_refused_total", "Reports and data refused: no room.",
              c.queue_refused);
  metrics.add(counter, "stratus_gateway_queue_delivered_total", "Reports and data the upstream took.",
              c.delivered);
  metrics.add(counter, "stratus_gateway_queue_rejected_total",
              "Reports and data the upstream will never take, set aside.", c.rejected);
  metrics.add(counter, "stratus_gateway_queue_damaged_total",
              "Damaged places in the queue; a message or more was lost in each.", c.damaged);
  c.blobs.write(metrics);
}

}  // namespace stratus::gateway
