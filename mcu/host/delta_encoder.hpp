// Makes the patches that mcu/stratus/mcu/delta.hpp decodes. Runs on the server and on developers' machines.
//
// bsdiff-like matching over a suffix array of the base, zero-run coding, LZSS with an optimal parse.
// Deterministic. Memory: about 6 times the base plus 3 times the target. Firmware-sized inputs (up to some
// MiB).
#pragma once

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"

namespace stratus::mcu::host {

// The whole patch file, header included. Decoding it against `base` gives `target` exactly; this was tried
// with the device's own decoder before it is returned.
Result<Bytes> encode_delta(BytesView base, BytesView target);

}  // namespace stratus::mcu::host
