#include "stratus/mcu/csr.hpp"

#include <string>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "stratus/mcu/key_testing.hpp"
#include "stratus/mcu/software_crypto.hpp"

namespace stratus::mcu::csr_test {
namespace {

class McuCsr : public testing::Test {
 protected:
  std::string request(const char* device) {
    char buffer[800];
    TextWriter out(buffer, sizeof buffer);
    if (!write_csr(device, key, crypto, out) || !out.ok()) return "";
    std::string pem(out.data(), out.size());
    for (std::size_t at; (at = pem.find("\\n")) != std::string::npos;) pem.replace(at, 2, "\n");
    return pem;
  }
  TestKey key;
  SoftwareCrypto crypto{nullptr};
};

TEST_F(McuCsr, IsOneThatOpenSslBelieves) {
  for (const std::string& name : {std::string("mcu-1"), std::string(), std::string(64, 'x')}) {
    for (int i = 0; i < 20; ++i) {  // signatures differ in length
      const std::string pem = request(name.c_str());
      BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
      X509_REQ* parsed = PEM_read_bio_X509_REQ(bio, nullptr, nullptr, nullptr);
      BIO_free(bio);
      ASSERT_NE(parsed, nullptr) << pem;
      EXPECT_EQ(X509_REQ_verify(parsed, X509_REQ_get0_pubkey(parsed)), 1);
      char found[100] = "";
      X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(parsed), NID_commonName, found, sizeof found);
      EXPECT_EQ(found, name);
      X509_REQ_free(parsed);
    }
  }
}

TEST_F(McuCsr, FailsWithTheKeyOrANameThatIsTooLong) {
  EXPECT_EQ(request(std::string(65, 'x').c_str()), "");
  key.fails = true;
  EXPECT_EQ(request("d"), "");
}

class McuCertificateAnswer : public testing::Test {
 protected:
  // DER of that many bytes after its head.
  static std::string pem(std::uint8_t fill, std::size_t size = 300) {
    Bytes der{0x30, 0x82, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
    der.insert(der.end(), size, fill);
    char buffer[3000];
    TextWriter out(buffer, sizeof buffer);
    out.text("-----BEGIN CERTIFICATE-----\\n");
    for (std::size_t at = 0; at < der.size(); at += 48)
      out.base64(der.data() + at, static_cast<uint32_t>(std::min<std::size_t>(48, der.size() - at)))
          .text("\\n");
    out.text("-----END CERTIFICATE-----\\n");
    return {out.data(), out.size()};
  }
  static std::string body(const std::string& certificate, const std::string& chain) {
    return R"({"region":null,"list":[{"device":"not me"}],"device":"cam-7","kind":"device","certificate":")" +
           certificate + R"(","chain":")" + chain + R"(","root":")" + pem(9) +
           R"(","not_after_ms":1803000000000,"renew_after_ms":1800400000123})";
  }
  static bool read(CertificateAnswer& answer, const std::string& text, std::size_t piece) {
    for (std::size_t at = 0; at < text.size(); at += piece) {
      const std::string part = text.substr(at, piece);
      if (!answer.write(reinterpret_cast<const uint8_t*>(part.data()), static_cast<uint32_t>(part.size())))
        return false;
    }
    return answer.complete();
  }
};

TEST_F(McuCertificateAnswer, IsReadWhateverThePieces) {
  for (std::size_t piece : {1u, 7u, 10000u}) {
    CertificateAnswer answer;
    ASSERT_TRUE(read(answer, body(pem(1), pem(2) + pem(3)), piece));
    EXPECT_STREQ(answer.device, "cam-7");
    EXPECT_EQ(answer.renew_after, 1800400000u);
    EXPECT_EQ(answer.certificate_size, 304u);
    EXPECT_EQ(answer.certificate[303], 1);
    EXPECT_EQ(answer.chain_size, 304u);  // the first of them
    EXPECT_EQ(answer.chain[303], 2);
  }
}

TEST_F(McuCertificateAnswer, RefusesWhatIsCutOrTooLongOrIncomplete) {
  const std::string whole = body(pem(1), pem(2));
  for (std::size_t size = 0; size < whole.size(); size += 13) {
    CertificateAnswer answer;
    EXPECT_FALSE(read(answer, whole.substr(0, size), 100)) << size;
  }
  CertificateAnswer long_answer;
  EXPECT_FALSE(read(long_answer, body(pem(1, 1100), pem(2)), 100));
  CertificateAnswer refusal;
  EXPECT_FALSE(read(refusal, R"({"status":403,"code":"code_refused","detail":"the code is used"})", 100));
  CertificateAnswer twice;
  EXPECT_FALSE(read(twice, R"({"certificate":")" + pem(1) + "\"," + whole.substr(1), 100));
  CertificateAnswer bad_name;
  EXPECT_FALSE(read(bad_name, R"({"device":"a b"})", 100));
}

}  // namespace
}  // namespace stratus::mcu::csr_test
