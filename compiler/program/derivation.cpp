// SPDX-License-Identifier: GPL-2.0-or-later
// From an alias to a label to a name. See derivation.h.
#include "compiler/program/derivation.h"

#include <algorithm>
#include <utility>

namespace sallyport {

bool is_private_link(const HostName& target) {
  return target.text().find(".privatelink.servicebus") != std::string::npos;
}

std::string label_of(const Derivation& derivation, const HostName& target) {
  const std::string label = target.text().substr(0, target.text().find('.'));
  for (const std::string& prefix : derivation.prefixes) {
    if (label.starts_with(prefix)) return label.substr(prefix.size());
  }
  return label;
}

std::optional<std::string> derived_label(const Derivation& derivation, const std::string& via,
                                         const Aliases& aliases) {
  auto found = aliases.find({derivation.alias, via});
  if (found == aliases.end()) return std::nullopt;
  if (is_private_link(found->second)) {
    found = aliases.find({found->second, via});
    if (found == aliases.end()) return std::nullopt;
  }
  return label_of(derivation, found->second);
}

std::optional<HostName> derived_name(const DerivedName& name, const std::string& label) {
  if (!name.unless.empty() && glob_matches(name.unless, label)) return std::nullopt;
  auto made = HostName::parse(name.head + label + name.tail);
  if (!made) return std::nullopt;
  return std::move(*made);
}

Program program_on(const Program& program, Day day) {
  Program on = program;
  for (Rule& rule : on.rules) {
    if (!in_force(rule, day)) {
      rule.remote = {};
      rule.services.clear();
      rule.every_service = false;
    }
    rule.validity = {};
  }
  return on;
}

Program program_at(const Program& program, Day day, const Aliases& aliases) {
  Program at = program_on(program, day);
  for (Rule& rule : at.rules) {
    auto& names = rule.remote.names;
    for (const DerivedName& name : rule.remote.derived) {
      const auto label = derived_label(program.derivations[name.derivation], rule.via, aliases);
      if (!label) continue;
      if (auto made = derived_name(name, *label)) names.push_back(std::move(*made));
    }
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    rule.remote.derived.clear();
  }
  at.derivations.clear();
  return at;
}

}  // namespace sallyport
