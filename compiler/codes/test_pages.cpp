// SPDX-License-Identifier: GPL-2.0-or-later
// Pages about tests. Entry point: test_pages().
#include "compiler/codes/families.h"

namespace sallyport {
namespace {

constexpr CodePage pages[] = {
    {"bad-packet", Severity::error, "a packet of a test that is not written as one",
     R"(
policy office { allow tcp 443 to api.example.com }
test "reached" of office {
  expect drop tcp 10.0.0.1 -> 192.0.2.7
}
)",
     R"(
A packet is written `tcp 10.0.0.1 -> 192.0.2.7:443`, with the port of the side
that answers; `icmp echo-request 10.0.0.1 -> 192.0.2.7` with its type; or
`gre 10.0.0.1 -> 192.0.2.7`. An IPv6 address with a port stands in brackets.
Outward packets come from an address, not from a name.
)",
     R"(
policy office { allow tcp 443 to api.example.com }
test "reached" of office {
  expect drop tcp 10.0.0.1 -> 192.0.2.7:443
}
)"},
    {"empty-test", Severity::warning, "a test that expects nothing",
     R"(
policy office { allow tcp 443 to api.example.com }
test "reached" of office {
  given api.example.com is 192.0.2.7
}
)",
     R"(
A test without an `expect` cannot fail, so it proves nothing. Say what passes,
and just as well what must not.
)",
     R"(
policy office { allow tcp 443 to api.example.com }
test "reached" of office {
  given api.example.com is 192.0.2.7
  expect pass tcp 10.0.0.1 -> api.example.com:443
}
)"},
    {"ungiven-name", Severity::error, "a packet of a test to a name without an address",
     R"(
policy office { allow tcp 443 to api.example.com }
test "reached" of office {
  expect pass tcp 10.0.0.1 -> api.example.com:443
}
)",
     R"(
Tests resolve nothing: a name has the addresses that the test gives it, and each
of them is tried. A name that shall have none is given `none`.
)",
     R"(
policy office { allow tcp 443 to api.example.com }
test "reached" of office {
  given api.example.com is 192.0.2.7
  expect pass tcp 10.0.0.1 -> api.example.com:443
}
)"},
    {"unknown-policy", Severity::error, "a test of a policy that its file does not declare",
     R"(
policy office { allow tcp 443 to api.example.com }
test "reached" of ofice {
  given api.example.com is 192.0.2.7
  expect pass tcp 10.0.0.1 -> api.example.com:443
}
)",
     R"(
A test names the policy that it is about, and that policy stands in the same
file: only the policies of the compiled file are compiled.
)",
     R"(
policy office { allow tcp 443 to api.example.com }
test "reached" of office {
  given api.example.com is 192.0.2.7
  expect pass tcp 10.0.0.1 -> api.example.com:443
}
)"},
    {"unknown-reason", Severity::error, "a word that is no reason of a verdict",
     R"(
policy office { allow tcp 443 to api.example.com }
test "reached" of office {
  expect drop tcp 10.0.0.1 -> 192.0.2.7:443 reason norule
}
)",
     R"(
A packet drops because `no-rule` allows it or because it is `denied`; the other
reasons are those that `sallyport status --json` counts, without `drop-` or
`pass-`. What passes has the reasons of packets that pass.
)",
     R"(
policy office { allow tcp 443 to api.example.com }
test "reached" of office {
  expect drop tcp 10.0.0.1 -> 192.0.2.7:443 reason no-rule
}
)"},
    {"unused-given", Severity::warning, "a name that a test binds and no rule knows",
     R"(
policy office { allow tcp 443 to api.example.com }
test "reached" of office {
  given apl.example.com is 192.0.2.7
  expect drop tcp 10.0.0.1 -> 192.0.2.9:443
}
)",
     R"(
No rule gets addresses through this name, so giving it some changes nothing. It
is misspelt, or the rule that the test was written for is gone. A name that an
`expect drop` asks for is fine: that it stays closed is worth a test.
)",
     R"(
policy office { allow tcp 443 to api.example.com }
test "reached" of office {
  given api.example.com is 192.0.2.7
  expect pass tcp 10.0.0.1 -> api.example.com:443
}
)"},
};

}  // namespace

std::span<const CodePage> test_pages() {
  return pages;
}

}  // namespace sallyport
