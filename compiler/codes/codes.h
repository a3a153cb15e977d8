// SPDX-License-Identifier: GPL-2.0-or-later
// The registry of diagnostics: a page for every code that a Diagnostic may carry, in families that
// are one file each of this folder. Entry points: code_families(), find_page(). A test fails if a
// code without a page is given out, or if a page's examples are not what they say.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "compiler/source/diagnostics.h"

namespace sallyport {

/// What `sallyport help CODE` shows. Texts in several lines begin and end with a line break.
struct CodePage {
  std::string_view code;
  Severity severity = Severity::error;
  std::string_view meaning;  // one line, no full stop: what the code says is wrong
  std::string_view wrong;    // a file that gives the code; empty where it would be too long
  std::string_view why;      // what is wrong, and why it matters; at most 80 columns
  std::string_view right;    // the file as it should be: no diagnostic at all; may be empty
};

struct CodeFamily {
  std::string_view title;
  std::span<const CodePage> pages;  // by code
};

/// Every family, in the order in which they are listed.
std::span<const CodeFamily> code_families();

/// Null if there is no such code.
const CodePage* find_page(std::string_view code);

/// The code closest to a misspelt one, or empty.
std::string_view closest_code(std::string_view code);

/// The whole page as text, ending with a line break.
std::string page_text(const CodePage& page);

}  // namespace sallyport
