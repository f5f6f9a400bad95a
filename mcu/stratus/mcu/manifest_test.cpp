#include "stratus/mcu/manifest.hpp"

#include "host/manifest_writer.hpp"
#include <gtest/gtest.h>

#include "stratus/mcu/board_testing.hpp"

namespace stratus::mcu::manifest_test {
namespace {

class McuManifest : public testing::Test {
 protected:
  McuManifest() {
    fields.model = "board";
    fields.version = "1.2.3";
    fields.repository = "team/fw";
    fields.counter = 4;
    fields.serial = 9;
    fields.expires = 1000;
    host::ManifestComponent firmware;
    firmware.size = 77;
    firmware.digest[0] = 1;
    firmware.delta = host::DeltaOffer{{}, {}, 55};
    fields.components.push_back(firmware);
  }
  Bytes make() { return host::write_manifest(fields, board.key.signer()).value(); }
  Cause parse(const Bytes& raw, std::uint32_t now = 0, std::uint32_t floor = 0, const char* model = "board") {
    return parse_manifest(raw.data(), static_cast<std::uint32_t>(raw.size()), board.crypto,
                          {model, floor, now}, manifest);
  }
  // The fields signed as they are, whatever they are.
  Bytes sign(Bytes body) {
    Bytes out(6);
    store32(out.data(), kManifestMagic);
    out[4] = static_cast<std::uint8_t>(body.size());
    out[5] = static_cast<std::uint8_t>(body.size() >> 8);
    out.insert(out.end(), body.begin(), body.end());
    const Bytes signature = board.key.sign(host::raw_sha256(out)).value();
    out.insert(out.end(), signature.begin(), signature.end());
    return out;
  }
  Bytes body() {
    const Bytes raw = make();
    return Bytes(raw.begin() + 6, raw.begin() + 6 + load16(raw.data() + 4));
  }
  TestBoard board;
  host::ManifestFields fields;
  Manifest manifest = {};
};

TEST_F(McuManifest, ReadsWhatTheWriterMade) {
  const Bytes raw = make();
  ASSERT_EQ(parse(raw), Cause::ok);
  EXPECT_EQ(std::string(manifest.repository.data, manifest.repository.size), "team/fw");
  EXPECT_EQ(manifest.counter, 4u);
  ASSERT_EQ(manifest.components, 1u);
  EXPECT_EQ(manifest.component[0].size, 77u);
  EXPECT_EQ(manifest.component[0].delta_size, 55u);
}

TEST_F(McuManifest, RefusesEveryTruncationExtraByteAndBitFlip) {
  const Bytes raw = make();
  for (std::size_t size = 0; size < raw.size(); ++size) {
    ASSERT_NE(parse(Bytes(raw.begin(), raw.begin() + static_cast<long>(size))), Cause::ok);
  }
  Bytes longer = raw;
  longer.push_back(0);
  EXPECT_EQ(parse(longer), Cause::bad_signature);
  for (std::size_t bit = 0; bit < raw.size() * 8; bit += 3) {
    Bytes bad = raw;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    ASSERT_NE(parse(bad), Cause::ok) << bit;
  }
}

TEST_F(McuManifest, JudgesModelSerialAndTime) {
  const Bytes raw = make();
  EXPECT_EQ(parse(raw, 0, 0, "boar"), Cause::wrong_model);
  EXPECT_EQ(parse(raw, 0, 0, "board2"), Cause::wrong_model);
  EXPECT_EQ(parse(raw, 0, 10), Cause::replayed);
  EXPECT_EQ(parse(raw, 1000, 9), Cause::ok);
  EXPECT_EQ(parse(raw, 1001), Cause::expired);
}

TEST_F(McuManifest, RefusesFieldsTwiceMissingUnknownOrShort) {
  const Bytes good = body();
  ASSERT_EQ(parse(sign(good)), Cause::ok);
  Bytes twice = good;
  twice.insert(twice.end(), {3, 4, 1, 0, 0, 0});
  EXPECT_EQ(parse(sign(twice)), Cause::bad_format);
  Bytes unknown = good;
  unknown.insert(unknown.end(), {99, 0});
  EXPECT_EQ(parse(sign(unknown)), Cause::bad_format);
  Bytes optional = good;
  optional.insert(optional.end(), {200, 1, 7});
  EXPECT_EQ(parse(sign(optional)), Cause::ok);
  Bytes cut = good;
  cut.insert(cut.end(), {200, 5, 7});
  EXPECT_EQ(parse(sign(cut)), Cause::truncated);
  EXPECT_EQ(parse(sign(Bytes(good.begin() + 7, good.end()))), Cause::bad_format);  // no model
  Bytes text = good;
  text[2] = 7;  // a control character in the model
  EXPECT_EQ(parse(sign(text)), Cause::bad_format);
  Bytes delta = good;
  delta.insert(delta.begin(), 70, 0);
  delta[0] = 17, delta[1] = 68;  // a delta before any component
  EXPECT_EQ(parse(sign(delta)), Cause::bad_format);
}

TEST_F(McuManifest, TheFirmwareComesFirst) {
  fields.components[0].delta.reset();
  fields.components.push_back(fields.components[0]);
  fields.components[1].kind = 1;
  EXPECT_EQ(parse(make()), Cause::ok);
  std::swap(fields.components[0], fields.components[1]);
  EXPECT_EQ(parse(make()), Cause::bad_format);
  fields.components.pop_back();  // a part alone
  EXPECT_EQ(parse(make()), Cause::bad_format);
}

TEST_F(McuManifest, TheWriterStaysBelowTheLimit) {
  for (std::uint8_t kind = 1; kind < 8; ++kind) {
    fields.components.push_back(fields.components[0]);
    fields.components.back().kind = kind;
  }
  EXPECT_FALSE(host::write_manifest(fields, board.key.signer()).has_value());
}

}  // namespace
}  // namespace stratus::mcu::manifest_test
