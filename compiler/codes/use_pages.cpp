// SPDX-License-Identifier: GPL-2.0-or-later
// Pages about `use` and its arguments. Entry point: use_pages().
#include "compiler/codes/families.h"

namespace sallyport {
namespace {

constexpr CodePage pages[] = {
    {"duplicate-argument", Severity::error, "an argument given twice",
     R"(
vendor acme {
  param tenant: label
  part core { allow tcp 443 to {tenant}.example.com }
}
policy office {
  use acme.core(tenant = prod, tenant = test)
}
)",
     R"(
Each parameter takes one value in a `use`. Where two tenants are meant, use the
part twice, or let the vendor have a list.
)",
     R"(
vendor acme {
  param tenant: label
  part core { allow tcp 443 to {tenant}.example.com }
}
policy office {
  use acme.core(tenant = prod)
  use acme.core(tenant = test)
}
)"},
    {"empty-part", Severity::warning, "a `use` that brings no rules",
     R"(
vendor acme {
  part core { note "the vendor has not named its hosts" }
}
policy office {
  use acme.core
}
)",
     R"(
Nothing is opened by this `use`: the part has no rules, or every part of the
vendor is optional and has to be named.
)",
     R"(
vendor acme {
  part core { allow tcp 443 to a.example.com }
}
policy office {
  use acme.core
}
)"},
    {"empty-window", Severity::warning, "a rule and its `use` that have no day in common",
     R"(
vendor acme {
  part media { allow udp 443 to 192.0.2.0/24 until 2024-10-01 }
}
policy office {
  use acme.media valid 2025-02-01
}
)",
     R"(
A rule that a `use` brings is in force on the days that both windows have. Here
the vendor's rule has ended before the use begins: it never opens anything.
)",
     R"(
vendor acme {
  part media { allow udp 443 to 192.0.2.0/24 until 2025-10-01 }
}
policy office {
  use acme.media valid 2025-02-01
}
)"},
    {"missing-parameter", Severity::error,
     "a `use` without a value for a parameter that its part needs",
     R"(
vendor acme {
  param tenant: label
  part core { allow tcp 443 to {tenant}.example.com }
}
policy office {
  use acme.core
}
)",
     R"(
The part speaks of a parameter that has neither a default nor a value here. An
absent value is never "any": without it there is no name to open.
)",
     R"(
vendor acme {
  param tenant: label
  part core { allow tcp 443 to {tenant}.example.com }
}
policy office {
  use acme.core(tenant = prod)
}
)"},
    {"unknown-argument", Severity::error, "an argument that the vendor has no parameter for",
     R"(
vendor acme {
  param tenant: label, default demo
  part core { allow tcp 443 to {tenant}.example.com }
}
policy office {
  use acme.core(tennant = prod)
}
)",
     R"(
The vendor has no parameter of that name. Left out, the value would be lost and
the default would be opened instead.
)",
     R"(
vendor acme {
  param tenant: label, default demo
  part core { allow tcp 443 to {tenant}.example.com }
}
policy office {
  use acme.core(tenant = prod)
}
)"},
    {"unknown-part", Severity::error, "a part that the vendor does not have",
     R"(
vendor acme {
  part core { allow tcp 443 to a.example.com }
}
policy office {
  use acme.code
}
)",
     R"(
The vendor is known, but it has no part of that name. `use VENDOR` alone takes
every part that is not optional.
)",
     R"(
vendor acme {
  part core { allow tcp 443 to a.example.com }
}
policy office {
  use acme.core
}
)"},
    {"unknown-vendor", Severity::error, "a vendor that this file does not see",
     R"(
vendor acme {
  part core { allow tcp 443 to a.example.com }
}
policy office {
  use acne.core
}
)",
     R"(
A file sees the vendors that it declares and those of the files that it imports.
Either the name is misspelt, or an `import` is missing.
)",
     R"(
vendor acme {
  part core { allow tcp 443 to a.example.com }
}
policy office {
  use acme.core
}
)"},
};

}  // namespace

std::span<const CodePage> use_pages() {
  return pages;
}

}  // namespace sallyport
