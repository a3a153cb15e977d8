// SPDX-License-Identifier: GPL-2.0-or-later
// The files of pages, behind code_families(): a new code is a page in one of them, in the order of
// the alphabet.
#pragma once

#include <span>

#include "compiler/codes/codes.h"

namespace sallyport {

std::span<const CodePage> text_pages();
std::span<const CodePage> service_pages();
std::span<const CodePage> destination_pages();
std::span<const CodePage> rule_pages();
std::span<const CodePage> vendor_pages();
std::span<const CodePage> use_pages();
std::span<const CodePage> policy_pages();
std::span<const CodePage> feed_pages();
std::span<const CodePage> test_pages();
std::span<const CodePage> file_pages();
std::span<const CodePage> lint_pages();

}  // namespace sallyport
