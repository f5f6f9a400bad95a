// The journal as a file (docs/formats/journal.md): one writer, locked. Blocking, small: save() is one append
// and one fdatasync. Its room is held on the disk beforehand, and where there is none for a fresh file the
// old one goes on growing, so that a full disk does not keep an outcome from being noted.
#pragma once

#include <filesystem>

#include "stratus/base/lock_file.hpp"
#include "stratus/base/result.hpp"
#include "stratus/update/device_record.hpp"

namespace stratus::agent {

class StateStore {
 public:
  // Makes DATA when it is missing. `conflict` when another agent still holds it after `patience`. Cuts a torn
  // tail off. A journal that cannot be read (a newer agent's, say) is set aside as `journal.aside`, and what
  // is intelligible of it counts.
  static Result<StateStore> open(const std::filesystem::path& data, Millis patience = kLockPatience);
  // The last record without taking the lock: for `status` while no agent answers.
  static Result<update::DeviceRecord> peek(const std::filesystem::path& data);

  const update::DeviceRecord& record() const { return record_; }
  // Why the journal was set aside; empty when it was not. `lost`: nothing of it was intelligible, so the
  // record is a new device's although this may be none.
  const std::string& trouble() const { return trouble_; }
  bool lost() const { return lost_; }
  // Durable when it returns. After an error the old record still stands.
  Result<void> save(const update::DeviceRecord& record);
  // For a step that a restart may forget (asking and having asked): spares the flash a write each poll.
  void save_later(const update::DeviceRecord& record) { record_ = record; }

 private:
  StateStore() = default;
  Result<void> rewrite(const update::DeviceRecord& record);
  Result<void> append(const update::DeviceRecord& record);
  bool is_in_place() const;

  static constexpr std::uint64_t kCompactAt = 256u << 10;  // bytes
  // Held on the disk beforehand: what an update's end and some years of starts take on a disk that stays
  // full.
  static constexpr std::uint64_t kReserved = 384u << 10;  // bytes

  std::filesystem::path path_;
  FileDescriptor lock_;
  FileDescriptor file_;
  std::uint64_t size_ = 0;
  std::string trouble_;
  bool lost_ = false;
  update::DeviceRecord record_;
};

}  // namespace stratus::agent
