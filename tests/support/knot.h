// SPDX-License-Identifier: GPL-2.0-or-later
// A real authoritative DNS server (Knot) in a network namespace, whose records change while it
// serves, each change in one transaction.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/netns.h"

namespace sallyport::test {

struct Record {
  std::string name;  // absolute, without the final dot
  std::string type;  // "A", "AAAA", "CNAME"
  std::string value;
};

class Knot {
 public:
  /// Serves `zone` on `address`, port 53, which the namespace must have; ready when it returns.
  /// `folder` is for its files.
  Knot(const Netns& where, std::filesystem::path folder, const std::string& zone,
       const std::string& address);

  /// Replaces all records of the names and types that occur in `records`. The TTL is a second.
  void set(const std::vector<Record>& records);
  /// Why there can be no Knot here; empty if there can.
  static std::string why_not();

 private:
  void control(const CommandLine& words) const;

  const Netns& where_;
  std::filesystem::path folder_;
  std::string zone_;
  Process server_;
};

}  // namespace sallyport::test
