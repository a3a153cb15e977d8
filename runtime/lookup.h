// SPDX-License-Identifier: GPL-2.0-or-later
// Asking the DNS for one name and one family. A and AAAA are separate transactions (N1).
// CaresLookup (cares_lookup.h) is the real one; tests script their own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/program/program.h"

namespace sallyport {

struct AnsweredAddress {
  Address address;
  Seconds ttl;  // the minimum over the CNAME chain and the record, unclamped; 2^31 and above are 0
  bool operator==(const AnsweredAddress&) const = default;
};

struct Answer {
  enum class Outcome {
    addresses,  // at least one address on a valid chain from the asked name
    no_data,    // NOERROR without an address record and without a broken chain
    no_name,    // NXDOMAIN
    failure     // everything else: it says nothing about the name
  };
  Outcome outcome = Outcome::failure;
  std::vector<AnsweredAddress> addresses;
  Seconds negative_ttl{0};  // of no_data and no_name, from the SOA; 0 if none came
  std::string failure;      // in words: "SERVFAIL", "timeout", "CNAME loop"
};

/// What a name is an alias of: its own CNAME record, not the end of the chain.
struct AliasAnswer {
  enum class Outcome { alias, none, failure };  // `none`: the name is no alias, or does not exist
  Outcome outcome = Outcome::failure;
  std::optional<HostName> target;  // of `alias`
  Seconds ttl{0};                  // of the record; of `none` from the SOA, 0 if none came
  std::string failure;             // in words
};

class Lookup {
 public:
  virtual ~Lookup() = default;
  /// Calls back exactly once, later, from the event loop, unless the Lookup is destroyed first.
  virtual void ask(const HostName& name, Family family, std::function<void(Answer)> done) = 0;
  /// Likewise for the name's CNAME record.
  virtual void ask_alias(const HostName& name, std::function<void(AliasAnswer)> done) = 0;
};

}  // namespace sallyport
