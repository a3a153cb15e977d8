// SPDX-License-Identifier: GPL-2.0-or-later
// The lines of one vendor in a program's text. Entry points: read_vendor_head(),
// read_vendor_line().
#pragma once

#include <string_view>

#include "compiler/program/program.h"
#include "compiler/program/read_parts.h"

namespace sallyport {

/// What stands behind `vendor`.
Fault read_vendor_head(Words words, VendorRecord& vendor);
/// An indented line: all of it, its first word, and what stands behind that.
Fault read_vendor_line(std::string_view text, std::string_view keyword, Words words,
                       VendorRecord& vendor);

}  // namespace sallyport
