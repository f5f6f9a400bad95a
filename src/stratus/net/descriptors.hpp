// File descriptors of this process: how many it may have, and one kept back for when none is left.
#pragma once

#include <cstddef>

#include "stratus/base/file.hpp"

namespace stratus::net {

// Raises the soft limit to the hard one and answers it. Idempotent.
std::size_t raise_descriptor_limit();

// With no descriptor left a server cannot even take a connection to close it, and its askers wait in the
// dark. This one is given up for that moment.
class SpareDescriptor {
 public:
  SpareDescriptor();
  // Takes one waiting connection of the listener and resets it.
  void refuse_one(int listener);

 private:
  FileDescriptor spare_;
};

}  // namespace stratus::net
