// SPDX-License-Identifier: GPL-2.0-or-later
// The collection of diagnostics; render.cpp makes them text.
#include "compiler/source/diagnostics.h"

#include <utility>

namespace sallyport {

Diagnostic& Diagnostics::error(std::string_view code, Span span, std::string message) {
  ++errors_;
  return all_.emplace_back(Diagnostic{Severity::error, code, span, std::move(message), {}});
}

Diagnostic& Diagnostics::warning(std::string_view code, Span span, std::string message) {
  return all_.emplace_back(Diagnostic{Severity::warning, code, span, std::move(message), {}});
}

}  // namespace sallyport
