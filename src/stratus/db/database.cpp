#include "stratus/db/database.hpp"

#include <future>

#include "stratus/db/reader_pool.hpp"
#include "stratus/db/schema.hpp"
#include "stratus/db/writer.hpp"

namespace stratus::db {
namespace {

class PooledDatabase final : public Database {
 public:
  PooledDatabase(std::unique_ptr<Connection> first, const std::string& url, const DatabaseOptions& options)
      : engine_(first->engine()),
        readers_([url] { return open_connection(url, Access::read_only); }, options.readers),
        writer_(
            std::move(first), [url] { return open_connection(url, Access::read_write); }, options.queue) {}

  Engine engine() const override { return engine_; }

  Result<Rows> run(std::string_view sql, Values values) override {
    Rows rows;
    STRATUS_CHECK(readers_.with([&](Connection& connection) -> Result<void> {
      STRATUS_TRY(found, connection.run(sql, values));
      rows = std::move(found);
      return {};
    }));
    return rows;
  }

  Result<void> read(const std::function<Result<void>(Reader&)>& work) override {
    return readers_.with([&](Connection& connection) -> Result<void> {
      const bool sqlite = engine_ == Engine::sqlite;
      STRATUS_CHECK(connection.script(sqlite ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ"));
      Result<void> done = work(connection);
      const auto ended = connection.script("ROLLBACK");
      return done ? ended : done;
    });
  }

  void write(Work work, Done done) override { writer_.submit(std::move(work), std::move(done)); }
  DatabaseState state() const override { return writer_.state(); }

 private:
  Engine engine_;
  ReaderPool readers_;
  Writer writer_;  // last: ends first
};

}  // namespace

Error Connection::noted(Error error) {
  switch (error.code()) {
    case ErrorCode::no_space:
    case ErrorCode::unavailable:
    case ErrorCode::corrupt:
    case ErrorCode::denied:
      trouble_ = error.text();
      break;
    default:
      break;
  }
  return error;
}

bool is_postgres_url(std::string_view url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

Result<std::unique_ptr<Connection>> open_connection(const std::string& url, Access access) {
  return is_postgres_url(url) ? open_postgres(url, access) : open_sqlite(url, access);
}

Result<std::unique_ptr<Database>> Database::open(std::string_view url, DatabaseOptions options) {
  STRATUS_TRY(first, open_connection(std::string(url), Access::read_write));
  if (options.migrate) STRATUS_CHECK(migrate(*first));
  return std::make_unique<PooledDatabase>(std::move(first), std::string(url), options);
}

Result<void> Database::write_now(const Work& work) {
  std::promise<Result<void>> promise;
  write(work, [&promise](Result<void> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

}  // namespace stratus::db
