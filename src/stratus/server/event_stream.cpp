#include "stratus/server/event_stream.hpp"

#include <algorithm>
#include <chrono>

#include "stratus/base/result.hpp"

namespace stratus::server {
namespace {

// Counts one stream as long as it lives, however its coroutine ends.
class Counted {
 public:
  Counted(std::size_t& all, std::map<std::string, std::size_t>& by_owner, std::string owner)
      : all_(all), by_owner_(by_owner), owner_(std::move(owner)) {
    ++all_;
    ++by_owner_[owner_];
  }
  ~Counted() {
    --all_;
    const auto found = by_owner_.find(owner_);
    if (--found->second == 0) by_owner_.erase(found);
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::size_t& all_;
  std::map<std::string, std::size_t>& by_owner_;
  std::string owner_;
};

// "devices,rollouts" as a list; all that `principal` may see when absent.
Result<std::vector<std::string>> topics_of(const std::optional<std::string>& query,
                                           const Principal& principal) {
  std::vector<std::string> topics;
  if (!query) {
    for (const std::string& topic : event_topics()) {
      if (principal.may(*scope_of_topic(topic))) topics.push_back(topic);
    }
    return topics;
  }
  std::string_view rest = *query;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string topic(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const auto scope = scope_of_topic(topic);
    if (!scope) return fail(ErrorCode::invalid, "there is no topic '" + topic + "'");
    if (!principal.may(*scope))
      return fail(ErrorCode::denied,
                  principal.label() + " lacks the permission " + std::string(word_of(*scope)));
    topics.push_back(topic);
  }
  return topics;
}

}  // namespace

void EventStream::register_routes(Router& router) {
  router.add("GET", "/api/v1/events", Scope::self, [this](Call& call) { return serve(call); });
}

net::Task<Result<void>> EventStream::serve(Call& call) {
  auto topics = topics_of(call.query("topics"), call.principal());
  if (!topics) co_return forward_error(std::move(topics));
  const std::string owner = call.principal().label();
  const auto running = by_principal_.find(owner);
  if (streams_ >= kMaxStreams || (running != by_principal_.end() && running->second >= kMaxPerPrincipal))
    co_return fail(ErrorCode::unavailable, "too many event streams are open", "throttled");
  // Browsers send the header when they reconnect; the parameter is for the first connection of a page.
  const auto header = call.request().headers.get("Last-Event-ID");
  const auto parameter = call.query("last_event_id");
  const std::string last = header ? std::string(*header) : parameter.value_or("");
  const auto resumed = bus_.resume(last);
  const bool lost = !last.empty() && !resumed;
  const std::uint64_t after = resumed.value_or(bus_.newest());
  const Counted counted(streams_, by_principal_, owner);
  co_return co_await run(call, std::move(*topics), after, lost);
}

net::Task<Result<void>> EventStream::run(Call& call, std::vector<std::string> topics, std::uint64_t after,
                                         bool lost) {
  const std::function<bool(std::string_view)> wanted = [&](std::string_view topic) {
    return std::find(topics.begin(), topics.end(), topic) != topics.end();
  };
  net::ResponseHead head;
  head.headers.set("Content-Type", "text/event-stream");
  head.headers.set("Cache-Control", "no-store");
  auto sent = co_await call.exchange().begin(head, std::nullopt);
  using Clock = std::chrono::steady_clock;
  Clock::time_point looked = Clock::now();
  // The first event carries the id to go on from, even when nothing ever happens.
  std::string text = "retry: 2000\nid: " + bus_.id_of(after) + "\nevent: hello\ndata: {}\n\n";
  while (sent && !bus_.closed()) {
    if (lost) text += "id: " + bus_.id_of(bus_.newest()) + "\nevent: reload\ndata: {}\n\n";
    if (lost) after = bus_.newest();
    if (!text.empty()) {
      // A peer that takes nothing for the server's stall limit is cut in here.
      sent = co_await call.exchange().write(as_bytes(text));
      if (!sent) break;
    }
    const Millis since = std::chrono::duration_cast<Millis>(Clock::now() - looked);
    const Millis left = std::max(Millis(0), pulse_ - since);
    const bool something = co_await bus_.wait_beyond(after, left);
    // Also while there is always something for others: a peer that went away is found by writing only.
    const bool due = !something || Clock::now() - looked >= pulse_;
    if (due) {
      looked = Clock::now();
      auto principal = co_await authenticator_.identify(call.request());
      const bool still =
          principal && std::all_of(topics.begin(), topics.end(), [&](const std::string& topic) {
            return principal->may(*scope_of_topic(topic));
          });
      if (!still) break;
    }
    EventBus::Batch batch = bus_.read(after, wanted);
    lost = batch.lost;
    after = batch.last;
    text = batch.frames.empty() && due ? ": still here\n\n" : std::move(batch.frames);
  }
  if (sent) sent = co_await call.exchange().finish();
  co_return Result<void>();
}

}  // namespace stratus::server
