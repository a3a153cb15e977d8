// SPDX-License-Identifier: GPL-2.0-or-later
// Pages about alternatives, minimal parts, parts that use others, and names that are excluded.
// Entry point: alternative_pages().
#include "compiler/codes/families.h"

namespace sallyport {
namespace {

constexpr CodePage pages[] = {
    {"minimal-not-inside-full", Severity::warning,
     "a minimal part that opens what the full one does not",
     R"(
vendor push {
  part full { allow tcp 443, 2197, 5223 to 192.0.2.0/24 }
  part minimal inside full { allow tcp 443, 2179 to 192.0.2.0/25 }
}
)",
     R"(
A part `inside` another is its minimal version: for firewalls that want to open
less. One that opens more was copied wrongly, here with the port 2179 in the
place of 2197. The message names something that only the minimal part opens.
)",
     R"(
vendor push {
  part full { allow tcp 443, 2197, 5223 to 192.0.2.0/24 }
  part minimal inside full { allow tcp 443, 2197 to 192.0.2.0/25 }
}
)"},
    {"never-name", Severity::error, "a rule with a name that `never` excludes",
     R"(
vendor acme {
  part callbacks {
    never prod.example.com "the load balancer: it never calls out"
    allow tcp 443 to fe1.example.com, prod.example.com
  }
}
policy office {
  use acme
}
)",
     R"(
`never` excludes a name that looks right and is not: a load balancer where front
ends are meant. No rule of a policy that uses the vendor may name it. A pattern
may cover it; then its addresses are refused when they become known.
)",
     R"(
vendor acme {
  part callbacks {
    never prod.example.com "the load balancer: it never calls out"
    allow tcp 443 to fe1.example.com
  }
}
policy office {
  use acme
}
)"},
    {"unknown-capability", Severity::error, "a capability that does not exist",
     R"(
policy office {
  either needs observed-dms { allow tcp 443 to *.example.com }
  or { allow tcp 443 to a.example.com }
}
)",
     R"(
An alternative may need something that not every gateway can do, and a policy
declares what its gateway can. There is one such capability: `observed-dns`,
names that become known from the answers which clients receive.
)",
     R"(
policy office {
  either needs observed-dns { allow tcp 443 to *.example.com }
  or { allow tcp 443 to a.example.com }
}
)"},
    {"unmet-needs", Severity::error,
     "an `either` of which every alternative needs what is not declared",
     R"(
policy office {
  either needs observed-dns { allow tcp 443 to *.example.com }
}
)",
     R"(
The first alternative whose need is declared counts. Here none is left, and
nothing would be opened. Declare the capability, in the policy or with
`--capability`, if the gateway has it; or add an alternative without `needs`.
)",
     R"(
policy office {
  capabilities observed-dns
  either needs observed-dns { allow tcp 443 to *.example.com }
}
)"},
    {"unreachable-alternative", Severity::warning, "an alternative behind one that needs nothing",
     R"(
policy office {
  either { allow tcp 443 to a.example.com }
  or needs observed-dns { allow tcp 443 to *.example.com }
}
)",
     R"(
Alternatives stand in the order of preference, and the first whose need is met
counts. One without `needs` is always met, so nothing behind it is ever taken.
)",
     R"(
policy office {
  either needs observed-dns { allow tcp 443 to *.example.com }
  or { allow tcp 443 to a.example.com }
}
)"},
    {"use-cycle", Severity::error, "a part that uses itself, directly or through others",
     R"(
vendor acme {
  part core { use acme.calls }
  part calls { use acme.core }
}
)",
     R"(
A part may use parts of other vendors, and of its own. In a ring of them there
is no first rule. Put what they share into a part that uses none of them.
)",
     R"(
vendor acme {
  part core  { use acme.shared }
  part calls { use acme.shared }
  part shared optional { allow tcp 443 to a.example.com }
}
)"},
};

}  // namespace

std::span<const CodePage> alternative_pages() {
  return pages;
}

}  // namespace sallyport
