// Makes the delta from one stored image to another: a recipe for each layer that the base lacks, and the
// artifact that refers to the new image (docs/formats/delta.md). Blocks for as long as that takes.
#pragma once

#include <filesystem>

#include "stratus/server/layer_tars.hpp"
#include "stratus/store/repository_store.hpp"

namespace stratus::server {

struct DeltaJob {
  std::string name;
  Digest base;
  Digest target;
  auto operator<=>(const DeltaJob&) const = default;
};

struct DeltaResult {
  std::size_t recipes = 0;  // layers with a recipe; the others are smaller as they are
  std::uint64_t bytes = 0;  // of the recipes
  bool was_there = false;
};

class DeltaMaker {
 public:
  // `scratch` is emptied. Both stores must outlive it.
  static Result<std::unique_ptr<DeltaMaker>> open(const std::filesystem::path& scratch,
                                                  std::uint64_t cache_limit,
                                                  store::RepositoryStore& repositories);

  // Any thread. The artifact appears when all its recipes are stored, so a crash leaves garbage at most. An
  // artifact without layers says that nothing smaller than the layers themselves was found.
  Result<DeltaResult> make(const DeltaJob& job);

 private:
  DeltaMaker(std::filesystem::path scratch, std::unique_ptr<LayerTars> tars,
             store::RepositoryStore& repositories)
      : scratch_(std::move(scratch)), tars_(std::move(tars)), repositories_(repositories) {}

  std::filesystem::path scratch_;
  std::unique_ptr<LayerTars> tars_;
  store::RepositoryStore& repositories_;
};

}  // namespace stratus::server
