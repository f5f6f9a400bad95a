#include "stratus/net/http_client.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/net/encoding.hpp"

namespace stratus::net {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

constexpr std::uint64_t kErrorBody = 64 * 1024;
constexpr std::size_t kHeld = 256 * 1024;  // of a paced download: waiting, and as much again in the sink

ErrorCode code_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorCode::timeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return ErrorCode::denied;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return ErrorCode::corrupt;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return ErrorCode::invalid;
    case CURLE_OUT_OF_MEMORY:
      return ErrorCode::no_space;
    default:
      return ErrorCode::unavailable;
  }
}

struct Transfer;

// The multi handle and its tie to the loop. Shared with every running transfer, so that one whose coroutine
// is destroyed late still finds it.
class Multi : public std::enable_shared_from_this<Multi> {
 public:
  Multi(Executor executor, const ClientOptions& options)
      : executor_(std::move(executor)), multi_(curl_multi_init()), timer_(executor_) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Multi::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Multi::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS,
                      static_cast<long>(options.max_connections_per_host));
  }
  ~Multi() {
    timer_.cancel();
    curl_multi_cleanup(multi_);
    for (auto& [fd, watch] : watches_) watch->stop();
  }

  const Executor& executor() const { return executor_; }
  void add(Transfer& transfer);
  void remove(Transfer& transfer);
  HttpClient::Traffic traffic;

 private:
  struct Watch {
    Watch(const Executor& executor, curl_socket_t fd) : descriptor(executor) {
      boost::system::error_code ignored;
      descriptor.assign(fd, ignored);
    }
    // curl closes the descriptor itself.
    void stop() {
      if (descriptor.is_open()) descriptor.release();
      wanted = 0;
    }
    Descriptor descriptor;
    int wanted = 0;  // CURL_POLL_…
    bool reading = false;
    bool writing = false;
  };

  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    static_cast<Multi*>(self)->watch_socket(fd, what);
    return 0;
  }
  static int on_timer(CURLM*, long milliseconds, void* self) {
    static_cast<Multi*>(self)->set_timer(milliseconds);
    return 0;
  }

  void watch_socket(curl_socket_t fd, int what) {
    if (what == CURL_POLL_REMOVE) {
      const auto found = watches_.find(fd);
      if (found == watches_.end()) return;
      found->second->stop();
      watches_.erase(found);
      return;
    }
    auto& watch = watches_[fd];
    if (!watch) watch = std::make_shared<Watch>(executor_, fd);
    watch->wanted = what;
    arm(fd, watch);
  }

  void arm(curl_socket_t fd, const std::shared_ptr<Watch>& watch) {
    const auto wait = [&](Descriptor::wait_type type, int poll, int select, bool Watch::*waiting) {
      if ((watch->wanted & poll) == 0 || (*watch).*waiting) return;
      (*watch).*waiting = true;
      watch->descriptor.async_wait(type, [self = weak_from_this(), fd, watch, select,
                                          waiting](const boost::system::error_code& error) {
        (*watch).*waiting = false;
        const auto multi = self.lock();
        if (error || !multi || watch->wanted == 0) return;
        multi->act(fd, select);
        if (watch->wanted != 0) multi->arm(fd, watch);
      });
    };
    wait(Descriptor::wait_read, CURL_POLL_IN, CURL_CSELECT_IN, &Watch::reading);
    wait(Descriptor::wait_write, CURL_POLL_OUT, CURL_CSELECT_OUT, &Watch::writing);
  }

  void set_timer(long milliseconds) {
    if (milliseconds < 0) {
      timer_.cancel();
      return;
    }
    // Also for 0: curl must not be entered from its own callback.
    timer_.expires_after(std::chrono::milliseconds(milliseconds));
    timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
      const auto multi = self.lock();
      if (!error && multi) multi->act(CURL_SOCKET_TIMEOUT, 0);
    });
  }

  void act(curl_socket_t fd, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, events, &running);
    finish_done();
  }
  void finish_done();

  Executor executor_;
  CURLM* multi_;
  asio::steady_timer timer_;
  std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
  std::unordered_map<CURL*, Transfer*> transfers_;
};

// One request on its way. Removes itself from the multi handle when its coroutine goes, finished or not.
struct Transfer {
  explicit Transfer(std::shared_ptr<Multi> through)
      : multi(std::move(through)), easy(curl_easy_init()), done(multi->executor()) {
    done.expires_at(std::chrono::steady_clock::time_point::max());
  }
  ~Transfer() {
    if (added) multi->remove(*this);
    curl_easy_cleanup(easy);
    curl_slist_free_all(lines);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void header_line(std::string_view line);
  bool body_piece(BytesView data);
  bool must_rest(BytesView data) {
    resting = paced && !held.empty() && held.size() + data.size() > kHeld;
    return resting;
  }
  std::size_t upload(std::span<std::uint8_t> into);

  std::shared_ptr<Multi> multi;
  CURL* easy;
  curl_slist* lines = nullptr;
  asio::steady_timer done;  // cancelled when the transfer has ended
  ClientRequest request;
  ClientResponse response;
  std::function<Result<void>(const ClientResponse&)> on_head;
  ByteSink sink;       // empty: into response.body
  bool paced = false;  // instead of a sink: into `held`
  bool resting = false;
  bool head_ended = false;
  Bytes held;
  FileDescriptor upload_file;
  std::uint64_t uploaded = 0;
  std::uint64_t received = 0;
  std::array<char, CURL_ERROR_SIZE> error_text{};
  CURLcode code = CURLE_OK;
  Result<void> refused;  // why we stopped it ourselves
  bool added = false;
  bool ended = false;

  bool streamed() const { return (sink || paced) && response.status >= 200 && response.status < 300; }
};

void Transfer::header_line(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {  // a new head: the one before was 1xx
    response = ClientResponse{};
    head_ended = false;
    const std::size_t space = line.find(' ');
    if (space != std::string_view::npos)
      response.status = std::atoi(std::string(line.substr(space + 1)).c_str());
    return;
  }
  if (line.empty()) {
    head_ended = true;
    if (streamed() && on_head) refused = on_head(response);
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || response.headers.all().size() >= 200) return;
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  response.headers.add(std::string(line.substr(0, colon)), std::string(value));
}

bool Transfer::body_piece(BytesView data) {
  if (!refused) return false;
  received += data.size();
  if (streamed()) {
    if (received > request.max_response) {
      refused =
          fail(ErrorCode::no_space, fmt::format("the answer is larger than {} bytes", request.max_response));
    } else {
      refused = paced ? Result<void>() : sink(data);
      if (paced) held.insert(held.end(), data.begin(), data.end());
      if (paced) done.cancel();
    }
    return refused.has_value();
  }
  const std::uint64_t limit =
      sink || paced ? std::min(kErrorBody, request.max_response) : request.max_response;
  if (received > limit) {
    refused = fail(ErrorCode::no_space, fmt::format("the answer is larger than {} bytes", limit));
    return false;
  }
  response.body.append(as_text(data));
  return true;
}

std::size_t Transfer::upload(std::span<std::uint8_t> into) {
  const auto most =
      static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), request.body_length - uploaded));
  const auto read = pread_exact(upload_file.get(), into.first(most), request.body_offset + uploaded);
  if (!read) {
    refused = fail(read.error());
    return CURL_READFUNC_ABORT;
  }
  uploaded += most;
  return most;
}

void Multi::add(Transfer& transfer) {
  transfers_.emplace(transfer.easy, &transfer);
  transfer.added = true;
  curl_multi_add_handle(multi_, transfer.easy);
}

void Multi::remove(Transfer& transfer) {
  transfers_.erase(transfer.easy);
  transfer.added = false;
  curl_multi_remove_handle(multi_, transfer.easy);
}

// curl's own counters count a small request body twice and leave chunk heads out; its trace is exact.
int count_traffic(CURL*, curl_infotype type, char*, std::size_t size, void* to) {
  auto& traffic = *static_cast<HttpClient::Traffic*>(to);
  if (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT) traffic.sent += size;
  if (type == CURLINFO_HEADER_IN || type == CURLINFO_DATA_IN) traffic.received += size;
  return 0;
}

void Multi::finish_done() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto found = transfers_.find(message->easy_handle);
    if (found == transfers_.end()) continue;
    Transfer& transfer = *found->second;
    transfer.code = message->data.result;
    transfer.ended = true;
    remove(transfer);
    transfer.done.cancel();
  }
}

std::size_t write_header(char* data, std::size_t size, std::size_t count, void* to) {
  auto* const transfer = static_cast<Transfer*>(to);
  transfer->header_line({data, size * count});
  return transfer->refused ? size * count : 0;
}
std::size_t write_body(char* data, std::size_t size, std::size_t count, void* to) {
  auto* const transfer = static_cast<Transfer*>(to);
  const BytesView piece = as_bytes({data, size * count});
  if (transfer->must_rest(piece)) return CURL_WRITEFUNC_PAUSE;  // curl offers the same piece again
  return transfer->body_piece(piece) ? piece.size() : 0;
}
std::size_t read_upload(char* data, std::size_t size, std::size_t count, void* from) {
  return static_cast<Transfer*>(from)->upload({reinterpret_cast<std::uint8_t*>(data), size * count});
}
int seek_upload(void* from, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Transfer*>(from)->uploaded = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

class CurlClient final : public HttpClient {
 public:
  CurlClient(Executor executor, ClientOptions options)
      : options_(std::move(options)), multi_(std::make_shared<Multi>(std::move(executor), options_)) {
    const char* const configured = std::getenv("no_proxy");
    no_proxy_ = std::string(configured != nullptr ? configured : "") + ",localhost,127.0.0.1,::1";
  }

  Task<Result<ClientResponse>> send(ClientRequest request) override {
    const auto transfer = std::make_unique<Transfer>(multi_);
    transfer->request = std::move(request);
    if (!transfer->request.headers.get("Accept-Encoding"))
      transfer->request.headers.add("Accept-Encoding", "br");
    auto result = co_await run(*transfer);
    if (!result || result->headers.get("Content-Encoding") != "br" || result->body.empty()) co_return result;
    auto decoded = brotli_decompress(result->body, transfer->request.max_response);
    if (!decoded) co_return fail(std::move(decoded.error()).with_context(transfer->request.url));
    result->body = std::move(*decoded);
    co_return result;
  }

  Task<Result<ClientResponse>> download(ClientRequest request,
                                        std::function<Result<void>(const ClientResponse&)> on_head,
                                        ByteSink sink) override {
    const auto transfer = std::make_unique<Transfer>(multi_);
    transfer->request = std::move(request);
    transfer->on_head = std::move(on_head);
    transfer->sink = std::move(sink);
    auto result = co_await run(*transfer);
    co_return result;
  }

  Task<Result<ClientResponse>> download_paced(ClientRequest request,
                                              std::function<Result<void>(const ClientResponse&)> on_head,
                                              PacedSink sink) override {
    const auto transfer = std::make_unique<Transfer>(multi_);
    transfer->request = std::move(request);
    transfer->on_head = std::move(on_head);
    transfer->paced = true;
    STRATUS_CO_CHECK(prepare(*transfer).with_context(transfer->request.url));
    multi_->add(*transfer);
    Bytes piece;
    for (;;) {
      boost::system::error_code ignored;
      if (!transfer->ended && transfer->held.empty())
        co_await transfer->done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      if (transfer->held.empty()) break;
      piece.clear();
      piece.swap(transfer->held);
      if (transfer->resting && !transfer->ended) {
        transfer->resting = false;
        curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
      }
      auto taken = co_await sink(piece);
      if (!taken) co_return forward_error(std::move(taken).with_context(transfer->request.url));
    }
    co_return outcome(*transfer);
  }

  Traffic traffic() const override { return multi_->traffic; }

 private:
  Task<Result<ClientResponse>> run(Transfer& transfer) {
    STRATUS_CO_CHECK(prepare(transfer).with_context(transfer.request.url));
    multi_->add(transfer);
    boost::system::error_code ignored;
    if (!transfer.ended)
      co_await transfer.done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return outcome(transfer);
  }

  static Result<ClientResponse> outcome(Transfer& transfer) {
    if (!transfer.ended) return fail(ErrorCode::cancelled, transfer.request.url + ": cancelled");
    if (!transfer.refused)
      return fail(std::move(transfer.refused.error()).with_context(transfer.request.url));
    if (transfer.code != CURLE_OK) {
      const char* const text =
          transfer.error_text[0] != '\0' ? transfer.error_text.data() : curl_easy_strerror(transfer.code);
      return fail(code_of(transfer.code), transfer.request.url + ": " + text);
    }
    // curl takes a head that was cut for an answer without a body.
    if (!transfer.head_ended)
      return fail(ErrorCode::unavailable,
                  transfer.request.url + ": the connection ended inside the answer's head");
    return std::move(transfer.response);
  }

  Result<void> prepare(Transfer& transfer) const {
    CURL* const easy = transfer.easy;
    const ClientRequest& request = transfer.request;
    const auto set = [easy](CURLoption option, auto value) { curl_easy_setopt(easy, option, value); };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_PATH_AS_IS, 1L);  // a peer's "/../" stays below the address we were given
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_NOPROXY, no_proxy_.c_str());
    set(CURLOPT_BUFFERSIZE, 128L * 1024);
    set(CURLOPT_ERRORBUFFER, transfer.error_text.data());
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options_.stall_bytes));
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.stall_time.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_timeout.count()));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!options_.ca_file.empty()) {
      set(CURLOPT_CAINFO, options_.ca_file.c_str());
      set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // that file alone, not the system's beside it
    }
    if (!options_.certificate.empty()) {
      set(CURLOPT_SSLCERT, options_.certificate.c_str());
      set(CURLOPT_SSLKEY, options_.key.c_str());
    }
    set(CURLOPT_HEADERFUNCTION, &write_header);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_WRITEFUNCTION, &write_body);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_VERBOSE, 1L);
    set(CURLOPT_DEBUGFUNCTION, &count_traffic);
    set(CURLOPT_DEBUGDATA, &multi_->traffic);
    STRATUS_CHECK(prepare_body(transfer));
    return prepare_head(transfer);
  }

  static Result<void> prepare_body(Transfer& transfer) {
    CURL* const easy = transfer.easy;
    const ClientRequest& request = transfer.request;
    if (request.method == "HEAD") {
      curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (!request.body_file.empty()) {
      STRATUS_TRY(file, open_file(request.body_file, O_RDONLY));
      transfer.upload_file = std::move(file);
      curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
      curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body_length));
      curl_easy_setopt(easy, CURLOPT_READFUNCTION, &read_upload);
      curl_easy_setopt(easy, CURLOPT_READDATA, &transfer);
      curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &seek_upload);
      curl_easy_setopt(easy, CURLOPT_SEEKDATA, &transfer);
      curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
               request.method == "PATCH") {
      curl_easy_setopt(easy, CURLOPT_POST, 1L);
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    } else if (request.method != "GET") {
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
    return {};
  }

  // Only what the request says and HTTP demands: every byte counts on a thin link.
  static Result<void> prepare_head(Transfer& transfer) {
    const auto append = [&transfer](const std::string& line) {
      transfer.lines = curl_slist_append(transfer.lines, line.c_str());
    };
    for (const char* const name : {"Accept", "Content-Type", "Expect"}) {
      if (!transfer.request.headers.get(name)) append(std::string(name) + ":");
    }
    for (const auto& [name, value] : transfer.request.headers.all()) {
      if ((name + value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
        return fail(ErrorCode::invalid, "request field " + name + " holds a line break");
      append(value.empty() ? name + ";" : name + ": " + value);
    }
    curl_easy_setopt(transfer.easy, CURLOPT_HTTPHEADER, transfer.lines);
    return {};
  }

  ClientOptions options_;
  std::string no_proxy_;
  std::shared_ptr<Multi> multi_;
};

}  // namespace

std::unique_ptr<HttpClient> HttpClient::make(Executor executor, ClientOptions options) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)initialised;
  ::signal(SIGPIPE, SIG_IGN);
  return std::make_unique<CurlClient>(std::move(executor), std::move(options));
}

}  // namespace stratus::net
