// Jitter, so that gateways that lost their server together do not come back together.
#pragma once

namespace stratus::gateway {

double chance();  // in [0, 1); not for secrets

}  // namespace stratus::gateway
