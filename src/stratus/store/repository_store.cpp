#include "stratus/store/repository_store.hpp"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <unordered_set>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "stratus/base/json.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/reference.hpp"

namespace stratus::store {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

Result<void> check_name(std::string_view name) {
  if (oci::is_repository_name(name)) return {};
  return fail(ErrorCode::invalid, fmt::format("'{}' is not a repository name", name.substr(0, 100)));
}

bool is_there(const fs::path& path) { return ::access(path.c_str(), F_OK) == 0; }

// File names in a directory but temporary ones; none when the directory is not there. Anything else that
// keeps it from being read is an error: a collector that sees too little removes what is needed.
Result<std::vector<std::string>> list(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename().string();
    if (!name.starts_with('.')) names.push_back(std::move(name));
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail(Error::from_errno("read " + directory.string(), error.value()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<Digest>> list_digests(const fs::path& directory) {
  std::vector<Digest> digests;
  STRATUS_TRY(names, list(directory));
  for (const std::string& name : names) {
    if (const auto digest = Digest::parse("sha256:" + name)) digests.push_back(*digest);
  }
  return digests;
}

// Creates missing directories from `root` down and syncs each parent, so that what is put into them later
// cannot lose its path.
Result<void> make_durable_directories(const fs::path& path) {
  if (is_there(path)) return {};
  STRATUS_CHECK(make_durable_directories(path.parent_path()));
  STRATUS_CHECK(make_directories(path));
  return sync_directory(path.parent_path());
}

Result<void> remove_link(const fs::path& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return fail(Error::from_errno("remove " + path.string()));
  }
  return sync_directory(path.parent_path());
}

std::string encode_referrer(const ManifestRefs& refs, std::uint64_t size) {
  json::object annotations;
  for (const auto& [key, value] : refs.annotations) annotations[key] = value;
  return json::serialize(json::object{{"mediaType", refs.media_type},
                                      {"size", size},
                                      {"artifactType", refs.artifact_type},
                                      {"annotations", std::move(annotations)}});
}

Result<Referrer> decode_referrer(const Digest& digest, std::string_view text) {
  STRATUS_TRY(value, parse_json(text, oci::kMaxManifest));
  ObjectReader reader(value, "");
  Referrer referrer{{digest, reader.text("mediaType", 255), reader.number("size")}, {}, {}};
  referrer.artifact_type = reader.optional_text("artifactType", 255);
  STRATUS_CHECK(reader.done());
  if (const json::value* const annotations = value.get_object().if_contains("annotations")) {
    for (const auto& [key, element] : annotations->as_object()) {
      referrer.annotations.emplace(key, element.as_string());
    }
  }
  return referrer;
}

}  // namespace

Result<std::unique_ptr<RepositoryStore>> RepositoryStore::open(const fs::path& root, FileBlobStore& blobs) {
  std::unique_ptr<RepositoryStore> store(new RepositoryStore(root / "repositories", blobs));
  STRATUS_CHECK(make_durable_directories(store->root_));
  // Temporary files of writes that a crash interrupted.
  std::error_code error;
  for (fs::recursive_directory_iterator at(store->root_, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with('.') && name.ends_with(".tmp")) ::unlink(at->path().c_str());
  }
  return store;
}

fs::path RepositoryStore::directory(std::string_view name) const { return root_ / std::string(name); }

Result<void> RepositoryStore::write_link(const fs::path& path, std::string_view content) {
  {
    // One at a time: who finds a directory there must not answer before whoever made it has synced it.
    const std::lock_guard lock(directories_);
    STRATUS_CHECK(make_durable_directories(path.parent_path()));
  }
  return write_file_atomically(path, content);
}

Result<void> RepositoryStore::link_blob(std::string_view name, const Digest& digest) {
  STRATUS_CHECK(check_name(name));
  const std::shared_lock lock(changes_);
  STRATUS_TRY(info, blobs_.touch(digest));
  const fs::path path = directory(name) / "_blobs" / info.digest.hex();
  if (is_there(path)) return sync_directory(path.parent_path());  // whoever made it may be about to sync
  return write_link(path, "");
}

Result<BlobInfo> RepositoryStore::find_blob(std::string_view name, const Digest& digest) const {
  STRATUS_CHECK(check_name(name));
  const std::shared_lock lock(changes_);
  if (!is_there(directory(name) / "_blobs" / digest.hex())) {
    return fail(ErrorCode::not_found, fmt::format("no blob {} in {}", digest.text(), name));
  }
  return blobs_.touch(digest);
}

Result<BlobReader> RepositoryStore::open_blob(std::string_view name, const Digest& digest) const {
  STRATUS_CHECK(check_name(name));
  if (!is_there(directory(name) / "_blobs" / digest.hex())) {
    return fail(ErrorCode::not_found, fmt::format("no blob {} in {}", digest.text(), name));
  }
  return blobs_.open(digest);
}

Result<void> RepositoryStore::unlink_blob(std::string_view name, const Digest& digest) {
  STRATUS_CHECK(check_name(name));
  const std::unique_lock lock(changes_);
  const fs::path path = directory(name) / "_blobs" / digest.hex();
  if (!is_there(path))
    return fail(ErrorCode::not_found, fmt::format("no blob {} in {}", digest.text(), name));
  return remove_link(path);
}

Result<void> RepositoryStore::check_references(std::string_view name, const ManifestRefs& refs) const {
  const auto check_blob = [&](const oci::Descriptor& ref) -> Result<void> {
    if (is_foreign(ref)) return {};
    const auto missing = [&] {
      return fail(ErrorCode::not_found,
                  fmt::format("blob {} is not in {}: push it first", ref.digest.text(), name));
    };
    if (!is_there(directory(name) / "_blobs" / ref.digest.hex())) return missing();
    const auto info = blobs_.touch(ref.digest);
    if (!info) return missing();
    if (info->size != ref.size) {
      return fail(ErrorCode::invalid, fmt::format("blob {} has {} bytes, the manifest says {}",
                                                  ref.digest.text(), info->size, ref.size));
    }
    return {};
  };
  for (const oci::Descriptor& blob : refs.blobs) STRATUS_CHECK(check_blob(blob));
  std::vector<Digest> children;
  for (const oci::Descriptor& child : refs.manifests) {
    if (!is_there(directory(name) / "_manifests" / child.digest.hex())) {
      return fail(ErrorCode::not_found,
                  fmt::format("manifest {} is not in {}: push it first", child.digest.text(), name));
    }
    children.push_back(child.digest);
  }
  return touch_trees_locked(name, std::move(children));
}

Result<PushedManifest> RepositoryStore::put_manifest(std::string_view name, std::string_view body,
                                                     std::string_view content_type,
                                                     const std::optional<std::string>& tag,
                                                     const std::optional<Digest>& expected) {
  STRATUS_CHECK(check_name(name));
  if (tag && !oci::is_tag(*tag))
    return fail(ErrorCode::invalid, fmt::format("'{}' is not a tag", tag->substr(0, 100)));
  const Digest digest = sha256(body);
  if (expected && *expected != digest) {
    return fail(ErrorCode::corrupt,
                fmt::format("the manifest has digest {}, not {}", digest.text(), expected->text()));
  }
  STRATUS_TRY(refs, parse_manifest_refs(body, content_type));
  const std::shared_lock lock(changes_);
  STRATUS_CHECK(check_references(name, refs));
  STRATUS_TRY(stored, blobs_.put(as_bytes(body)));
  // The entry in the index first: without the link it does not count, with the link it must not be missing.
  if (refs.subject) {
    STRATUS_CHECK(write_link(directory(name) / "_referrers" / refs.subject->hex() / digest.hex(),
                             encode_referrer(refs, stored.size)));
  }
  STRATUS_CHECK(write_link(directory(name) / "_manifests" / digest.hex(), refs.media_type));
  // Pushed again, perhaps tagged for the first time: what refers to it must live as long.
  STRATUS_CHECK(touch_trees_locked(name, {digest}));
  if (tag) STRATUS_CHECK(write_link(directory(name) / "_tags" / *tag, digest.text()));
  return PushedManifest{digest, refs.subject};
}

Result<ManifestInfo> RepositoryStore::find_manifest(std::string_view name, const Digest& digest) const {
  STRATUS_CHECK(check_name(name));
  const auto failed = [&](const Error& error) {
    if (error.code() != ErrorCode::not_found) return fail(error);
    return fail(ErrorCode::not_found, fmt::format("no manifest {} in {}", digest.text(), name));
  };
  auto type = read_file(directory(name) / "_manifests" / digest.hex(), 255);
  if (!type) return failed(type.error());
  const auto info = blobs_.stat(digest);
  if (!info) return failed(info.error());
  return ManifestInfo{digest, std::move(*type), info->size};
}

Result<ManifestInfo> RepositoryStore::find_tag(std::string_view name, std::string_view tag) const {
  STRATUS_CHECK(check_name(name));
  if (!oci::is_tag(tag))
    return fail(ErrorCode::invalid, fmt::format("'{}' is not a tag", tag.substr(0, 100)));
  const auto text = read_file(directory(name) / "_tags" / std::string(tag), 100);
  if (!text && text.error().code() == ErrorCode::not_found) {
    return fail(ErrorCode::not_found, fmt::format("no tag {} in {}", tag, name));
  }
  if (!text) return fail(text.error());
  STRATUS_TRY(digest, Digest::parse(*text));
  return find_manifest(name, digest);
}

Result<std::string> RepositoryStore::read_manifest(std::string_view name, const Digest& digest) const {
  STRATUS_TRY(info, find_manifest(name, digest));
  return blobs_.read(info.digest, oci::kMaxManifest);
}

Result<void> RepositoryStore::delete_tag(std::string_view name, std::string_view tag) {
  const std::unique_lock lock(changes_);
  STRATUS_TRY(info, find_tag(name, tag));
  return remove_link(directory(name) / "_tags" / std::string(tag))
      .with_context("untag " + info.digest.text());
}

Result<void> RepositoryStore::delete_manifest(std::string_view name, const Digest& digest) {
  const std::unique_lock lock(changes_);
  STRATUS_TRY(info, find_manifest(name, digest));
  return remove_manifest_locked(name, info.digest);
}

// Tags first, so that none is left pointing nowhere; the index entry last, which does not count alone.
Result<void> RepositoryStore::remove_manifest_locked(std::string_view name, const Digest& digest) {
  STRATUS_TRY(tags, list(directory(name) / "_tags"));
  for (const std::string& tag : tags) {
    const auto text = read_file(directory(name) / "_tags" / tag, 100);
    if (text && *text == digest.text()) STRATUS_CHECK(remove_link(directory(name) / "_tags" / tag));
  }
  std::optional<Digest> subject;
  if (const auto body = blobs_.read(digest, oci::kMaxManifest)) {
    const auto refs = parse_manifest_refs(*body, "");
    if (refs) subject = refs->subject;
  }
  STRATUS_CHECK(remove_link(directory(name) / "_manifests" / digest.hex()));
  if (!subject) return {};
  const fs::path entries = directory(name) / "_referrers" / subject->hex();
  if (is_there(entries)) STRATUS_CHECK(remove_link(entries / digest.hex()));
  ::rmdir(entries.c_str());  // only when it was the last
  return {};
}

Result<std::vector<std::string>> RepositoryStore::tags(std::string_view name) const {
  STRATUS_CHECK(check_name(name));
  if (!is_there(directory(name) / "_manifests")) {
    return fail(ErrorCode::not_found, fmt::format("no repository {}", name));
  }
  return list(directory(name) / "_tags");
}

Result<std::vector<Digest>> RepositoryStore::manifests(std::string_view name) const {
  STRATUS_CHECK(check_name(name));
  return list_digests(directory(name) / "_manifests");
}

Result<std::vector<Digest>> RepositoryStore::blob_links(std::string_view name) const {
  STRATUS_CHECK(check_name(name));
  return list_digests(directory(name) / "_blobs");
}

Result<std::vector<Referrer>> RepositoryStore::referrers(std::string_view name, const Digest& subject) const {
  STRATUS_CHECK(check_name(name));
  const fs::path entries = directory(name) / "_referrers" / subject.hex();
  std::vector<Referrer> found;
  STRATUS_TRY(digests, list_digests(entries));
  for (const Digest& digest : digests) {
    if (!is_there(directory(name) / "_manifests" / digest.hex())) continue;  // a push that was cut short
    const auto text = read_file(entries / digest.hex(), oci::kMaxManifest);
    if (!text && text.error().code() == ErrorCode::not_found) continue;  // deleted since the listing
    if (!text) return fail(text.error());
    STRATUS_TRY(referrer, decode_referrer(digest, *text).with_context((entries / digest.hex()).string()));
    found.push_back(std::move(referrer));
  }
  return found;
}

Result<std::vector<std::string>> RepositoryStore::repositories() const { return walk(false); }
Result<std::vector<std::string>> RepositoryStore::repositories_with_blobs() const { return walk(true); }

Result<std::vector<std::string>> RepositoryStore::walk(bool blobs_count) const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator at(root_, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with('_')) continue;
    at.disable_recursion_pending();
    bool counts = blobs_count && name == "_blobs";
    if (name == "_manifests") {
      STRATUS_TRY(manifests, list(at->path()));
      counts = !manifests.empty();
    }
    if (counts) names.push_back(at->path().parent_path().lexically_relative(root_).string());
  }
  if (error) return fail(Error::from_errno("read " + root_.string(), error.value()));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Result<void> RepositoryStore::touch_tree(std::string_view name, const Digest& digest) const {
  STRATUS_CHECK(check_name(name));
  const std::shared_lock lock(changes_);
  return touch_trees_locked(name, {digest});
}

// Each manifest once: an index may list the same child a thousand times, nested as deep as it likes.
Result<void> RepositoryStore::touch_trees_locked(std::string_view name, std::vector<Digest> roots) const {
  struct Step {
    Digest digest;
    bool needed;  // a broken signature must not hold up its image
  };
  std::unordered_set<Digest> seen;
  std::vector<Step> work;
  for (const Digest& root : roots) work.push_back({root, true});
  while (!work.empty()) {
    const Step step = work.back();
    work.pop_back();
    if (!seen.insert(step.digest).second) continue;
    const Result<ManifestRefs> refs = touch_manifest(name, step.digest);
    if (!refs && step.needed) return fail(refs.error());
    if (!refs) continue;
    for (const oci::Descriptor& child : refs->manifests) work.push_back({child.digest, step.needed});
    STRATUS_TRY(referrers, list_digests(directory(name) / "_referrers" / step.digest.hex()));
    for (const Digest& referrer : referrers) {
      if (is_there(directory(name) / "_manifests" / referrer.hex())) work.push_back({referrer, false});
    }
  }
  return {};
}

// The manifest with its configuration and layers; answers what it names.
Result<ManifestRefs> RepositoryStore::touch_manifest(std::string_view name, const Digest& digest) const {
  STRATUS_CHECK(blobs_.touch(digest));
  STRATUS_TRY(body, read_manifest(name, digest));
  STRATUS_TRY(refs, parse_manifest_refs(body, ""));
  for (const oci::Descriptor& blob : refs.blobs) (void)blobs_.touch(blob.digest);
  return refs;
}

bool RepositoryStore::is_unused(const Digest& digest, const Sweep& sweep, WallTime cutoff) const {
  if (sweep.used_since_start(digest)) return false;
  const auto info = blobs_.stat(digest);
  return !info || info->last_used < cutoff;
}

Result<bool> RepositoryStore::sweep_manifest(std::string_view name, const Digest& digest, const Sweep& sweep,
                                             WallTime cutoff) {
  const std::unique_lock lock(changes_);
  if (!is_unused(digest, sweep, cutoff)) return false;
  STRATUS_CHECK(remove_manifest_locked(name, digest));
  return true;
}

Result<bool> RepositoryStore::sweep_blob_link(std::string_view name, const Digest& digest, const Sweep& sweep,
                                              WallTime cutoff) {
  const std::unique_lock lock(changes_);
  if (!is_unused(digest, sweep, cutoff)) return false;
  STRATUS_CHECK(remove_link(directory(name) / "_blobs" / digest.hex()));
  return true;
}

Result<bool> RepositoryStore::sweep_blob(const Digest& digest, Sweep& sweep, WallTime cutoff) {
  const std::unique_lock lock(changes_);
  return sweep.remove_if_unused(digest, cutoff);
}

}  // namespace stratus::store
