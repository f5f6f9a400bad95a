#include "stratus/sim/enrolment.hpp"

#include <algorithm>
#include <deque>

#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/crypto/signing_request.hpp"
#include "stratus/net/http_connection.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/wire/enrolment.hpp"

namespace stratus::sim {

namespace json = boost::json;

namespace {

constexpr std::uint32_t kCodesAtOnce = 500;  // the server makes up to 1000 in one call
constexpr unsigned kMaxTries = 8;            // of one device while the server is busy

struct Job {
  std::uint32_t index;
  unsigned tries = 0;
};

class Enrolment {
 public:
  Enrolment(const FleetProfile& profile, const Identities& identities, EnrolOptions options,
            net::HttpConnection::Options connection, net::Executor executor,
            std::function<void(std::uint32_t, std::uint32_t)> progress)
      : profile_(profile),
        identities_(identities),
        options_(std::move(options)),
        connection_(std::move(connection)),
        workers_(executor),
        progress_(std::move(progress)) {}

  net::Task<Result<std::uint32_t>> run() {
    for (std::uint32_t index = 0; index < profile_.count; ++index) {
      if (!identities_.has(device_name(profile_, index))) jobs_.push_back({index});
    }
    all_ = static_cast<std::uint32_t>(jobs_.size());
    connections_ = std::min<std::size_t>(std::max(1u, options_.connections), jobs_.size());
    for (std::size_t i = 0; i < connections_; ++i) workers_.spawn(work());
    co_await workers_.join();
    if (!result_) co_return forward_error(std::move(result_));
    co_return done_;
  }

 private:
  net::Task<void> work() {
    std::unique_ptr<net::HttpConnection> connection;
    while (result_ && !jobs_.empty()) {
      Job job = jobs_.front();
      jobs_.pop_front();
      Result<void> enrolled = co_await enrol(connection, device_name(profile_, job.index));
      if (enrolled) {
        ++done_;
        if (progress_) progress_(done_, all_);
        continue;
      }
      connection.reset();
      const ErrorCode code = enrolled.error().code();
      const bool later = code == ErrorCode::unavailable || code == ErrorCode::timeout;
      if (!later || ++job.tries > kMaxTries) {
        if (result_) result_ = fail(enrolled.error().with_context(device_name(profile_, job.index)));
        co_return;
      }
      jobs_.push_back(job);
      const Millis pause(200 * job.tries);
      co_await net::sleep_for(pause);
    }
  }

  net::Task<Result<std::string>> post(std::unique_ptr<net::HttpConnection>& connection, std::string path,
                                      std::string headers, std::string body) {
    if (!connection || !connection->reusable()) {
      connection.reset();
      net::HttpConnection::Options how = connection_;
      auto opened = co_await net::HttpConnection::open(std::move(how));
      if (!opened) co_return forward_error(std::move(opened));
      connection = std::move(*opened);
    }
    net::HttpConnection::Request request;
    request.method = "POST";
    request.target = path;
    request.headers = "Content-Type: application/json\r\n" + headers;
    request.body = std::move(body);
    auto head = co_await connection->exchange(std::move(request));
    if (!head) co_return forward_error(std::move(head));
    constexpr std::size_t limit = 1u << 20;
    auto answer = co_await connection->read_all(limit);
    if (!answer || head->status / 100 == 2) co_return answer;
    std::string detail = fmt::format("{} answered {}", path, head->status);
    if (const auto value = parse_json(*answer, 64u << 10); value && value->is_object()) {
      ObjectReader reader(*value, "");
      if (const std::string said = reader.optional_text("detail", 4096); !said.empty()) detail += ": " + said;
    }
    const bool busy = head->status == 429 || head->status >= 500;
    co_return fail(busy ? ErrorCode::unavailable : error_code_of_http_status(head->status), detail);
  }

  net::Task<Result<std::string>> take_code(std::unique_ptr<net::HttpConnection>& connection) {
    if (options_.codes.empty()) {
      if (options_.token.empty())
        co_return fail(ErrorCode::denied, "there are fewer registration codes than devices to enrol");
      // Each connection its share: what nobody uses would stay open.
      json::object wish{{"count", std::min<std::uint64_t>(kCodesAtOnce, jobs_.size() / connections_ + 1)}};
      if (!profile_.region.empty()) wish["region"] = profile_.region;
      if (!profile_.group.empty()) wish["group"] = profile_.group;
      const std::string authorization = "Authorization: Bearer " + options_.token + "\r\n";
      std::string body = json::serialize(wish);
      auto answer = co_await post(connection, "/api/v1/registration-codes", authorization, std::move(body));
      if (!answer) co_return forward_error(std::move(answer));
      const auto value = parse_json(*answer, 1u << 20);
      if (!value) co_return fail(value.error());
      ObjectReader reader(*value, "registration codes");
      for (const json::value& one : reader.optional_array("codes", 1000)) {
        ObjectReader code(one, "code");
        options_.codes.push_back(code.text("code", 64));
      }
      if (options_.codes.empty()) co_return fail(ErrorCode::corrupt, "the server made no registration codes");
    }
    std::string code = std::move(options_.codes.back());
    options_.codes.pop_back();
    co_return code;
  }

  net::Task<Result<void>> enrol(std::unique_ptr<net::HttpConnection>& connection, std::string device) {
    auto code = co_await take_code(connection);
    if (!code) co_return forward_error(std::move(code));
    auto key = crypto::SigningKey::generate();
    if (!key) co_return forward_error(std::move(key));
    auto csr = crypto::make_signing_request(*key, device);
    if (!csr) co_return forward_error(std::move(csr));
    std::string body = wire::encode_enrol_request({*code, *csr, device});
    auto answer = co_await post(connection, "/api/v1/enrol", "", std::move(body));
    if (!answer) {
      if (answer.error().code() == ErrorCode::unavailable) options_.codes.push_back(std::move(*code));
      co_return forward_error(std::move(answer));
    }
    auto parsed = wire::parse_enrol_answer(*answer);
    if (!parsed) co_return forward_error(std::move(parsed));
    co_return identities_.keep(device, *key, *parsed);
  }

  const FleetProfile& profile_;
  const Identities& identities_;
  EnrolOptions options_;
  net::HttpConnection::Options connection_;
  net::TaskGroup workers_;
  std::function<void(std::uint32_t, std::uint32_t)> progress_;
  std::deque<Job> jobs_;
  std::size_t connections_ = 1;
  std::uint32_t done_ = 0, all_ = 0;
  Result<void> result_;
};

}  // namespace

net::Task<Result<std::uint32_t>> enrol_fleet(const FleetProfile& profile, const Identities& identities,
                                             EnrolOptions options,
                                             std::function<void(std::uint32_t, std::uint32_t)> progress) {
  const auto executor = co_await boost::asio::this_coro::executor;
  net::HttpConnection::Options connection;
  auto origin = net::parse_http_origin(options.server);
  if (!origin) co_return forward_error(std::move(origin));
  connection.origin = std::move(*origin);
  if (connection.origin.tls) {
    auto context = net::TlsClientContext::make(options.ca_file);
    if (!context) co_return forward_error(std::move(context));
    connection.context = std::move(*context);
  }
  Enrolment enrolment(profile, identities, std::move(options), std::move(connection), executor,
                      std::move(progress));
  auto done = co_await enrolment.run();
  co_return done;
}

}  // namespace stratus::sim
