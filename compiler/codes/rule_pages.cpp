// SPDX-License-Identifier: GPL-2.0-or-later
// Pages about whole rules. Entry point: rule_pages().
#include "compiler/codes/families.h"

namespace sallyport {
namespace {

constexpr CodePage pages[] = {
    {"backwards-window", Severity::error, "a window of validity that ends before it begins",
     R"(
policy office {
  allow udp 443 to 192.0.2.0/24 valid 2025-02-01 until 2024-10-01
}
)",
     R"(
The day of `valid` is the first on which the rule is in force, the day of
`until` the first on which it is not any more. Where the second is not behind the
first, no day is left, and the rule would never open anything.
)",
     R"(
policy office {
  allow udp 443 to 192.0.2.0/24 valid 2024-10-01 until 2025-02-01
}
)"},
    {"deny-name", Severity::error, "a deny that speaks of a name instead of addresses",
     R"(
policy office {
  allow tcp 443 to anywhere
  deny tcp 443 to tracker.example.com
}
)",
     R"(
A name shows us some of its addresses, never all that a client may be given. The
others would stay open, and the deny would promise what it cannot keep. Deny the
addresses, or do not allow them in the first place.
)",
     R"(
policy office {
  allow tcp 443 to anywhere
  deny tcp 443 to 192.0.2.66
}
)"},
    {"empty-rule", Severity::warning, "a rule that empty lists leave without ports or destinations",
     R"(
vendor acme {
  param hosts: list of host
  part core { allow tcp 443 to {hosts} }
}
policy office {
  use acme.core(hosts = [])
}
)",
     R"(
An empty list is empty; it never means "any". A rule without ports or without
destinations is left with nothing to open, which is allowed and seldom meant.
)",
     R"(
vendor acme {
  param hosts: list of host
  part core { allow tcp 443 to {hosts} }
}
policy office {
  use acme.core(hosts = [a.example.com])
}
)"},
    {"misplaced-modifier", Severity::error, "a modifier on a rule that it cannot modify",
     R"(
policy office {
  allow tcp 443 to anywhere
  deny tcp 443 to 10.0.0.0/8 private ok
}
)",
     R"(
The modifier says something about names or about openings, and this rule has
none. It would have no effect, while a reader would believe that it has.
)",
     R"(
policy office {
  allow tcp 443 to anywhere
  deny tcp 443 to 10.0.0.0/8
}
)"},
    {"missing-zone", Severity::error, "a rule under no zone in a policy with zones",
     R"(
zone staff = 10.20.0.0/16
policy office {
  allow tcp 443 to a.example.com
}
)",
     R"(
Where zones are declared, every rule says for whom it holds: `from ZONE`, or
`from any` for every local address. Without that a rule meant for one network
would hold for all of them.
)",
     R"(
zone staff = 10.20.0.0/16
policy office {
  from staff allow tcp 443 to a.example.com
}
)"},
    {"too-many-words", Severity::error, "a word or rule that expands beyond the limits",
     R"(
policy office {
  allow tcp 443 to g{0..99}-{0..99}.example.com
}
)",
     R"(
At most 4096 words come out of the expansions of one word, and 65536 out of one
rule. More is nearly always a slip; if not, write several rules.
)",
     R"(
policy office {
  allow tcp 443 to g{0..99}-{0..9}.example.com
}
)"},
    {"wrong-direction", Severity::error, "a rule that stands where those of the other direction do",
     R"(
zone dmz = 10.40.0.0/24
policy office {
  to dmz allow tcp 443 to a.example.com
}
)",
     R"(
Under `to ZONE` stand rules for connections that come in, `allow in ... from`;
under `from ZONE` those for connections that go out, `allow ... to`. A rule of
the other kind would open the opposite direction from the one that the block
speaks of.
)",
     R"(
zone dmz = 10.40.0.0/24
policy office {
  from dmz allow tcp 443 to a.example.com
}
)"},
};

}  // namespace

std::span<const CodePage> rule_pages() {
  return pages;
}

}  // namespace sallyport
