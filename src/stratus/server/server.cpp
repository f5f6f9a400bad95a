#include "stratus/server/server.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include "stratus/base/lock_file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/base/metrics.hpp"
#include "stratus/base/random.hpp"
#include "stratus/crypto/certificate.hpp"
#include "stratus/crypto/certificate_authority.hpp"
#include "stratus/net/listen_address.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/server/api.hpp"
#include "stratus/server/console.hpp"
#include "stratus/server/content_orders.hpp"
#include "stratus/server/contents.hpp"
#include "stratus/server/device_commands.hpp"
#include "stratus/server/device_updates.hpp"
#include "stratus/server/device_why_route.hpp"
#include "stratus/server/enrolment_desk.hpp"
#include "stratus/server/event_stream.hpp"
#include "stratus/server/firmware.hpp"
#include "stratus/server/fleet_news.hpp"
#include "stratus/server/gateway_routes.hpp"
#include "stratus/server/identity_authenticator.hpp"
#include "stratus/server/identity_messages.hpp"
#include "stratus/server/identity_routes.hpp"
#include "stratus/server/image_routes.hpp"
#include "stratus/server/influx_export.hpp"
#include "stratus/server/influx_lines.hpp"
#include "stratus/server/inventory.hpp"
#include "stratus/server/mcu_routes.hpp"
#include "stratus/server/messaging.hpp"
#include "stratus/server/overview.hpp"
#include "stratus/server/people.hpp"
#include "stratus/server/registry.hpp"
#include "stratus/server/retention.hpp"
#include "stratus/server/rollout_bytes.hpp"
#include "stratus/server/rollout_messages.hpp"
#include "stratus/server/rollout_routes.hpp"
#include "stratus/server/rollout_views.hpp"
#include "stratus/server/saved_views.hpp"
#include "stratus/server/telemetry_routes.hpp"
#include "stratus/wire/messages.hpp"

namespace stratus::server {
namespace {

// Devices need no identity yet, so asking what is next and reporting are open; looking around is not, unless
// the configuration says so.
ScopeSet anonymous_scopes(const ServerConfig& config) {
  ScopeSet scopes{Scope::device};
  if (config.anonymous_reads) scopes = scopes | ScopeSet{Scope::devices_read, Scope::releases_read};
  return scopes;
}

// People look for both after the first start, and only then.
void tell_first_start(const ServerConfig& config, const net::ServerOptions& options) {
  log::info("server", "first start: {} holds the token for writing (stratus --token-file)",
            (config.data / "admin.token").string());
  if (!options.tls) return;
  log::info("server", "first start: {} is the certificate that clients and devices trust (--ca)",
            options.tls->certificate.string());
}

// What has to be opened before anything can be served; each part may fail.
struct Opened {
  FileDescriptor lock;
  AdminToken token;
  std::unique_ptr<store::FileBlobStore> blobs;
  std::unique_ptr<store::RepositoryStore> repositories;
  std::unique_ptr<db::Database> database;
  std::unique_ptr<db::Catalogue> catalogue;
  std::unique_ptr<DeltaMaker> deltas;
  std::unique_ptr<ImageCatalogue> images;
  crypto::UrlSigner links;
  Identity::Parts identity;
  std::unique_ptr<McuReleases> mcu;
};

Result<Opened> open(const ServerConfig& config) {
  STRATUS_CHECK(make_directories(config.data).with_context("--data"));
  STRATUS_TRY(lock, lock_file(config.data / "lock",
                              config.data.string() + " is used by another stratus-server; stop it first"));
  STRATUS_TRY(token, AdminToken::load_or_make(config.data / "admin.token"));
  STRATUS_TRY(blobs, store::FileBlobStore::open(config.data));
  STRATUS_TRY(repositories, store::RepositoryStore::open(config.data, *blobs));
  db::CatalogueLimits limits;
  limits.samples_per_device = config.samples_per_device;
  limits.reports_per_device = config.reports_per_device;
  limits.devices = config.devices;
  const std::string url = config.database.empty() ? (config.data / "catalogue.db").string() : config.database;
  db::DatabaseOptions database_options;
  STRATUS_TRY(database, db::Database::open(url, database_options));
  STRATUS_TRY(catalogue, db::Catalogue::open(*database, limits));
  STRATUS_TRY(deltas, DeltaMaker::open(config.data / "scratch", config.delta_temporary, *repositories));
  STRATUS_TRY(images, ImageCatalogue::open(config.data / "layer-index", *repositories));
  STRATUS_TRY(links, crypto::UrlSigner::load_or_make(config.data / "links.key"));
  STRATUS_TRY(identity, Identity::open(config.data / "ca", system_clock().wall()));
  STRATUS_TRY(mcu, McuReleases::open(config.data / "mcu", *repositories));
  return Opened{std::move(lock),     std::move(token),     std::move(blobs),  std::move(repositories),
                std::move(database), std::move(catalogue), std::move(deltas), std::move(images),
                std::move(links),    std::move(identity),  std::move(mcu)};
}

// What is stored of them is what goes out.
void export_measurements(DeviceLink& link, InfluxExport& influx) {
  for (const char* const kind :
       {"status/system", "status/network", "status/health", "data/metrics", "data/sensors"}) {
    link.on_message(kind, nullptr, [&influx](const DeviceMessage& message) {
      const auto sample = wire::parse_metrics(message.body);
      if (sample) influx.add(influx_line(message.device, message.kind, sample->values, message.time_ms));
    });
  }
}

// What the configuration says until somebody sets it; whole days.
db::Retention kept_at_first(const MessagingConfig& config) {
  db::Retention keep;
  keep.metrics_days = std::chrono::ceil<std::chrono::days>(config.keep_metrics).count();
  keep.events_days = std::chrono::ceil<std::chrono::days>(config.keep_events).count();
  return keep;
}

class Server {
 public:
  Server(net::Executor loop, const ServerConfig& config, Opened opened)
      : loop_(loop),
        config_(config),
        opened_(std::move(opened)),
        files_("files", config.file_threads),
        writes_("writes", config.file_threads),
        lists_("lists", 2, 64),
        garbage_pool_("garbage", 1),
        bus_(loop, random_hex(6)),
        changes_(*opened_.database, bus_),
        identities_(opened_.token, *opened_.database, files_, anonymous_scopes(config)),
        people_(identities_, changes_, bus_, files_),
        events_(bus_, identities_),
        sightings_(*opened_.catalogue),
        releases_(loop, *opened_.repositories, *opened_.catalogue, files_),
        registry_(*opened_.repositories, files_, lists_, writes_, identities_, hooks()),
        deployments_(loop, releases_, queue_, *opened_.catalogue, files_, sightings_, config.deploy_wait),
        identity_(loop, std::move(opened_.identity), config.identity, *opened_.database, files_),
        authenticator_(identity_, identities_),
        router_(authenticator_),
        fleet_(*opened_.database),
        rollouts_(rollout_ports(loop)),
        gate_(releases_, *opened_.repositories, files_),
        rollout_routes_(loop, rollouts_, gate_, *opened_.database, files_, *opened_.repositories,
                        config.approval_from_percent),
        api_(identity_, releases_, deployments_, gate_, *opened_.catalogue, sightings_, rollouts_, bus_,
             files_, lists_, garbage_pool_, [this](bool dry_run) { return collect(dry_run); }),
        inventory_(*opened_.database, files_, lists_, sightings_),
        shelf_(*opened_.repositories, *opened_.database, files_, writes_, opened_.links, FileLimits()),
        firmware_(shelf_, *opened_.repositories, *opened_.database, files_, writes_),
        contents_(shelf_, *opened_.repositories, *opened_.database, files_, writes_),
        content_orders_(identity_, rollouts_, shelf_, *opened_.repositories, *opened_.database, files_),
        overview_({*opened_.database, *opened_.repositories, releases_, sightings_, lists_,
                   [this] { return server_alerts(); }, config.identity.renew_before / 2}),
        why_(*opened_.database, files_, identity_, releases_, rollouts_, fleet_, sightings_),
        commands_(bus_),
        views_(*opened_.database, lists_, bus_),
        gateways_(*opened_.database, files_, identity_, bus_),
        mcu_(identity_, rollouts_, releases_, *opened_.mcu, *opened_.database, files_),
        images_(*opened_.database, *opened_.catalogue, *opened_.repositories, *opened_.images, lists_),
        bytes_(*opened_.database, *opened_.repositories, lists_),
        saved_views_(*opened_.database, files_),
        retention_(loop, *opened_.database, files_, kept_at_first(config.mqtt)),
        background_(loop),
        queue_(
            loop, queue_options(),
            [maker = opened_.deltas.get()](const DeltaJob& job) { return maker->make(job); },
            [this](const DeltaJob& job) {
              releases_.invalidate(job.name);
              deployments_.delta_finished();
            }) {
    releases_.use_queue(queue_);
    releases_.use_needs(
        [this](const std::string& name, const Digest& digest) { return rollouts_.needs(name, digest); });
    releases_.on_target([this](const std::string& name) {
      if (const auto target = releases_.target(name)) bus_.publish(target_news(name, target->version));
      if (device_updates_) device_updates_->announce(name);
    });
    publish_identity_news(identity_, bus_);
    router_.use(changes_);
    router_.trust(config.trusted_proxies);
    api_.register_routes(router_);
    register_telemetry_routes(router_, *opened_.database, files_);
    inventory_.register_routes(router_);
    people_.register_routes(router_);
    events_.register_routes(router_);
    rollout_routes_.register_routes(router_);
    shelf_.register_routes(router_);
    firmware_.register_routes(router_);
    contents_.register_routes(router_);
    content_orders_.register_routes(router_);
    register_identity_routes(router_, identity_);
    overview_.register_routes(router_);
    why_.register_routes(router_);
    commands_.register_routes(router_);
    views_.register_routes(router_);
    gateways_.register_routes(router_);
    images_.register_routes(router_);
    mcu_.register_routes(router_);
    bytes_.register_routes(router_);
    saved_views_.register_routes(router_);
    retention_.register_routes(router_);
    router_.register_index();
  }

  Result<void> load() {
    STRATUS_CHECK(identity_.load());
    STRATUS_CHECK(releases_.load());
    STRATUS_CHECK(rollouts_.load());
    STRATUS_TRY(code, people_.make_setup_code());
    // Not through the log: logs are kept and shipped elsewhere.
    if (!code.empty()) fmt::print(stderr, "stratus-server: nobody can sign in yet; set-up code: {}\n", code);
    if (config_.mqtt.listen.empty() && !config_.mqtt.enrol_listen.empty())
      return fail(ErrorCode::invalid, "mqtt_enrol_listen needs a broker of our own (mqtt_listen)");
    if (!config_.influx.url.empty()) {
      STRATUS_TRY(influx, InfluxExport::make(loop_, config_.influx));
      influx_ = std::move(influx);
    }
    if (!config_.mqtt.enabled()) return {};
    STRATUS_TRY(messaging, Messaging::open(loop_, *opened_.database, config_.data, config_.mqtt));
    messaging_ = std::move(messaging);
    join_messaging(identity_, *messaging_, background_);
    messaging_->link().on_presence([this](const std::vector<db::PresenceRow>& changed, bool forgotten) {
      for (Event& event : presence_news(changed, forgotten)) bus_.publish(std::move(event));
    });
    if (!config_.mqtt.enrol_listen.empty()) STRATUS_CHECK(open_desk());
    if (influx_) export_measurements(messaging_->link(), *influx_);
    device_updates_ = std::make_unique<DeviceUpdates>(
        loop_, messaging_->link(), releases_, *opened_.catalogue, files_,
        [this](const std::string& name) { return rollouts_.is_personal(name); });
    rollout_messages_ = std::make_unique<RolloutMessages>(loop_, messaging_->link(), rollouts_, bus_);
    commands_.use(messaging_->link());
    return {};
  }
  Result<void> open_desk() {
    const auto directory = std::filesystem::absolute(config_.data / "mqtt-enrol");
    STRATUS_TRY(desk,
                EnrolmentDesk::open(loop_, identity_, directory, messaging_->directory(), config_.mqtt));
    desk_ = std::move(desk);
    messaging_->on_certificate([this] { desk_->reload(); });
    return {};
  }
  void start() {
    background_.spawn(flush_regularly());
    background_.spawn(clean_hourly());
    background_.spawn(retention_.run());
    rollouts_.start();
    identity_.start();
    if (influx_) background_.spawn(influx_->run());
    if (messaging_) messaging_->start();
    if (desk_) desk_->start();
  }
  ServerUrls mqtt_urls() const {
    return {"", messaging_ ? messaging_->url() : std::string(), desk_ ? desk_->url() : std::string()};
  }

  Result<net::ServerTls> tls() {
    STRATUS_TRY(files, identity_.ensure_server_certificate(config_.data / "tls"));
    net::ServerTls tls{files.certificate, files.key, identity_.client_ca()};
    tls.admit = [this](const crypto::CertificateInfo& certificate) { return identity_.admits(certificate); };
    return tls;
  }

  // Sessions of who is shut out end in this server.
  void attach(net::HttpServer& http) {
    identity_.on_revoked([&http](const std::string& device) {
      http.cut_peers([&](const crypto::CertificateInfo& peer) { return peer.common_name == device; });
    });
    identity_.on_ended([&http](const std::string& serial) {
      http.cut_peers([&](const crypto::CertificateInfo& peer) { return peer.serial == serial; });
    });
    identity_.on_server_certificate([this, &http] {
      const auto fresh = tls();
      const auto taken = fresh ? http.replace_tls(*fresh) : Result<void>(fail(fresh.error()));
      if (!taken) log::error("server", "the new TLS certificate: {}", taken.error().text());
    });
  }

  net::Task<void> handle(net::Exchange& exchange) {
    const std::string& path = exchange.request().path;
    if (path == "/v2" || path.starts_with("/v2/")) {
      co_await registry_.handle(exchange);
    } else if (path == "/healthz") {
      co_await respond_health(exchange);
    } else if (path == "/metrics") {
      co_await respond_metrics(exchange);
    } else if (Console::takes(path)) {
      co_await console_.handle(exchange);
    } else {
      co_await router_.handle(exchange);
    }
  }

  // Before connections are given their time: event streams would go on for ever.
  void close_streams() { bus_.close(); }

  net::Task<void> stop() {
    queue_.stop();
    co_await background_.stop();
    co_await identity_.stop();
    co_await deployments_.stop();
    if (device_updates_) co_await device_updates_->stop();
    if (desk_) co_await desk_->stop();
    if (messaging_) co_await messaging_->stop();
    if (rollout_messages_) co_await rollout_messages_->stop();
    co_await rollouts_.stop();
    co_await sightings_.flush();
    // Making a delta may take long and cannot be cancelled, but it may be cut off at any time: what it leaves
    // is in the scratch directory. Everything else has ended.
    if (queue_.is_running()) {
      log::info("server", "stopped; a delta that was being made is left, it will be made again when needed");
      std::_Exit(0);
    }
  }

 private:
  RegistryHooks hooks() {
    RegistryHooks hooks;
    hooks.changed = [this](const std::string& name) {
      releases_.invalidate(name);
      bus_.publish(image_news(name));
    };
    hooks.may_read = [this](const net::RequestHead& request) { return identity_.check_fetches(request); };
    hooks.unless_needed = [this](const std::string& name, const Digest& digest,
                                 const std::function<Result<void>()>& remove) {
      return releases_.guard().unless_needed(name, digest, remove);
    };
    return hooks;
  }

  DeltaQueueOptions queue_options() const {
    DeltaQueueOptions options;
    options.threads = config_.delta_threads;
    options.limit = config_.delta_queue;
    options.is_wanted = [this](const DeltaJob& job) {
      const auto target = releases_.target(job.name);
      return (target && target->digest == job.target.text()) || rollouts_.needs(job.name, job.target);
    };
    return options;
  }

  Rollouts::Ports rollout_ports(net::Executor loop) {
    return {
        loop,
        *opened_.database,
        releases_,
        fleet_,
        files_,
        [this](const DeltaJob& job) { return queue_.request_now(job).state == DeltaQueue::State::pending; },
        [this](const DeltaJob& job) { return queue_.is_pending(job); },
        config_.deploy_wait,
        [this](const std::string& name, const std::string& version) {
          return find_rollout_artifact(*opened_.database, name, version);
        },
        [this](Event event) { bus_.publish(std::move(event)); },
        [this](const rollout::Telling& telling, const std::string& rollout,
               const std::vector<rollout::Content>& contents) {
          if (device_updates_) device_updates_->tell(telling, rollout, contents);
        }};
  }

  // On the garbage pool's thread.
  Result<store::GarbageReport> collect(bool dry_run) {
    store::GarbageOptions options;
    options.grace = config_.garbage_grace;
    options.upload_grace = config_.upload_grace;
    options.dry_run = dry_run;
    const auto roots = [this]() -> Result<std::vector<store::GarbageRoot>> {
      STRATUS_TRY(releases, opened_.catalogue->releases(""));
      std::vector<store::GarbageRoot> found;
      for (const db::Release& release : releases) {
        STRATUS_TRY(digest, Digest::parse(release.digest));
        found.push_back({release.name, digest});
      }
      STRATUS_TRY(targets, opened_.catalogue->targets());
      for (const db::Target& target : targets) {
        STRATUS_TRY(digest, Digest::parse(target.digest));
        found.push_back({target.name, digest});
      }
      STRATUS_TRY(firmware, firmware_.roots());
      found.insert(found.end(), firmware.begin(), firmware.end());
      STRATUS_TRY(contents, contents_.roots());
      found.insert(found.end(), contents.begin(), contents.end());
      return found;
    };
    STRATUS_TRY(report, store::collect_garbage(*opened_.repositories, roots, options));
    log::info("gc", "{}{} manifests, {} blobs, {} bytes, {} uploads", dry_run ? "would remove " : "removed ",
              report.manifests, report.blobs, report.bytes, report.uploads);
    return report;
  }

  net::Task<void> flush_regularly() {
    for (;;) {
      const Millis second(1000);
      co_await net::sleep_for(second);
      co_await sightings_.flush();
      registry_.uploads().close_idle(std::chrono::minutes(10));
    }
  }

  net::Task<void> clean_hourly() {
    for (;;) {
      const Millis hour = std::chrono::hours(1);
      co_await net::sleep_for(hour);
      co_await shelf_.clean();
      auto prune = [&] {
        return opened_.database->write_now(
            [](db::Transaction& transaction) { return db::prune_totals(transaction, now_ms()); });
      };
      (void)co_await files_.run(prune);
    }
  }

  net::Task<void> respond_health(net::Exchange& exchange) {
    const db::DatabaseState database = opened_.database->state();
    net::ResponseHead head;
    head.status = database.ok ? 200 : 503;
    head.headers.set("Content-Type", "text/plain");
    std::string body = database.ok ? "ok\n" : database.detail + "\n";
    // Devices without MQTT go on over HTTPS, so this is a warning beside the answer.
    if (messaging_ && !messaging_->problem().empty()) body += messaging_->problem() + "\n";
    if (desk_ && !desk_->problem().empty()) body += desk_->problem() + "\n";
    for (const std::string& warning : identity_.warnings()) body += "warning: " + warning + "\n";
    (void)co_await exchange.respond(head, body);
  }

  std::vector<Alert> server_alerts() const {
    std::vector<Alert> alerts;
    const auto add = [&](const char* code, const char* severity, std::string detail) {
      alerts.push_back({code, severity, 1, "", "", std::move(detail)});
    };
    const db::DatabaseState database = opened_.database->state();
    if (!database.ok) add("database_down", "error", database.detail);
    if (messaging_ && !messaging_->problem().empty()) add("broker_away", "error", messaging_->problem());
    if (const auto& times = identity_.revocation_list_times()) {
      const auto age =
          crypto::judge_revocation_list(times->this_update, times->next_update, system_clock().wall());
      if (age.expired || age.alarm) {
        add("revocation_list_overdue", age.expired ? "error" : "warning",
            "brokers refuse every device from " + format_time(times->next_update));
      }
    }
    return alerts;
  }

  // Counting reads whole tables: at most a tenth of the time is spent on it, however often somebody asks.
  net::Task<void> count_rows() {
    const SteadyTime begin = system_clock().steady();
    if (begin < count_again_at_) co_return;
    count_again_at_ = SteadyTime::max();  // others go on with what was counted before
    auto count = [&] { return opened_.catalogue->counts(); };
    auto counted = co_await lists_.run(count);
    const SteadyTime end = system_clock().steady();
    count_again_at_ = end + 10 * (end - begin);
    if (counted) counts_ = *counted;
  }

  net::Task<void> respond_metrics(net::Exchange& exchange) {
    co_await count_rows();
    (void)co_await overview_.refresh();
    const auto& counts = counts_;
    using enum Metrics::Kind;
    Metrics metrics;
    metrics.add(gauge, "stratus_store_blobs", "Blobs in the store.", opened_.blobs->count());
    metrics.add(gauge, "stratus_store_bytes", "Bytes of the blobs in the store.",
                opened_.blobs->total_bytes());
    if (messaging_) messaging_->add_metrics(metrics);
    if (influx_) influx_->add_metrics(metrics);
    overview_.add_metrics(metrics);
    if (const auto& times = identity_.revocation_list_times()) {
      metrics.add(gauge, "stratus_revocation_list_expiry_timestamp_seconds",
                  "When brokers begin to refuse every device, since 1970 UTC.",
                  static_cast<std::uint64_t>(times->next_update.time_since_epoch().count() / 1000));
    }
    metrics.add(gauge, "stratus_database_up", "1 while the database takes writes.",
                opened_.database->state().ok ? 1u : 0u);
    const RegistryCounters& registry = registry_.counters();
    metrics.add(counter, "stratus_registry_received_bytes_total", "Bytes of blobs received by uploads.",
                registry.blob_bytes_received);
    metrics.add(counter, "stratus_registry_sent_bytes_total", "Bytes of blobs sent to clients.",
                registry.blob_bytes_sent);
    metrics.add(counter, "stratus_registry_manifests_pushed_total", "Manifests pushed.",
                registry.manifests_pushed);
    metrics.add(gauge, "stratus_registry_uploads_open", "Uploads whose writer is open.",
                registry_.uploads().open());
    const NextCounters next = releases_.counters();
    constexpr std::string_view answers = "Answers to devices asking what is next.";
    metrics.add(counter, "stratus_next_answers_total", answers, next.up_to_date, {{"answer", "up_to_date"}});
    metrics.add(counter, "stratus_next_answers_total", answers, next.release, {{"answer", "release"}});
    metrics.add(counter, "stratus_next_answers_total", answers, next.unknown, {{"answer", "unknown"}});
    metrics.add(counter, "stratus_next_cache_hits_total", "Next answers taken from memory.", next.cache_hits);
    const DeltaCounters& deltas = queue_.counters();
    metrics.add(gauge, "stratus_delta_queue_jobs", "Deltas waiting or being made.", queue_.size());
    constexpr std::string_view jobs = "Delta jobs by outcome.";
    metrics.add(counter, "stratus_delta_jobs_total", jobs, deltas.made, {{"outcome", "made"}});
    metrics.add(counter, "stratus_delta_jobs_total", jobs, deltas.useless, {{"outcome", "useless"}});
    metrics.add(counter, "stratus_delta_jobs_total", jobs, deltas.failed, {{"outcome", "failed"}});
    metrics.add(counter, "stratus_delta_jobs_total", jobs, deltas.refused, {{"outcome", "refused"}});
    metrics.add(counter, "stratus_delta_jobs_total", jobs, deltas.dropped, {{"outcome", "dropped"}});
    metrics.add(counter, "stratus_delta_recipe_bytes_total", "Bytes of recipes made.", deltas.recipe_bytes);
    if (counts) {
      const auto number = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
      metrics.add(gauge, "stratus_devices", "Devices known.", number(counts->devices));
      metrics.add(gauge, "stratus_reports", "Device reports kept.", number(counts->reports));
      metrics.add(gauge, "stratus_samples", "Sensor samples kept.", number(counts->samples));
      metrics.add(gauge, "stratus_releases", "Registered versions.", number(counts->releases));
    }
    metrics.add(gauge, "stratus_event_streams", "Event streams open.", events_.streams());
    metrics.add(counter, "stratus_events_total", "Events published.", bus_.newest());
    constexpr std::string_view sign_ins = "Tries to sign in by outcome.";
    const SignInCounters& people = people_.counters();
    metrics.add(counter, "stratus_sign_ins_total", sign_ins, people.accepted, {{"outcome", "accepted"}});
    metrics.add(counter, "stratus_sign_ins_total", sign_ins, people.refused, {{"outcome", "refused"}});
    metrics.add(counter, "stratus_sign_ins_total", sign_ins, people.throttled, {{"outcome", "throttled"}});
    net::ResponseHead head;
    head.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    const std::string& body = metrics.text();
    (void)co_await exchange.respond(head, body);
  }

  net::Executor loop_;
  ServerConfig config_;
  Opened opened_;
  std::optional<db::Catalogue::Counts> counts_;
  SteadyTime count_again_at_{};
  net::WorkerPool files_;
  net::WorkerPool writes_;
  net::BoundedPool lists_;
  net::WorkerPool garbage_pool_;
  EventBus bus_;
  Changes changes_;
  Identities identities_;
  People people_;
  EventStream events_;
  Sightings sightings_;
  Releases releases_;
  Registry registry_;
  Deployments deployments_;
  Identity identity_;
  IdentityAuthenticator authenticator_;
  Router router_;
  Console console_{embedded_console()};
  DatabaseFleet fleet_;
  Rollouts rollouts_;
  DeployGate gate_;
  RolloutRoutes rollout_routes_;
  Api api_;
  Inventory inventory_;
  Files shelf_;
  FirmwareApi firmware_;
  ContentApi contents_;
  ContentOrders content_orders_;
  Overview overview_;
  DeviceWhy why_;
  DeviceCommands commands_;
  RolloutViews views_;
  GatewayRoutes gateways_;
  McuRoutes mcu_;
  ImageRoutes images_;
  RolloutBytes bytes_;
  SavedViews saved_views_;
  RetentionKeeper retention_;
  std::unique_ptr<InfluxExport> influx_;
  std::unique_ptr<Messaging> messaging_;
  std::unique_ptr<EnrolmentDesk> desk_;
  std::unique_ptr<DeviceUpdates> device_updates_;
  std::unique_ptr<RolloutMessages> rollout_messages_;
  net::TaskGroup background_;
  DeltaQueue queue_;  // last: its jobs end first
};

Result<net::ServerOptions> listen_options(const ServerConfig& config) {
  STRATUS_TRY(listen, net::parse_listen_address(config.listen));
  net::ServerOptions options;
  options.address = listen.address;
  options.port = listen.port;
  return options;
}

}  // namespace

net::Task<Result<void>> serve(net::Executor loop, ServerConfig config,
                              std::function<void(const ServerUrls& urls)> ready) {
  std::error_code ignored;
  const bool is_first = !std::filesystem::exists(config.data / "admin.token", ignored);
  auto opened = open(config);
  if (!opened) co_return forward_error(std::move(opened));
  auto options = listen_options(config);
  if (!options) co_return forward_error(std::move(options));
  const std::string address = options->address;
  Server server(loop, config, std::move(*opened));
  STRATUS_CO_CHECK(server.load());
  if (!config.plain_http) {
    auto tls = server.tls();
    if (!tls) co_return forward_error(std::move(tls));
    options->tls = std::move(*tls);
  }
  const net::ServerOptions told = *options;
  net::Handler handler = [&server](net::Exchange& exchange) { return server.handle(exchange); };
  auto http = net::HttpServer::listen(loop, std::move(*options), handler);
  if (!http) co_return forward_error(std::move(http));
  server.attach(**http);
  server.start();
  if (is_first) tell_first_start(config, told);
  ServerUrls urls = server.mqtt_urls();
  urls.https = net::local_url(!config.plain_http, address, (*http)->port());
  ready(urls);
  co_await net::wait_for_stop();
  log::info("server", "stopping");
  server.close_streams();
  const std::chrono::milliseconds grace = config.stop_grace;
  co_await (*http)->stop(grace);
  co_await server.stop();
  co_return Result<void>();
}

}  // namespace stratus::server
