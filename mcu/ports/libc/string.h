/* The few functions that lwIP and BearSSL ask of a C library. */
#pragma once
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
void* memcpy(void* to, const void* from, size_t size);
void* memmove(void* to, const void* from, size_t size);
void* memset(void* to, int value, size_t size);
int memcmp(const void* a, const void* b, size_t size);
size_t strlen(const char* text);
int strncmp(const char* a, const char* b, size_t size);
#ifdef __cplusplus
}
#endif
