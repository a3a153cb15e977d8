// SPDX-License-Identifier: GPL-2.0-or-later
// A table while it is made: chains and sets by name, with the indices that elements refer to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/nft/options.h"
#include "compiler/nft/table.h"

namespace sallyport::nft {

// Lasting chains that a generation hangs its own below.
inline constexpr const char* judge4_chain = "judge4";  // what its rules see is IPv4
inline constexpr const char* judge6_chain = "judge6";
inline constexpr const char* later_chain = "later_pieces";  // of either family

/// A lasting chain's name, which is another one for what comes in.
inline std::string named(const char* chain, Direction direction) {
  return std::string(chain) + (direction == Direction::outward ? "" : "_in");
}

class Draft {
 public:
  explicit Draft(const Options& options) {
    table_.name = options.table;
    table_.generation_prefix = "g" + std::to_string(options.generation) + "_";
  }

  /// `name` behind the generation's prefix.
  std::string own(const std::string& name) const { return table_.generation_prefix + name; }

  std::uint32_t add_chain(const std::string& name, const std::string& comment = {}) {
    table_.chains.push_back({.name = name, .comment = comment, .rules = {}});
    return static_cast<std::uint32_t>(table_.chains.size() - 1);
  }
  Chain& chain(std::uint32_t index) { return table_.chains[index]; }
  const std::string& chain_name(std::uint32_t index) const { return table_.chains[index].name; }
  void add_rule(std::uint32_t index, Rule rule) {
    table_.chains[index].rules.push_back(std::move(rule));
  }

  std::size_t add_set(Set set) {
    table_.sets.push_back(std::move(set));
    return table_.sets.size() - 1;
  }
  Set& set(std::size_t index) { return table_.sets[index]; }

  Table& table() { return table_; }
  const Table& table() const { return table_; }

 private:
  Table table_;
};

}  // namespace sallyport::nft
