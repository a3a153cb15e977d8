// SPDX-License-Identifier: GPL-2.0-or-later
// Pages about zones, resolvers and the settings of policies. Entry point: policy_pages().
#include "compiler/codes/families.h"

namespace sallyport {
namespace {

constexpr CodePage pages[] = {
    {"bad-duration", Severity::error, "a word that is no duration",
     R"(
policy office {
  grace 5
  allow tcp 443 to a.example.com
}
)",
     R"(
A duration is a whole number with its unit: `s`, `m`, `h` or `d`. A bare number
would be seconds to one reader and minutes to another.
)",
     R"(
policy office {
  grace 5m
  allow tcp 443 to a.example.com
}
)"},
    {"bad-nat64", Severity::error, "a NAT64 prefix that no translator can use",
     R"(
nat64 2001:db8:64::/80
policy office {
  allow tcp 443 to a.example.com
}
)",
     R"(
`nat64` declares the prefixes under which a translator of your own network shows
IPv4 addresses, so that nothing wide opens the whole IPv4 world through them. They
are IPv6 and 32, 40, 48, 56, 64 or 96 bits long (RFC 6052).
)",
     R"(
nat64 2001:db8:64::/96
policy office {
  allow tcp 443 to a.example.com
}
)"},
    {"bad-setting", Severity::error, "a lifetime that contradicts another or is too short",
     R"(
policy office {
  grace 2h
  max-stale 1h
  allow tcp 443 to a.example.com
}
)",
     R"(
`max-stale` is how long the last good answer stays while DNS is silent, and
`grace` how long an address stays after its name has moved on. The first is not
shorter than the second, or a DNS outage would close what an answer keeps open.
)",
     R"(
policy office {
  grace 1h
  max-stale 24h
  allow tcp 443 to a.example.com
}
)"},
    {"bad-vlan", Severity::error, "a word that is no VLAN id",
     R"(
zone cameras = 10.40.0.0/16 vlan 4095
policy office {
  from cameras allow tcp 443 to a.example.com
}
)",
     R"(
A VLAN id is a number from 1 to 4094; 0 and 4095 are no VLANs (IEEE 802.1Q).
Ranges are written `50-59`, and frames without a tag `untagged`.
)",
     R"(
zone cameras = 10.40.0.0/16 vlan 40, 50-59
policy office {
  from cameras allow tcp 443 to a.example.com
}
)"},
    {"unknown-resolver", Severity::error, "a resolver that is not declared",
     R"(
resolver tunnel = 198.51.100.53
policy office {
  allow tcp 443 to fe1.example.com via tunel
}
)",
     R"(
`via` names the resolver whose answers a rule's names are bound to. It must be
declared at the top of a file, outside of all blocks, with `resolver NAME = ...`.
)",
     R"(
resolver tunnel = 198.51.100.53
policy office {
  allow tcp 443 to fe1.example.com via tunnel
}
)"},
    {"unknown-zone", Severity::error, "a zone that is not declared",
     R"(
zone staff = 10.20.0.0/16
policy office {
  from staf allow tcp 443 to a.example.com
}
)",
     R"(
`from` and `to` speak of a zone that is declared at the top of a file, or of
`any`. A misspelt zone has no addresses, and its rules would hold for nobody.
)",
     R"(
zone staff = 10.20.0.0/16
policy office {
  from staff allow tcp 443 to a.example.com
}
)"},
};

}  // namespace

std::span<const CodePage> policy_pages() {
  return pages;
}

}  // namespace sallyport
