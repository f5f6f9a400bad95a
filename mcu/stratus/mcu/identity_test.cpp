#include "stratus/mcu/identity.hpp"

#include <algorithm>
#include <memory>

#include "host/worn_flash.hpp"
#include <gtest/gtest.h>

namespace stratus::mcu::identity_test {
namespace {

CertificateAnswer answer_of(std::uint8_t fill, std::uint32_t certificate_size = 501,
                            std::uint32_t chain_size = 333) {
  CertificateAnswer answer;
  memcpy(answer.device, "mcu-1", 6);
  memset(answer.certificate, fill, certificate_size);
  memset(answer.chain, fill + 1, chain_size);
  answer.certificate_size = certificate_size;
  answer.chain_size = chain_size;
  answer.renew_after = 77;
  return answer;
}

struct McuIdentity : testing::Test {
  host::MemoryFlash flash{2 * 4096, 4096, 8};
  std::uint8_t key[32] = {1, 2, 3};
};

TEST_F(McuIdentity, IsKeptAndReplaced) {
  IdentityStore store(flash, 0);
  EXPECT_FALSE(store.mount());
  for (std::uint8_t turn = 1; turn < 6; ++turn) {
    key[0] = turn;
    ASSERT_TRUE(store.replace(answer_of(turn), key));
    IdentityStore again(flash, 0);
    ASSERT_TRUE(again.mount());
    EXPECT_EQ(again.head().seq, turn);
    EXPECT_EQ(again.head().key[0], turn);
    EXPECT_STREQ(again.head().device, "mcu-1");
    EXPECT_EQ(again.head().renew_after, 77u);
    std::uint8_t certificate[501], chain[333];
    ASSERT_TRUE(again.read(certificate, chain));
    EXPECT_EQ(certificate[500], turn);
    EXPECT_EQ(chain[332], turn + 1);
  }
}

TEST_F(McuIdentity, TheOldOneStaysWhateverByteOfTheNewOneIsDamaged) {
  IdentityStore store(flash, 0);
  ASSERT_TRUE(store.replace(answer_of(1), key));
  ASSERT_TRUE(store.replace(answer_of(5), key));
  for (std::size_t at = 4096; at < 4096 + 128 + 504 + 333; at += 3) {
    host::MemoryFlash broken = flash;
    if (at - 4096 >= sizeof(IdentityHead) && at - 4096 < 128) continue;  // padding
    if (at - 4096 >= 128 + 501 && at - 4096 < 128 + 504) continue;
    broken.bytes[at] ^= 4;
    IdentityStore found(broken, 0);
    ASSERT_TRUE(found.mount()) << at;
    EXPECT_EQ(found.head().seq, 1u) << at;
  }
}

TEST_F(McuIdentity, RefusesWhatDoesNotFit) {
  host::MemoryFlash small{2 * 1024, 1024, 8};
  IdentityStore store(small, 0);
  EXPECT_FALSE(store.replace(answer_of(1, 600, 600), key));
  EXPECT_TRUE(store.replace(answer_of(1, 400, 400), key));
}

TEST_F(McuIdentity, LeavesRoomForOnePendingKeyWhereverThatMayBegin) {
  host::MemoryFlash odd{2 * 1000, 1000, 8};  // no multiple of a place
  IdentityStore store(odd, 0);
  EXPECT_FALSE(store.replace(answer_of(1, 400, 400), key));  // ends at 928; the place would be [960, 1024)
  ASSERT_TRUE(store.replace(answer_of(1, 400, 360), key));
  store.keep_pending(key);
  std::uint8_t back[32];
  EXPECT_TRUE(store.pending(back));
}

TEST_F(McuIdentity, KeepsAPendingKeyBehindAWornPlace) {
  IdentityStore(flash, 0).replace(answer_of(1), key);
  const host::MemoryFlash before = flash;
  const std::uint32_t first = 1024;  // 128 + 504 + 336 ends at 968
  for (const bool says_so : {true, false}) {
    for (std::uint32_t worn = 0; worn < 16; ++worn) {
      flash.bytes = before.bytes;
      host::WornFlash old(flash);
      old.stuck = {first, first + worn * 64};
      old.says_so = says_so;
      IdentityStore store(old, 0);
      ASSERT_TRUE(store.mount());
      key[31] = static_cast<std::uint8_t>(worn);
      store.keep_pending(key);
      std::uint8_t back[32] = {};
      ASSERT_TRUE(store.pending(back)) << worn;
      EXPECT_EQ(memcmp(back, key, 32), 0);
      EXPECT_EQ(flash.bytes[first + worn * 64], 'S') << "at once, and once";
      EXPECT_EQ(flash.bytes[first + worn * 64 + 64], 0xff);
      EXPECT_EQ(old.erased, 0u);
    }
  }
}

TEST_F(McuIdentity, ErasesNothingForAKeyWhereAReadFails) {
  ASSERT_TRUE(IdentityStore(flash, 0).replace(answer_of(1), key));
  IdentityStore second(flash, 0);
  ASSERT_TRUE(second.mount() && second.replace(answer_of(5), key));  // in the sector of the first pending key
  flash.bytes[0] = 0;                                                // the other one is gone
  std::fill_n(flash.bytes.begin() + 4096 + 1024, 1024, std::uint8_t{0x7f});  // no place is blank
  host::WornFlash old(flash);
  old.unreadable = {4096, 8192};
  IdentityStore store(old, 0);
  EXPECT_FALSE(store.mount());
  store.keep_pending(key);
  EXPECT_EQ(old.erased, 0u);
  old.unreadable = {};  // it was a passing fault: the identity may be there after all
  store.keep_pending(key);
  EXPECT_EQ(old.erased, 0u);
  EXPECT_TRUE(store.mount());
}

TEST_F(McuIdentity, PassesAPlaceOverThatCannotBeRead) {
  host::WornFlash old(flash);
  old.unreadable = {4096 + 128, 4096 + 192};
  IdentityStore store(old, 0);
  store.keep_pending(key);
  std::uint8_t back[32] = {};
  ASSERT_TRUE(store.pending(back));
  EXPECT_EQ(memcmp(back, key, 32), 0);
  EXPECT_EQ(flash.bytes[4096 + 192], 'S');
  EXPECT_EQ(old.erased, 0u);
}

TEST_F(McuIdentity, ErasesOnceForAKeyWhereNothingIsBlankAndNobodysIs) {
  for (std::size_t at = 4096; at < 8192; ++at) flash.bytes[at] = 0x7f;
  host::WornFlash old(flash);
  IdentityStore store(old, 0);
  EXPECT_FALSE(store.mount());
  old.stuck = {4096, 8192};
  store.keep_pending(key);
  EXPECT_EQ(old.erased, 1u);
  store.keep_pending(key);
  EXPECT_EQ(old.erased, 1u) << "blank places that take nothing are not erased again";
  old.stuck = {};
  store.keep_pending(key);
  std::uint8_t back[32];
  EXPECT_TRUE(store.pending(back));
}

}  // namespace
}  // namespace stratus::mcu::identity_test
