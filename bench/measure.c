// measure FILE PROGRAM ARGS...: runs PROGRAM and writes "cpu_seconds max_rss_kib exit_status" to FILE.
// A process of its own, and a small one: the kernel counts the memory of the process that forked towards the
// child's peak, so a measurement started from a large Python would show the Python.
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char** words) {
  if (count < 3) return 2;
  pid_t child = fork();
  if (child < 0) return 3;
  if (child == 0) {
    execvp(words[2], words + 2);
    perror(words[2]);
    _exit(127);
  }
  int status = 0;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) != child) return 3;
  FILE* file = fopen(words[1], "w");
  if (!file) return 3;
  double cpu = (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
               ((double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec) / 1e6;
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (fprintf(file, "%.6f %ld %d\n", cpu, usage.ru_maxrss, code) < 0 || fclose(file) != 0) return 3;
  return code;
}
