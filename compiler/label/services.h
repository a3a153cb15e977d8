// SPDX-License-Identifier: GPL-2.0-or-later
// The service dimension: which (protocol, port) pairs the same rules match, and what follows for
// later fragments. Entry point: label_services().
#pragma once

#include "compiler/image/image.h"
#include "compiler/program/program.h"

namespace sallyport {

/// Fills image.service, service_labels and fragments, and the three service lists of image.rules,
/// which must already stand in the order of program.rules.
void label_services(const Program& program, Image& image);

}  // namespace sallyport
