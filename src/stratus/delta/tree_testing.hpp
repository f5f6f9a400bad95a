// For tests only: trees, tars and pseudo-random bytes.
#pragma once

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/bytes.hpp"

namespace stratus::delta::testing {

inline Bytes random_bytes(std::mt19937& random, std::size_t size) {
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
  return out;
}

// Words from a small vocabulary: compressible, with repetitions.
inline Bytes random_text(std::mt19937& random, std::size_t size) {
  static const char* const kWords[] = {"update ", "layer ", "device ", "gateway\n",
                                       "return ", "value",  "(",       ");\n"};
  Bytes out;
  while (out.size() < size) {
    for (const char* c = kWords[random() % 8]; *c != 0; ++c) out.push_back(static_cast<std::uint8_t>(*c));
  }
  out.resize(size);
  return out;
}

inline void edit(std::mt19937& random, Bytes& bytes, std::size_t times) {
  for (std::size_t i = 0; i < times && !bytes.empty(); ++i) {
    const auto at = static_cast<std::ptrdiff_t>(random() % bytes.size());
    switch (random() % 3) {
      case 0:
        bytes[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(random());
        break;
      case 1:
        bytes.erase(bytes.begin() + at,
                    bytes.begin() + std::min<std::ptrdiff_t>(at + random() % 50, std::ssize(bytes)));
        break;
      default: {
        const Bytes fresh = random_bytes(random, random() % 60);
        bytes.insert(bytes.begin() + at, fresh.begin(), fresh.end());
      }
    }
  }
}

inline void write(const std::filesystem::path& path, BytesView bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}
inline Bytes read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Builds a tar in memory. Plain ustar; `raw` puts in anything else.
class TarBuilder {
 public:
  TarBuilder& add(const std::string& path, BytesView data, char type = '0', const std::string& link = "") {
    Bytes block(512);
    const auto put = [&block](std::size_t at, std::string_view text) {
      std::copy(text.begin(), text.end(), block.begin() + static_cast<std::ptrdiff_t>(at));
    };
    const auto octal = [](std::uint64_t value, int digits) {
      char text[32];
      std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(value));
      return std::string(text);
    };
    put(0, path.substr(0, 100));
    put(100, type == '5' ? "0000755" : "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, octal(type == '0' || type == 'x' || type == 'L' ? data.size() : 0, 11));
    put(136, octal(1700000000 + bytes_.size() / 512, 11));
    block[156] = static_cast<std::uint8_t>(type);
    put(157, link);
    put(257, "ustar");
    put(263, "00");
    std::fill_n(block.begin() + 148, 8, std::uint8_t{' '});
    unsigned sum = 0;
    for (const auto byte : block) sum += byte;
    put(148, octal(sum, 6));
    block[154] = 0;
    raw(block);
    raw(data);
    bytes_.resize((bytes_.size() + 511) / 512 * 512);
    return *this;
  }
  TarBuilder& raw(BytesView data) {
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    return *this;
  }
  Bytes finish(std::size_t zero_blocks = 2) {
    bytes_.resize(bytes_.size() + zero_blocks * 512);
    return bytes_;
  }

 private:
  Bytes bytes_;
};

}  // namespace stratus::delta::testing
