// SPDX-License-Identifier: GPL-2.0-or-later
// Pages about files and imports. Entry point: file_pages().
#include "compiler/codes/families.h"

namespace sallyport {
namespace {

constexpr CodePage pages[] = {
    {"file-too-large", Severity::error, "a file above the size that a policy may have", "",
     R"(
A policy file has at most 64 MiB. Something else was given in its place, or a
list that belongs into several files.
)",
     ""},
    {"import-cycle", Severity::error, "a file that imports itself, directly or through others",
     R"(
import example
policy office {
  allow tcp 443 to a.example.com
}
)",
     R"(
In a ring of imports each file would need the others to be read first. Put what
they share into a file that imports none of them.
)",
     R"(
policy office {
  allow tcp 443 to a.example.com
}
)"},
    {"missing-import", Severity::error, "an imported file that cannot be read",
     R"(
import vendors/acme
policy office {
  use acme.core
}
)",
     R"(
An import is a path relative to the importing file, without `.sally`. The file
is not there, or may not be read. Its vendors and zones would be missing, so
nothing is compiled.
)",
     ""},
};

}  // namespace

std::span<const CodePage> file_pages() {
  return pages;
}

}  // namespace sallyport
