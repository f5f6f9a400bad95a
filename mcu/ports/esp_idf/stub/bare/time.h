/* For compilers without a C library: what the port uses. */
#pragma once

typedef long long time_t;
#ifdef __cplusplus
extern "C"
#endif
    time_t
    time(time_t* out);
