// Registers of a virtio device behind memory (virtio 1.1, section 4.2.2), as offsets.
#pragma once

#include <stdint.h>

namespace stratus::mcu::riscv_virt::virtio {

constexpr uint32_t kMagic = 0x00, kMagicValue = 0x74726976;
constexpr uint32_t kVersion = 0x04, kDevice = 0x08, kNetwork = 1;
constexpr uint32_t kDeviceFeatures = 0x10, kDeviceFeaturesSelect = 0x14;
constexpr uint32_t kDriverFeatures = 0x20, kDriverFeaturesSelect = 0x24;
constexpr uint32_t kQueueSelect = 0x30, kQueueMaximum = 0x34, kQueueSize = 0x38, kQueueReady = 0x44;
constexpr uint32_t kQueueNotify = 0x50, kInterruptStatus = 0x60, kInterruptAck = 0x64, kStatus = 0x70;
constexpr uint32_t kDescriptors = 0x80, kAvailable = 0x90, kUsed = 0xa0;

constexpr uint32_t kAcknowledged = 1, kDriver = 2, kDriverOk = 4, kFeaturesOk = 8;  // of kStatus
constexpr uint32_t kVersion1 = 1;  // feature 32: the device follows the standard, not the drafts before it

constexpr uint16_t kNext = 1, kDeviceWrites = 2;  // of a descriptor
constexpr uint16_t kNoInterrupt = 1;              // of the available ring

}  // namespace stratus::mcu::riscv_virt::virtio
