/* See esp_err.h. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C"
#endif
    void
    esp_fill_random(void* to, size_t size);
