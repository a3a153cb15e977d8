// SPDX-License-Identifier: GPL-2.0-or-later
// Addresses and ranges written behind a text that is under way, for those who write a million.
#pragma once

#include <string>

#include "compiler/values/address.h"

namespace sallyport {

/// What text() gives, at the end of `text`.
void append_text(const Address& address, std::string& text);
void append_text(const AddressRange& range, std::string& text);

}  // namespace sallyport
