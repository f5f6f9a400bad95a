/* For compilers without a C library: what the port uses. */
#pragma once

typedef struct {
  unsigned bits[2];
} fd_set;
struct timeval {
  long tv_sec, tv_usec;
};
#define FD_ZERO(set) ((set)->bits[0] = (set)->bits[1] = 0)
#define FD_SET(n, set) ((set)->bits[(n) / 32] |= 1u << ((n) % 32))
#ifdef __cplusplus
extern "C"
#endif
    int
    select(int count, fd_set* read, fd_set* write, fd_set* except, struct timeval* timeout);
