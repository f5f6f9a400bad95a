/* The client for C projects: check in, fetch, verify, stage, confirm (agent.hpp), and the loader's choice.
 *
 * The project gives functions for flash, connection and clock; the library keeps no memory of its own and no
 * globals. One thread. Everything a table points to must outlive the client. Not here: MQTT and parts of a
 * release beside the firmware, which are C++ (link.hpp, components.hpp). */
#ifndef STRATUS_MCU_H
#define STRATUS_MCU_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every function gets `context`. Those marked "may be null" may be null. */
typedef struct stratus_mcu_ports {
  void* context;
  /* NOR-like flash: erasing sets a sector to 0xFF, programming only clears bits, in multiples of `align`. */
  uint32_t sector, align;
  bool (*flash_read)(void* context, uint32_t at, void* to, uint32_t size);
  bool (*flash_program)(void* context, uint32_t at, const void* from, uint32_t size);
  bool (*flash_erase)(void* context, uint32_t at);
  /* A connection to the server; blocking with a time-out. stream_read: bytes, 0: the connection has
   * ended, in whatever way; negative: timed out, or failed otherwise. */
  bool (*stream_open)(void* context);
  int32_t (*stream_read)(void* context, void* to, uint32_t size);
  bool (*stream_write)(void* context, const void* from, uint32_t size);
  void (*stream_close)(void* context);
  uint32_t (*millis)(void* context);                      /* monotonic, wraps */
  uint32_t (*unix_time)(void* context);                   /* seconds; 0 while unknown */
  bool (*random)(void* context, void* to, uint32_t size); /* may be null */
  void (*feed_watchdog)(void* context);                   /* may be null */
  bool (*on_step)(void* context, const char* state, uint32_t done,
                  uint32_t total); /* false: give up; may be null */
} stratus_mcu_ports;

typedef struct stratus_mcu_config {
  const char* model;      /* the board, as `stratus-mcu-tool image --model` has it */
  const char* host;       /* for the Host header */
  const char* check_path; /* of the device manifest; ends with "have=" */
  uint32_t poll_seconds;
  uint32_t journal, slot[2], slot_size; /* flash addresses; the journal has two sectors */
  const uint8_t* release_key;           /* x and y, 64 bytes */
  const uint8_t* assignment_key;        /* of the server's manifests; null: the release key */
  bool (*self_test)(void);              /* null: none */
} stratus_mcu_config;

typedef struct stratus_mcu_boot {
  bool bootable, trial;
  uint8_t slot;
  uint32_t load_address, header_size, payload_size;
  uint8_t version[4]; /* major, minor, revision (low, high) */
} stratus_mcu_boot;

typedef enum stratus_mcu_step { STRATUS_MCU_IDLE, STRATUS_MCU_REBOOT, STRATUS_MCU_ACCEPTED } stratus_mcu_step;

/* Memory of one client; what is in it is the library's. */
typedef struct stratus_mcu {
  uint64_t storage[384];
} stratus_mcu;

/* The loader: which slot boots now. Writes at most one journal record. */
void stratus_mcu_choose(const stratus_mcu_ports* ports, const stratus_mcu_config* config,
                        stratus_mcu_boot* boot);

/* The application, once after every start. */
void stratus_mcu_start(stratus_mcu* client, const stratus_mcu_ports* ports, const stratus_mcu_config* config);
/* One round; call again after stratus_mcu_wait_seconds(). REBOOT: restart now. ACCEPTED: the new image stays.
 */
stratus_mcu_step stratus_mcu_poll(stratus_mcu* client);
uint32_t stratus_mcu_wait_seconds(stratus_mcu* client);
/* Why the last round did not get further: "ok", "bad_signature", ... Never null. */
const char* stratus_mcu_cause(const stratus_mcu* client);
uint32_t stratus_mcu_fetched(const stratus_mcu* client); /* body bytes of the last round */
bool stratus_mcu_on_trial(const stratus_mcu* client);
/* Gives the update under way up; false: too late, or flash failed. */
bool stratus_mcu_cancel(stratus_mcu* client);

#ifdef __cplusplus
}
#endif

#endif
