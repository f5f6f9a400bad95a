/* Only what the port uses of ESP-IDF's headers, to compile it without ESP-IDF and to run it against fake/. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef int esp_err_t;
enum { ESP_OK = 0, ESP_FAIL = -1 };
