#include "stratus/mcu/identity.hpp"

#include <memory>

#include "host/memory_flash.hpp"
#include <gtest/gtest.h>

namespace stratus::mcu {
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

}  // namespace
}  // namespace stratus::mcu
