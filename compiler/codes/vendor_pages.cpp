// SPDX-License-Identifier: GPL-2.0-or-later
// Pages about the declarations in a vendor. Entry point: vendor_pages().
#include "compiler/codes/families.h"

namespace sallyport {
namespace {

constexpr CodePage pages[] = {
    {"ambiguous-let", Severity::error, "two alternatives of a `let` hold at the same time",
     R"(
vendor acme {
  param cloud: public | china
  param tier: free | paid
  let host = a.example.com when cloud public, b.example.com when tier paid
  part core { allow tcp 443 to {host} }
}
policy office {
  use acme.core(cloud = public, tier = paid)
}
)",
     R"(
A `let` has one value. For the choices made here two of its alternatives hold,
and choosing one silently would open the wrong host.
)",
     R"(
vendor acme {
  param cloud: public | china
  let host = a.example.com when cloud public, b.example.com when cloud china
  part core { allow tcp 443 to {host} }
}
policy office {
  use acme.core(cloud = public)
}
)"},
    {"duplicate-name", Severity::error, "a name declared twice",
     R"(
zone staff = 10.20.0.0/16
zone staff = 10.30.0.0/16
)",
     R"(
A zone, vendor, part, parameter, `let`, resolver or policy is declared once. Of
two declarations a reader might see only the one that does not count.
)",
     R"(
zone staff = 10.20.0.0/16, 10.30.0.0/16
)"},
    {"no-alternative", Severity::error,
     "a `let` of which no alternative holds for the values given",
     R"(
vendor acme {
  param cloud: public | china | usgov
  let host = a.example.com when cloud public, b.example.com when cloud china
  part core { allow tcp 443 to {host} }
}
policy office {
  use acme.core(cloud = usgov)
}
)",
     R"(
The vendor says nothing about this choice, so there is no value to put in. Give
the `let` an alternative for it, or choose another value.
)",
     R"(
vendor acme {
  param cloud: public | china | usgov
  let host = a.example.com when cloud public, b.example.com when cloud china,
             c.example.com when cloud usgov
  part core { allow tcp 443 to {host} }
}
policy office {
  use acme.core(cloud = usgov)
}
)"},
    {"unknown-name", Severity::error, "a reference to no parameter or `let`",
     R"(
vendor acme {
  param tenant: label
  part core { allow tcp 443 to {tennant}.example.com }
}
)",
     R"(
`{name}` stands for a parameter of the vendor, or for a `let` above this place.
Outside of vendors there are none.
)",
     R"(
vendor acme {
  param tenant: label
  part core { allow tcp 443 to {tenant}.example.com }
}
)"},
    {"unknown-type", Severity::error, "a parameter type that does not exist",
     R"(
vendor acme {
  param tenant: string
  part core { allow tcp 443 to {tenant}.example.com }
}
)",
     R"(
A parameter is a `label`, `host`, `cidr` or `port`, a `list of` one of these, or
one of several words: `public | china`. The type is what keeps a wrong argument
from becoming a wrong host name.
)",
     R"(
vendor acme {
  param tenant: label
  part core { allow tcp 443 to {tenant}.example.com }
}
)"},
    {"wrong-type", Severity::error, "a value that is not of its parameter's type",
     R"(
vendor acme {
  param tenant: label
  part core { allow tcp 443 to {tenant}.example.com }
}
policy office {
  use acme.core(tenant = prod.eu)
}
)",
     R"(
The vendor says what may be put in: one label, a host, a port, one of several
words, one value or a list in brackets. Anything else would make a name that the
vendor's page does not have.
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
};

}  // namespace

std::span<const CodePage> vendor_pages() {
  return pages;
}

}  // namespace sallyport
