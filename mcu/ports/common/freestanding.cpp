// The memory functions the library asks for, and the names ARM compilers give them. Built with -fno-builtin,
// so that the loops do not become calls to themselves.
#include <stddef.h>
#include <stdint.h>

extern "C" {

void* memcpy(void* to, const void* from, size_t size) {
  auto* d = static_cast<uint8_t*>(to);
  const auto* s = static_cast<const uint8_t*>(from);
  if (((reinterpret_cast<uintptr_t>(d) | reinterpret_cast<uintptr_t>(s)) & 3) == 0) {
    for (; size >= 4; size -= 4, d += 4, s += 4) {
      *reinterpret_cast<uint32_t*>(d) = *reinterpret_cast<const uint32_t*>(s);
    }
  }
  while (size-- != 0) *d++ = *s++;
  return to;
}

void* memmove(void* to, const void* from, size_t size) {
  auto* d = static_cast<uint8_t*>(to);
  const auto* s = static_cast<const uint8_t*>(from);
  if (d <= s || d >= s + size) return memcpy(to, from, size);
  while (size-- != 0) d[size] = s[size];
  return to;
}

void* memset(void* to, int value, size_t size) {
  auto* d = static_cast<uint8_t*>(to);
  while (size-- != 0) *d++ = static_cast<uint8_t>(value);
  return to;
}

int memcmp(const void* a, const void* b, size_t size) {
  const auto* x = static_cast<const uint8_t*>(a);
  const auto* y = static_cast<const uint8_t*>(b);
  for (size_t i = 0; i < size; ++i) {
    if (x[i] != y[i]) return x[i] - y[i];
  }
  return 0;
}

// For lwIP and BearSSL.
size_t strlen(const char* text) {
  size_t n = 0;
  while (text[n] != 0) ++n;
  return n;
}

int strncmp(const char* a, const char* b, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return static_cast<uint8_t>(a[i]) - static_cast<uint8_t>(b[i]);
    if (a[i] == 0) break;
  }
  return 0;
}

#ifdef __arm__
void __aeabi_memcpy(void* to, const void* from, size_t size) { memcpy(to, from, size); }
void __aeabi_memcpy4(void* to, const void* from, size_t size) { memcpy(to, from, size); }
void __aeabi_memcpy8(void* to, const void* from, size_t size) { memcpy(to, from, size); }
void __aeabi_memmove(void* to, const void* from, size_t size) { memmove(to, from, size); }
void __aeabi_memmove4(void* to, const void* from, size_t size) { memmove(to, from, size); }
void __aeabi_memset(void* to, size_t size, int value) { memset(to, value, size); }
void __aeabi_memset4(void* to, size_t size, int value) { memset(to, value, size); }
void __aeabi_memset8(void* to, size_t size, int value) { memset(to, value, size); }
void __aeabi_memclr(void* to, size_t size) { memset(to, 0, size); }
void __aeabi_memclr4(void* to, size_t size) { memset(to, 0, size); }
void __aeabi_memclr8(void* to, size_t size) { memset(to, 0, size); }
#endif

}  // extern "C"
