// SPDX-License-Identifier: GPL-2.0-or-later
// Ruleset: the nftables form of one Image, and of what names are bound to. table() is the whole;
// bind() says what a changed binding changes in it. README.md beside this file shows the layout.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compiler/image/image.h"
#include "compiler/nft/options.h"
#include "compiler/nft/table.h"
#include "compiler/values/flow.h"

namespace sallyport::nft {

/// Why a ruleset with these options would not judge all of the image, in words; such an image is
/// refused.
std::optional<std::string> unjudged(const Image& image, const Options& options);

class Ruleset {
 public:
  /// Copies the image. Deterministic.
  Ruleset(const Image& image, const Options& options);
  Ruleset(Ruleset&&) noexcept;
  Ruleset& operator=(Ruleset&&) noexcept;
  ~Ruleset();

  /// The table with everything that is bound. Chains and sets keep their indices.
  Table table() const;

  /// From now on these names (sorted) count as listed beside the image's; before they are bound.
  void know(std::vector<ImageName> names);
  /// From now on the address is bound to these names (no names: to none), as Datapath::bind(). The
  /// delta leads from the table before to the table after.
  Delta bind(const Address& address, std::span<const ViewedName> names);
  std::size_t bound() const;

  /// True if the policy passes the packets of this flow of TCP or UDP while these names, and no
  /// others, are bound to its destination.
  bool passes(const Flow& flow, std::span<const ViewedName> names);
  /// From now on these flows, and no others, may finish although what they go to is closed (DESIGN
  /// 4.10): they pass for as long as connection tracking knows them. Needs Options::conntrack and a
  /// policy with names, unless there are none.
  Delta let_finish(std::set<Flow> flows);

  /// The layout and what it was chosen from, a line each.
  std::vector<std::string> choices() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The name of a rule's counter, the same in every generation: `rule_1f0a9c3b5d77`.
std::string counter_name(const ImageRule& rule);

/// What the kernel's log begins a line with about a packet of a rule that logs:
/// `sallyport-main log drop rule_1f0a9c3b5d77 gateway.sally:14: `. At most 127 bytes, without
/// blanks in the place.
std::string log_prefix(const std::string& table, const ImageRule& rule);

}  // namespace sallyport::nft
