#include "esp_ports.hpp"

#include <esp_random.h>
#include <esp_timer.h>
#include <sys/select.h>
#include <time.h>

namespace stratus::mcu::esp {
namespace {

constexpr uint32_t kHeadsAt = 0x2000;  // in "stratus": a sector for each slot's header
constexpr uint32_t kSet2024 = 1'704'067'200;

const esp_partition_t* data_partition(uint8_t subtype) {
  return esp_partition_find_first(ESP_PARTITION_TYPE_DATA, static_cast<esp_partition_subtype_t>(subtype),
                                  nullptr);
}

const esp_partition_t* application_partition(uint8_t slot) {
  return esp_partition_find_first(
      ESP_PARTITION_TYPE_APP, static_cast<esp_partition_subtype_t>(ESP_PARTITION_SUBTYPE_APP_OTA_0 + slot),
      nullptr);
}

}  // namespace

bool EspFlash::start() {
  own_ = data_partition(0x40);
  for (uint8_t i = 0; i < 2; ++i) {
    slots_[i] = application_partition(i);
    assets_[i] = data_partition(static_cast<uint8_t>(0x41 + i));
  }
  if (own_ == nullptr || slots_[0] == nullptr || slots_[1] == nullptr) return false;
  layout_.slot_size = kHeader + (slots_[0]->size < slots_[1]->size ? slots_[0]->size : slots_[1]->size);
  if (assets_[0] != nullptr && assets_[1] != nullptr)
    assets_layout_.slot_size = assets_[0]->size < assets_[1]->size ? assets_[0]->size : assets_[1]->size;
  return true;
}

EspFlash::Place EspFlash::find(uint32_t at) const {
  const uint32_t place = at >> 24, offset = at & 0xffffff;
  if (place == 0) return {own_, offset, own_->size - (offset < own_->size ? offset : own_->size)};
  if (place == 1 || place == 2) {
    if (offset < kHeader) return {own_, kHeadsAt + (place - 1) * kHeader + offset, kHeader - offset};
    const esp_partition_t* const slot = slots_[place - 1];
    const uint32_t inside = offset - kHeader;
    return {slot, inside, slot->size - (inside < slot->size ? inside : slot->size)};
  }
  const esp_partition_t* const assets = place <= 4 ? assets_[place - 3] : nullptr;
  const uint32_t size = assets == nullptr ? 0 : assets->size;
  return {assets, offset, size - (offset < size ? offset : size)};
}

template <typename Move>
bool EspFlash::walk(uint32_t at, uint32_t size, Move move) const {
  for (uint32_t done = 0; done != size;) {
    const Place place = find(at + done);
    const uint32_t n = size - done < place.left ? size - done : place.left;
    if (n == 0 || move(place, done, n) != ESP_OK) return false;
    done += n;
  }
  return true;
}

bool EspFlash::read(uint32_t at, void* to, uint32_t size) {
  return walk(at, size, [to](const Place& place, uint32_t done, uint32_t n) {
    return esp_partition_read(place.partition, place.offset, static_cast<uint8_t*>(to) + done, n);
  });
}

bool EspFlash::program(uint32_t at, const void* from, uint32_t size) {
  return walk(at, size, [from](const Place& place, uint32_t done, uint32_t n) {
    return esp_partition_write(place.partition, place.offset, static_cast<const uint8_t*>(from) + done, n);
  });
}

bool EspFlash::erase(uint32_t at) {
  const Place place = find(at);
  return place.left >= kSector && esp_partition_erase_range(place.partition, place.offset, kSector) == ESP_OK;
}

uint8_t EspBoot::running() {
  return static_cast<uint8_t>(esp_ota_get_running_partition()->subtype - ESP_PARTITION_SUBTYPE_APP_OTA_0);
}

bool EspBoot::on_trial() {
  esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;
  return esp_ota_get_state_partition(esp_ota_get_running_partition(), &state) == ESP_OK &&
         state == ESP_OTA_IMG_PENDING_VERIFY;
}

bool EspBoot::stage(uint8_t slot) {
  if (esp_ota_set_boot_partition(flash_.application(slot)) != ESP_OK) return false;
  // What runs already is not tried again.
  return slot != running() || accept();
}
bool EspBoot::accept() { return esp_ota_mark_app_valid_cancel_rollback() == ESP_OK; }
bool EspBoot::reject() { return esp_ota_mark_app_invalid_rollback_and_reboot() == ESP_OK; }

bool EspStream::open() {
  close();
  tls_ = esp_tls_init();
  uint32_t size = 0;
  while (host_[size] != 0) ++size;
  if (tls_ != nullptr &&
      esp_tls_conn_new_sync(host_, static_cast<int>(size), port_, &configuration_, tls_) == 1)
    return true;
  close();
  return false;
}

int32_t EspStream::read(void* to, uint32_t size) {
  if (tls_ == nullptr) return -1;
  return static_cast<int32_t>(esp_tls_conn_read(tls_, to, size));
}

// Bytes that are decrypted already, or something on the socket. That may be a record without data: read()
// then waits, at most the time-out of `configuration`.
bool EspStream::readable() {
  int socket = -1;
  if (tls_ == nullptr || esp_tls_get_bytes_avail(tls_) > 0) return true;
  if (esp_tls_get_conn_sockfd(tls_, &socket) != ESP_OK) return true;
  fd_set waiting;
  FD_ZERO(&waiting);
  FD_SET(socket, &waiting);
  timeval none = {};
  return select(socket + 1, &waiting, nullptr, nullptr, &none) != 0;
}

bool EspStream::write(const void* from, uint32_t size) {
  if (tls_ == nullptr) return false;
  const auto* data = static_cast<const uint8_t*>(from);
  while (size != 0) {
    const auto sent = esp_tls_conn_write(tls_, data, size);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<uint32_t>(sent);
  }
  return true;
}

void EspStream::close() {
  if (tls_ != nullptr) esp_tls_conn_destroy(tls_);
  tls_ = nullptr;
}

uint32_t EspClock::millis() { return static_cast<uint32_t>(esp_timer_get_time() / 1000); }

uint32_t EspClock::unix_time() {
  const time_t now = time(nullptr);
  return now < kSet2024 ? 0 : static_cast<uint32_t>(now);
}

bool EspEntropy::fill(void* to, uint32_t size) {
  esp_fill_random(to, size);
  return true;
}

}  // namespace stratus::mcu::esp
