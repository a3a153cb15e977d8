// SPDX-License-Identifier: GPL-2.0-or-later
// Pages about feeds. Entry point: feed_pages().
#include "compiler/codes/families.h"

namespace sallyport {
namespace {

constexpr CodePage pages[] = {
    {"bad-feed", Severity::error, "a file that is no feed in the format that was declared",
     R"(
feed cloud = "page.json" as aws
policy office {
  allow tcp 443 to feed cloud
}
)",
     R"(
A feed is read strictly: one entry, field or character that is not as the format
has it refuses the whole file, and the note says where it stands. A smaller set
than the vendor lists would be wrong without a word. What a server sends in place
of a feed is often an error page: fetch the file again, and look at it.
)",
     R"(
feed cloud = "cloud.json" as aws
policy office {
  allow tcp 443 to feed cloud
}
)"},
    {"empty-selection", Severity::error, "filters that no entry of a feed meets together",
     R"(
feed cloud = "cloud.json" as aws
policy office {
  allow tcp 443 to feed cloud where service = "EDGE" and region = "eu-west-1"
}
)",
     R"(
Every value stands in the feed, but no entry has all of them at once. The rule
would open nothing, which is hardly what was meant.
)",
     R"(
feed cloud = "cloud.json" as aws
policy office {
  allow tcp 443 to feed cloud where service = "EDGE"
}
)"},
    {"missing-feed", Severity::error, "a feed's file that cannot be read",
     R"(
feed cloud = "gone.json" as aws
policy office {
  allow tcp 443 to feed cloud
}
)",
     R"(
The file of a feed is a path relative to the file that declares it. It is not
there, or may not be read. Feeds are read when the policy is compiled, and never
fetched: put the vendor's file beside the policy.
)",
     R"(
feed cloud = "cloud.json" as aws
policy office {
  allow tcp 443 to feed cloud
}
)"},
    {"unfit-feed", Severity::warning, "a rule that takes from a feed what is not needed there",
     R"(
feed cloud = "cloud.json" as aws
vendor acme {
  lint not feed aws where service = "STORE" "downloads come from the edge"
  part core { allow tcp 443 to a.example.com }
}
policy office {
  use acme
  allow tcp 443 to feed cloud where service = "STORE" or "MAIL"
}
)",
     R"(
A vendor's file knows which list looks right and is not: the note has its reason.
It speaks of every allow of a policy that uses the vendor. Where the addresses
are needed for something else, a comment in front of the rule allows it:

    # sallyport: allow unfit-feed the backups go to this store
)",
     R"(
feed cloud = "cloud.json" as aws
vendor acme {
  lint not feed aws where service = "STORE" "downloads come from the edge"
  part core { allow tcp 443 to a.example.com }
}
policy office {
  use acme
  allow tcp 443 to feed cloud where service = "EDGE"
}
)"},
    {"unknown-feed", Severity::error, "a feed that this file does not declare",
     R"(
feed cloud = "cloud.json" as aws
policy office {
  allow tcp 443 to feed clouds
}
)",
     R"(
A feed is declared at the top of the file that uses it, with its file and its
format. The feeds of imported files are theirs: two vendors may call different
lists by one name.
)",
     R"(
feed cloud = "cloud.json" as aws
policy office {
  allow tcp 443 to feed cloud
}
)"},
    {"unknown-field", Severity::error, "a filter on a field that the feed's format does not have",
     R"(
feed cloud = "cloud.json" as aws
policy office {
  allow tcp 443 to feed cloud where product = "STORE"
}
)",
     R"(
What a feed says of its entries depends on its format: a cloud has regions and
services, a plain list has nothing. Every format has `family`, which is `ipv4` or
`ipv6`. The language reference lists the fields of each format.
)",
     R"(
feed cloud = "cloud.json" as aws
policy office {
  allow tcp 443 to feed cloud where service = "STORE"
}
)"},
    {"unknown-format", Severity::error, "a feed format that does not exist",
     R"(
feed cloud = "cloud.json" as json
policy office {
  allow tcp 443 to feed cloud
}
)",
     R"(
A format says which vendor's schema the file has, so that it can be held against
it. A list of addresses of any other origin, one on a line, is a `cidr-list`.
)",
     R"(
feed cloud = "cloud.json" as aws
policy office {
  allow tcp 443 to feed cloud
}
)"},
    {"unknown-value", Severity::error, "a value that no entry of the feed has",
     R"(
feed cloud = "cloud.json" as aws
policy office {
  allow tcp 443 to feed cloud where region = "eu-west-1" or "us-esat-1"
}
)",
     R"(
Values are compared as the vendor writes them, capitals included. One that does
not occur is a slip, or the vendor renamed it: either way the rule would open
less than it says.
)",
     R"(
feed cloud = "cloud.json" as aws
policy office {
  allow tcp 443 to feed cloud where region = "eu-west-1" or "us-east-1"
}
)"},
};

}  // namespace

std::span<const CodePage> feed_pages() {
  return pages;
}

}  // namespace sallyport
