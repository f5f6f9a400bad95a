/* See esp_err.h. */
#pragma once

#include "esp_err.h"

typedef struct esp_tls esp_tls_t;
typedef struct esp_tls_cfg {
  const unsigned char* cacert_buf;
  unsigned int cacert_bytes;
  const unsigned char* clientcert_buf;
  unsigned int clientcert_bytes;
  const unsigned char* clientkey_buf;
  unsigned int clientkey_bytes;
  int timeout_ms;
} esp_tls_cfg_t;

#ifdef __cplusplus
extern "C" {
#endif
esp_tls_t* esp_tls_init(void);
int esp_tls_conn_new_sync(const char* host, int host_size, int port, const esp_tls_cfg_t* cfg, esp_tls_t* tls);
ptrdiff_t esp_tls_conn_read(esp_tls_t* tls, void* to, size_t size);
ptrdiff_t esp_tls_conn_write(esp_tls_t* tls, const void* from, size_t size);
ptrdiff_t esp_tls_get_bytes_avail(esp_tls_t* tls);
esp_err_t esp_tls_get_conn_sockfd(esp_tls_t* tls, int* socket);
int esp_tls_conn_destroy(esp_tls_t* tls);
#ifdef __cplusplus
}
#endif
