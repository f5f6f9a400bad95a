// The service that test images run: answers every HTTP request with its version, and misbehaves on demand.
//   service PORT VERSION [BEHAVIOUR...]
// start-crash      exit 3 at once            crash-after=MS  exit 3 after MS of good service
// never-listens    alive but deaf            unhealthy       answers 500
// slow-start=MS    listens after MS          ignore-term     does not stop on SIGTERM
// write=PATH       writes its version there first (shows that the root is writable)
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long ms) {
  struct timespec left = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&left, &left) && errno == EINTR) {
  }
}

static void on_term(int number) { _exit(number == SIGTERM ? 0 : 1); }

static void on_alarm(int number) { _exit(number ? 3 : 3); }

static long amount(int count, char** words, const char* name) {
  size_t length = strlen(name);
  for (int i = 3; i < count; i++) {
    if (strncmp(words[i], name, length) != 0) continue;
    if (words[i][length] == '=') return atol(words[i] + length + 1);
    if (words[i][length] == 0) return 0;
  }
  return -1;
}

int main(int count, char** words) {
  if (count < 3) return 2;
  if (amount(count, words, "start-crash") >= 0) {
    fprintf(stderr, "service %s: told to crash\n", words[2]);
    return 3;
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, amount(count, words, "ignore-term") >= 0 ? SIG_IGN : on_term);
  for (int i = 3; i < count; i++) {
    if (strncmp(words[i], "write=", 6) != 0) continue;
    FILE* file = fopen(words[i] + 6, "w");
    if (!file || fprintf(file, "%s\n", words[2]) < 0 || fclose(file) != 0) return 4;
  }
  if (amount(count, words, "never-listens") >= 0)
    for (;;) pause();
  long slow = amount(count, words, "slow-start");
  if (slow > 0) pause_ms(slow);
  long crash = amount(count, words, "crash-after");
  if (crash >= 0) {
    signal(SIGALRM, on_alarm);
    timer_t timer;
    struct itimerspec when = {{0, 0}, {crash / 1000, crash % 1000 * 1000000 + 1}};
    if (timer_create(CLOCK_MONOTONIC, NULL, &timer) || timer_settime(timer, 0, &when, NULL)) return 5;
  }

  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);  // the new version may start before the old one stops
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(words[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) || listen(listener, 64)) {
    perror("service: listen");
    return 6;
  }
  const char* status = amount(count, words, "unhealthy") >= 0 ? "500 Unwell" : "200 OK";
  for (;;) {
    int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    char request[4096], answer[512];
    if (recv(client, request, sizeof request, 0) > 0) {
      int length = snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                            status, strlen(words[2]), words[2]);
      if (send(client, answer, (size_t)length, 0) < 0) perror("service: send");
    }
    close(client);
  }
}
