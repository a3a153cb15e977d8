// SPDX-License-Identifier: GPL-2.0-or-later
// The collection of diagnostics; render.cpp makes them text.
#include "compiler/source/diagnostics.h"

#include <algorithm>
#include <utility>

namespace sallyport {

Diagnostic& Diagnostics::error(std::string_view code, Span span, std::string message) {
  ++errors_;
  return all_.emplace_back(Diagnostic{Severity::error, code, span, std::move(message)});
}

Diagnostic& Diagnostics::warning(std::string_view code, Span span, std::string message) {
  return all_.emplace_back(Diagnostic{Severity::warning, code, span, std::move(message)});
}

void Diagnostics::sort(const std::vector<const Source*>& files) {
  const auto place = [&](const Diagnostic& one) {
    const auto found = std::ranges::find(files, one.span.source);
    const bool known = one.span.source != nullptr && found != files.end();
    return std::pair{known ? found - files.begin() + 1 : 0, one.span.begin};
  };
  std::ranges::stable_sort(all_, {}, place);
}

void Diagnostics::drop_warnings(const std::function<bool(const Diagnostic&)>& drop) {
  std::erase_if(
      all_, [&](const Diagnostic& one) { return one.severity == Severity::warning && drop(one); });
}

}  // namespace sallyport
