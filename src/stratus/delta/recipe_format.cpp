#include "stratus/delta/recipe_format.hpp"

#include <algorithm>
#include <limits>

#include "stratus/crypto/sha256.hpp"
#include "stratus/delta/stream_reader.hpp"
#include "stratus/delta/varint.hpp"

namespace stratus::delta {
namespace {

enum Flag : std::uint8_t { kTar = 1, kBaseHeaders = 2, kPacked = 4, kDirectory = 8, kAllFlags = 15 };

// Above this the streams are large enough to be better off apart.
constexpr std::size_t kTryPacked = 64u << 10;

tl::unexpected<Error> not_a_recipe(const char* what) {
  return fail(ErrorCode::corrupt, std::string("not a recipe: ") + what);
}

Result<CodecSpec> read_codec_spec(StreamReader& reader) {
  std::array<std::uint8_t, 1> byte{};
  STRATUS_CHECK(reader.bytes(byte));
  const unsigned codec = byte[0] & 15u, window = byte[0] >> 4;
  if (codec > static_cast<unsigned>(Codec::brotli)) return not_a_recipe("unknown codec");
  CodecSpec spec;
  spec.codec = static_cast<Codec>(codec);
  spec.window_log = CodecSpec::kMinWindowLog + window;
  if (spec.window_log > CodecSpec::kMaxWindowLog) return not_a_recipe("window too large");
  if (spec.codec == Codec::stored && window != 0) return not_a_recipe("window without a codec");
  if (spec.codec == Codec::lzma) {
    STRATUS_CHECK(reader.bytes(byte));
    spec.lzma_properties = byte[0];
    if (byte[0] >= 9 * 5 * 5) return not_a_recipe("lzma properties");
  }
  return spec;
}

Bytes frame(const RecipeHead& head, bool packed) {
  Bytes out{kRecipeMagic, kRecipeVersion};
  out.push_back(static_cast<std::uint8_t>((head.tar ? kTar : 0) | (head.base_headers ? kBaseHeaders : 0) |
                                          (packed ? kPacked : 0) | (head.directory ? kDirectory : 0)));
  append_varint(out, head.output_bytes);
  out.insert(out.end(), head.output_digest.bytes().begin(), head.output_digest.bytes().end());
  return out;
}

Bytes build_packed(const RecipeHead& head, const std::array<Bytes, kStreams>& streams, StreamPacker& packer) {
  Bytes raw;
  for (std::size_t i = 0; i + 1 < kStreams; ++i) append_varint(raw, streams[i].size());
  for (const Bytes& stream : streams) raw.insert(raw.end(), stream.begin(), stream.end());
  const Compressed& body = packer.pack(raw);
  Bytes out = frame(head, true);
  append_codec_spec(out, body.spec);
  append_varint(out, raw.size());
  out.insert(out.end(), body.data.begin(), body.data.end());
  return out;
}

Bytes build_separate(const RecipeHead& head, const std::array<Bytes, kStreams>& streams,
                     StreamPacker& packer) {
  Bytes out = frame(head, false), data;
  for (const Bytes& stream : streams) {
    append_varint(out, stream.size());
    if (stream.empty()) continue;
    const Compressed& best = packer.pack(stream);
    append_codec_spec(out, best.spec);
    append_varint(out, best.data.size());
    data.insert(data.end(), best.data.begin(), best.data.end());
  }
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

}  // namespace

std::uint64_t RecipeHead::memory_bytes() const {
  std::uint64_t sum = kFixedMemory;
  if (packed) return sum + body.raw_size + body.spec.memory_bytes();
  for (const Stream& stream : streams) sum += stream.spec.memory_bytes();
  return sum;
}

Result<RecipeHead> parse_recipe_head(BytesView beginning, std::uint64_t file_size) {
  StreamReader reader(beginning.first(std::min(beginning.size(), kMaxHead)));
  const std::size_t available = reader.remaining();
  std::array<std::uint8_t, 3> start{};
  STRATUS_CHECK(reader.bytes(start));
  if (start[0] != kRecipeMagic) return not_a_recipe("wrong first byte");
  if (start[1] != kRecipeVersion) return not_a_recipe("a version that this program does not know");
  if ((start[2] & ~kAllFlags) != 0) return not_a_recipe("unknown flags");
  RecipeHead head;
  head.tar = (start[2] & kTar) != 0;
  head.base_headers = (start[2] & kBaseHeaders) != 0;
  head.packed = (start[2] & kPacked) != 0;
  head.directory = (start[2] & kDirectory) != 0;
  if ((head.base_headers || head.directory) && !head.tar) return not_a_recipe("flags of a tar without a tar");
  STRATUS_TRY(output_bytes, reader.varint());
  head.output_bytes = output_bytes;
  std::array<std::uint8_t, Digest::kSize> digest{};
  STRATUS_CHECK(reader.bytes(digest));
  head.output_digest = Digest(digest);

  const auto position = [&] { return available - reader.remaining(); };
  if (head.packed) {
    STRATUS_TRY(spec, read_codec_spec(reader));
    STRATUS_TRY(raw_size, reader.varint());
    if (raw_size > kMaxPacked) return not_a_recipe("packed body too large");
    head.body = {raw_size, spec, position(), file_size - position()};
    return head;
  }
  for (auto& stream : head.streams) {
    STRATUS_TRY(raw_size, reader.varint());
    if (raw_size == 0) continue;
    STRATUS_TRY(spec, read_codec_spec(reader));
    STRATUS_TRY(stored_size, reader.varint());
    stream = {raw_size, spec, 0, stored_size};
    if (spec.codec == Codec::stored && raw_size != stored_size) return not_a_recipe("stored length");
  }
  std::uint64_t offset = position();
  for (auto& stream : head.streams) {
    stream.offset = offset;
    if (stream.stored_size > file_size - offset) return not_a_recipe("it is shorter than its streams");
    offset += stream.stored_size;
  }
  if (offset != file_size) return not_a_recipe("it is longer than its streams");
  return head;
}

const Compressed& StreamPacker::pack(BytesView raw) {
  const Digest digest = sha256(raw);
  const auto found = known_.find(digest);
  if (found != known_.end()) return found->second;
  return known_.emplace(digest, compress_best(raw)).first->second;
}

Bytes build_recipe(const RecipeHead& head, const std::array<Bytes, kStreams>& streams, StreamPacker& packer) {
  std::uint64_t raw = 64;
  for (const Bytes& stream : streams) raw += stream.size();
  if (raw > kTryPacked) return build_separate(head, streams, packer);
  Bytes separate = build_separate(head, streams, packer), packed = build_packed(head, streams, packer);
  return packed.size() < separate.size() ? packed : separate;
}

}  // namespace stratus::delta
