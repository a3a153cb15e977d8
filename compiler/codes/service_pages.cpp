// SPDX-License-Identifier: GPL-2.0-or-later
// Pages about protocols, ports and ICMP types. Entry point: service_pages().
#include "compiler/codes/families.h"

namespace sallyport {
namespace {

constexpr CodePage pages[] = {
    {"backwards-range", Severity::error, "a range whose end is before its beginning",
     R"(
policy office {
  allow udp 20000-10000 to a.example.com
}
)",
     R"(
A range of ports, ICMP types or addresses begins with the smaller one. Typed
backwards it would hold nothing, and the rule would open nothing. `sallyport
check --fix` exchanges the two.
)",
     R"(
policy office {
  allow udp 10000-20000 to a.example.com
}
)"},
    {"bad-icmp-type", Severity::error, "a word that is no ICMP type",
     R"(
policy office {
  allow icmp ping to 192.0.2.1
}
)",
     R"(
ICMP types are written by name, such as `echo-request`, by number from 0 to 255,
or as `any`. Answers and errors of an allowed flow need no rule.
)",
     R"(
policy office {
  allow icmp echo-request to 192.0.2.1
}
)"},
    {"bad-port", Severity::error, "a word that is no port",
     R"(
policy office {
  allow tcp https to a.example.com
}
)",
     R"(
Ports are numbers from 1 to 65535, ranges of them such as `8000-8010`, or `any`.
They have no names here: lists of names differ from machine to machine.
)",
     R"(
policy office {
  allow tcp 443 to a.example.com
}
)"},
    {"missing-ports", Severity::error, "a protocol without its ports or types",
     R"(
policy office {
  allow tcp to a.example.com
}
)",
     R"(
Nothing is implied. A protocol that has ports or types says which ones; every
one of them is written as `any`, so that nobody opens 65535 ports by leaving
out a word.
)",
     R"(
policy office {
  allow tcp 443 to a.example.com
}
)"},
    {"mixed-protocols", Severity::error, "ports and ICMP types in one list",
     R"(
policy office {
  allow tcp+icmp 8 to 192.0.2.1
}
)",
     R"(
`tcp+udp 53` is one list of ports for two protocols. ICMP has types, and 8 as a
port is something else than 8 as a type. Two services are joined by `or`.
)",
     R"(
policy office {
  allow tcp 8 or icmp echo-request to 192.0.2.1
}
)"},
    {"unexpected-ports", Severity::error,
     "ports or types behind a protocol that has none, or behind `any`",
     R"(
policy office {
  allow gre 443 to 192.0.2.1
}
)",
     R"(
Only TCP, UDP and their like have ports, and only ICMP has types. `any` stands
for every service at once. Whoever reads the rule would believe that it is
narrower than it is.
)",
     R"(
policy office {
  allow gre to 192.0.2.1
}
)"},
    {"unknown-protocol", Severity::error, "a word that is no protocol",
     R"(
policy office {
  allow tpc 443 to a.example.com
}
)",
     R"(
Protocols are written by name (`tcp`, `udp`, `icmp`, `icmpv6`, `gre`, `esp`...)
or by number, as in `protocol 115`.
)",
     R"(
policy office {
  allow tcp 443 to a.example.com
}
)"},
};

}  // namespace

std::span<const CodePage> service_pages() {
  return pages;
}

}  // namespace sallyport
