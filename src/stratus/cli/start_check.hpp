// Whether what an image is to start is in its tree: a mistake that otherwise shows on the devices. Pure.
#pragma once

#include <string>

#include "stratus/oci/image_config.hpp"
#include "stratus/oci/tree.hpp"

namespace stratus::cli {

// "" when the program is there and executable; otherwise what is wrong, a sentence without its end. Volumes
// and interpreters of scripts are not looked at, so it is a reason to warn, not to refuse.
std::string check_start(const oci::ImageConfig& config, const oci::Tree& tree);

}  // namespace stratus::cli
