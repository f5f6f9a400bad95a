/* A board written in C, as a project would: it boots and lives by stratus_mcu.h alone. For c_facade_test.cpp.
 */
#include "stratus/mcu/c_facade_board.h"

#include <string.h>

static bool flash_read(void* context, uint32_t at, void* to, uint32_t size) {
  const c_board* const board = context;
  if (at > C_BOARD_FLASH || size > C_BOARD_FLASH - at) return false;
  memcpy(to, board->flash + at, size);
  return true;
}

static bool flash_program(void* context, uint32_t at, const void* from, uint32_t size) {
  c_board* const board = context;
  const uint8_t* const data = from;
  uint32_t i;
  if (at % 4 != 0 || size % 4 != 0 || at > C_BOARD_FLASH || size > C_BOARD_FLASH - at) return false;
  for (i = 0; i < size; ++i) board->flash[at + i] &= data[i];
  return true;
}

static bool flash_erase(void* context, uint32_t at) {
  c_board* const board = context;
  if (at % C_BOARD_SECTOR != 0 || at >= C_BOARD_FLASH) return false;
  memset(board->flash + at, 0xff, C_BOARD_SECTOR);
  return true;
}

static bool stream_open(void* context) {
  return ((c_board*)context)->server->open(((c_board*)context)->server->self);
}
static int32_t stream_read(void* context, void* to, uint32_t size) {
  return ((c_board*)context)->server->read(((c_board*)context)->server->self, to, size);
}
static bool stream_write(void* context, const void* from, uint32_t size) {
  return ((c_board*)context)->server->write(((c_board*)context)->server->self, from, size);
}
static void stream_close(void* context) { (void)context; }

static uint32_t millis(void* context) { return ++((c_board*)context)->now; }
static uint32_t unix_time(void* context) {
  (void)context;
  return 1800000000u;
}
static bool on_step(void* context, const char* state, uint32_t done, uint32_t total) {
  c_board* const board = context;
  (void)done;
  (void)total;
  ++board->steps;
  return board->give_up_at == NULL || strcmp(board->give_up_at, state) != 0;
}

static bool self_test_result = true;
static bool self_test(void) { return self_test_result; }

/* From a reset to the next; at most `rounds` rounds. */
stratus_mcu_step c_board_live(c_board* board, int rounds) {
  const stratus_mcu_ports ports = {board,       C_BOARD_SECTOR, 4,           flash_read,   flash_program,
                                   flash_erase, stream_open,    stream_read, stream_write, stream_close,
                                   millis,      unix_time,      NULL,        NULL,         on_step};
  const stratus_mcu_config config = {
      "test-board",        "h",        "/next?have=", 60,       0, {2 * C_BOARD_SECTOR, 12 * C_BOARD_SECTOR},
      10 * C_BOARD_SECTOR, board->key, NULL,          self_test};
  stratus_mcu client;
  stratus_mcu_step step = STRATUS_MCU_IDLE;
  stratus_mcu_choose(&ports, &config, &board->boot);
  board->cause = "not bootable";
  if (!board->boot.bootable) return step;
  self_test_result = !board->fails_self_test;
  stratus_mcu_start(&client, &ports, &config);
  for (; rounds > 0 && step == STRATUS_MCU_IDLE; --rounds) {
    step = stratus_mcu_poll(&client);
    board->cause = stratus_mcu_cause(&client);
    board->fetched = stratus_mcu_fetched(&client);
    board->wait = stratus_mcu_wait_seconds(&client);
  }
  if (board->wants_cancel) board->cancelled = stratus_mcu_cancel(&client);
  return step;
}
