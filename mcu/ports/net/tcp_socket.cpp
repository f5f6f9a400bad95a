#include "ports/net/tcp_socket.hpp"

#include "lwip/tcp.h"
#include <string.h>

namespace stratus::mcu::net {
namespace {

// Adds `data` to `queue`, both of the pool (interface.cpp), first to what the last buffer has free: a few
// bytes would hold a buffer of their own until they are read, and many of them all that there are.
void append(pbuf* queue, pbuf* data) {
  pbuf* last = queue;
  while (last->next != nullptr) last = last->next;
  auto* const end = reinterpret_cast<uint8_t*>(last) + LWIP_MEM_ALIGN_SIZE(sizeof(pbuf)) + PBUF_POOL_BUFSIZE;
  auto* const free = static_cast<uint8_t*>(last->payload) + last->len;
  const auto room = static_cast<uint16_t>(end - free);
  const uint16_t n = pbuf_copy_partial(data, free, room, 0);
  last->len = static_cast<uint16_t>(last->len + n);
  for (pbuf* piece = queue; piece != nullptr; piece = piece->next)
    piece->tot_len = static_cast<uint16_t>(piece->tot_len + n);
  data = pbuf_free_header(data, n);
  if (data == nullptr) return;
  // To the front of its buffer, where the headers were: what comes next finds the room behind it.
  auto* const front = reinterpret_cast<uint8_t*>(data) + LWIP_MEM_ALIGN_SIZE(sizeof(pbuf));
  memmove(front, data->payload, data->len);
  data->payload = front;
  pbuf_cat(queue, data);
}

}  // namespace

struct Callbacks {
  static err_t connected(void* self, tcp_pcb*, err_t) {
    static_cast<TcpSocket*>(self)->connected_ = true;
    return ERR_OK;
  }
  static err_t received(void* self, tcp_pcb*, pbuf* data, err_t) {
    auto& socket = *static_cast<TcpSocket*>(self);
    if (data == nullptr) {
      socket.ended_ = true;
    } else if (socket.received_ == nullptr) {
      socket.received_ = data;
    } else {
      append(socket.received_, data);
    }
    return ERR_OK;
  }
  // lwIP has freed it already.
  static void failed(void* self, err_t) {
    auto& socket = *static_cast<TcpSocket*>(self);
    socket.pcb_ = nullptr;
    socket.ended_ = true;
  }
};

bool TcpSocket::open(uint32_t timeout_ms) {
  close();
  connected_ = ended_ = false;
  pcb_ = tcp_new();
  if (pcb_ == nullptr) return false;
  tcp_arg(pcb_, this);
  tcp_err(pcb_, &Callbacks::failed);
  tcp_recv(pcb_, &Callbacks::received);
  tcp_nagle_disable(pcb_);
  const ip_addr_t to = IPADDR4_INIT(lwip_htonl(address_));
  if (tcp_connect(pcb_, &to, port_, &Callbacks::connected) != ERR_OK) {
    close();
    return false;
  }
  const uint32_t started = network_.millis();
  network_.poll();
  while (!connected_ && !ended_ && network_.millis() - started < timeout_ms) {
    network_.rest();
    network_.poll();
  }
  if (connected_ && !ended_) return true;
  close();
  return false;
}

int32_t TcpSocket::receive(void* to, uint32_t size) {
  if (received_ == nullptr) return ended_ || pcb_ == nullptr ? -1 : 0;
  const uint32_t left = received_->tot_len - taken_;
  const auto n = static_cast<uint16_t>(size < left ? size : left);
  pbuf_copy_partial(received_, to, n, taken_);
  taken_ = static_cast<uint16_t>(taken_ + n);
  while (received_ != nullptr && taken_ >= received_->len) {
    pbuf* const first = received_;
    taken_ = static_cast<uint16_t>(taken_ - first->len);
    received_ = first->next;
    if (received_ != nullptr) pbuf_ref(received_);
    pbuf_free(first);
  }
  if (pcb_ != nullptr) tcp_recved(pcb_, n);
  return n;
}

int32_t TcpSocket::send(const void* from, uint32_t size) {
  if (pcb_ == nullptr || ended_) return -1;
  const uint32_t room = tcp_sndbuf(pcb_);
  const auto n = static_cast<uint16_t>(size < room ? size : room);
  if (n == 0) return 0;
  const err_t error = tcp_write(pcb_, from, n, TCP_WRITE_FLAG_COPY);
  if (error == ERR_MEM) return 0;  // until something is acknowledged
  if (error != ERR_OK) return -1;
  tcp_output(pcb_);
  return n;
}

void TcpSocket::close() {
  if (received_ != nullptr) pbuf_free(received_);
  received_ = nullptr;
  taken_ = 0;
  if (pcb_ == nullptr) return;
  tcp_pcb* const pcb = pcb_;
  pcb_ = nullptr;
  tcp_arg(pcb, nullptr);
  tcp_err(pcb, nullptr);
  tcp_recv(pcb, nullptr);
  if (tcp_close(pcb) != ERR_OK) tcp_abort(pcb);
}

}  // namespace stratus::mcu::net
