// Load for bench/fanout.py: many connections from one thread, each asking for one path again and again, all at the same moment.
//   load PORT PATH CONNECTIONS REQUESTS RANGE SIZE SECONDS TLS
// REQUESTS per connection (0: until SECONDS are over); RANGE: bytes of a random part to ask for (0: the whole); SIZE of the whole.
// All connections are set up before the first request when REQUESTS is 0 or HOLD is in the environment. Prints one JSON object.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum state { CONNECTING, SHAKING, IDLE, SENDING, HEAD, BODY, DONE };
struct connection {
  int fd;
  SSL *ssl;
  enum state state;
  int left, head_size, sent, request_size;
  long long body_left;
  char head[2048], request[512];
};

static const char *path;
static int port, use_tls;
static long requests, range_size, whole_size;
static unsigned long long seed = 88172645463325252ull;
static long long bytes, answered, failed;
static int epoll_fd, finished;
static SSL_CTX *context;
static char buffer[256 * 1024];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void want(struct connection *c, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
}

static void end(struct connection *c, int bad) {
  if (c->state == DONE) return;
  failed += bad;
  c->state = DONE;
  ++finished;
  if (c->ssl) SSL_free(c->ssl);
  close(c->fd);
}

static void write_request(struct connection *c) {
  char range[80] = "";
  if (range_size) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    long first = (long)(seed % (unsigned long long)(whole_size - range_size));
    snprintf(range, sizeof range, "Range: bytes=%ld-%ld\r\n", first, first + range_size - 1);
  }
  c->request_size = snprintf(c->request, sizeof c->request, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", path, range);
  c->sent = c->head_size = 0;
  c->state = SENDING;
}

// 1 moved, 0 wait (interest is set), -1 broken or closed
static int io(struct connection *c, int sending, void *data, int size, int *moved) {
  if (c->ssl) {
    int n = sending ? SSL_write(c->ssl, data, size) : SSL_read(c->ssl, data, size);
    if (n > 0) return *moved = n, 1;
    int error = SSL_get_error(c->ssl, n);
    if (error == SSL_ERROR_WANT_READ) return want(c, EPOLLIN), 0;
    if (error == SSL_ERROR_WANT_WRITE) return want(c, EPOLLOUT), 0;
    return -1;
  }
  ssize_t n = sending ? send(c->fd, data, size, MSG_NOSIGNAL) : recv(c->fd, data, size, 0);
  if (n > 0) return *moved = (int)n, 1;
  if (n < 0 && errno == EAGAIN) return want(c, sending ? EPOLLOUT : EPOLLIN), 0;
  return -1;
}

// Consumes body bytes; 1 when the answer is whole.
static int body(struct connection *c, int size) {
  c->body_left -= size;
  if (c->body_left > 0) return 0;
  ++answered;
  if (c->body_left < 0) return failed++, 1;
  return 1;
}

static void next_or_end(struct connection *c) {
  if (requests && --c->left == 0) return end(c, 0);
  write_request(c);
}

static int ready;  // connections that may send

static void work(struct connection *c, int go) {
  for (;;) {
    int moved = 0, result;
    switch (c->state) {
      case CONNECTING: {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) return end(c, 1);
        c->state = c->ssl ? SHAKING : IDLE;
        ready += c->state == IDLE;
        break;
      }
      case SHAKING:
        result = SSL_connect(c->ssl);
        if (result != 1) {
          int error = SSL_get_error(c->ssl, result);
          if (error == SSL_ERROR_WANT_READ) return want(c, EPOLLIN);
          if (error == SSL_ERROR_WANT_WRITE) return want(c, EPOLLOUT);
          return end(c, 1);
        }
        c->state = IDLE;
        ++ready;
        break;
      case IDLE:
        if (!go) return want(c, 0);
        write_request(c);
        break;
      case SENDING:
        result = io(c, 1, c->request + c->sent, c->request_size - c->sent, &moved);
        if (result < 0) return end(c, 1);
        if (!result) return;
        c->sent += moved;
        if (c->sent == c->request_size) c->state = HEAD;
        break;
      case HEAD: {
        result = io(c, 0, c->head + c->head_size, (int)sizeof c->head - 1 - c->head_size, &moved);
        if (result < 0 || c->head_size + moved >= (int)sizeof c->head - 1 + 1) return end(c, 1);
        if (!result) return;
        bytes += moved;
        c->head_size += moved;
        c->head[c->head_size] = 0;
        // The body may begin in the same bytes and may hold zeros.
        char *stop = memmem(c->head, c->head_size, "\r\n\r\n", 4);
        if (!stop) {
          if (c->head_size == (int)sizeof c->head - 1) return end(c, 1);
          break;
        }
        stop[2] = 0;
        char *length = strcasestr(c->head, "content-length:");
        int status = atoi(c->head + 9);
        if (!length || (status != 200 && status != 206)) return end(c, 1);
        c->body_left = atoll(length + 15);
        c->state = BODY;
        if (body(c, c->head_size - (int)(stop + 4 - c->head))) next_or_end(c);
        break;
      }
      case BODY:
        result = io(c, 0, buffer, sizeof buffer, &moved);
        if (result < 0) return end(c, 1);
        if (!result) return;
        bytes += moved;
        if (body(c, moved)) next_or_end(c);
        break;
      case DONE:
        return;
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 9) return fprintf(stderr, "usage: load PORT PATH CONNECTIONS REQUESTS RANGE SIZE SECONDS TLS\n"), 2;
  port = atoi(argv[1]);
  path = argv[2];
  int count = atoi(argv[3]);
  requests = atol(argv[4]);
  range_size = atol(argv[5]);
  whole_size = atol(argv[6]);
  double seconds = atof(argv[7]);
  use_tls = atoi(argv[8]);
  int hold = getenv("HOLD") != NULL || requests == 0;
  signal(SIGPIPE, SIG_IGN);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");  // the same work for both servers
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  epoll_fd = epoll_create1(0);
  struct connection *all = calloc(count, sizeof *all);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  double start = now(), begun = start;
  for (int i = 0; i < count; ++i) {
    struct connection *c = &all[i];
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->left = (int)requests;
    connect(c->fd, (struct sockaddr *)&address, sizeof address);
    if (use_tls) {
      c->ssl = SSL_new(context);
      SSL_set_fd(c->ssl, c->fd);
    }
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
  }
  int going = !hold;
  struct epoll_event events[256];
  double deadline = requests ? start + 300 : 0;
  while (finished < count) {
    int n = epoll_wait(epoll_fd, events, 256, 100);
    for (int i = 0; i < n; ++i) work(events[i].data.ptr, going);
    if (!going && ready + finished == count) {
      going = 1;
      begun = now();
      bytes = answered = 0;
      if (!requests) deadline = begun + seconds;
      for (int i = 0; i < count; ++i)
        if (all[i].state == IDLE) work(&all[i], 1);
    }
    if (deadline && now() > deadline) break;
  }
  double ended = now();
  printf("{\"seconds\":%.6f,\"connect_seconds\":%.6f,\"bytes\":%lld,\"answered\":%lld,\"failed\":%lld,\"unfinished\":%d}\n", ended - begun,
         begun - start, bytes, answered, failed, requests ? count - finished : 0);
  return 0;
}
