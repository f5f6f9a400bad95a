#include "stratus/server/router.hpp"

#include <cstdlib>

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/base/log.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/http_message.hpp"
#include "stratus/server/tagged_exchange.hpp"
#include "stratus/wire/mqtt/field_reader.hpp"

namespace stratus::server {

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
  std::unique_ptr<Node> parameter;
  std::unique_ptr<Node> rest;
  std::map<std::string, Route, std::less<>> methods;

  using Values = std::vector<std::string>;
  const Node* find(const Values& parts, std::string_view path, std::size_t from, Values& values) const;
  void collect(std::vector<const Route*>& into) const;
};

namespace {

// Undecoded; nullopt when a part is empty. "/" is none.
std::optional<std::vector<std::string_view>> split_path(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty()) return std::nullopt;
    parts.push_back(part);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
  }
  return parts;
}

// "/a/b/c" after its first `count` parts: "c" for 2.
std::string_view after_parts(std::string_view path, std::size_t count) {
  for (std::size_t i = 0; i <= count; ++i) {
    const std::size_t slash = path.find('/');
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return path;
}

net::Task<Result<void>> respond_unauthenticated(net::Exchange& exchange, const Error& error) {
  net::ResponseHead head;
  head.status = 401;
  head.headers.set("Content-Type", "application/problem+json");
  // Not Basic: browsers would ask the user in a window of their own.
  head.headers.set("WWW-Authenticate", "Bearer realm=\"stratus\"");
  const boost::json::object body{
      {"title", "unauthorized"}, {"status", 401}, {"detail", error.text()}, {"code", "unauthenticated"}};
  const std::string text = boost::json::serialize(body);
  auto sent = co_await exchange.respond(head, text);
  co_return sent;
}

// What is no text is no name and no filter. To leave such a parameter out would answer another question.
Result<void> check_text(const net::RequestHead& request) {
  const auto decoded = net::percent_decode(request.target);
  if (decoded && wire::mqtt::is_mqtt_text(*decoded)) return {};
  return fail(ErrorCode::invalid, "the address has a broken %-escape, a NUL, or what is not UTF-8");
}

std::string explain(std::string_view obstacle) {
  if (obstacle == "csrf") return "a change from a browser session needs its X-CSRF-Token";
  if (obstacle == "password_change_required") return "choose a password of your own first";
  return "not allowed now";
}

}  // namespace

const Router::Node* Router::Node::find(const Values& parts, std::string_view path, std::size_t from,
                                       Values& values) const {
  if (from == parts.size()) return methods.empty() ? nullptr : this;
  if (const auto child = children.find(parts[from]); child != children.end()) {
    if (const Node* const found = child->second->find(parts, path, from + 1, values)) return found;
  }
  if (parameter) {
    values.push_back(parts[from]);
    if (const Node* const found = parameter->find(parts, path, from + 1, values)) return found;
    values.pop_back();
  }
  if (rest) {
    auto whole = net::percent_decode(after_parts(path, from));
    if (!whole) return nullptr;
    values.push_back(std::move(*whole));
    return rest.get();
  }
  return nullptr;
}

void Router::Node::collect(std::vector<const Route*>& into) const {
  for (const auto& [method, route] : methods) into.push_back(&route);
  for (const auto& [name, child] : children) child->collect(into);
  if (parameter) parameter->collect(into);
  if (rest) rest->collect(into);
}

Router::Router(Authenticator& authenticator)
    : authenticator_(authenticator), root_(std::make_unique<Node>()) {}

Router::~Router() = default;

void Router::add(std::string method, std::string pattern, Scope scope, RouteHandler handler) {
  Node* node = root_.get();
  std::vector<std::string> names;
  const auto parts = split_path(pattern);
  for (const std::string_view part : parts.value_or(std::vector<std::string_view>())) {
    std::unique_ptr<Node>* next = nullptr;
    if (part.front() == '{') {
      const bool rest = part.ends_with("*}");
      names.emplace_back(part.substr(1, part.size() - (rest ? 3 : 2)));
      next = rest ? &node->rest : &node->parameter;
    } else {
      next = &node->children[std::string(part)];
    }
    if (!*next) *next = std::make_unique<Node>();
    node = next->get();
  }
  Route route{method, pattern, scope, std::move(handler), std::move(names)};
  if (!parts || !node->methods.emplace(std::move(method), std::move(route)).second) {
    log::error("server", "route {} is malformed or there twice", pattern);
    std::abort();
  }
}

Router::Match Router::find(std::string_view path) const {
  Match match;
  const auto parts = split_path(path);
  if (!parts) return match;
  std::vector<std::string> decoded;
  for (const std::string_view part : *parts) {
    auto text = net::percent_decode(part);
    if (!text) return match;
    decoded.push_back(std::move(*text));
  }
  match.node = root_->find(decoded, path, 0, match.values);
  return match;
}

std::vector<const Router::Route*> Router::routes() const {
  std::vector<const Route*> found;
  root_->collect(found);
  return found;
}

void Router::register_index() {
  add("GET", "/api/v1", Scope::self, [this](Call& call) {
    boost::json::array table;
    for (const Route* const route : routes()) {
      table.push_back(boost::json::object{
          {"method", route->method}, {"path", route->pattern}, {"scope", word_of(route->scope)}});
    }
    const boost::json::object body{{"name", "stratus"}, {"version", "0.1.0"}, {"routes", std::move(table)}};
    return call.respond_json(200, boost::json::serialize(body));
  });
}

net::Task<void> Router::handle(net::Exchange& inner) {
  TaggedExchange exchange(inner);
  std::string who;
  auto done = co_await dispatch(exchange, who);
  if (!done) {
    const Error error = done.error();
    if (error.reason() == "unauthenticated") {
      (void)co_await respond_unauthenticated(exchange, error);
    } else {
      (void)co_await net::respond_problem(exchange, error);
    }
    if (exchange.status() >= 500) {
      log::warning("http", "{} {} {} by={} request={}: {}", inner.request().method, inner.request().path,
                   exchange.status(), who, exchange.id(), error.text());
      co_return;
    }
  }
  const std::string& method = inner.request().method;
  // What people change is worth a line; what they read, and what devices do, is not.
  const bool change = method != "GET" && method != "HEAD" && exchange.always_tagged();
  if (change) {
    log::info("http", "{} {} {} by={} request={}", method, inner.request().path, exchange.status(), who,
              exchange.id());
  } else if (exchange.status() >= 400) {
    log::debug("http", "{} {} {} by={} request={}", method, inner.request().path, exchange.status(), who,
               exchange.id());
  }
}

net::Task<Result<void>> Router::dispatch(TaggedExchange& exchange, std::string& who) {
  const net::RequestHead& request = exchange.request();
  STRATUS_CO_CHECK(check_text(request));
  Match match = find(request.path);
  if (match.node == nullptr) co_return fail(ErrorCode::not_found, "no such endpoint: " + request.path);
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  const auto found = match.node->methods.find(method);
  if (found == match.node->methods.end()) co_return co_await refuse_method(exchange, *match.node);
  const Route& route = found->second;

  auto principal = co_await authenticator_.identify(request);
  if (!principal && route.scope == Scope::open) principal = Principal();
  if (!principal) co_return forward_error(std::move(principal));
  who = principal->label();
  if (principal->kind == Principal::Kind::user || principal->kind == Principal::Kind::token)
    exchange.tag_always();
  if (!principal->may(route.scope)) {
    if (!principal->obstacle.empty())
      co_return fail(ErrorCode::denied, explain(principal->obstacle), principal->obstacle);
    if (principal->kind == Principal::Kind::anonymous)
      co_return fail(ErrorCode::denied, "sign in, or send a token", "unauthenticated");
    co_return fail(ErrorCode::denied,
                   principal->label() + " lacks the permission " + std::string(word_of(route.scope)));
  }
  Call::Parameters parameters;
  for (std::size_t i = 0; i < route.names.size(); ++i)
    parameters.emplace_back(route.names[i], std::move(match.values[i]));
  Call call(exchange, std::move(parameters), std::move(*principal), changes_, trusted_, &exchange);
  co_return co_await route.handler(call);
}

net::Task<Result<void>> Router::refuse_method(net::Exchange& exchange, const Node& node) {
  std::string allowed;
  for (const auto& [method, route] : node.methods) {
    if (!allowed.empty()) allowed += ", ";
    allowed += method == "GET" ? "GET, HEAD" : method;
  }
  net::ResponseHead head;
  head.status = 405;
  head.headers.set("Content-Type", "application/problem+json");
  head.headers.set("Allow", allowed);
  const std::string body = R"({"title":"method not allowed","status":405,"code":"invalid"})";
  (void)co_await exchange.respond(head, body);
  co_return Result<void>();
}

}  // namespace stratus::server
