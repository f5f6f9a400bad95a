// Memory and process-count limits through control groups, version 1 or 2, where they can be written.
#pragma once

#include <string>
#include <vector>

#include "stratus/base/file.hpp"
#include "stratus/base/result.hpp"
#include "stratus/runtime/container_spec.hpp"

namespace stratus::runtime {

// The directories of one container; empty where the machine offers none. A value: removing is explicit, since
// a container outlives the program that started it.
struct ControlGroup {
  std::vector<std::string> directories;
};

// Makes `<controller>/stratus/<instance>` (or takes what is there) and sets the limits. What could not be set
// is said in `missing`, for the log; it never fails the start.
ControlGroup make_control_group(const std::string& instance, const Limits& limits,
                                std::vector<std::string>& missing);
// Moves a process in.
Result<void> enter_control_group(const ControlGroup& group, int pid);
// Descriptors of the groups that the instance has, for writing "0": whoever does it is in. Empty where the
// machine offers none.
Result<std::vector<FileDescriptor>> open_control_group(const std::string& instance);
// Removes the directories; waits some milliseconds for processes that are ending, those with live ones stay.
void remove_control_group(const std::string& instance);
// Instances that have a directory.
std::vector<std::string> list_control_groups();

}  // namespace stratus::runtime
