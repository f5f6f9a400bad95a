// A board with an agent and a small server behind its stream, for tests of whole rounds.
#pragma once

#include <cstdio>
#include <map>
#include <string>

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

  static std::string name_of(const Bytes& data) { return to_hex(host::raw_sha256(data)); }
  void add(const Bytes& data) { blobs[name_of(data)] = data; }
  std::uint64_t sent_of(const Bytes& data) { return sent[name_of(data)]; }

  bool open() override {
    answer_.clear();
    request_.clear();
    at_ = 0;
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
    if (!name.empty()) sent[name] += n;
  }
  std::string request_, answer_;
  std::size_t at_ = 0;
};

struct TestClock final : Clock {
  uint32_t now = 5;
  uint32_t seconds = 1'800'000'000;
  uint32_t millis() override { return now; }
  uint32_t unix_time() override { return seconds; }
};

}  // namespace stratus::mcu
