#include "stratus/server/influx_export.hpp"

#include <algorithm>

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/server/influx_lines.hpp"

namespace stratus::server {
namespace {

constexpr Millis kFirstPause(250);
constexpr Millis kPatience(10'000);  // for one request

net::ClientOptions client_options(const InfluxConfig& config) {
  net::ClientOptions options;
  options.ca_file = config.ca_file;
  options.max_connections_per_host = 1;
  options.connect_timeout = Millis(5'000);
  return options;
}

}  // namespace

Result<std::unique_ptr<InfluxExport>> InfluxExport::make(net::Executor loop, InfluxConfig config) {
  if (!config.url.starts_with("http://") && !config.url.starts_with("https://"))
    return fail(ErrorCode::invalid,
                "influx.url '" + config.url + "' is not a URL such as http://127.0.0.1:8428/write");
  std::string token;
  if (!config.token_file.empty()) {
    STRATUS_TRY(text, read_file(config.token_file, 4096).with_context("influx.token_file"));
    token = std::move(text);
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    const bool plain =
        !token.empty() && std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!plain) return fail(ErrorCode::invalid, "influx.token_file: not one line of a token");
  }
  return std::unique_ptr<InfluxExport>(
      new InfluxExport(std::move(loop), std::move(config), std::move(token)));
}

InfluxExport::InfluxExport(net::Executor loop, InfluxConfig config, std::string token)
    : config_(std::move(config)),
      url_(config_.url + (config_.url.find('?') == std::string::npos ? "?" : "&") + "precision=ms"),
      token_(std::move(token)),
      client_(net::HttpClient::make(loop, client_options(config_))),
      arrived_(loop) {}

void InfluxExport::add(std::string line) {
  if (line.empty()) return;
  waiting_bytes_ += line.size();
  waiting_.push_back({std::move(line), 1});
  while (waiting_bytes_ > config_.queue_bytes) {
    waiting_bytes_ -= waiting_.front().lines.size();
    counters_.dropped += waiting_.front().count;
    waiting_.pop_front();
  }
  if (waiting_.size() == 1 || waiting_bytes_ >= config_.batch_bytes) arrived_.notify_all();
}

InfluxExport::Batch InfluxExport::take() {
  Batch batch;
  while (!waiting_.empty() && batch.lines.size() < config_.batch_bytes) {
    batch.lines += waiting_.front().lines;
    batch.count += waiting_.front().count;
    waiting_bytes_ -= waiting_.front().lines.size();
    waiting_.pop_front();
  }
  return batch;
}

// At the front again; what there is no room for any more is the oldest, and so goes.
void InfluxExport::put_back(Batch batch) {
  if (waiting_bytes_ + batch.lines.size() > config_.queue_bytes) {
    counters_.dropped += batch.count;
    return;
  }
  waiting_bytes_ += batch.lines.size();
  waiting_.push_front(std::move(batch));
}

net::Task<InfluxExport::Outcome> InfluxExport::send(const Batch& batch) {
  net::ClientRequest request;
  request.method = "POST";
  request.url = url_;
  request.headers.set("Content-Type", "text/plain; charset=utf-8");
  request.headers.set("Content-Encoding", "gzip");
  if (!token_.empty()) request.headers.set("Authorization", "Token " + token_);
  request.body = gzip(batch.lines);
  request.total_timeout = kPatience;
  const std::size_t size = request.body.size();
  auto answer = co_await client_->send(std::move(request));
  if (answer && answer->status >= 200 && answer->status < 300) {
    if (failing_) log::info("influx", "{} takes measurements again", config_.url);
    failing_ = false;
    counters_.lines += batch.count;
    counters_.bytes += size;
    co_return Outcome::taken;
  }
  ++counters_.failures;
  const std::string why =
      answer ? std::to_string(answer->status) + " " + answer->body.substr(0, 200) : answer.error().text();
  // Lines that it cannot read would come back for ever.
  const bool never = answer && (answer->status == 400 || answer->status == 413 || answer->status == 422);
  if (never || !failing_) log::warning("influx", "{}: {}", config_.url, why);
  failing_ = !never;
  co_return never ? Outcome::refused : Outcome::again;
}

net::Task<void> InfluxExport::run() {
  Millis pause = kFirstPause;
  for (;;) {
    while (waiting_.empty()) {
      co_await arrived_.wait();
    }
    const SteadyTime when = system_clock().steady() + config_.flush;
    bool woken = true;
    while (woken && waiting_bytes_ < config_.batch_bytes) {
      woken = co_await arrived_.wait_until(when);
    }
    Batch batch = take();
    const Outcome outcome = co_await send(batch);
    if (outcome != Outcome::again) {
      if (outcome == Outcome::refused) counters_.refused += batch.count;
      pause = kFirstPause;
      continue;
    }
    put_back(std::move(batch));
    co_await net::sleep_for(pause);
    pause = std::min(pause * 2, config_.longest_pause);
  }
}

void InfluxExport::add_metrics(Metrics& metrics) const {
  using enum Metrics::Kind;
  constexpr std::string_view lines = "Lines of measurements for the time series database by outcome.";
  metrics.add(counter, "stratus_influx_lines_total", lines, counters_.lines, {{"outcome", "taken"}});
  metrics.add(counter, "stratus_influx_lines_total", lines, counters_.dropped, {{"outcome", "dropped"}});
  metrics.add(counter, "stratus_influx_lines_total", lines, counters_.refused, {{"outcome", "refused"}});
  metrics.add(counter, "stratus_influx_sent_bytes_total", "Bytes of them, packed.", counters_.bytes);
  metrics.add(counter, "stratus_influx_failures_total", "Requests that it did not take.", counters_.failures);
  metrics.add(gauge, "stratus_influx_waiting_bytes", "Bytes of lines that wait.", waiting_bytes_);
}

}  // namespace stratus::server
