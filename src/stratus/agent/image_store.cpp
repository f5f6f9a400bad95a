#include "stratus/agent/image_store.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <map>
#include <optional>
#include <set>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/json.hpp"
#include "stratus/base/log.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/delta/layer_headers.hpp"
#include "stratus/delta/recipe.hpp"
#include "stratus/oci/decompress.hpp"
#include "stratus/oci/layer_size.hpp"
#include "stratus/oci/unpack.hpp"

namespace stratus::agent {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr std::size_t kMaxAbout = 256u << 10;    // bytes
constexpr std::size_t kReadBuffer = 128u << 10;  // bytes

std::vector<fs::path> entries_of(const fs::path& directory) {
  std::vector<fs::path> entries;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) entries.push_back(entry.path());
  return entries;
}

std::uint64_t partial_size(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

// The bytes that the tar of a layer may have. Signed when the manifest says it; a recipe is not, so what a
// layer without the annotation may take is what there is.
struct TarBound {
  std::uint64_t bytes = 0;
  bool is_exact = false;

  Error broken() const {
    return is_exact ? Error(ErrorCode::invalid,
                            fmt::format("it has more than the {} bytes that its manifest says", bytes))
                    : Error(ErrorCode::no_space,
                            fmt::format("it takes more than the {} bytes that there is room for", bytes));
  }
};

TarBound tar_bound(const Release& release, const Digest& diff_id, std::uint64_t room) {
  for (std::size_t i = 0; i < release.manifest.layers.size(); ++i) {
    if (release.config.diff_ids[i] != diff_id) continue;
    if (const auto size = oci::layer_size_of(release.manifest.layers[i])) return {size->tar_bytes, true};
  }
  return {room, false};
}

// What images/*/committed says: "NUMBER", or "NUMBER COUNTER NAME".
struct CommitMark {
  std::uint64_t number = 0;  // which commit of this device; 0: it was never committed
  update::CounterFloor floor;
};

std::string encode_mark(const CommitMark& mark) {
  return fmt::format("{} {} {}", mark.number, mark.floor.counter, mark.floor.name);
}

CommitMark mark_of_image(const fs::path& image) {
  CommitMark mark;
  const auto text = read_file(image / "committed", 512);
  if (!text) return mark;
  const char* const end = text->data() + text->size();
  auto at = std::from_chars(text->data(), end, mark.number);
  if (at.ec != std::errc() || at.ptr == end || *at.ptr != ' ') return mark;
  at = std::from_chars(at.ptr + 1, end, mark.floor.counter);
  if (at.ec == std::errc() && at.ptr != end && *at.ptr == ' ') mark.floor.name.assign(at.ptr + 1, end);
  return mark;
}

// Streams one blob's tar into `sink`.
Result<void> stream_layer(const fs::path& blob, std::string_view media_type, const ByteSink& sink) {
  STRATUS_TRY(compression, oci::compression_of_media_type(media_type));
  STRATUS_TRY(decompressor, oci::Decompressor::create(compression, {}, sink));
  STRATUS_TRY(file, open_file(blob, O_RDONLY));
  std::vector<std::uint8_t> buffer(kReadBuffer);
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(Error::from_errno("read " + blob.string()));
    if (count == 0) return decompressor->finish();
    STRATUS_CHECK(decompressor->feed({buffer.data(), static_cast<std::size_t>(count)}));
  }
}

Result<void> stream_delta(const fs::path& recipe, const Digest& diff_id, const fs::path& data,
                          const Release* base, const TarBound& bound, const ByteSink& sink) {
  if (base == nullptr) return fail(ErrorCode::corrupt, "a delta, but nothing to apply it to");
  STRATUS_TRY(info, delta::read_recipe_info(recipe));
  if (info.output_digest != diff_id) {
    return fail(ErrorCode::corrupt, fmt::format("the delta makes {}, not the layer {}",
                                                info.output_digest.short_hex(), diff_id.short_hex()));
  }
  if (bound.is_exact ? info.output_bytes != bound.bytes : info.output_bytes > bound.bytes) {
    return fail(ErrorCode::corrupt,
                fmt::format("the delta makes {} bytes of a layer that {} {}", info.output_bytes,
                            bound.is_exact ? "has" : "may take", bound.bytes));
  }
  std::vector<fs::path> layers;
  for (const std::string& name : ImageStore::layer_names(*base)) layers.push_back(data / name);
  STRATUS_TRY(tree, delta::open_layered_tree(layers));
  delta::ApplyLimits limits;
  limits.max_output = bound.bytes;
  STRATUS_TRY(applied, delta::apply_recipe(recipe, *tree, limits, sink));
  (void)applied;
  return {};
}

// Keeps the layer's tar headers beside it for later deltas. They can be done without, so trouble with them is
// logged and stops nothing.
class HeaderKeeper {
 public:
  explicit HeaderKeeper(const fs::path& layer)
      : path_(delta::header_file_of(layer)), temporary_(path_.string() + ".tmp") {
    (void)::unlink(path_.c_str());
    auto file = open_file(temporary_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
    if (file) {
      recorder_.emplace(std::move(*file));
    } else {
      give_up(file.error());
    }
  }
  ~HeaderKeeper() {
    if (recorder_) (void)::unlink(temporary_.c_str());
  }
  HeaderKeeper(const HeaderKeeper&) = delete;
  HeaderKeeper& operator=(const HeaderKeeper&) = delete;

  void feed(BytesView tar) {
    if (!recorder_) return;
    if (const auto taken = recorder_->feed(tar); !taken) give_up(taken.error());
  }
  // Durable when it returns, so that no power cut leaves a layer without them.
  void finish() {
    if (!recorder_) return;
    Result<void> done = recorder_->finish();
    if (done && ::rename(temporary_.c_str(), path_.c_str()) != 0) {
      done = fail(Error::from_errno("rename " + temporary_.string()));
    }
    if (done) done = sync_directory(path_.parent_path());
    if (!done) return give_up(done.error());
    recorder_.reset();
  }

 private:
  void give_up(const Error& error) {
    log::warning("agent", "{} is not kept, later deltas of this layer cannot be used: {}",
                 path_.filename().string(), error.text());
    recorder_.reset();
    (void)::unlink(temporary_.c_str());
  }

  fs::path path_, temporary_;
  std::optional<delta::HeaderRecorder> recorder_;
};

}  // namespace

fs::path ImageStore::partial_path(const Digest& blob) const { return data_ / "partial" / blob.hex(); }
fs::path ImageStore::layer_path(const Digest& diff_id) const { return data_ / "layers" / diff_id.hex(); }

Result<void> ImageStore::prepare() const {
  for (const char* const name : {"layers", "images", "partial", "reports", "running", "upper", "merged"}) {
    STRATUS_CHECK(make_directories(data_ / name));
  }
  // Made beforehand, for when nothing can be made any more.
  for (const char* const part : {"upper", "work"}) (void)make_directories(data_ / kMemoryRoot / part);
  // A setuid program of an image is root's here, too: nobody else of this machine may come near it.
  for (const char* const name : {"layers", "upper"}) {
    if (::chmod((data_ / name).c_str(), 0700) != 0) {
      return fail(Error::from_errno("chmod " + (data_ / name).string()));
    }
  }
  for (const fs::path& entry : entries_of(data_ / "layers")) {
    if (entry.extension() != ".tmp") continue;
    // Making that layer again tries once more; until then it is in nobody's way.
    const Result<void> removed = remove_tree(entry);
    if (!removed) log::warning("agent", "{} is left over: {}", entry.string(), removed.error().text());
  }
  return {};
}

bool ImageStore::has_layer(const Digest& diff_id) const {
  struct stat status {};
  return ::stat(layer_path(diff_id).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool ImageStore::is_complete(const Release& release) const {
  return std::all_of(release.config.diff_ids.begin(), release.config.diff_ids.end(),
                     [this](const Digest& diff_id) { return has_layer(diff_id); });
}

std::vector<std::string> ImageStore::layer_names(const Release& release) {
  std::vector<std::string> names;
  for (const std::size_t i : oci::distinct_layers(release.config.diff_ids)) {
    names.push_back("layers/" + release.config.diff_ids[i].hex());
  }
  return names;
}

// Without its headers a recipe could be fetched only to be found useless.
bool ImageStore::serves_as_base(const Release* base) const {
  if (base == nullptr || !is_complete(*base)) return false;
  return std::all_of(base->config.diff_ids.begin(), base->config.diff_ids.end(),
                     [this](const Digest& diff_id) {
                       return ::access(delta::header_file_of(layer_path(diff_id)).c_str(), R_OK) == 0;
                     });
}

std::vector<update::LayerNeed> ImageStore::needs_of(const Release& release, const Release* base) const {
  const bool deltas = serves_as_base(base);
  std::vector<update::LayerNeed> needs;
  std::set<Digest> seen;
  for (std::size_t i = 0; i < release.manifest.layers.size(); ++i) {
    const Digest& diff_id = release.config.diff_ids[i];
    if (!seen.insert(diff_id).second) continue;
    const oci::Descriptor& layer = release.manifest.layers[i];
    update::LayerNeed need;
    need.diff_id = diff_id;
    need.installed = has_layer(diff_id);
    need.blob = {layer.digest, layer.size, partial_size(partial_path(layer.digest))};
    if (const auto size = oci::layer_size_of(layer)) need.unpacked_bytes = size->disk_bytes;
    for (const wire::DeltaOffer& offer : release.deltas) {
      if (!deltas || offer.diff_id != diff_id || offer.base != base->manifest_digest) continue;
      need.delta = update::BlobNeed{offer.blob, offer.size, partial_size(partial_path(offer.blob))};
    }
    needs.push_back(std::move(need));
  }
  return needs;
}

Result<void> ImageStore::save_release(const Release& release) const {
  const fs::path directory = data_ / "images" / release.manifest_digest.hex();
  STRATUS_CHECK(make_directories(directory));
  STRATUS_CHECK(write_file_atomically(directory / "manifest", release.manifest_text));
  STRATUS_CHECK(write_file_atomically(directory / "config", release.config_text));
  json::array deltas;
  for (const wire::DeltaOffer& offer : release.deltas) {
    deltas.push_back(json::object{{"base", offer.base.text()},
                                  {"diff_id", offer.diff_id.text()},
                                  {"blob", offer.blob.text()},
                                  {"size", offer.size}});
  }
  const json::object about{
      {"name", release.name}, {"version", release.version}, {"deltas", std::move(deltas)}};
  STRATUS_CHECK(write_file_atomically(directory / "release.json", json::serialize(about)));
  return sync_directory(directory.parent_path());
}

Result<void> ImageStore::mark_committed(const Digest& manifest, const update::CounterFloor& floor) const {
  std::uint64_t highest = 0;
  for (const fs::path& entry : entries_of(data_ / "images"))
    highest = std::max(highest, mark_of_image(entry).number);
  const fs::path directory = data_ / "images" / manifest.hex();
  const CommitMark before = mark_of_image(directory);
  const bool is_last = highest > 0 && before.number == highest;
  if (is_last && before.floor == floor) return {};
  return write_file_atomically(directory / "committed",
                               encode_mark({is_last ? highest : highest + 1, floor}));
}

std::vector<update::CounterFloor> ImageStore::floors() const {
  std::map<std::string, std::uint64_t> highest;
  for (const fs::path& entry : entries_of(data_ / "images")) {
    const CommitMark mark = mark_of_image(entry);
    if (mark.floor.name.empty()) continue;
    std::uint64_t& counter = highest[mark.floor.name];
    counter = std::max(counter, mark.floor.counter);
  }
  std::vector<update::CounterFloor> floors;
  for (const auto& [name, counter] : highest) floors.push_back({name, counter});
  return floors;
}

std::vector<Release> ImageStore::committed() const {
  std::vector<std::pair<std::uint64_t, Release>> found;
  for (const fs::path& entry : entries_of(data_ / "images")) {
    const std::uint64_t number = mark_of_image(entry).number;
    const auto manifest = Digest::parse("sha256:" + entry.filename().string());
    if (number == 0 || !manifest) continue;
    auto release = load_release(*manifest);
    if (release && is_complete(*release)) found.emplace_back(number, std::move(*release));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Release> releases;
  for (auto& [number, release] : found) releases.push_back(std::move(release));
  return releases;
}

Result<Release> ImageStore::load_release(const Digest& manifest) const {
  const fs::path directory = data_ / "images" / manifest.hex();
  STRATUS_TRY(about, read_file(directory / "release.json", kMaxAbout));
  STRATUS_TRY(value, parse_json(about, kMaxAbout));
  ObjectReader reader(value, "release.json");
  std::string name = reader.text("name", 255);
  std::string version = reader.text("version", 128);
  std::vector<wire::DeltaOffer> deltas;
  for (const json::value& element : reader.optional_array("deltas", wire::NextRelease::kMaxDeltas)) {
    ObjectReader offer(element, "deltas");
    deltas.push_back(
        {offer.digest("base"), offer.digest("diff_id"), offer.digest("blob"), offer.number("size")});
    STRATUS_CHECK(offer.done());
  }
  STRATUS_CHECK(reader.done());
  STRATUS_TRY(manifest_text, read_file(directory / "manifest", oci::kMaxManifest));
  STRATUS_TRY(config_text, read_file(directory / "config", oci::kMaxConfig));
  STRATUS_TRY(release, parse_release(std::move(name), std::move(version), std::move(manifest_text),
                                     std::move(config_text)));
  release.deltas = std::move(deltas);
  if (release.manifest_digest != manifest) {
    return fail(ErrorCode::corrupt,
                fmt::format("{} is not the manifest it is named after", directory.string()));
  }
  return release;
}

Result<void> ImageStore::install_layer(const update::PlanStep& step, const Release& release,
                                       const Release* base, std::uint64_t room) const {
  const fs::path blob = partial_path(step.blob.digest);
  if (has_layer(step.diff_id)) {
    (void)::unlink(blob.c_str());
    return {};
  }
  const fs::path temporary = layer_path(step.diff_id).string() + ".tmp";
  const TarBound bound = tar_bound(release, step.diff_id, room);
  const auto make = [&]() -> Result<void> {
    STRATUS_CHECK(remove_tree(temporary));
    STRATUS_CHECK(make_directories(temporary));
    STRATUS_TRY(unpacker, oci::LayerUnpacker::create(temporary, {}));
    HeaderKeeper headers(layer_path(step.diff_id));
    Sha256 hash;
    std::uint64_t left = bound.bytes;
    const ByteSink sink = [&](BytesView bytes) -> Result<void> {
      if (bytes.size() > left) return fail(bound.broken());
      left -= bytes.size();
      hash.update(bytes);
      headers.feed(bytes);
      return unpacker->feed(bytes);
    };
    if (step.kind == update::StepKind::delta) {
      STRATUS_CHECK(stream_delta(blob, step.diff_id, data_, base, bound, sink));
    } else {
      const auto layer = std::find_if(release.manifest.layers.begin(), release.manifest.layers.end(),
                                      [&](const oci::Descriptor& d) { return d.digest == step.blob.digest; });
      if (layer == release.manifest.layers.end()) return fail(ErrorCode::internal, "a step for no layer");
      STRATUS_CHECK(stream_layer(blob, layer->media_type, sink));
    }
    if (hash.finish() != step.diff_id)
      return fail(ErrorCode::corrupt, "the bytes are not those of its diff id");
    headers.finish();
    STRATUS_TRY(totals, unpacker->finish());
    (void)totals;
    if (::rename(temporary.c_str(), layer_path(step.diff_id).c_str()) != 0) {
      return fail(Error::from_errno("rename " + temporary.string()));
    }
    return sync_directory(data_ / "layers");
  };
  Result<void> made = make();
  if (!made) {
    (void)remove_tree(temporary);
    return std::move(made).with_context("layer " + step.diff_id.short_hex());
  }
  (void)::unlink(blob.c_str());
  return {};
}

void ImageStore::collect(const std::vector<Digest>& keep) const {
  std::set<std::string> images;
  std::set<std::string> layers;
  for (const Digest& manifest : keep) {
    images.insert(manifest.hex());
    const auto release = load_release(manifest);
    if (!release) {
      // Without its list of layers nobody can say which to keep: better a full disk than a lost way back.
      log::warning("agent", "nothing is removed, an image to keep cannot be read: {}",
                   release.error().text());
      return;
    }
    for (const Digest& diff_id : release->config.diff_ids) layers.insert(diff_id.hex());
  }
  for (const fs::path& entry : entries_of(data_ / "layers")) {
    const bool headers = entry.extension() == delta::kHeaderFileExtension;
    const fs::path layer = headers ? entry.stem() : entry.filename();
    if (!layers.contains(layer.string())) (void)remove_tree(entry);
  }
  for (const fs::path& entry : entries_of(data_ / "images")) {
    if (!images.contains(entry.filename().string())) (void)remove_tree(entry);
  }
}

void ImageStore::remove_partials() const {
  for (const fs::path& entry : entries_of(data_ / "partial")) (void)::unlink(entry.c_str());
}

void ImageStore::remove_partials_but(const Release& release) const {
  std::set<std::string> wanted;
  for (const oci::Descriptor& layer : release.manifest.layers) wanted.insert(layer.digest.hex());
  for (const wire::DeltaOffer& offer : release.deltas) wanted.insert(offer.blob.hex());
  for (const fs::path& entry : entries_of(data_ / "partial")) {
    const std::string name = entry.filename().string();
    if (!wanted.contains(name.substr(0, name.find('.')))) (void)::unlink(entry.c_str());
  }
}

void ImageStore::remove_uppers(const std::vector<std::string>& living) const {
  for (const fs::path& entry : entries_of(data_ / "upper")) {
    if (std::find(living.begin(), living.end(), entry.filename().string()) == living.end()) {
      (void)remove_tree(entry);
    }
  }
}

}  // namespace stratus::agent
