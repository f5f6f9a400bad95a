// The blob half of the registry: pulling, and the three ways of pushing.
#include <charconv>

#include <fmt/format.h>

#include "stratus/server/oci_answers.hpp"
#include "stratus/server/receive_body.hpp"
#include "stratus/server/registry.hpp"

namespace stratus::server {
namespace {

std::string blob_location(const RegistryRoute& route, const Digest& digest) {
  return fmt::format("/v2/{}/blobs/{}", route.name, digest.text());
}

std::string upload_location(const std::string& name, const std::string& id) {
  return fmt::format("/v2/{}/blobs/uploads/{}", name, id);
}

// "0-9" for ten bytes. An empty upload has no last byte; clients know "0-0" for it.
std::string received_range(std::uint64_t size) { return fmt::format("0-{}", size == 0 ? 0 : size - 1); }

// Content-Range of a chunk as the specification writes it, "first-last"; RFC 9110's "bytes first-last/…" too.
std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_content_range(std::string_view text) {
  if (text.starts_with("bytes ")) text.remove_prefix(6);
  text = text.substr(0, text.find('/'));
  std::pair<std::uint64_t, std::uint64_t> range;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, range.first);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, range.second);
  if (second.ec != std::errc() || second.ptr != end || range.second < range.first) return std::nullopt;
  return range;
}

// Whether the chunk continues the upload where it stands.
tl::expected<void, OciError> check_chunk(const net::RequestHead& request, std::uint64_t size) {
  const auto field = request.headers.get("Content-Range");
  if (!field) return {};
  const auto range = parse_content_range(*field);
  if (!range) return refuse(400, "BLOB_UPLOAD_INVALID", "Content-Range is not \"first-last\"");
  if (range->first != size) {
    return refuse(416, "BLOB_UPLOAD_INVALID",
                  fmt::format("the chunk begins at byte {}, the upload has {} bytes", range->first, size));
  }
  if (request.content_length && *request.content_length != range->second - range->first + 1) {
    return refuse(400, "SIZE_INVALID", "Content-Length and Content-Range differ");
  }
  return {};
}

}  // namespace

net::Task<Registry::Done> Registry::get_blob(net::Exchange& exchange, const RegistryRoute& route) {
  const bool is_head = exchange.request().method == "HEAD";
  auto open = [&]() -> Result<store::BlobReader> {
    // Whoever asks by HEAD may leave out pushing it: that protects the blob from the collector.
    if (is_head) STRATUS_CHECK(repositories_.find_blob(route.name, route.digest));
    return repositories_.open_blob(route.name, route.digest);
  };
  auto reader = co_await pool_.run(open);
  if (!reader) co_return refuse(reader.error(), "BLOB_UNKNOWN");
  net::ResponseHead head;
  net::ByteRange range{0, reader->size};
  const auto verdict = net::parse_range(exchange.request().headers.get("Range"), reader->size, range);
  if (verdict == net::RangeVerdict::unsatisfiable) {
    head.status = 416;
    head.headers.set("Content-Range", fmt::format("bytes */{}", reader->size));
    const std::string empty;
    (void)co_await exchange.respond(head, empty);
    co_return Done();
  }
  if (verdict == net::RangeVerdict::partial) {
    head.status = 206;
    head.headers.set("Content-Range", fmt::format("bytes {}-{}/{}", range.first,
                                                  range.first + range.length - 1, reader->size));
  }
  // A device pays for every byte of the head, and it knows the digest: only HEAD repeats it.
  if (is_head) {
    head.headers.set("Content-Type", "application/octet-stream");
    head.headers.set("Docker-Content-Digest", route.digest.text());
    head.headers.set("Accept-Ranges", "bytes");
  } else {
    counters_.blob_bytes_sent += range.length;
  }
  const int fd = reader->fd.get();
  (void)co_await exchange.respond_file(head, fd, range.first, range.length);
  // Sent or cut off, whoever comes back for the rest has the whole grace time for it.
  if (store::FileBlobStore::is_touch_due(*reader)) {
    pool_.post([&blobs = repositories_.blobs(), digest = route.digest] { (void)blobs.touch(digest); });
  }
  co_return Done();
}

net::Task<Registry::Done> Registry::delete_blob(net::Exchange& exchange, const RegistryRoute& route) {
  auto unlink = [&] {
    return hooks_.unless_needed(route.name, route.digest,
                                [&] { return repositories_.unlink_blob(route.name, route.digest); });
  };
  auto removed = co_await writes_.run(unlink);
  if (!removed) co_return refuse(removed.error(), "BLOB_UNKNOWN");
  net::ResponseHead head;
  head.status = 202;
  const std::string empty;
  (void)co_await exchange.respond(head, empty);
  co_return Done();
}

// Blob first, then its link: a crash in between leaves a blob that nobody claims.
net::Task<Registry::Done> Registry::commit_and_link(const RegistryRoute& route, store::BlobWriter& writer,
                                                    const Digest& digest) {
  auto commit = [&]() -> Result<void> {
    STRATUS_TRY(info, writer.commit(digest));
    return repositories_.link_blob(route.name, info.digest);
  };
  auto committed = co_await writes_.run(commit);
  if (!committed) co_return refuse(committed.error(), "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID");
  co_return Done();
}

net::Task<Registry::Done> Registry::push_at_once(net::Exchange& exchange, const RegistryRoute& route,
                                                 const Digest& digest) {
  auto create = [&] { return repositories_.blobs().create(); };
  auto writer = co_await writes_.run(create);
  if (!writer) co_return refuse(writer.error(), "BLOB_UPLOAD_UNKNOWN");
  store::BlobWriter& open = **writer;
  auto received = co_await receive_body(exchange, open, writes_, counters_.blob_bytes_received);
  if (!received) co_return refuse(received.error(), "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID");
  co_return co_await commit_and_link(route, open, digest);
}

net::Task<Registry::Done> Registry::start_upload(net::Exchange& exchange, const RegistryRoute& route) {
  const net::RequestHead& request = exchange.request();
  net::ResponseHead head;
  std::optional<Digest> digest;
  bool mounted = false;
  for (const char* const parameter : {"mount", "digest"}) {
    const auto text = request.query(parameter);
    if (!text) continue;
    const auto parsed = Digest::parse(*text);
    if (!parsed) co_return refuse(400, "DIGEST_INVALID", parsed.error().text());
    digest = *parsed;
    mounted = std::string_view(parameter) == "mount";
    break;
  }
  if (mounted) {
    // What the other repository does not have is no error: an ordinary upload begins instead.
    const std::string from = request.query("from").value_or("");
    auto mount = [&]() -> Result<void> {
      STRATUS_TRY(info, repositories_.find_blob(from, *digest));
      return repositories_.link_blob(route.name, info.digest);
    };
    auto linked = co_await writes_.run(mount);
    mounted = linked.has_value();
  } else if (digest) {
    auto pushed = co_await push_at_once(exchange, route, *digest);
    if (!pushed) co_return pushed;
    mounted = true;
  }
  if (mounted) {
    head.status = 201;
    head.headers.set("Location", blob_location(route, *digest));
    head.headers.set("Docker-Content-Digest", digest->text());
  } else {
    auto id = co_await uploads_.start(route.name);
    if (!id) co_return refuse(id.error(), "BLOB_UPLOAD_UNKNOWN");
    head.status = 202;
    head.headers.set("Location", upload_location(route.name, *id));
    head.headers.set("Range", received_range(0));
    head.headers.set("Docker-Upload-UUID", *id);
  }
  const std::string empty;
  (void)co_await exchange.respond(head, empty);
  co_return Done();
}

net::Task<Registry::Done> Registry::upload_status(net::Exchange& exchange, const RegistryRoute& route) {
  auto lease = co_await uploads_.acquire(route.name, route.reference);
  if (!lease) co_return refuse(lease.error(), "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID");
  net::ResponseHead head;
  head.status = 204;
  head.headers.set("Location", upload_location(route.name, route.reference));
  head.headers.set("Range", received_range(lease->blob().size()));
  head.headers.set("Docker-Upload-UUID", route.reference);
  const std::string empty;
  (void)co_await exchange.respond(head, empty);
  co_return Done();
}

net::Task<Registry::Done> Registry::upload_chunk(net::Exchange& exchange, const RegistryRoute& route) {
  auto lease = co_await uploads_.acquire(route.name, route.reference);
  if (!lease) co_return refuse(lease.error(), "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID");
  store::PartialBlob& blob = lease->blob();
  net::ResponseHead head;
  head.headers.set("Location", upload_location(route.name, route.reference));
  if (const auto fits = check_chunk(exchange.request(), blob.size()); !fits) {
    if (fits.error().status != 416) co_return tl::unexpected<OciError>(fits.error());
    // Where to go on is in the answer itself.
    head.status = 416;
    head.headers.set("Range", received_range(blob.size()));
    head.headers.set("Content-Type", "application/json");
    const std::string body = oci::encode_oci_error(fits.error());
    (void)co_await exchange.respond(head, body);
    co_return Done();
  }
  auto received = co_await receive_body(exchange, blob, writes_, counters_.blob_bytes_received);
  auto sync = [&] { return blob.sync(); };
  auto synced = co_await writes_.run(sync);
  if (!received) co_return refuse(received.error(), "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID");
  if (!synced) co_return refuse(synced.error(), "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID");
  head.status = 202;
  head.headers.set("Range", received_range(blob.size()));
  head.headers.set("Docker-Upload-UUID", route.reference);
  const std::string empty;
  (void)co_await exchange.respond(head, empty);
  co_return Done();
}

net::Task<Registry::Done> Registry::finish_upload(net::Exchange& exchange, const RegistryRoute& route) {
  const auto text = exchange.request().query("digest");
  const auto digest = Digest::parse(text.value_or(""));
  if (!digest) co_return refuse(400, "DIGEST_INVALID", digest.error().text());
  auto lease = co_await uploads_.acquire(route.name, route.reference);
  if (!lease) co_return refuse(lease.error(), "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID");
  store::PartialBlob& blob = lease->blob();
  if (const auto fits = check_chunk(exchange.request(), blob.size()); !fits) {
    co_return tl::unexpected<OciError>(fits.error());
  }
  auto received = co_await receive_body(exchange, blob, writes_, counters_.blob_bytes_received);
  if (!received) co_return refuse(received.error(), "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID");
  auto committed = co_await commit_and_link(route, blob, *digest);
  if (!committed) {
    // Bytes that are not the ones announced will not become them.
    if (committed.error().code == "DIGEST_INVALID") {
      auto discard = [&] { return blob.discard(); };
      (void)co_await writes_.run(discard);
      uploads_.forget(route.name, route.reference);
    }
    co_return committed;
  }
  uploads_.forget(route.name, route.reference);
  net::ResponseHead head;
  head.status = 201;
  head.headers.set("Location", blob_location(route, *digest));
  head.headers.set("Docker-Content-Digest", digest->text());
  const std::string empty;
  (void)co_await exchange.respond(head, empty);
  co_return Done();
}

net::Task<Registry::Done> Registry::cancel_upload(net::Exchange& exchange, const RegistryRoute& route) {
  auto lease = co_await uploads_.acquire(route.name, route.reference);
  if (!lease) co_return refuse(lease.error(), "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID");
  auto discard = [&] { return lease->blob().discard(); };
  auto discarded = co_await writes_.run(discard);
  if (!discarded) co_return refuse(discarded.error(), "BLOB_UPLOAD_UNKNOWN");
  uploads_.forget(route.name, route.reference);
  net::ResponseHead head;
  head.status = 204;
  const std::string empty;
  (void)co_await exchange.respond(head, empty);
  co_return Done();
}

}  // namespace stratus::server
