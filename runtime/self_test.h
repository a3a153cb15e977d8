// SPDX-License-Identifier: GPL-2.0-or-later
// Before a generation may judge a packet: do its tables mean what its program says, and does the
// loaded datapath do what the evaluator says? Entry points: check_image() and self_test().
#pragma once

#include <string>

#include "compiler/image/image.h"
#include "compiler/program/program.h"
#include "compiler/values/error.h"
#include "runtime/datapath.h"

namespace sallyport {

/// Fails unless the image is the one that the program compiles to. `subject` completes "cannot use
/// ...", here and below.
Result<void> check_image(const std::string& subject, const Program& program, const Image& image);

/// Runs boundary packets of the program, at most 20 000 and fewer where many rules cover one
/// address, through the datapath and compares each verdict with the evaluator's, at last which
/// rules and reasons were counted. The datapath must be new: nothing bound, nothing counted, not
/// attached. Its counters are zero afterwards unless this fails.
Result<void> self_test(const std::string& subject, const Program& program, Datapath& datapath);

}  // namespace sallyport
