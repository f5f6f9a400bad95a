// Identity over MQTT: enrolment (`regist` → `regist/ack`), renewal by the device's own session
// (`cert/renew/request` → `cert/renew/response`), and the broker's part of a revocation.
#pragma once

#include "stratus/net/loop.hpp"
#include "stratus/server/identity.hpp"
#include "stratus/server/messaging.hpp"

namespace stratus::server {

// The reply to what `client` said on `regist`, as text: a certificate or a refusal.
net::Task<std::string> answer_enrolment(Identity& identity, std::string client, std::string body);

// All must outlive the link and the identity. Before either is started.
void join_messaging(Identity& identity, Messaging& messaging, net::TaskGroup& tasks);

}  // namespace stratus::server
