// Memory that a program's own files take while nobody needs it.
#pragma once

#include <cstdint>

namespace stratus {

// Unmaps, page by page, what is resident of the program and its libraries and was never written to: code of
// the start, symbol tables that the dynamic linker read, and what the kernel mapped around them. Nothing is
// lost: a page that is needed again comes back from the page cache at its next use (a minor fault, less than
// a microsecond). Worth it before a long rest, or before work that needs other code than the start did. Takes
// less than a millisecond; any thread. Answers the bytes that were resident; 0 where the kernel does not
// tell.
std::uint64_t release_program_pages();

}  // namespace stratus
