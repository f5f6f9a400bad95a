#include "ports/net/interface.hpp"

#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#include "stratus/mcu/bytes.hpp"

namespace stratus::mcu::net {
namespace {

// The longest that we send. Others may send more, whatever segments we asked them for (QEMU's router does).
constexpr uint32_t kFrame = 600;
static_assert(14 + 20 + 20 + 4 + TCP_MSS <= kFrame, "Ethernet, IP, TCP, its option");
constexpr uint32_t kLongest = 1518;
static_assert(PBUF_POOL_BUFSIZE % 4 == 0, "frames are taken in whole words");
Ethernet* ethernet_;
Clock* clock_;
Entropy* entropy_;
Watchdog* watchdog_;
Address address_;
netif interface_;
alignas(4) uint8_t frame_[kFrame];

err_t send(netif*, pbuf* data) {
  if (data->tot_len > kFrame) return ERR_BUF;
  pbuf_copy_partial(data, frame_, data->tot_len, 0);
  return ethernet_->send(frame_, data->tot_len) ? ERR_OK : ERR_IF;
}

err_t prepare(netif* interface) {
  interface->name[0] = 'e';
  interface->name[1] = 'n';
  interface->output = etharp_output;
  interface->linkoutput = send;
  interface->mtu = 1500;
  interface->hwaddr_len = 6;
  memcpy(interface->hwaddr, address_.mac, 6);
  interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
  return ERR_OK;
}

void poll() {
  if (watchdog_ != nullptr) watchdog_->feed();
  while (const uint32_t size = ethernet_->waiting()) {
    pbuf* const data =
        size <= kLongest ? pbuf_alloc(PBUF_RAW, static_cast<uint16_t>(size), PBUF_POOL) : nullptr;
    if (data == nullptr) {  // TCP sends it again
      ethernet_->drop(size);
      continue;
    }
    for (pbuf* piece = data; piece != nullptr; piece = piece->next)
      ethernet_->take(static_cast<uint8_t*>(piece->payload), piece->len);
    if (interface_.input(data, &interface_) != ERR_OK) pbuf_free(data);
  }
  sys_check_timeouts();
}

uint32_t millis() { return clock_->millis(); }

}  // namespace

const Network& start(Ethernet& ethernet, Clock& clock, Entropy& entropy, Watchdog* watchdog,
                     const Address& address, void (*rest)()) {
  ethernet_ = &ethernet;
  clock_ = &clock;
  entropy_ = &entropy;
  watchdog_ = watchdog;
  address_ = address;
  static const Network network = {&poll, rest, &millis};
  lwip_init();
  const ip4_addr_t own = {lwip_htonl(address.own)}, mask = {lwip_htonl(address.mask)},
                   router = {lwip_htonl(address.router)};
  netif_add(&interface_, &own, &mask, &router, nullptr, prepare, ethernet_input);
  netif_set_default(&interface_);
  netif_set_up(&interface_);
  return network;
}

extern "C" {
u32_t sys_now() { return clock_->millis(); }
uint32_t stratus_net_random() {
  uint32_t value = 0;
  entropy_->fill(&value, sizeof value);
  return value;
}
}

}  // namespace stratus::mcu::net
