// A server short of descriptors, memory or time for handshakes.
#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/resource.h>

#include "stratus/base/clock.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/certificate.hpp"
#include "stratus/net/http_server.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/net/raw_client_testing.hpp"

namespace {

// The allocation with this number fails, on the thread that asked for it; 0: none.
thread_local int allocations_until_failure = 0;
thread_local bool an_allocation_failed = false;

}  // namespace

// ThreadSanitizer brings operators of its own, which cannot be replaced in clang's.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STRATUS_OWN_ALLOCATOR 0
#endif
#endif
#ifndef STRATUS_OWN_ALLOCATOR
#define STRATUS_OWN_ALLOCATOR 1
#endif

#if STRATUS_OWN_ALLOCATOR
void* operator new(std::size_t size) {
  if (allocations_until_failure > 0 && --allocations_until_failure == 0) {
    an_allocation_failed = true;
    throw std::bad_alloc();
  }
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace stratus::net {
namespace {

class PressureTest : public ::testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    const Handler handler = [this](Exchange& exchange) { return handle(exchange); };
    auto listening = HttpServer::listen(loop_.executor(), std::move(options), handler);
    ASSERT_TRUE(listening) << listening.error().text();
    server_ = std::move(*listening);
    stop_ = std::make_unique<Notifier>(loop_.executor());
    thread_ = std::thread([this] { EXPECT_TRUE(loop_.run(serve())); });
  }
  void TearDown() override {
    if (!thread_.joinable()) return;
    spawn(loop_.executor(), request_stop());
    thread_.join();
  }
  Task<void> request_stop() {
    stop_->notify_all();
    co_return;
  }
  Task<Result<void>> serve() {
    co_await stop_->wait();
    co_await server_->stop(std::chrono::seconds(5));
    co_return Result<void>();
  }
  Task<void> handle(Exchange& exchange) {
    ResponseHead ok;
    const std::string path = exchange.request().path;
    if (path == "/wait") {
      const std::string nothing;
      (void)co_await exchange.begin(ok, 1);
      co_await released_.wait();
      (void)co_await exchange.write(as_bytes("x"));
      (void)co_await exchange.finish();
      co_return;
    }
    if (path == "/release") released_.notify_all();
    if (path.starts_with("/fail/")) {
      an_allocation_failed = false;
      allocations_until_failure = std::stoi(path.substr(6));
    }
    if (path == "/heal") {
      allocations_until_failure = 0;
      failed_ = an_allocation_failed;
    }
    (void)co_await exchange.respond(ok, path);
  }
  std::uint16_t port() const { return server_->port(); }
  static std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n"; }

  Loop loop_;
  Notifier released_{loop_.executor()};
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Notifier> stop_;
  std::thread thread_;
  std::atomic<bool> failed_{false};
};

// No descriptor may be opened beyond those in use now.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit now = before_;
    const FileDescriptor lowest_free(::dup(0));
    now.rlim_cur = static_cast<rlim_t>(lowest_free.get());
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(PressureTest, WithoutDescriptorsTheLongestIdleMakesRoom) {
  start();
  RawClient first(port());
  first.send(get("/1"));
  (void)first.read_response();
  RawClient second(port());
  second.send(get("/2"));
  (void)second.read_response();
  RawClient third;
  const NoMoreDescriptors limit;
  third.connect(port());
  third.send(get("/3"));
  EXPECT_TRUE(third.read_response().ends_with("/3"));
  EXPECT_EQ(first.read_to_end(), "");
  second.send(get("/2"));
  EXPECT_TRUE(second.read_response().ends_with("/2"));
}

TEST_F(PressureTest, WithoutDescriptorsAndIdleConnectionsNewcomersAreTold) {
  start();
  RawClient busy(port());
  busy.send(get("/wait"));
  (void)busy.read_until("\r\n\r\n");
  RawClient newcomer;
  RawClient another;
  {
    const NoMoreDescriptors limit;
    newcomer.connect(port());
    EXPECT_EQ(newcomer.read_to_end(), "");
    EXPECT_TRUE(newcomer.was_reset());
  }
  another.connect(port());
  another.send(get("/release"));
  EXPECT_TRUE(another.read_response().ends_with("/release"));
  EXPECT_EQ(busy.read_until("x"), "x");
}

// Whichever allocation fails while a connection is taken and its request handled: others are served before
// and after, and the server can be stopped.
TEST_F(PressureTest, OneFailedAllocationHurtsOneConnectionAtMost) {
#if !STRATUS_OWN_ALLOCATOR
  GTEST_SKIP() << "allocations do not fail under ThreadSanitizer";
#endif
  start();
  RawClient steady(port());
  int failures = 0;
  for (int number = 1; number < 400; ++number) {
    steady.send(get("/fail/" + std::to_string(number)));
    std::string answer = steady.read_response();
    RawClient victim(port());
    victim.send(get("/victim"));
    victim.finish_sending();
    (void)victim.read_to_end();
    if (answer.empty()) steady = RawClient(port());
    RawClient healer(port());
    healer.send(get("/heal"));
    answer = healer.read_response();
    if (answer.empty()) {  // it was the one
      RawClient next(port());
      next.send(get("/heal"));
      answer = next.read_response();
    }
    ASSERT_TRUE(answer.ends_with("/heal")) << number << ": " << answer;
    if (!failed_) break;
    ++failures;
  }
  EXPECT_GT(failures, 10);
  EXPECT_LT(failures, 399);
}

class TlsPeer {
 public:
  explicit TlsPeer(std::uint16_t port)
      : client_(port), context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_)) {
    SSL_set_fd(ssl_, client_.fd());
  }
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;
  ~TlsPeer() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  bool shake_hands() { return SSL_connect(ssl_) == 1; }
  std::string ask(const std::string& request) {
    SSL_write(ssl_, request.data(), static_cast<int>(request.size()));
    return read();
  }
  std::string read() {  // one record, "" when closed
    char buffer[16384];
    const int count = SSL_read(ssl_, buffer, sizeof buffer);
    return std::string(buffer, count > 0 ? static_cast<std::size_t>(count) : 0);
  }

 private:
  RawClient client_;
  SSL_CTX* context_;
  SSL* ssl_;
};

class TlsPressureTest : public PressureTest {
 protected:
  void start_tls(ServerOptions options) {
    crypto::CertificateOptions certificate;
    certificate.names = {"127.0.0.1"};
    certificate.now = system_clock().wall();
    const auto files = crypto::ensure_tls_files(directory_.path(), "server", certificate).value();
    options.tls = ServerTls{files.certificate, files.key};
    start(std::move(options));
  }
  testing::TemporaryDirectory directory_;
};

TEST_F(TlsPressureTest, TheTimeForTheHeadBeginsBehindTheHandshake) {
  ServerOptions options;
  options.head_timeout = Millis(40);
  start_tls(std::move(options));
  TlsPeer waiting(port());
  TlsPeer silent(port());
  ASSERT_TRUE(silent.shake_hands());
  EXPECT_EQ(silent.read(), "");  // its time is over, and the other's handshake took longer
  ASSERT_TRUE(waiting.shake_hands());
  EXPECT_NE(waiting.ask(get("/late")).find("/late"), std::string::npos);
}

TEST_F(TlsPressureTest, AHandshakeIsNotWaitedForForEver) {
  ServerOptions options;
  options.handshake_timeout = Millis(40);
  start_tls(std::move(options));
  RawClient silent(port());
  EXPECT_EQ(silent.read_to_end(), "");
}

}  // namespace
}  // namespace stratus::net
