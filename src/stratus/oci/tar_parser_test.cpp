#include "stratus/oci/tar_parser.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "stratus/oci/pax.hpp"
#include "stratus/oci/tar_block.hpp"

namespace stratus::oci {
namespace {

struct Seen {
  TarEntry entry;
  std::uint64_t offset = 0;
  std::string data;
  bool ended = false;
};

class Recorder : public TarVisitor {
 public:
  std::vector<Seen> seen;
  Result<void> begin_entry(const TarEntry& entry, std::uint64_t offset) override {
    seen.push_back({entry, offset, "", false});
    return {};
  }
  Result<void> entry_data(BytesView data) override {
    seen.back().data += as_text(data);
    return {};
  }
  Result<void> end_entry() override {
    seen.back().ended = true;
    return {};
  }
};

std::string block_text(const TarBlock& block) {
  const auto bytes = encode_tar_block(block);
  return std::string(as_text(bytes));
}

// Header, data and padding of one member.
std::string member(TarBlock block, const std::string& data = "") {
  block.size = data.size();
  return block_text(block) + data + std::string(tar_padding(data.size()), '\0');
}

TarBlock named(const std::string& name, char type = '0') {
  TarBlock block;
  block.name = name;
  block.type = type;
  block.mode = 0644;
  return block;
}

std::string file(const std::string& name, const std::string& data) { return member(named(name), data); }
std::string pax(const std::string& records, char type = 'x') { return member(named("pax", type), records); }
const std::string kEnd(1024, '\0');

Result<void> parse(const std::string& archive, Recorder& recorder, std::size_t piece = 1 << 20) {
  TarParser parser(recorder);
  for (std::size_t at = 0; at < archive.size(); at += piece) {
    STRATUS_CHECK(parser.feed(as_bytes(archive).subspan(at, std::min(piece, archive.size() - at))));
  }
  return parser.finish();
}

void expect_refused(const std::string& archive, ErrorCode code, const std::string& words) {
  Recorder recorder;
  const Result<void> parsed = parse(archive, recorder);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code(), code) << parsed.error().text();
  EXPECT_NE(parsed.error().text().find(words), std::string::npos) << parsed.error().text();
}

// Rewrites the checksum after a test has damaged a field on purpose.
std::string with_checksum(std::string block) {
  std::fill(block.begin() + 148, block.begin() + 156, ' ');
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += static_cast<std::uint8_t>(block[i]);
  std::snprintf(block.data() + 148, 8, "%06o", sum);
  return block;
}

class PieceSize : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Tar, PieceSize, ::testing::Values(1, 7, 512, 513, 1 << 20));

TEST_P(PieceSize, GivesTheSameEntriesWhateverThePieces) {
  TarBlock link = named("l", '2');
  link.link_name = "a/b";
  TarBlock device = named("null", '3');
  device.device_major = 1;
  device.device_minor = 3;
  const std::string archive = member(named("a/", '5')) + file("a/b", std::string(700, 'x')) + member(link) +
                              member(device) + file("empty", "") + kEnd;
  Recorder recorder;
  ASSERT_TRUE(parse(archive, recorder, GetParam()));
  ASSERT_EQ(recorder.seen.size(), 5u);
  EXPECT_EQ(recorder.seen[0].entry.type, EntryType::directory);
  EXPECT_EQ(recorder.seen[1].data, std::string(700, 'x'));
  EXPECT_EQ(recorder.seen[1].offset, 1024u);
  EXPECT_EQ(recorder.seen[2].entry.type, EntryType::symlink);
  EXPECT_EQ(recorder.seen[2].entry.link_target, "a/b");
  EXPECT_EQ(recorder.seen[3].entry.device_minor, 3u);
  for (const Seen& seen : recorder.seen) EXPECT_TRUE(seen.ended);
}

TEST(TarParser, TakesPaxRecordsOverTheHeader) {
  const std::string value("a\0b", 3);
  const std::string records = format_pax_record("path", "dir/" + std::string(300, 'n')) +
                              format_pax_record("mtime", "1700000000.25") +
                              format_pax_record("uid", "3000000") +
                              format_pax_record("SCHILY.xattr.user.x", value);
  Recorder recorder;
  ASSERT_TRUE(parse(pax(records) + file("short", "data") + file("next", "") + kEnd, recorder));
  const TarEntry& entry = recorder.seen[0].entry;
  EXPECT_EQ(entry.path, "dir/" + std::string(300, 'n'));
  EXPECT_EQ(entry.mtime_s, 1700000000);
  EXPECT_EQ(entry.mtime_ns, 250'000'000u);
  EXPECT_EQ(entry.uid, 3000000u);
  EXPECT_EQ(entry.xattrs.at("user.x"), value);
  EXPECT_EQ(recorder.seen[1].entry.path, "next");  // records count for one entry only
  EXPECT_TRUE(recorder.seen[1].entry.xattrs.empty());
}

TEST(TarParser, GlobalRecordsHoldUntilALocalOneOverrides) {
  const std::string archive = pax(format_pax_record("mtime", "5"), 'g') + file("a", "") +
                              pax(format_pax_record("mtime", "6")) + file("b", "") + kEnd;
  Recorder recorder;
  ASSERT_TRUE(parse(archive, recorder));
  EXPECT_EQ(recorder.seen[0].entry.mtime_s, 5);
  EXPECT_EQ(recorder.seen[1].entry.mtime_s, 6);
}

TEST(TarParser, UnderstandsGnuLongNamesAndTheUstarPrefix) {
  const std::string name(250, 'g'), target(260, 't');
  TarBlock link = named("cut", '2');
  link.link_name = "cut";
  const std::string gnu = member(named("././@LongLink", 'L'), name + '\0') +
                          member(named("././@LongLink", 'K'), target + '\0') + member(link);
  std::string prefixed = block_text(named("name"));
  prefixed.replace(345, 3, "dir");
  Recorder recorder;
  ASSERT_TRUE(parse(gnu + with_checksum(prefixed) + kEnd, recorder));
  EXPECT_EQ(recorder.seen[0].entry.path, name);
  EXPECT_EQ(recorder.seen[0].entry.link_target, target);
  EXPECT_EQ(recorder.seen[1].entry.path, "dir/name");
}

TEST(TarParser, ReadsBase256Numbers) {
  std::string block = block_text(named("old", '5'));
  block.replace(136, 12, std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12));  // mtime -2
  block.replace(108, 8, std::string("\x80\0\0\0\0\x2d\xc6\xc0", 8));                            // uid 3000000
  Recorder recorder;
  ASSERT_TRUE(parse(with_checksum(block) + kEnd, recorder));
  EXPECT_EQ(recorder.seen[0].entry.mtime_s, -2);
  EXPECT_EQ(recorder.seen[0].entry.uid, 3000000u);
}

TEST(TarParser, IgnoresASizeOnWhatCarriesNoData) {
  TarBlock directory = named("d/", '5');
  directory.size = 4096;
  Recorder recorder;
  ASSERT_TRUE(parse(block_text(directory) + file("f", "x") + kEnd, recorder));
  EXPECT_EQ(recorder.seen[1].entry.path, "f");
}

TEST(TarParser, AcceptsMissingAndExtraZeroBlocks) {
  for (const std::string& end : {std::string(), std::string(512, '\0'), kEnd, std::string(10240, '\0')}) {
    Recorder recorder;
    EXPECT_TRUE(parse(file("a", "x") + end, recorder));
  }
}

// As Go's writer leaves it when nobody closes it (umoci insert): the last file's padding is missing too.
TEST(TarParser, AcceptsAMissingLastPadding) {
  const std::string archive = file("a", "hello");
  for (const std::size_t missing : {1u, 506u, 507u}) {
    Recorder recorder;
    EXPECT_TRUE(parse(archive.substr(0, archive.size() - missing), recorder)) << missing;
    ASSERT_EQ(recorder.seen.size(), 1u);
    EXPECT_TRUE(recorder.seen[0].ended);
  }
}

TEST(TarParser, RefusesEveryTruncation) {
  const std::string archive = pax(format_pax_record("path", "p")) + file("a", "hello");
  const std::size_t whole = archive.size();
  for (const std::size_t length :
       {whole - 508, whole - 512, whole - 600, whole - 1024, whole - 1100, std::size_t{100}}) {
    expect_refused(archive.substr(0, length), ErrorCode::corrupt, "ends in the middle");
  }
}

TEST(TarParser, RefusesADamagedHeader) {
  std::string archive = file("a", "x");
  archive[3] = 'z';
  expect_refused(archive, ErrorCode::corrupt, "checksum");
}

TEST(TarParser, RefusesNumbersThatAreNone) {
  std::string letters = block_text(named("a"));
  letters[125] = 'q';
  expect_refused(with_checksum(letters), ErrorCode::corrupt, "bad size");
  std::string negative = block_text(named("a"));
  negative.replace(124, 12, std::string(12, '\xff'));
  expect_refused(with_checksum(negative), ErrorCode::corrupt, "negative size");
  std::string huge = block_text(named("a"));
  huge.replace(124, 12, "\x80zzzzzzzzzzz");
  expect_refused(with_checksum(huge), ErrorCode::corrupt, "bad size");
  expect_refused(pax(format_pax_record("size", "9223372036854775808")) + file("a", ""), ErrorCode::corrupt,
                 "size");
  expect_refused(pax(format_pax_record("uid", "4294967295")) + file("a", ""), ErrorCode::corrupt,
                 "id out of range");
  expect_refused(pax(format_pax_record("mtime", "1e9")) + file("a", ""), ErrorCode::corrupt, "not a time");
}

TEST(TarParser, RefusesMalformedPaxRecords) {
  for (const char* records : {"nonsense\n", "12 path=x\n", "5 a=b\n\n", "6 a=bb", "4 =b\n", "6 abcd\n",
                              "99999 a=b\n", "18446744073709551615 a=b\n", " 6 a=b\n"}) {
    Recorder recorder;
    const Result<void> parsed = parse(pax(records) + file("a", "") + kEnd, recorder);
    ASSERT_FALSE(parsed) << records;
    EXPECT_EQ(parsed.error().code(), ErrorCode::corrupt);
  }
  expect_refused(pax(format_pax_record("path", std::string("a\0b", 3))) + file("a", ""), ErrorCode::corrupt,
                 "NUL");
}

TEST(TarParser, RefusesOversizedExtendedHeaders) {
  TarBlock block = named("pax", 'x');
  block.size = (1 << 20) + 1;
  expect_refused(block_text(block), ErrorCode::corrupt, "1048576 at most");
}

TEST(TarParser, RefusesWhatLayersCannotHold) {
  expect_refused(member(named("s", 'S')), ErrorCode::invalid, "not supported");
  expect_refused(member(named("m", 'M')), ErrorCode::invalid, "not supported");
  expect_refused(pax(format_pax_record("GNU.sparse.major", "1")) + file("a", ""), ErrorCode::invalid,
                 "sparse");
}

TEST(TarParser, RefusesBytesAfterTheEnd) {
  expect_refused(file("a", "x") + kEnd + "x", ErrorCode::corrupt, "after the end");
  expect_refused(file("a", "x") + std::string(512, '\0') + file("b", ""), ErrorCode::corrupt,
                 "after a zero block");
  expect_refused(pax(format_pax_record("path", "p")) + kEnd, ErrorCode::corrupt, "after an extended header");
}

TEST(TarParser, KeepsTheFirstError) {
  Recorder recorder;
  TarParser parser(recorder);
  const std::string bad(512, 'x');
  ASSERT_FALSE(parser.feed(as_bytes(bad)));
  const std::string good = file("a", "x") + kEnd;
  EXPECT_FALSE(parser.feed(as_bytes(good)));
  EXPECT_FALSE(parser.finish());
  EXPECT_TRUE(recorder.seen.empty());
}

TEST(Pax, LengthsCountTheirOwnDigits) {
  EXPECT_EQ(format_pax_record("a", "b"), "6 a=b\n");
  for (std::size_t size = 0; size < 1100; ++size) {
    const std::string record = format_pax_record("key", std::string(size, 'v'));
    PaxRecords records;
    ASSERT_TRUE(parse_pax(as_bytes(record), records)) << size;
    EXPECT_EQ(records.at("key").size(), size);
  }
}

TEST(Pax, TimesGoBothWays) {
  for (const char* text : {"0", "1700000000", "1.5", "-1.5", "-2", "1.000000001", "-0.25"}) {
    EXPECT_EQ(format_pax_time(*parse_pax_time(text)), text);
  }
  EXPECT_EQ(parse_pax_time("-1.5")->seconds, -2);
  EXPECT_EQ(parse_pax_time("1.12345678999")->nanoseconds, 123'456'789u);
  for (const char* text : {"", ".", "-", "1.x", "abc", "1 "}) EXPECT_FALSE(parse_pax_time(text)) << text;
}

}  // namespace
}  // namespace stratus::oci
