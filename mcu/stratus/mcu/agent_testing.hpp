// A board with an agent and a small server behind its stream, for tests of whole rounds.
#pragma once

#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/manifest_writer.hpp"

#include "stratus/mcu/ports.hpp"

namespace stratus::mcu {

// Answers GET of one manifest and of blobs by digest, with Range, as a server or a gateway would.
struct TestServer final : Stream {
  Bytes manifest;
  std::map<std::string, Bytes> blobs;         // by hex digest
  std::map<std::string, std::uint64_t> sent;  // body bytes of each blob
  std::string last_question;
  std::int64_t alive_for = -1;  // body bytes until the connection breaks, once; -1: for ever
  bool reachable = true;
  int opened = 0;
  int refuse_with = 0;              // the status that the next question about a blob is answered with
  std::vector<std::size_t> pieces;  // body bytes of each answer about a blob, in order
  std::function<void(std::size_t)> on_piece;  // called with them

  static std::string name_of(const Bytes& data) { return to_hex(host::raw_sha256(data)); }
  void add(const Bytes& data) { blobs[name_of(data)] = data; }
  std::uint64_t sent_of(const Bytes& data) { return sent[name_of(data)]; }

  bool open() override {
    answer_.clear();
    request_.clear();
    at_ = 0;
    ++opened;
    return reachable;
  }
  void close() override {}
  bool readable() override { return at_ < answer_.size(); }
  int32_t read(void* to, uint32_t size) override {
    const std::size_t n = std::min<std::size_t>(size, answer_.size() - at_);
    std::copy_n(answer_.begin() + static_cast<long>(at_), n, static_cast<char*>(to));
    at_ += n;
    return static_cast<int32_t>(n);
  }
  bool write(const void* from, uint32_t size) override {
    request_.append(static_cast<const char*>(from), size);
    if (request_.find("\r\n\r\n") != std::string::npos) respond();
    return true;
  }

 private:
  void respond() {
    const std::string path = request_.substr(4, request_.find(' ', 4) - 4);
    const Bytes* body = nullptr;
    std::string name;
    if (path.rfind("/v2/", 0) == 0) {
      name = path.size() >= 64 ? path.substr(path.size() - 64) : "";
      if (const auto found = blobs.find(name); found != blobs.end()) body = &found->second;
    } else {
      last_question = path;
      body = &manifest;
    }
    answer_.clear();
    at_ = 0;
    unsigned long first = 0, last = body != nullptr ? body->size() - 1 : 0;
    const std::size_t range = request_.find("Range: bytes=");
    const bool ranged = range != std::string::npos;
    if (ranged) std::sscanf(request_.c_str() + range, "Range: bytes=%lu-%lu", &first, &last);
    request_.clear();
    if (body == nullptr || body->empty()) {
      answer_ = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
      return;
    }
    if (!name.empty() && refuse_with != 0) {
      answer_ = "HTTP/1.1 " + std::to_string(refuse_with) + " X\r\nContent-Length: 0\r\n\r\n";
      refuse_with = 0;
      return;
    }
    std::size_t n = last - first + 1;
    answer_ =
        std::string("HTTP/1.1 ") + (ranged ? "206" : "200") + " X\r\nContent-Length: " + std::to_string(n);
    if (ranged) {
      answer_ += "\r\nContent-Range: bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" +
                 std::to_string(body->size());
    }
    answer_ += "\r\n\r\n";
    if (!name.empty() && alive_for >= 0) {
      n = std::min<std::size_t>(n, static_cast<std::size_t>(alive_for));
      alive_for = n < last - first + 1 ? -1 : alive_for - static_cast<std::int64_t>(n);
    }
    answer_.append(reinterpret_cast<const char*>(body->data()) + first, n);
    if (name.empty()) return;
    sent[name] += n;
    pieces.push_back(n);
    if (on_piece) on_piece(n);
  }
  std::string request_, answer_;
  std::size_t at_ = 0;
};

// One more part of a release, brought to the server; offered as `patch` from `base` too, if there is one.
inline void add_part(TestServer& server, host::ManifestFields& fields, std::uint8_t kind, const Bytes& data,
                     const Bytes* base = nullptr, const Bytes* patch = nullptr) {
  server.add(data);
  host::ManifestComponent part{kind, static_cast<std::uint32_t>(data.size()), host::raw_sha256(data), {}};
  if (base != nullptr) {
    server.add(*patch);
    part.delta = host::DeltaOffer{host::raw_sha256(*base), host::raw_sha256(*patch),
                                  static_cast<std::uint32_t>(patch->size())};
  }
  fields.components.push_back(std::move(part));
}

// What the server wants of boards of `model`: this firmware, and what add_part() puts beside it.
inline host::ManifestFields wanted(TestServer& server, const char* model, std::uint8_t version,
                                   std::uint32_t serial, const Bytes& firmware) {
  host::ManifestFields fields;
  fields.model = model;
  fields.version = std::to_string(version);
  fields.repository = "fw";
  fields.counter = version;
  fields.serial = serial;
  add_part(server, fields, 0, firmware);
  return fields;
}

struct TestClock final : Clock {
  uint32_t now = 5;
  uint32_t seconds = 1'800'000'000;
  uint32_t millis() override { return now; }
  uint32_t unix_time() override { return seconds; }
};

}  // namespace stratus::mcu
