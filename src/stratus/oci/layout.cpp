#include "stratus/oci/layout.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::oci {

namespace fs = std::filesystem;

namespace {

constexpr const char* kMarker = R"({"imageLayoutVersion":"1.0.0"})";

Result<void> stream_file(const fs::path& file, const ByteSink& sink) {
  STRATUS_TRY(fd, open_file(file, O_RDONLY));
  Bytes buffer(256u << 10);
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(Error::from_errno("read " + file.string()));
    if (count == 0) return {};
    STRATUS_CHECK(sink(BytesView(buffer).first(static_cast<std::size_t>(count))));
  }
}

}  // namespace

bool Layout::is_layout(const fs::path& directory) {
  return ::access((directory / "oci-layout").c_str(), F_OK) == 0 &&
         ::access((directory / "index.json").c_str(), F_OK) == 0;
}

Result<Layout> Layout::open(const fs::path& directory) {
  if (is_layout(directory)) return Layout(directory);
  return fail(ErrorCode::not_found,
              fmt::format("{} is not an OCI layout (no oci-layout and index.json)", directory.string()));
}

Result<Layout> Layout::create(const fs::path& directory) {
  Layout layout(directory);
  if (is_layout(directory)) return layout;
  std::error_code error;
  if (fs::exists(directory, error) && !fs::is_empty(directory, error)) {
    return fail(ErrorCode::conflict,
                fmt::format("{} holds something that is not an OCI layout", directory.string()));
  }
  STRATUS_CHECK(make_directories(directory / "blobs" / "sha256"));
  Index index;
  index.media_type = media::kIndex;
  STRATUS_CHECK(write_file_atomically(directory / "index.json", encode_index(index)));
  STRATUS_CHECK(write_file_atomically(directory / "oci-layout", kMarker));
  return layout;
}

Result<Index> Layout::index() const {
  const fs::path file = directory_ / "index.json";
  STRATUS_TRY(text, read_file(file, kMaxManifest));
  return parse_index(text).with_context(file.string());
}

fs::path Layout::blob_path(const Digest& digest) const {
  return directory_ / "blobs" / "sha256" / digest.hex();
}

bool Layout::has_blob(const Digest& digest) const { return ::access(blob_path(digest).c_str(), R_OK) == 0; }

Result<std::string> Layout::read_blob(const Digest& digest, std::uint64_t limit) const {
  STRATUS_TRY(text, read_file(blob_path(digest), limit));
  if (sha256(text) != digest) {
    return fail(ErrorCode::corrupt,
                fmt::format("{} does not hold what its name says", blob_path(digest).string()));
  }
  return text;
}

Result<void> Layout::read_blob(const Digest& digest, const ByteSink& sink) const {
  Sha256 hash;
  STRATUS_CHECK(stream_file(blob_path(digest), [&](BytesView bytes) {
    hash.update(bytes);
    return sink(bytes);
  }));
  if (hash.finish() == digest) return {};
  return fail(ErrorCode::corrupt,
              fmt::format("{} does not hold what its name says", blob_path(digest).string()));
}

Result<Digest> Layout::write_blob(std::string_view data) {
  const Digest digest = sha256(data);
  if (!has_blob(digest)) STRATUS_CHECK(write_file_atomically(blob_path(digest), data));
  return digest;
}

Result<void> Layout::write_blob(const Digest& digest, const fs::path& file) {
  if (has_blob(digest)) return {};
  const fs::path temporary = blob_path(digest).string() + ".tmp";
  STRATUS_TRY(out, open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC));
  Sha256 hash;
  const auto copied = stream_file(file, [&](BytesView bytes) {
    hash.update(bytes);
    return write_all(out.get(), bytes);
  });
  const bool good = copied && hash.finish() == digest;
  if (!good || ::fsync(out.get()) != 0 || ::rename(temporary.c_str(), blob_path(digest).c_str()) != 0) {
    const Error error = Error::from_errno("write " + blob_path(digest).string());
    ::unlink(temporary.c_str());
    if (!copied) return copied;
    if (!good) return fail(ErrorCode::corrupt, fmt::format("{} is not {}", file.string(), digest.text()));
    return fail(error);
  }
  return {};
}

Result<void> Layout::add_manifest(const Descriptor& manifest) {
  STRATUS_TRY(index, this->index());
  const std::string_view name = manifest.annotation(media::kRefNameAnnotation);
  const bool there =
      std::any_of(index.manifests.begin(), index.manifests.end(), [&](const Descriptor& other) {
        return other.digest == manifest.digest && other.annotation(media::kRefNameAnnotation) == name;
      });
  if (there) return {};  // in its place: the order tells which is newer
  std::erase_if(index.manifests, [&](const Descriptor& other) {
    return name.empty() ? other.digest == manifest.digest
                        : other.annotation(media::kRefNameAnnotation) == name;
  });
  index.manifests.push_back(manifest);
  STRATUS_CHECK(sync_directory(directory_ / "blobs" / "sha256"));
  return write_file_atomically(directory_ / "index.json", encode_index(index));
}

}  // namespace stratus::oci
