#include "fake/esp_chip.hpp"

#include <esp_random.h>
#include <esp_timer.h>
#include <esp_tls.h>

namespace stratus::mcu::esp {
namespace {

EspChip* chip = nullptr;  // ESP-IDF's functions know no object

std::uint32_t crc_of(std::uint32_t seq) { return crc32(&seq, sizeof seq); }

esp_partition_t partition(esp_partition_type_t type, int subtype, std::uint32_t& at, std::uint32_t sectors) {
  const esp_partition_t made = {type, static_cast<esp_partition_subtype_t>(subtype), at,
                                sectors * EspChip::kSectorSize};
  at += made.size;
  return made;
}

}  // namespace

EspChip::EspChip(unsigned seed) : flash(host::MemoryFlash(20 * kSectorSize, kSectorSize, 16), seed) {
  std::uint32_t at = 0;
  otadata = partition(ESP_PARTITION_TYPE_DATA, 0, at, 2);
  own = partition(ESP_PARTITION_TYPE_DATA, 0x40, at, 6);
  for (int i = 0; i < 2; ++i)
    ota[i] = partition(ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_APP_OTA_0 + i, at, 6);
  chip = this;
}
EspChip::~EspChip() { chip = nullptr; }

EspChip::Entry EspChip::entry(unsigned sector) const {
  Entry found;
  memcpy(&found, flash.memory.bytes.data() + otadata.address + sector * kSectorSize, sizeof found);
  return found;
}
bool EspChip::valid(const Entry& e) const {
  return e.seq != 0xffffffff && e.crc == crc_of(e.seq) && e.state != ESP_OTA_IMG_INVALID &&
         e.state != ESP_OTA_IMG_ABORTED;
}
int EspChip::active() const {
  const Entry first = entry(0), second = entry(1);
  if (!valid(first)) return valid(second) ? 1 : -1;
  return valid(second) && second.seq > first.seq ? 1 : 0;
}
void EspChip::rewrite(unsigned sector, std::uint32_t seq, std::uint32_t state) {
  Entry made = {seq, {}, state, crc_of(seq)};
  memset(made.label, 0xff, sizeof made.label);
  flash.erase(otadata.address + sector * kSectorSize);
  flash.program(otadata.address + sector * kSectorSize, &made, sizeof made);
}

int EspChip::choose() {
  for (unsigned sector = 0; sector < 2; ++sector) {
    const Entry e = entry(sector);
    if (valid(e) && e.state == ESP_OTA_IMG_PENDING_VERIFY) rewrite(sector, e.seq, ESP_OTA_IMG_ABORTED);
  }
  const int sector = active();
  if (sector < 0) return 0;  // nothing was ever chosen: the first one
  const Entry e = entry(static_cast<unsigned>(sector));
  if (e.state == ESP_OTA_IMG_NEW) rewrite(static_cast<unsigned>(sector), e.seq, ESP_OTA_IMG_PENDING_VERIFY);
  return static_cast<int>((e.seq - 1) % 2);
}

}  // namespace stratus::mcu::esp

using stratus::mcu::esp::chip;

const esp_partition_t* esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                                const char*) {
  for (const esp_partition_t* one : {&chip->own, &chip->ota[0], &chip->ota[1]}) {
    if (one->type == type && one->subtype == subtype) return one;
  }
  return nullptr;
}
esp_err_t esp_partition_read(const esp_partition_t* p, size_t from, void* to, size_t size) {
  const bool good = from + size <= p->size && chip->flash.read(p->address + static_cast<uint32_t>(from), to,
                                                               static_cast<uint32_t>(size));
  return good ? ESP_OK : ESP_FAIL;
}
esp_err_t esp_partition_write(const esp_partition_t* p, size_t to, const void* from, size_t size) {
  const bool good = to + size <= p->size && chip->flash.program(p->address + static_cast<uint32_t>(to), from,
                                                                static_cast<uint32_t>(size));
  return good ? ESP_OK : ESP_FAIL;
}
esp_err_t esp_partition_erase_range(const esp_partition_t* p, size_t offset, size_t size) {
  const bool good = offset + size <= p->size && size == stratus::mcu::esp::EspChip::kSectorSize &&
                    chip->flash.erase(p->address + static_cast<uint32_t>(offset));
  return good ? ESP_OK : ESP_FAIL;
}

const esp_partition_t* esp_ota_get_running_partition() { return &chip->ota[chip->running]; }

esp_err_t esp_ota_get_state_partition(const esp_partition_t* p, esp_ota_img_states_t* state) {
  for (unsigned sector = 0; sector < 2; ++sector) {
    const auto e = chip->entry(sector);
    if (e.seq == 0xffffffff || &chip->ota[(e.seq - 1) % 2] != p || static_cast<int>(sector) != chip->active())
      continue;
    *state = static_cast<esp_ota_img_states_t>(e.state);
    return ESP_OK;
  }
  return ESP_FAIL;
}
esp_err_t esp_ota_set_boot_partition(const esp_partition_t* p) {
  std::uint8_t magic = 0;
  esp_partition_read(p, 0, &magic, 1);
  if (magic != 0xe9) return ESP_FAIL;  // it looks at what it is to start
  const auto slot = static_cast<std::uint32_t>(p - chip->ota);
  const int active = chip->active();
  if (active < 0) {
    chip->rewrite(0, slot + 1, ESP_OTA_IMG_NEW);
    return ESP_OK;
  }
  std::uint32_t seq = chip->entry(static_cast<unsigned>(active)).seq + 1;
  if ((seq - 1) % 2 != slot) ++seq;
  chip->rewrite(static_cast<unsigned>(active) ^ 1, seq, ESP_OTA_IMG_NEW);
  return ESP_OK;
}
esp_err_t esp_ota_mark_app_valid_cancel_rollback() {
  const int active = chip->active();
  if (active < 0) return ESP_FAIL;
  const auto sector = static_cast<unsigned>(active);
  chip->rewrite(sector, chip->entry(sector).seq, ESP_OTA_IMG_VALID);
  return ESP_OK;
}
esp_err_t esp_ota_mark_app_invalid_rollback_and_reboot() {
  const int active = chip->active();
  if (active < 0) return ESP_FAIL;
  const auto sector = static_cast<unsigned>(active);
  chip->rewrite(sector, chip->entry(sector).seq, ESP_OTA_IMG_INVALID);
  throw stratus::mcu::esp::Restart{};
}

// No network here: the stream is compiled, not run.
esp_tls_t* esp_tls_init() { return nullptr; }
int esp_tls_conn_new_sync(const char*, int, int, const esp_tls_cfg_t*, esp_tls_t*) { return -1; }
ptrdiff_t esp_tls_conn_read(esp_tls_t*, void*, size_t) { return -1; }
ptrdiff_t esp_tls_conn_write(esp_tls_t*, const void*, size_t) { return -1; }
ptrdiff_t esp_tls_get_bytes_avail(esp_tls_t*) { return 0; }
esp_err_t esp_tls_get_conn_sockfd(esp_tls_t*, int*) { return ESP_FAIL; }
int esp_tls_conn_destroy(esp_tls_t*) { return 0; }
int64_t esp_timer_get_time() { return 0; }
void esp_fill_random(void* to, size_t size) { memset(to, 0, size); }
