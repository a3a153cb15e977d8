// SPDX-License-Identifier: GPL-2.0-or-later
// Pages about addresses, host names and patterns. Entry point: destination_pages().
#include "compiler/codes/families.h"

namespace sallyport {
namespace {

constexpr CodePage pages[] = {
    {"bad-address", Severity::error,
     "a word that is no address, prefix or range where one is expected",
     R"(
zone staff = 10.20.0.0/33
)",
     R"(
An address is written out (`192.0.2.7`, `2001:db8::7`), with a prefix length
(`192.0.2.0/24`), or as a range (`192.0.2.16-192.0.2.31`). Zones and resolvers
are made of addresses alone: a name would move under them.
)",
     R"(
zone staff = 10.20.0.0/16
)"},
    {"bad-host", Severity::error, "a word that is no host name",
     R"(
policy office {
  allow tcp 443 to api_1.example.com
}
)",
     R"(
A host name has letters, digits and inner hyphens, at least two labels, at most
63 octets in each and 253 in all. DNS would never give it an address, so the
rule would open nothing while looking as if it did.
)",
     R"(
policy office {
  allow tcp 443 to api-1.example.com
}
)"},
    {"bad-pattern", Severity::error, "a pattern that the pattern table does not have",
     R"(
policy office {
  allow tcp 443 to **.example.com
}
)",
     R"(
`*.x` is one or more labels below x, `?.x` exactly one, `.x` is x and all below
it. `*` inside a label is zero or more characters and never a dot; alone between
dots it is one label. There is no other wildcard, and none at the end.
)",
     R"(
policy office {
  allow tcp 443 to *.example.com
}
)"},
    {"converted-name", Severity::warning,
     "an international name, shown with the form that is looked up",
     R"(
policy office {
  allow tcp 443 to bücher.example
}
)",
     R"(
DNS knows international names in a form of ASCII letters. Two names that look
the same can have different forms, so the one that is looked up is shown. Write
that form to say that it is the one you mean.
)",
     R"(
policy office {
  allow tcp 443 to xn--bcher-kva.example     # bücher.example
}
)"},
    {"host-bits", Severity::error, "a prefix with bits set behind its length",
     R"(
policy office {
  allow tcp 443 to 192.0.2.7/24
}
)",
     R"(
Behind the length a prefix has only zeros. With other bits the author meant
either the whole network or the one address, and the two differ by 255 hosts.
Only the author can say which.
)",
     R"(
policy office {
  allow tcp 443 to 192.0.2.0/24        # the network
  allow tcp 443 to 198.51.100.7        # one address
}
)"},
    {"opens-nothing", Severity::warning, "an allow whose range is special throughout",
     R"(
policy office {
  allow tcp 443 to 224.0.0.0/3
}
)",
     R"(
Loopback, link-local, multicast, the metadata addresses of clouds and other
special ranges open only to a destination that is written inside one of them.
This one consists of several and lies in none, so it opens nothing.
)",
     R"(
policy office {
  allow udp 5000 to 239.192.0.0/16
}
)"},
    {"port-in-destination", Severity::error, "a port written behind a host",
     R"(
policy office {
  allow tcp 443 to a.example.com:8443
}
)",
     R"(
Ports stand in front of `to`, behind their protocol. A port behind the host
could contradict the one in front.
)",
     R"(
policy office {
  allow tcp 8443 to a.example.com
}
)"},
    {"url", Severity::error, "a URL, of which a packet filter sees only the host",
     R"(
policy office {
  allow tcp 443 to https://a.example.com/download
}
)",
     R"(
A packet shows addresses and ports. Its scheme is a port at best, and its path
is inside the encryption. A rule for one path would open the whole host: write
the host, if that is what you want to open.
)",
     R"(
policy office {
  allow tcp 443 to a.example.com
}
)"},
};

}  // namespace

std::span<const CodePage> destination_pages() {
  return pages;
}

}  // namespace sallyport
