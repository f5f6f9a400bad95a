/* lwIP's idea of the compiler and of the machine. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H 0
#define X8_F "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "u"
#define LWIP_PLATFORM_DIAG(x)
#ifdef __cplusplus
extern "C" {
#endif
void stratus_net_panic(void);
uint32_t stratus_net_random(void);
#ifdef __cplusplus
}
#endif
#define LWIP_PLATFORM_ASSERT(x) stratus_net_panic()
#define LWIP_RAND() stratus_net_random()
