#include "stratus/db/connection.hpp"

#include <chrono>
#include <unordered_map>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include "stratus/db/bulk.hpp"
#include "stratus/db/platform/postgres/errors.hpp"
#include "stratus/db/platform/postgres/wire_values.hpp"

namespace stratus::db {
namespace {

constexpr std::size_t kMaxStatements = 256;
// A server that answers nothing at all for so long is taken for dead; statement_timeout is below it.
constexpr std::chrono::seconds kAnswerLimit{40};
constexpr std::size_t kBulkValues = 4'000;  // of one INSERT; the protocol's bound is 65,535

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

class PostgresConnection final : public Connection {
 public:
  explicit PostgresConnection(PGconn* handle) : handle_(handle) {}
  ~PostgresConnection() override { PQfinish(handle_); }

  Engine engine() const override { return Engine::postgres; }
  bool is_lost() const override { return lost_ || PQstatus(handle_) != CONNECTION_OK; }
  bool in_transaction() const override { return PQtransactionStatus(handle_) != PQTRANS_IDLE && !is_lost(); }

  Result<void> script(const std::string& sql) override {
    if (PQsendQuery(handle_, sql.c_str()) == 0) return fail(connection_error());
    STRATUS_TRY(answer, wait());
    (void)answer;
    return {};
  }

  using Transaction::run;
  Result<Rows> run(std::string_view sql, Values values) override {
    STRATUS_TRY(parameters, Parameters::of(values));
    STRATUS_TRY(name, prepare(std::string(sql)));
    if (PQsendQueryPrepared(handle_, name.c_str(), parameters.count(), parameters.pointers(),
                            parameters.lengths(), parameters.formats(), 0) == 0) {
      return fail(connection_error());
    }
    STRATUS_TRY(answer, wait());
    return rows_of(answer.get());
  }

  Result<void> bulk_insert(std::string_view table, const std::vector<std::string_view>& columns,
                           Values values, const OnConflict& conflict) override {
    STRATUS_TRY(rows, rows_that_count(columns, values, conflict));
    // Full chunks share one prepared statement, halves of them take the rest: few texts in the cache.
    std::size_t chunk = std::max<std::size_t>(1, kBulkValues / columns.size());
    std::size_t next = 0;
    std::vector<Value> part;
    while (next < rows.size()) {
      while (chunk > rows.size() - next) chunk /= 2;
      part.clear();
      for (std::size_t i = next; i < next + chunk; ++i) {
        const auto row = values.subspan(rows[i] * columns.size(), columns.size());
        part.insert(part.end(), row.begin(), row.end());
      }
      STRATUS_CHECK(run(bulk_insert_sql(table, columns, chunk, conflict), Values(part)));
      next += chunk;
    }
    return {};
  }

 private:
  Error connection_error() {
    lost_ = true;
    return noted(Error(ErrorCode::unavailable, "database: " + first_line(PQerrorMessage(handle_))));
  }

  Result<std::string> prepare(const std::string& sql) {
    const auto found = statements_.find(sql);
    if (found != statements_.end()) return found->second;
    if (statements_.size() >= kMaxStatements) {
      STRATUS_CHECK(script("DEALLOCATE ALL"));
      statements_.clear();
    }
    const std::string name = fmt::format("s{}", ++last_statement_);
    if (PQsendPrepare(handle_, name.c_str(), sql.c_str(), 0, nullptr) == 0) return fail(connection_error());
    STRATUS_TRY(answer, wait().with_context("prepare"));
    (void)answer;
    statements_.emplace(sql, name);
    return name;
  }

  // All answers of what was sent; the last counts, the first error wins.
  Result<Answer> wait() {
    Answer last;
    Result<void> outcome;
    for (;;) {
      STRATUS_CHECK(wait_until_readable());
      Answer answer(PQgetResult(handle_));
      if (!answer) break;
      const ExecStatusType status = PQresultStatus(answer.get());
      if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY && outcome) {
        outcome = fail(error_of(answer.get()));
      }
      last = std::move(answer);
    }
    if (!outcome) return forward_error(std::move(outcome));
    if (is_lost()) return fail(connection_error());
    return last;
  }

  Error error_of(const PGresult* result) {
    const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* const message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (state == nullptr || message == nullptr) return connection_error();
    const char* const detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    Error error(code_of_sqlstate(state), fmt::format("database: {}", message));
    if (detail != nullptr) error = Error(error.code(), fmt::format("{}: {}", error.text(), detail));
    // A lost race (40) or a lock held too long (55) is no fault of the database.
    const bool race = std::string_view(state).starts_with("40") || std::string_view(state).starts_with("55");
    return race ? error : noted(std::move(error));
  }

  // Sends what is left, then waits until an answer can be taken without blocking.
  Result<void> wait_until_readable() {
    const auto deadline = std::chrono::steady_clock::now() + kAnswerLimit;
    for (;;) {
      const int unsent = PQflush(handle_);
      if (unsent < 0) return fail(connection_error());
      if (unsent == 0 && PQisBusy(handle_) == 0) return {};
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) {
        lost_ = true;  // what comes later on this connection answers nobody
        return fail(noted(Error(ErrorCode::unavailable, "database: PostgreSQL does not answer")));
      }
      pollfd waiting{PQsocket(handle_), static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN), 0};
      const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
      if (ready < 0 && errno != EINTR) return fail(Error::from_errno("database: poll"));
      if (ready > 0 && PQconsumeInput(handle_) == 0) return fail(connection_error());
    }
  }

  PGconn* handle_;
  bool lost_ = false;
  std::uint64_t last_statement_ = 0;
  std::unordered_map<std::string, std::string> statements_;  // text -> name
};

}  // namespace

Result<std::unique_ptr<Connection>> open_postgres(const std::string& url, Access access) {
  const std::string settings =
      access == Access::read_only
          ? "-c statement_timeout=30000 -c default_transaction_read_only=on"
          : "-c statement_timeout=30000 -c lock_timeout=20000 -c synchronous_commit=on "
            "-c idle_in_transaction_session_timeout=60000";
  const char* const keys[] = {"dbname",           "connect_timeout", "options",
                              "application_name", "keepalives_idle", "keepalives_interval",
                              "tcp_user_timeout", "client_encoding", nullptr};
  const char* const values[] = {url.c_str(), "5",     settings.c_str(), "stratus-server", "10",
                                "5",         "20000", "UTF8",           nullptr};
  PGconn* const handle = PQconnectdbParams(keys, values, 1);
  auto connection = std::make_unique<PostgresConnection>(handle);
  if (handle == nullptr) return fail(ErrorCode::no_space, "database: out of memory");
  if (PQstatus(handle) != CONNECTION_OK) {
    // The message names host and user, never the password.
    return fail(ErrorCode::unavailable, "database: " + first_line(PQerrorMessage(handle)));
  }
  PQsetNoticeProcessor(
      handle, [](void*, const char*) {}, nullptr);
  PQsetnonblocking(handle, 1);
  return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace stratus::db
