#include "stratus/gateway/passage.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/gateway/blob_answer.hpp"
#include "stratus/gateway/chance.hpp"
#include "stratus/gateway/part_head.hpp"
#include "stratus/gateway/via.hpp"
#include "stratus/net/loop.hpp"

namespace stratus::gateway {

struct Passage::State {
  std::uint64_t received = 0;  // the next byte wanted from the upstream
  std::uint64_t end = 0;
  std::optional<std::uint64_t> total;
  std::uint64_t skip = 0;
  std::optional<Sha256> hash;
  Bytes withheld;
  bool begun = false;
  bool asker_gone = false;
};

Error error_of_status(const net::ClientResponse& answer, const std::string& what) {
  ErrorCode code = error_code_of_http_status(answer.status);
  if (answer.status < 400) code = ErrorCode::corrupt;
  if (answer.status == 429) code = ErrorCode::unavailable;
  return Error(code, fmt::format("the upstream answered {} for {}", answer.status, what));
}

net::Task<Result<void>> Passage::pass(net::Exchange& exchange, const std::string& name,
                                      const Digest& digest) {
  ++counters_.passed;
  const net::RequestHead& request = exchange.request();
  if (request.method == "HEAD" || request.headers.get("Range")) {
    co_return co_await pass_as_asked(exchange, name, digest);
  }
  State state;
  state.hash.emplace();
  co_return co_await run(exchange, name, digest, state);
}

net::Task<Result<void>> Passage::pass_rest(net::Exchange& exchange, const std::string& name,
                                           const Digest& digest, Rest rest) {
  ++counters_.passed;
  State state;
  state.received = rest.at;
  state.end = rest.end;
  state.total = rest.total;
  state.hash = std::move(rest.hash);
  state.begun = true;
  co_return co_await run(exchange, name, digest, state);
}

// HEAD, or the asker's own Range: whatever the upstream makes of it.
net::Task<Result<void>> Passage::pass_as_asked(net::Exchange& exchange, const std::string& name,
                                               const Digest& digest) {
  const std::string target = blob_target(name, digest);
  net::ResponseHead head = blob_head(exchange.request(), digest);
  const auto copy_field = [&](const net::ClientResponse& from, const char* field) {
    if (const auto value = from.headers.get(field)) head.headers.set(field, std::string(*value));
  };
  std::uint64_t length = 0;
  const auto read_length = [&](const net::ClientResponse& from) {
    const auto part = read_part_head(200, from.headers, 0, std::nullopt);  // its Content-Length
    length = part ? part->total : 0;
    return part.has_value();
  };
  if (exchange.request().method == "HEAD") {
    const net::Headers via = via_headers(via_of(exchange.request().headers));
    auto answer = co_await upstream_.ask("HEAD", target, via);
    if (!answer) co_return forward_error(std::move(answer));
    if (answer->status != 200 || !read_length(*answer)) co_return fail(error_of_status(*answer, target));
    auto begun = co_await exchange.begin(head, length);
    if (begun) (void)co_await exchange.finish();
    co_return Result<void>();
  }
  net::Headers headers = via_headers(via_of(exchange.request().headers));
  headers.set("Range", std::string(*exchange.request().headers.get("Range")));
  ++counters_.transfers;
  bool begun = false;
  const std::function<Result<void>(const net::ClientResponse&)> on_head =
      [&](const net::ClientResponse& answer) -> Result<void> {
    head.status = answer.status;
    copy_field(answer, "Content-Range");
    if ((answer.status != 200 && answer.status != 206) || !read_length(answer)) {
      return fail(error_of_status(answer, target));
    }
    return {};
  };
  const net::HttpClient::PacedSink sink = [&](BytesView data) -> net::Task<Result<void>> {
    counters_.blobs.received(digest, data.size());
    if (!begun) {
      begun = true;
      auto started = co_await exchange.begin(head, length);
      if (!started) co_return started;
    }
    co_return co_await exchange.write(data);
  };
  auto answer = co_await upstream_.stream(target, headers, on_head, sink);
  if (begun) {
    if (answer) (void)co_await exchange.finish();
    co_return Result<void>();
  }
  if (!answer) co_return forward_error(std::move(answer));
  if (answer->status == 416) {
    co_return co_await respond_unsatisfiable(exchange, total_of_unsatisfiable(answer->headers).value_or(0));
  }
  if (answer->status != 200) co_return fail(error_of_status(*answer, target));
  auto started = co_await exchange.begin(head, length);
  if (started) (void)co_await exchange.finish();
  co_return Result<void>();
}

net::Task<Result<void>> Passage::run(net::Exchange& exchange, const std::string& name, const Digest& digest,
                                     State& state) {
  const std::string target = blob_target(name, digest);
  unsigned fruitless = 0;
  for (;;) {
    const std::uint64_t before = state.received;
    auto done = co_await attempt(exchange, target, digest, state);
    if (state.asker_gone) co_return Result<void>();
    if (done && state.total && state.received == state.end) break;
    Error error = done ? Error(ErrorCode::unavailable, target + ": the upstream ended early") : done.error();
    const bool worth_it = error.code() == ErrorCode::unavailable || error.code() == ErrorCode::timeout;
    fruitless = state.received > before ? 1 : fruitless + 1;
    if (!worth_it || fruitless >= (state.begun ? kFruitlessAttempts : kFirstAttempts)) {
      if (!state.begun) co_return fail(std::move(error));
      log::warning("blobs", "gave up passing on {}: {}", digest.text(), error.text());
      co_return Result<void>();  // unfinished: the connection is cut
    }
    const Millis pause = update::back_off_delay(kTransferPause, fruitless, chance());
    co_await net::sleep_for(pause);
  }
  if (state.hash && state.hash->finish() != digest) {
    ++counters_.corrupt;
    Error error(ErrorCode::corrupt, "the upstream sent other bytes than those of " + digest.text());
    log::error("blobs", "{}", error.text());
    if (!state.begun) co_return fail(std::move(error));
    co_return Result<void>();
  }
  if (!state.begun) {
    const net::ResponseHead head = blob_head(exchange.request(), digest);
    auto begun = co_await exchange.begin(head, *state.total);
    if (!begun) co_return Result<void>();
  }
  auto written = co_await exchange.write(state.withheld);
  if (written) (void)co_await exchange.finish();
  co_return Result<void>();
}

net::Task<Result<void>> Passage::attempt(net::Exchange& exchange, const std::string& target,
                                         const Digest& digest, State& state) {
  net::Headers headers = via_headers(via_of(exchange.request().headers));
  const bool partial = state.total && state.end < *state.total;
  if (partial) {
    headers.set("Range", fmt::format("bytes={}-{}", state.received, state.end - 1));
  } else if (state.received > 0) {
    headers.set("Range", fmt::format("bytes={}-", state.received));
  }
  ++counters_.transfers;
  if (state.received > 0) ++counters_.resumed;
  const std::function<Result<void>(const net::ClientResponse&)> on_head =
      [&](const net::ClientResponse& answer) -> Result<void> {
    STRATUS_TRY(part, read_part_head(answer.status, answer.headers, state.received, state.total));
    if (!state.total) state.end = part.total;
    state.total = part.total;
    state.skip = part.skip;
    return {};
  };
  const net::HttpClient::PacedSink sink = [&](BytesView data) { return take(exchange, digest, state, data); };
  auto answer = co_await upstream_.stream(target, headers, on_head, sink);
  if (!answer) co_return forward_error(std::move(answer));
  if (answer->status < 200 || answer->status > 299) co_return fail(error_of_status(*answer, target));
  co_return Result<void>();
}

net::Task<Result<void>> Passage::take(net::Exchange& exchange, const Digest& digest, State& state,
                                      BytesView data) {
  counters_.blobs.received(digest, data.size());
  const std::size_t skipped = static_cast<std::size_t>(std::min<std::uint64_t>(state.skip, data.size()));
  state.skip -= skipped;
  data = data.subspan(skipped);
  if (data.size() > state.end - state.received) {
    co_return fail(ErrorCode::corrupt, digest.text() + ": the upstream sends more than it announced");
  }
  if (data.empty()) co_return Result<void>();
  if (state.hash) {
    auto update = [&] {
      state.hash->update(data);
      return true;
    };
    (void)co_await pool_.run(update);
  }
  const std::uint64_t free_until = state.hash ? released_before_verification(*state.total) : state.end;
  const std::uint64_t passable = free_until > state.received ? free_until - state.received : 0;
  const BytesView now = data.first(static_cast<std::size_t>(std::min<std::uint64_t>(passable, data.size())));
  if (!now.empty()) {
    if (!state.begun) {
      state.begun = true;
      const net::ResponseHead head = blob_head(exchange.request(), digest);
      auto begun = co_await exchange.begin(head, *state.total);
      state.asker_gone = !begun;
      if (!begun) co_return begun;
    }
    auto written = co_await exchange.write(now);
    state.asker_gone = !written;
    if (!written) co_return written;
  }
  const BytesView later = data.subspan(now.size());
  state.withheld.insert(state.withheld.end(), later.begin(), later.end());
  state.received += data.size();
  co_return Result<void>();
}

}  // namespace stratus::gateway
