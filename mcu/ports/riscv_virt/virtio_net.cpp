#include "ports/riscv_virt/virtio_net.hpp"

#include "ports/riscv_virt/board.hpp"
#include "ports/riscv_virt/virtio.hpp"

namespace stratus::mcu::riscv_virt {
namespace {

using namespace virtio;

constexpr uint32_t kEntries = 2;  // a power of two; QEMU keeps what does not fit
constexpr uint32_t kHeader = 12, kFrame = 1514;

struct Descriptor {
  uint32_t address, address_high, size;
  uint16_t flags, next;
};
struct Available {
  uint16_t flags, index, entry[kEntries];
};
struct UsedEntry {
  uint32_t id, size;
};
struct Used {
  uint16_t flags, index;
  UsedEntry entry[kEntries];
};

uint32_t address_of(const volatile void* place) { return reinterpret_cast<uint32_t>(place); }

// What was written before is seen before what is written after; the same for reads.
void order() { asm volatile("fence" ::: "memory"); }

// What driver and device share.
struct Queue {
  alignas(16) Descriptor descriptor[kEntries];
  Available available;
  alignas(4) Used used;
  uint16_t seen;  // how many used entries we have looked at

  bool start(uint32_t base, uint32_t number) {
    wr(base + kQueueSelect, number);
    if (rd(base + kQueueMaximum) < kEntries) return false;
    wr(base + kQueueSize, kEntries);
    wr(base + kDescriptors, address_of(descriptor));
    wr(base + kDescriptors + 4, 0);
    wr(base + kAvailable, address_of(&available));
    wr(base + kAvailable + 4, 0);
    wr(base + kUsed, address_of(&used));
    wr(base + kUsed + 4, 0);
    wr(base + kQueueReady, 1);
    return true;
  }
  // Hands descriptor `id`, and what hangs on it, to the device.
  void offer(uint32_t id) {
    available.entry[available.index % kEntries] = static_cast<uint16_t>(id);
    order();
    available.index = static_cast<uint16_t>(available.index + 1);
    order();
  }
  bool has_used() const {
    const bool has = *static_cast<const volatile uint16_t*>(&used.index) != seen;
    order();
    return has;
  }
  const UsedEntry& newest() const { return used.entry[seen % kEntries]; }
};

// Not members: an object with a virtual function lies in the image, and its buffers would with it.
Queue received, sent;
uint8_t header[kHeader];
alignas(4) uint8_t frame[(kHeader + kFrame + 3) & ~3u];  // one: QEMU keeps those that come meanwhile
uint32_t taken;

void give_back(uint32_t base) {
  received.offer(received.newest().id);
  ++received.seen;
  taken = 0;
  wr(base + kQueueNotify, 0);
}

}  // namespace

bool VirtioNet::start(const uint8_t*) {
  base_ = network_device();
  if (base_ == 0 || rd(base_ + kVersion) != 2) return false;
  wr(base_ + kStatus, 0);
  wr(base_ + kStatus, kAcknowledged | kDriver);
  wr(base_ + kDeviceFeaturesSelect, 1);
  if ((rd(base_ + kDeviceFeatures) & kVersion1) == 0) return false;
  wr(base_ + kDriverFeaturesSelect, 0);
  wr(base_ + kDriverFeatures, 0);
  wr(base_ + kDriverFeaturesSelect, 1);
  wr(base_ + kDriverFeatures, kVersion1);
  wr(base_ + kStatus, kAcknowledged | kDriver | kFeaturesOk);
  if ((rd(base_ + kStatus) & kFeaturesOk) == 0) return false;
  sent.available.flags = kNoInterrupt;
  if (!received.start(base_, 0) || !sent.start(base_, 1)) return false;
  wr(base_ + kStatus, kAcknowledged | kDriver | kFeaturesOk | kDriverOk);
  received.descriptor[0] = {address_of(frame), 0, sizeof frame, kDeviceWrites, 0};
  received.offer(0);
  wr(base_ + kQueueNotify, 0);
  return true;
}

uint32_t VirtioNet::waiting() {
  while (received.has_used()) {
    const uint32_t size = received.newest().size;
    if (size > kHeader) return size - kHeader;
    give_back(base_);
  }
  return 0;
}

void VirtioNet::take(uint8_t* to, uint32_t size) {
  memcpy(to, frame + kHeader + taken, size);
  taken += size;
  if (kHeader + taken == received.newest().size) give_back(base_);
}

void VirtioNet::drop(uint32_t) { give_back(base_); }

// Waits until it is gone: the caller's buffer is free again.
bool VirtioNet::send(const uint8_t* data, uint32_t size) {
  sent.descriptor[0] = {address_of(header), 0, kHeader, kNext, 1};
  sent.descriptor[1] = {address_of(data), 0, size, 0, 0};
  sent.offer(0);
  wr(base_ + kQueueNotify, 1);
  while (!sent.has_used()) {
  }
  ++sent.seen;
  return true;
}

}  // namespace stratus::mcu::riscv_virt
