/* The C board of c_facade_test.cpp. */
#ifndef STRATUS_MCU_C_FACADE_BOARD_H
#define STRATUS_MCU_C_FACADE_BOARD_H

#include "stratus/mcu/stratus_mcu.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { C_BOARD_SECTOR = 4096, C_BOARD_FLASH = 22 * C_BOARD_SECTOR };

typedef struct c_board_server {
  void* self;
  bool (*open)(void* self);
  int32_t (*read)(void* self, void* to, uint32_t size);
  bool (*write)(void* self, const void* from, uint32_t size);
} c_board_server;

typedef struct c_board {
  uint8_t flash[C_BOARD_FLASH];
  const uint8_t* key;
  const c_board_server* server;
  const char* give_up_at; /* state at which on_step() says no; may be null */
  bool fails_self_test, wants_cancel;
  /* what came of it */
  stratus_mcu_boot boot;
  const char* cause;
  uint32_t fetched, wait, now, steps;
  bool cancelled;
} c_board;

stratus_mcu_step c_board_live(c_board* board, int rounds);

#ifdef __cplusplus
}
#endif

#endif
