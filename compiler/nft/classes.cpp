// SPDX-License-Identifier: GPL-2.0-or-later
// A class becomes one rule for each run of items that one policy rule decides about.
#include "compiler/nft/classes.h"

#include <cassert>

#include "compiler/nft/rule_builder.h"
#include "compiler/values/service.h"

namespace sallyport::nft {
namespace {

// Of the packet that an ICMP error quotes, counted from the error's own header, which has 8 bytes.
struct QuoteLayout {
  std::uint32_t protocol;
  std::uint32_t source_port;  // or the ICMP type
};
constexpr QuoteLayout quote4{8 + 9, 8 + 20};
constexpr QuoteLayout quote6{8 + 6, 8 + 40};

/// An item, and the rule that decides about it.
struct Part {
  Item item;
  std::uint32_t rule = 0;
};

/// Ports that follow each other, of one protocol.
bool continues(const Item& item, const Item& next) {
  if (item.protocol != item.last_protocol || next.protocol != next.last_protocol) return false;
  return item.protocol == next.protocol && !item.whole && !next.whole &&
         item.last + 1 == next.first;
}

/// Whole protocols with none between them that a packet could have.
bool adjoins(const Item& item, const Item& next, Family family) {
  if (!item.whole || !next.whole) return false;
  for (unsigned between = item.last_protocol + 1U; between < next.protocol; ++between) {
    if (occurs(static_cast<std::uint8_t>(between), family)) return false;
  }
  return true;
}

bool is_everything(const Item& item, Family family) {
  if (!item.whole) return false;
  for (unsigned protocol = 0; protocol <= 0xff; ++protocol) {
    const bool inside = item.protocol <= protocol && protocol <= item.last_protocol;
    if (!inside && occurs(static_cast<std::uint8_t>(protocol), family)) return false;
  }
  return true;
}

/// As few parts as possible. Only a deny may speak of what no packet can have.
std::vector<Part> parts_of(const std::vector<Item>& items, const Class& members,
                           const std::vector<Decider>& deciders, Family family) {
  std::vector<Part> parts;
  for (const auto& [index, rule] : members) {
    Part next{items[index], rule};
    if (!parts.empty() && parts.back().rule == rule && continues(parts.back().item, next.item)) {
      next.item.first = parts.back().item.first;
      parts.pop_back();
    }
    if (next.item.first == 0 && next.item.last == last_port(next.item.protocol)) {
      next.item.whole = true;
      next.item.last = 0;
    }
    const bool joins = deciders[rule - 1].denies && !parts.empty() && parts.back().rule == rule &&
                       adjoins(parts.back().item, next.item, family);
    if (joins) {
      parts.back().item.last_protocol = next.item.last_protocol;
    } else {
      parts.push_back(std::move(next));
    }
  }
  return parts;
}

RuleBuilder matching(const Item& item, Side port, Family family) {
  RuleBuilder rule;
  if (is_everything(item, family)) return rule;
  if (item.whole) return rule.protocols(item.protocol, item.last_protocol);
  if (port == Side::destination) return rule.ports(item.protocol, item.first, item.last);
  return rule.source_ports(item.protocol, item.first, item.last);
}

bool holds_type(const Item& item, std::uint8_t protocol, std::uint16_t type) {
  if (item.whole) return item.protocol <= protocol && protocol <= item.last_protocol;
  return item.protocol == protocol && item.first <= type && type <= item.last;
}

}  // namespace

const char* stage_name(Stage stage) {
  constexpr const char* names[] = {"deny", "wide", "later", "quoted", "logged"};
  return names[static_cast<std::size_t>(stage)];
}

std::uint32_t Classes::chain_for(Stage stage, Side port, Family family,
                                 const std::vector<Item>& items, const Class& members,
                                 const std::string& fall_to) {
  assert(!members.empty());
  const auto [found, is_new] = chains_.try_emplace({stage, port, family, members, fall_to}, 0U);
  if (!is_new) return found->second;
  const std::string name =
      draft_.own(std::string(stage_name(stage)) + (family == Family::v4 ? "4_" : "6_") +
                 std::to_string(chains_.size()));
  found->second = draft_.add_chain(name);
  add_rules(found->second, stage, port, family, items, members);
  if (!fall_to.empty()) draft_.add_rule(found->second, RuleBuilder().go(fall_to));
  return found->second;
}

void Classes::add_rules(std::uint32_t chain, Stage stage, Side port, Family family,
                        const std::vector<Item>& items, const Class& members) {
  for (const auto& [item, rule] : parts_of(items, members, deciders_, family)) {
    const Decider& decider = deciders_[rule - 1];
    if (port == Side::source && !item.whole && !has_ports(item.protocol)) {
      add_echo_rule(chain, stage, item, decider);
    } else if (stage == Stage::quoted) {
      add_quoted_rule(chain, family, item, decider);
    } else {
      decide(chain, stage, matching(item, port, family), decider);
    }
  }
}

void Classes::decide(std::uint32_t chain, Stage stage, const RuleBuilder& match,
                     const Decider& decider) {
  // A rule of its own, since its limit must not decide. Stage::logged has told what gets to wide.
  if (!decider.log_prefix.empty() && stage != Stage::wide) {
    draft_.add_rule(chain, RuleBuilder(match).log(decider.log_prefix).done());
  }
  if (stage == Stage::logged) return;
  if (!decider.denies) {
    draft_.add_rule(chain, RuleBuilder(match).count(decider.counter).accept());
  } else if (stage == Stage::deny) {
    // Only what no generation accepts drops, so a deny leaves.
    draft_.add_rule(chain, RuleBuilder(match).count(decider.counter).leave());
  }
}

/// Of ICMP only echo replies are answers, to the echo request.
void Classes::add_echo_rule(std::uint32_t chain, Stage stage, const Item& item,
                            const Decider& decider) {
  const bool v4 = item.protocol == protocol_icmp;
  const std::uint16_t request = v4 ? 8 : 128;
  const std::uint16_t reply = v4 ? 0 : 129;
  if (!holds_type(item, item.protocol, request) || last_port(item.protocol) == 0) return;
  decide(chain, stage, RuleBuilder().ports(item.protocol, reply, reply), decider);
}

/// The quoted packet is an answer: its source port is the one that the rule opens, and only an echo
/// reply shows that the echo request was allowed.
void Classes::add_quoted_rule(std::uint32_t chain, Family family, const Item& item,
                              const Decider& decider) {
  const bool v4 = family == Family::v4;
  const QuoteLayout& at = v4 ? quote4 : quote6;
  const std::uint8_t icmp = v4 ? protocol_icmp : protocol_icmpv6;
  const std::uint8_t request = v4 ? 8 : 128;
  const std::uint8_t reply = v4 ? 0 : 129;
  if (holds_type(item, icmp, request)) {
    decide(chain, Stage::quoted,
           RuleBuilder()
               .transport_byte(at.protocol, icmp, icmp)
               .transport_byte(at.source_port, reply, reply),
           decider);
  }
  for (const std::uint8_t protocol : {protocol_tcp, protocol_udp}) {
    if (protocol < item.protocol || protocol > item.last_protocol) continue;
    RuleBuilder rule;
    rule.transport_byte(at.protocol, protocol, protocol);
    if (!item.whole) rule.transport_word(at.source_port, item.first, item.last);
    decide(chain, Stage::quoted, rule, decider);
  }
}

}  // namespace sallyport::nft
