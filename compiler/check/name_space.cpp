// SPDX-License-Identifier: GPL-2.0-or-later
// The complaint about a second declaration, with a note at the first.
#include "compiler/check/name_space.h"

#include "compiler/source/wording.h"

namespace sallyport {

bool NameSpace::declare(const Name& name, std::string_view kind, Reporter& reporter) {
  const auto [first, fresh] = first_.try_emplace(name.text, name.span);
  if (fresh) return true;
  reporter.error(name.span,
                 {"duplicate-name",
                  "the " + std::string(kind) + " " + quote(name.text) + " is declared twice"},
                 {{first->second, "it was declared here first"}});
  return false;
}

}  // namespace sallyport
