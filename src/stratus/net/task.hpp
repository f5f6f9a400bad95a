// The coroutine vocabulary of the I/O modules. House rule (docs/traps/coroutines.md): one co_await per
// statement, its whole right-hand side, with named arguments. tools/check_coawait.py enforces it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace stratus::net {

template <class T>
using Task = boost::asio::awaitable<T>;
using Executor = boost::asio::any_io_executor;

}  // namespace stratus::net
