// SPDX-License-Identifier: GPL-2.0-or-later
// Pages about policies that are correct and may not be meant. Entry point: lint_pages().
#include "compiler/codes/families.h"

namespace sallyport {
namespace {

constexpr CodePage pages[] = {
    {"broad-rule", Severity::warning, "an allow that opens more than a vendor can need",
     R"(
policy office {
  allow any to a.example.com
}
)",
     R"(
Three shapes are told: every port of a host name, every port to the whole world,
and a prefix shorter than /8 (IPv6: /16), which is wider than any vendor's own
network. A name moves, and whoever has its address next gets every port as well.
Name the ports and the networks that the vendor's page has.
)",
     R"(
policy office {
  allow tcp 443 to a.example.com
}
)"},
    {"denied-rule", Severity::warning, "an allow of which the denies leave nothing",
     R"(
policy office {
  allow tcp 443 to 192.0.2.0/28
  deny any to 192.0.2.0/24
}
)",
     R"(
A deny wins over every allow, wherever the two stand. All that this rule allows
is denied, so it opens nothing: one of the two is a mistake.
)",
     R"(
policy office {
  allow tcp 443 to 192.0.2.0/24
  deny any to 192.0.2.66
}
)"},
    {"expired", Severity::warning, "a rule whose last day is over",
     R"(
policy office {
  allow udp 10000-60000 to 192.0.2.0/24 until 2024-10-01
}
)",
     R"(
`until` names the first day on which the rule is not in force any more. The day
is past: the rule opens nothing and can go, or its date was meant to be moved.
`sallyport check --as-of DATE` judges for another day than today.
)",
     R"(
policy office {
  allow udp 10000-60000 to 192.0.2.0/24
}
)"},
    {"expires-soon", Severity::warning, "a rule that ends within 30 days",
     R"(
policy office {
  allow udp 10000-60000 to 192.0.2.0/24 until 2024-12-20
}
)",
     R"(
On that day what the rule allows stops, for everybody at once. Vendors give
notice of about a month, and so does this warning: prepare what comes after it,
or move the date. `sallyport check --as-of DATE` judges for another day than
today.
)",
     R"(
policy office {
  allow udp 10000-60000 to 192.0.2.0/24 until 2026-12-31
}
)"},
    {"ipv4-only", Severity::warning, "a vendor without IPv6 addresses in a zone that has both",
     R"(
zone staff = 10.20.0.0/16, 2001:db8:20::/48
vendor acme {
  part media { allow udp 10000-20000 to 192.0.2.0/24 }
}
policy office {
  from staff use acme.media
}
)",
     R"(
The rules of this `use` have IPv4 addresses and neither IPv6 addresses nor
names. Clients of the zone that prefer IPv6 are dropped until they fall back, if
the vendor answers on IPv6 at all. Ask the vendor, or allow the warning.
)",
     R"(
zone staff = 10.20.0.0/16, 2001:db8:20::/48
vendor acme {
  part media { allow udp 10000-20000 to 192.0.2.0/24, 2001:db8:192::/48 }
}
policy office {
  from staff use acme.media
}
)"},
    {"odd-port", Severity::warning, "a port that looks like a slip of another",
     R"(
policy office {
  allow tcp 433 to a.example.com
}
)",
     R"(
Ports 433 and 8433 are next to unused, and a slip for 443 and 8443. Copied pages
have them again and again; the rule opens something that nobody asks for, while
what is needed stays closed.
)",
     R"(
policy office {
  allow tcp 443 to a.example.com
}
)"},
    {"overlapping-zones", Severity::warning, "two zones that hold the same addresses",
     R"(
zone office = 10.20.0.0/16
zone guests = 10.20.200.0/24
policy branch {
  from office allow tcp 443 to a.example.com
  from guests allow tcp 443 to b.example.com
}
)",
     R"(
An address in two zones gets the rules of both. That can be meant, and more
often a network was numbered twice: guests would have everything that the office
has. Write the zones apart, or allow the warning and say why.
)",
     R"(
zone office = 10.20.0.0-10.20.199.255
zone guests = 10.20.200.0/24
policy branch {
  from office allow tcp 443 to a.example.com
  from guests allow tcp 443 to b.example.com
}
)"},
    {"public-suffix", Severity::warning, "a pattern over a suffix that a registry gives out",
     R"(
policy office {
  allow tcp 443 to *.co.uk
}
)",
     R"(
Below such a suffix anybody can register a domain, so that the pattern covers
all of them and not one vendor. Suffixes are those of the public suffix list.
Write the vendor's own domain.
)",
     R"(
policy office {
  allow tcp 443 to *.example.co.uk
}
)"},
    {"redundant-rule", Severity::warning, "a rule or `use` that makes no difference",
     R"(
policy office {
  allow tcp 443 to 192.0.2.0/24
  allow tcp 443 to 192.0.2.64/26
}
)",
     R"(
Everything that the rule says is said by others, which the notes name: the same
names or ranges that hold its own, from the same zone or from all, with the same
services or more. All rules with this warning could go at once, and no verdict
would change. Often one of the two was meant to say something else.

A name is covered by the same name only. A pattern that matches it does not ask
for its addresses, so writing it out beside the pattern makes a difference. What
two different vendors need of the same is never told: each `use` stands by
itself, and one of them may go tomorrow.
)",
     R"(
policy office {
  allow tcp 443 to 192.0.2.0/24
}
)"},
    {"repeated-word", Severity::warning, "a word that stands in one list twice",
     R"(
policy office {
  allow tcp 443 to a.example.com, b.example.com, a.example.com
}
)",
     R"(
The second one adds nothing. It may stand in the place of another that was meant
and is now missing. `sallyport check --fix` takes it out.
)",
     R"(
policy office {
  allow tcp 443 to a.example.com, b.example.com
}
)"},
    {"shared-addresses", Severity::warning,
     "names with the same addresses that are open to different services or zones",
     R"(
policy office {
  allow tcp 443 to a.cloudfront.net
  allow tcp 8443 to b.cloudfront.net
}
)",
     R"(
A packet shows an address, not the name that it was looked up by. Both names
belong to a service that answers for many customers with the same addresses, so
whatever is opened for one of them is open for the other as well. Give both the
same rights, or do without one of them.
)",
     R"(
policy office {
  allow tcp 443, 8443 to a.cloudfront.net, b.cloudfront.net
}
)"},
    {"shared-suffix", Severity::warning,
     "a pattern over a domain below which anybody can have a name",
     R"(
policy office {
  allow tcp 443 to *.cloudfront.net
}
)",
     R"(
Delivery networks and hosts of applications give every customer a name below
their own domain, an attacker included. The pattern covers all of them. Write
the names that your vendor has; where the vendor itself asks for the pattern,
allow the warning and say so.
)",
     R"(
policy office {
  allow tcp 443 to d111111abcdef8.cloudfront.net
}
)"},
    {"unused-allow", Severity::warning, "an allow-comment that silences nothing",
     R"(
policy office {
  # sallyport: allow odd-port the vendor's agent listens there
  allow tcp 443 to a.example.com
}
)",
     R"(
`# sallyport: allow CODE` silences the warnings of that code on the statement in
its line or, on a line of its own, on the next one, and on all inside of it.
This comment silences none: the reason for it is gone, it stands in the wrong
place, or the code is misspelt. Left here it would hide the next warning.
)",
     R"(
policy office {
  # sallyport: allow odd-port the vendor's agent listens there
  allow tcp 433 to a.example.com
}
)"},
    {"unused-name", Severity::warning, "something declared that nothing speaks of",
     R"(
vendor acme {
  param tenant: label
  param region: label
  part core { allow tcp 443 to {tenant}.example.com }
}
)",
     R"(
A parameter, `let`, zone, feed, vendor or import that nothing refers to is a
leftover, or a sign that a rule lacks it. So is a resolver that no rule has a name
to ask for, or opens port 53 of. Zones, resolvers, vendors and imports are told
only in the file of a policy that could use them.
)",
     R"(
vendor acme {
  param tenant: label
  param region: label
  part core { allow tcp 443 to {tenant}.{region}.example.com }
}
)"},
};

}  // namespace

std::span<const CodePage> lint_pages() {
  return pages;
}

}  // namespace sallyport
