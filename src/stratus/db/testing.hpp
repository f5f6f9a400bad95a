// For tests only: the same test on both engines. PostgreSQL comes from Debian's postgresql-15, is started
// once per test program in a temporary directory (unix socket only, no fsync) and ends with the program.
//
//   TEST(Regions, AreUnique) { for_each_engine([](TestDatabase& test) { auto& db = test.database(); … }); }
//   class RegionTest : public EngineTest {};  STRATUS_BOTH_ENGINES(RegionTest);  TEST_P(RegionTest, …)
#pragma once

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/db/connection.hpp"
#include "stratus/db/database.hpp"

namespace stratus::db {

class TestPostgres {
 public:
  // nullptr when postgresql-15 is not installed.
  static TestPostgres* shared() {
    static const std::unique_ptr<TestPostgres> instance =
        installed() ? std::make_unique<TestPostgres>() : nullptr;
    return instance.get();
  }
  static bool installed() { return ::access((kPrograms + "postgres").c_str(), X_OK) == 0; }

  TestPostgres() {
    if (::geteuid() == 0) {
      // PostgreSQL refuses to run as root.
      const passwd* user = ::getpwnam("postgres");
      if (user == nullptr) user = ::getpwnam("nobody");
      user_ = user->pw_uid;
      group_ = user->pw_gid;
      if (::chown(directory_.path().c_str(), user_, group_) != 0) throw std::runtime_error("chown failed");
    }
    run({kPrograms + "initdb", "-D", data(), "-U", "stratus", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
         "--no-sync", "--no-instructions"});
    start();
  }
  ~TestPostgres() { stop(SIGQUIT); }

  void start() {
    child_ = spawn({kPrograms + "postgres", "-D", data(), "-k", directory_.path(), "-c",
                    "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c",
                    "max_connections=60", "-c", "max_wal_size=64MB", "-c", "autovacuum=off"});
    // It is ready when it lets somebody in; it ends by itself when it cannot start.
    for (;;) {
      if (open_postgres(url("postgres"), Access::read_write)) return;
      if (::waitpid(child_, nullptr, WNOHANG) != 0) throw std::runtime_error("postgres ended: " + log());
      ::usleep(20'000);
    }
  }
  // SIGINT: orderly; SIGQUIT: at once, as after a crash; SIGSTOP and SIGCONT go through `signal`.
  void stop(int how) {
    if (child_ <= 0) return;
    ::kill(child_, how);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }
  void signal(int number) { ::kill(child_, number); }

  std::string url(const std::string& database) const {
    return "postgresql:///" + database + "?user=stratus&host=" + directory_.path().string();
  }
  std::string make_database() {
    const std::string name = fmt::format("test{}", ++last_database_);
    script(fmt::format("CREATE DATABASE {}", name));
    return url(name);
  }

 private:
  static inline const std::string kPrograms = "/usr/lib/postgresql/15/bin/";
  std::string data() const { return (directory_.path() / "data").string(); }
  std::string log_file() const { return (directory_.path() / "log").string(); }
  std::string log() const {
    std::ifstream file(log_file());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void script(const std::string& sql) {
    auto connection = open_postgres(url("postgres"), Access::read_write);
    if (!connection) throw std::runtime_error(connection.error().text());
    const auto done = (*connection)->script(sql);
    if (!done) throw std::runtime_error(done.error().text());
  }
  pid_t spawn(const std::vector<std::string>& arguments) {
    std::vector<char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    const std::string log_path = log_file(), working = directory_.path();
    const pid_t child = ::fork();
    if (child != 0) return child;
    const bool ready = ::chdir(working.c_str()) == 0 && (group_ == 0 || ::setgid(group_) == 0) &&
                       (user_ == 0 || ::setuid(user_) == 0) && ::prctl(PR_SET_PDEATHSIG, SIGQUIT) == 0;
    const int output = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (!ready || output < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) ::_exit(126);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  void run(const std::vector<std::string>& arguments) {
    int status = 0;
    ::waitpid(spawn(arguments), &status, 0);
    if (status != 0) throw std::runtime_error(arguments.front() + " failed: " + log());
  }

  stratus::testing::TemporaryDirectory directory_;
  uid_t user_ = 0;
  gid_t group_ = 0;
  pid_t child_ = -1;
  int last_database_ = 0;
};

// An empty database of one engine, at the newest schema once opened.
class TestDatabase {
 public:
  explicit TestDatabase(Engine engine)
      : url_(engine == Engine::sqlite ? (directory_ / "test.db").string()
                                      : TestPostgres::shared()->make_database()) {}

  const std::string& url() const { return url_; }
  Engine engine() const { return is_postgres_url(url_) ? Engine::postgres : Engine::sqlite; }
  // Opened at the first call.
  Database& database() {
    if (!database_) reopen();
    return *database_;
  }
  void close() { database_.reset(); }
  void reopen(const DatabaseOptions& options = {}) {
    close();
    auto opened = Database::open(url_, options);
    if (!opened) throw std::runtime_error(opened.error().text());
    database_ = std::move(*opened);
  }

 private:
  stratus::testing::TemporaryDirectory directory_;
  std::string url_;
  std::unique_ptr<Database> database_;
};

inline std::string name_of(Engine engine) { return engine == Engine::sqlite ? "sqlite" : "postgres"; }

// The body on SQLite, then on PostgreSQL; the test counts as skipped where that is not installed.
inline void for_each_engine(const std::function<void(TestDatabase&)>& body) {
  for (const Engine engine : {Engine::sqlite, Engine::postgres}) {
    if (engine == Engine::postgres && !TestPostgres::installed()) GTEST_SKIP() << "no postgresql-15";
    SCOPED_TRACE(name_of(engine));
    TestDatabase test(engine);
    body(test);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// A fixture whose tests run once per engine.
class EngineTest : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    if (GetParam() == Engine::postgres && !TestPostgres::installed()) GTEST_SKIP() << "no postgresql-15";
    test_ = std::make_unique<TestDatabase>(GetParam());
    opened();
  }
  virtual void opened() {}  // the fixture's own set-up
  Database& database() { return test_->database(); }

  std::unique_ptr<TestDatabase> test_;
};

#define STRATUS_BOTH_ENGINES(fixture)                                                                      \
  INSTANTIATE_TEST_SUITE_P(                                                                                \
      Engines, fixture, ::testing::Values(::stratus::db::Engine::sqlite, ::stratus::db::Engine::postgres), \
      [](const auto& parameter) { return ::stratus::db::name_of(parameter.param); })

}  // namespace stratus::db
