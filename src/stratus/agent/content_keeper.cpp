#include "stratus/agent/content_keeper.hpp"

#include <algorithm>
#include <random>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/agent/fetcher.hpp"
#include "stratus/agent/status.hpp"
#include "stratus/base/clock.hpp"
#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/update/pacing.hpp"
#include "stratus/update/retry.hpp"
#include "stratus/update/signed_content.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::agent {

namespace json = boost::json;
using namespace std::chrono_literals;
using update::ListedFile;

namespace {

constexpr unsigned kMaxLinks = 10;  // new links for one file without progress

double chance() {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  return std::generate_canonical<double, 32>(random);
}

}  // namespace

ContentKeeper::ContentKeeper(net::Executor executor, const AgentConfig& config,
                             const crypto::ReleaseVerifier& verifier, std::unique_ptr<net::HttpClient> client,
                             Report report)
    : config_(config),
      verifier_(verifier),
      client_(std::move(client)),
      report_(std::move(report)),
      store_(config.content.directory),
      wake_(std::move(executor)) {}

void ContentKeeper::stop() {
  stopping_ = true;
  wake_.notify();
}

void ContentKeeper::check_now() { wake_.notify(); }

bool ContentKeeper::cancel() {
  if (!order_ && state_ != "checking") return false;
  cancelled_ = true;  // what an answer brings that is on its way is given up too
  wake_.notify();
  return order_.has_value();
}

json::object ContentKeeper::status() const {
  json::array shown;
  for (const update::ListedItem& item : store_.shown().items)
    shown.push_back(json::object{{"id", item.id}, {"title", item.title}});
  json::object status{{"state", state_},
                      {"shown", std::move(shown)},
                      {"transfer", encode_transfer(transfer_.reading(steady_ms()))},
                      {"last", last_end_},
                      {"problem", problem_}};
  status["command"] = order_ ? order_->command : store_.shown().command;
  return status;
}

net::Task<void> ContentKeeper::run() {
  std::function<Result<void>()> open = [this] { return store_.open(); };
  for (;;) {
    auto opened = co_await worker_.run(open);
    if (opened || stopping_) break;
    problem_ = opened.error().text();
    log::error("content", "{}", problem_);
    const std::chrono::milliseconds wait = 10s;
    (void)co_await wake_.wait(wait);
  }
  // What was changed to just before a power cut may not have been told.
  if (!store_.is_told()) co_await tell_shown();
  while (!stopping_) {
    auto asked = co_await ask(false);
    if (stopping_) break;
    if (asked && *asked) {
      order_ = std::move(**asked);
      co_await carry_out();
      order_.reset();
      state_ = "idle";
      transfer_.end();
    } else {
      problem_ = asked ? "" : asked.error().text();
      failures_ = asked ? 0 : failures_ + 1;
    }
    cancelled_ = false;
    auto wait = config_.poll;
    if (failures_ > 0) {
      const auto most = std::clamp<std::chrono::milliseconds>(config_.poll * 8, 1s, 5min);
      wait = update::back_off_delay({std::min(config_.poll, most), most}, failures_, chance());
    }
    (void)co_await wake_.wait(wait);
  }
}

// `anew`: for links; what is under way counts as not had.
net::Task<Result<std::optional<wire::ContentOrder>>> ContentKeeper::ask(bool anew) {
  if (!anew) state_ = "checking";
  net::ClientRequest get;
  get.url = fmt::format("{}/api/v1/devices/{}/contents/next?have={}", config_.server,
                        net::percent_encode(config_.device), fmt::join(store_.shown().ids(), ","));
  get.max_response = wire::ContentOrder::kMaxEncoded;
  auto answer = co_await client_->send(get);
  if (!anew) state_ = "idle";
  if (!answer) co_return forward_error(std::move(answer));
  // 404: a server that knows nothing of contents.
  if (answer->status == 204 || answer->status == 404) co_return std::optional<wire::ContentOrder>();
  if (answer->status != 200)
    co_return fail(ErrorCode::unavailable, fmt::format("{} answered {}", get.url, answer->status));
  auto order = wire::parse_content_order(answer->body);
  if (!order) co_return fail(std::move(order.error()).with_context("the answer cannot be read"));
  co_return std::optional(std::move(*order));
}

net::Task<void> ContentKeeper::carry_out() {
  wanted_ = update::list_of(*order_, unix_ms());
  done_ = partial_ = 0;
  transfer_.end();
  full_ = false;
  began_ms_ = unix_ms();
  std::string why;
  log::info("content", "{} contents to show, command={}", wanted_.items.size(), order_->command);
  const End end = co_await bring(why);
  problem_ = why;
  if (end == End::shown) {
    failures_ = 0;
    last_end_ = "committed";
    co_await tell_shown();
    co_return;
  }
  if (end == End::away) co_return;
  last_end_ = end == End::failed ? "failed" : "cancelled";
  log::warning("content", "{}: {}", last_end_, why);
  failures_ = end == End::failed ? failures_ + 1 : 0;
  std::function<bool()> clean = [this] {
    store_.clean();
    return true;
  };
  // What a later attempt can use stays, unless it takes the room that is missing.
  if (end == End::cancelled || full_) (void)co_await worker_.run(clean);
  co_await tell_end(last_end_, why);
}

net::Task<ContentKeeper::End> ContentKeeper::bring(std::string& why) {
  if (order_->expires_ms != 0 && order_->expires_ms < unix_ms()) {
    why = "the command has expired";
    co_return End::failed;
  }
  for (const wire::ContentItem& item : order_->items) {
    if (!config_.content.must_be_signed) break;
    const auto genuine = update::check_content(item, verifier_);
    if (genuine) continue;
    why = genuine.error().text();
    co_return End::failed;
  }
  state_ = "planned";
  update::ContentPlan plan;
  std::function<Result<void>()> look = [&]() -> Result<void> {
    plan = store_.plan(wanted_);
    STRATUS_TRY(disk, disk_space(store_.directory()));
    return update::check_room(wanted_, plan, config_.content.limit, disk.free_bytes, config_.disk_reserve);
  };
  auto looked = co_await worker_.run(look);
  if (!looked) {
    why = looked.error().text();
    co_return End::failed;
  }
  transfer_.begin(plan.bytes, plan.bytes - plan.bytes_to_get, steady_ms());
  state_ = "fetching";
  for (const ListedFile& file : plan.fetch) {
    const End end = co_await fetch(file, why);
    if (end != End::shown) co_return end;
    done_ += file.size;
    partial_ = 0;
  }
  if (cancelled_) {
    why = "cancelled by the operator";
    co_return End::cancelled;
  }
  state_ = "installed";
  std::function<Result<void>()> change = [this]() -> Result<void> {
    STRATUS_CHECK(store_.show(wanted_));
    store_.clean();
    return {};
  };
  auto changed = co_await worker_.run(change);
  if (!changed) {
    why = changed.error().text();
    co_return End::failed;
  }
  log::info("content", "shows {} contents, {} bytes fetched", wanted_.items.size(), done_);
  co_return End::shown;
}

const wire::ContentFile* ContentKeeper::link_of(const ListedFile& file) const {
  for (const wire::ContentItem& item : order_->items) {
    for (const wire::ContentFile& one : item.files) {
      if (one.digest == file.digest && one.size == file.size) return &one;
    }
  }
  return nullptr;
}

net::Task<Result<void>> ContentKeeper::fetch_once(const ListedFile& file) {
  const wire::ContentFile* const source = link_of(file);
  if (source == nullptr) co_return fail(ErrorCode::internal, "no link to " + file.path);
  BlobRequest request;
  request.url = config_.server + source->link;
  request.file = store_.partial_path(file);
  request.digest = file.digest;
  request.size = file.size;
  request.is_cancelled = [this] { return cancelled_ || stopping_; };
  request.on_progress = [this](std::uint64_t bytes) {
    partial_ = bytes;
    transfer_.advance(done_ + bytes, steady_ms());
  };
  Result<void> fetched = co_await fetch_blob(*client_, worker_, request);
  if (!fetched) co_return fetched;
  std::function<Result<void>()> keep = [&] { return store_.keep(file); };
  Result<void> kept = co_await worker_.run(keep);
  co_return kept;
}

// The same list with fresh links; another list is the next command's business.
net::Task<Result<void>> ContentKeeper::renew_links() {
  auto asked = co_await ask(true);
  if (!asked) co_return forward_error(std::move(asked));
  if (!*asked) co_return fail(ErrorCode::conflict, "the server wants nothing shown any more");
  const update::ContentList fresh = update::list_of(**asked, 0);
  if (fresh.shown() != wanted_.shown() || fresh.command != wanted_.command)
    co_return fail(ErrorCode::conflict, "the server wants something else shown now");
  order_->items = std::move((*asked)->items);
  log::info("content", "the links had ended; there are new ones");
  co_return Result<void>();
}

net::Task<ContentKeeper::End> ContentKeeper::fetch(ListedFile file, std::string& why) {
  unsigned attempts = 0, damaged = 0, links = 0;
  for (;;) {
    const std::uint64_t before = partial_;
    Result<void> fetched = co_await fetch_once(file);
    if (fetched) co_return End::shown;
    if (cancelled_) {
      why = "cancelled by the operator";
      co_return End::cancelled;
    }
    if (stopping_) co_return End::away;
    why = fetched.error().text();
    if (partial_ > before) attempts = links = 0;
    const ErrorCode code = fetched.error().code();
    full_ = code == ErrorCode::no_space;
    if (full_) co_return End::failed;
    if (code == ErrorCode::corrupt && ++damaged >= update::kMaxDamaged) co_return End::failed;
    if (code == ErrorCode::denied) {
      Result<void> renewed = co_await renew_links();
      if (renewed && ++links <= kMaxLinks) continue;
      if (!renewed && renewed.error().code() == ErrorCode::conflict) {
        why = renewed.error().text();
        co_return End::cancelled;
      }
    }
    if (++attempts >= update::kMaxAttempts) co_return End::failed;
    log::info("content", "{}; going on later", why);
    const auto most = std::clamp<std::chrono::milliseconds>(config_.poll, 1s, 60s);
    const auto delay = update::back_off_delay({200ms, most}, attempts, chance());
    (void)co_await wake_.wait(delay);
    if (order_->expires_ms != 0 && order_->expires_ms < unix_ms()) {
      why = "the command expired while it was fetched; last trouble: " + why;
      co_return End::failed;
    }
  }
}

wire::DeviceReport ContentKeeper::report_about(const std::string& id, const Digest& manifest) const {
  wire::DeviceReport report;
  report.device = config_.device;
  report.name = wire::kContentName;
  report.version = id;
  report.target = manifest;
  report.bytes = done_ + partial_;
  report.time_ms = unix_ms();
  report.duration_ms = began_ms_ != 0 && report.time_ms > began_ms_ ? report.time_ms - began_ms_ : 0;
  return report;
}

// One report a content, because each is a line of the rollout; all of them say everything that is shown.
net::Task<void> ContentKeeper::tell_shown() {
  const update::ContentList list = store_.shown();
  for (const update::ListedItem& item : list.items) {
    wire::DeviceReport report = report_about(item.id, item.manifest);
    report.state = "committed";
    report.running = item.manifest;
    report.running_version = item.id;
    report.shown = list.shown();
    auto queued = co_await report_(std::move(report));
    if (!queued) co_return log::error("content", "cannot store the report: {}", queued.error().text());
  }
  std::function<Result<void>()> mark = [this] { return store_.mark_told(); };
  auto marked = co_await worker_.run(mark);
  if (!marked) log::warning("content", "{}", marked.error().text());
}

net::Task<void> ContentKeeper::tell_end(std::string state, std::string why) {
  for (const wire::ContentItem& item : order_->items) {
    if (order_->about != item.manifest) continue;
    wire::DeviceReport report = report_about(item.id, item.manifest);
    report.state = state;
    report.reason = why.substr(0, 500);
    auto queued = co_await report_(std::move(report));
    if (!queued) log::error("content", "cannot store the report: {}", queued.error().text());
    co_return;
  }
}

}  // namespace stratus::agent
