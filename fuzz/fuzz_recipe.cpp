// Hostile recipes: whatever the bytes, applying them ends with an error or with the announced output.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "stratus/crypto/sha256.hpp"
#include "stratus/delta/recipe.hpp"
#include "stratus/delta/recipe_forms_testing.hpp"

namespace {

struct Bench {
  Bench() {
    std::string pattern = (std::filesystem::temp_directory_path() / "stratus-fuzz-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    directory = pattern;
    // The seeds in corpus/recipe were made against this base: a layer as a device keeps it, with its headers.
    base = std::make_unique<stratus::delta::testing::SeedBase>(directory);
  }
  ~Bench() { std::filesystem::remove_all(directory); }

  std::filesystem::path directory;
  std::unique_ptr<stratus::delta::testing::SeedBase> base;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bench bench;
  const auto recipe = bench.directory / "recipe";
  std::ofstream(recipe, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  stratus::delta::ApplyLimits limits;
  limits.max_output = 1u << 20;
  std::uint64_t made = 0;
  stratus::Sha256 hash;
  const auto applied =
      stratus::delta::apply_recipe(recipe, *bench.base->tree, limits, [&](stratus::BytesView bytes) {
        made += bytes.size();
        hash.update(bytes);
        return made <= limits.max_output ? stratus::Result<void>() : (std::abort(), stratus::Result<void>());
      });
  if (applied && (made != applied->output_bytes || hash.finish() != applied->output_digest)) std::abort();
  return 0;
}
