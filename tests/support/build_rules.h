// SPDX-License-Identifier: GPL-2.0-or-later
// Rules and programs in one line each, from the texts a person would write.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "compiler/program/program.h"

namespace sallyport {

inline Address address(std::string_view text) {
  return Address::parse(text).value();
}
inline HostName host(std::string_view text) {
  return HostName::parse(text).value();
}

/// `remotes` holds ranges, names and patterns in any order; `services` as in `tcp 443`.
inline Rule build_rule(Action action, std::initializer_list<std::string_view> services,
                       std::initializer_list<std::string_view> remotes) {
  Rule rule;
  rule.action = action;
  for (const auto text : services) rule.services.push_back(Service::parse(text).value());
  for (const auto text : remotes) {
    if (const auto range = AddressRange::parse(text)) {
      rule.remote.ranges.push_back(*range);
    } else if (NamePattern::looks_like_pattern(text)) {
      rule.remote.patterns.push_back(NamePattern::parse(text).value());
    } else {
      rule.remote.names.push_back(host(text));
    }
  }
  std::ranges::sort(rule.remote.ranges);
  std::ranges::sort(rule.remote.names);
  std::ranges::sort(rule.remote.patterns);
  return rule;
}

inline Rule allow(std::initializer_list<std::string_view> services,
                  std::initializer_list<std::string_view> remotes) {
  return build_rule(Action::allow, services, remotes);
}
inline Rule deny(std::initializer_list<std::string_view> services,
                 std::initializer_list<std::string_view> remotes) {
  return build_rule(Action::deny, services, remotes);
}
inline Rule deny_every_service(std::initializer_list<std::string_view> remotes) {
  Rule rule = build_rule(Action::deny, {}, remotes);
  rule.every_service = true;
  return rule;
}
inline Rule in_zone(std::uint32_t zone, Rule rule) {
  rule.zone = zone;
  return rule;
}

inline Program program_of(std::vector<Rule> rules) {
  Program program;
  program.policy = "test";
  program.rules = std::move(rules);
  return program;
}

}  // namespace sallyport
