// The table of REST routes: finds the route of a request, who asks, whether they may, and runs the handler.
// An error that a handler returns becomes a problem (RFC 9457). Runs on the loop.
//
//   void register_rollout_routes(Router& router, Rollouts& rollouts) {
//     router.add("GET", "/api/v1/rollouts/{id}", Scope::rollouts_read,
//                [&rollouts](Call& call) { return rollouts.show(call); });
//   }
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/server/call.hpp"

namespace stratus::server {

// Says who asks. Credentials that are wrong, as opposed to missing, are an error (`unauthenticated`); routes
// that are open do not mind.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  virtual net::Task<Result<Principal>> identify(const net::RequestHead& request) = 0;
};

// What the handler refers to must outlive the router. It answers by one of Call's respond functions, or
// returns an error before having answered.
using RouteHandler = std::function<net::Task<Result<void>>(Call&)>;

class Router {
 public:
  struct Route {
    std::string method;   // "GET" also answers HEAD
    std::string pattern;  // "/api/v1/devices/{id}/reports"
    Scope scope;
    RouteHandler handler;
    std::vector<std::string> names;  // of the parameters, in order
  };

  explicit Router(Authenticator& authenticator);
  ~Router();

  // Parts in braces match any one part of a path; "{name*}" as the last matches all the rest, slashes too.
  // Literal parts win over braces. Ends the program when method and pattern are there already: a bug.
  void add(std::string method, std::string pattern, Scope scope, RouteHandler handler);

  net::Task<void> handle(net::Exchange& exchange);

  // What handlers change through Call::commit; must outlive the router.
  void use(Changes& changes) { changes_ = &changes; }
  // Addresses whose X-Forwarded-For and X-Forwarded-Proto count.
  void trust(std::vector<std::string> proxies) { trusted_ = std::move(proxies); }

  // GET /api/v1: the table itself, for whoever is known.
  void register_index();
  // By pattern, then method.
  std::vector<const Route*> routes() const;

 private:
  struct Node;
  struct Match {
    const Node* node = nullptr;
    std::vector<std::string> values;
  };

  Match find(std::string_view path) const;
  net::Task<Result<void>> dispatch(TaggedExchange& exchange, std::string& who);
  net::Task<Result<void>> refuse_method(net::Exchange& exchange, const Node& node);

  Authenticator& authenticator_;
  Changes* changes_ = nullptr;
  std::vector<std::string> trusted_;
  std::unique_ptr<Node> root_;
};

}  // namespace stratus::server
