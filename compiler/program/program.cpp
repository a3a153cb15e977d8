// SPDX-License-Identifier: GPL-2.0-or-later
// How rules read for people, and by what a rule is known from one generation to the next.
#include "compiler/program/program.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "compiler/program/identities.h"
#include "compiler/values/address_text.h"

namespace sallyport {
namespace {

/// Joins words with commas.
class List {
 public:
  void add(std::string_view word) {
    separate();
    text_ += word;
  }
  void add(const AddressRange& range) {
    separate();
    append_text(range, text_);
  }
  const std::string& text() const { return text_; }

 private:
  void separate() {
    if (!text_.empty()) text_ += ", ";
  }
  std::string text_;
};

/// `443` of `tcp 443`.
std::string ports_text(const Service& service) {
  const std::string text = service.text();
  return text.substr(text.find(' ') + 1);
}

std::string service_text(const Service& service) {
  const std::string text = service.text();
  const bool numbered = text.front() >= '0' && text.front() <= '9';
  return numbered ? "protocol " + text : text;
}

/// `tcp 443, 8443 or udp 3478`.
std::string services_text(const Rule& rule) {
  if (rule.every_service || rule.services == any_service()) return "any";
  std::string text;
  const Service* before = nullptr;
  for (const Service& service : rule.services) {
    const bool continues = before != nullptr && before->protocol == service.protocol &&
                           last_port(service.protocol) > 0;
    if (continues) {
      text += ", " + ports_text(service);
    } else {
      if (before != nullptr) text += " or ";
      text += service_text(service);
    }
    before = &service;
  }
  return text.empty() ? "nothing" : text;
}

/// ` (label of acme.example.com unless like "*-v*")`: said once behind the names that share it.
std::string label_text(const DerivedName& name, const std::vector<Derivation>& derivations) {
  std::string text;
  if (name.derivation < derivations.size())
    text = "label of " + derivations[name.derivation].alias.text();
  if (!name.unless.empty())
    text += std::string(text.empty() ? "" : " ") + "unless like \"" + name.unless + "\"";
  return text.empty() ? text : " (" + text + ")";
}

/// `g0-{label}-sb.example.com, g1-{label}-sb.example.com (label of acme.example.com)`.
void add_derived(const std::vector<DerivedName>& names, const std::vector<Derivation>& derivations,
                 List& list) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string text = names[i].head + "{label}" + names[i].tail;
    const bool last = i + 1 == names.size() || names[i + 1].derivation != names[i].derivation ||
                      names[i + 1].unless != names[i].unless;
    if (last) text += label_text(names[i], derivations);
    list.add(text);
  }
}

/// ` valid 2024-10-01 until 2025-02-01`, or less.
std::string validity_text(const Validity& validity) {
  std::string text;
  if (validity.from) text += " valid " + day_text(*validity.from);
  if (validity.until) text += " until " + day_text(*validity.until);
  return text;
}

/// `a.example.com, *.example.net, 192.0.2.0/24`.
std::string remote_text(const RemoteSet& remote, const std::vector<Derivation>& derivations) {
  List list;
  for (const HostName& name : remote.names) list.add(name.text());
  for (const NamePattern& pattern : remote.patterns) list.add(pattern.text());
  const AddressRange all_v4 = AddressRange::whole(Family::v4);
  const AddressRange all_v6 = AddressRange::whole(Family::v6);
  const bool anywhere = std::ranges::binary_search(remote.ranges, all_v4) &&
                        std::ranges::binary_search(remote.ranges, all_v6);
  if (anywhere) list.add("anywhere");
  add_derived(remote.derived, derivations, list);
  for (const AddressRange& range : remote.ranges) {
    if (anywhere && (range == all_v4 || range == all_v6)) continue;
    list.add(range);
  }
  return list.text().empty() ? "nothing" : list.text();
}

/// `branch: from staff: azure-relay.hybrid: allow tcp 443 to a.example.com`.
std::string identity_of(const Program& program, const Rule& rule, const std::string& written) {
  std::string text = program.policy + (rule.direction == Direction::outward ? ": from " : ": to ");
  text += rule.zone ? program.zones[*rule.zone].name : "any";
  text += ": ";
  if (!rule.origin.vendor.empty()) text += rule.origin.vendor + "." + rule.origin.part + ": ";
  return text += written;
}

}  // namespace

std::string rule_text(const Rule& rule, const std::vector<Derivation>& derivations) {
  std::string text = rule.action == Action::allow ? "allow " : "deny ";
  const bool inward = rule.direction == Direction::inward;
  if (inward) text += "in ";
  text +=
      services_text(rule) + (inward ? " from " : " to ") + remote_text(rule.remote, derivations);
  if (rule.private_ok) text += " private ok";
  if (rule.absent_ok) text += " absent ok";
  if (!rule.via.empty()) text += " via " + rule.via;
  text += validity_text(rule.validity);
  if (rule.log) text += " log";
  return text;
}

std::string vlans_text(const std::vector<VlanRange>& vlans) {
  std::string text;
  for (const VlanRange& range : vlans) {
    const int first = std::max<int>(range.first, 1);
    if (first > range.last) continue;
    text += text.empty() ? "VLAN " : ", ";
    text += std::to_string(first);
    if (first < range.last) text += '-' + std::to_string(range.last);
  }
  const bool untagged = !vlans.empty() && vlans.front().first == 0;
  if (!untagged) return text;
  return text.empty() ? "untagged frames" : text + " and untagged frames";
}

bool holds(const Zone& zone, const Address& local, std::uint16_t vlan) {
  if (!contains(zone.ranges, local)) return false;
  return zone.vlans.empty() || std::ranges::any_of(zone.vlans, [&](const VlanRange& range) {
           return range.first <= vlan && vlan <= range.last;
         });
}

std::vector<std::string> rule_identities(const Program& program) {
  std::vector<std::string> texts;
  texts.reserve(program.rules.size());
  for (const Rule& rule : program.rules) texts.push_back(rule_text(rule, program.derivations));
  return rule_identities(program, texts);
}

std::vector<std::string> rule_identities(const Program& program,
                                         const std::vector<std::string>& texts) {
  std::vector<std::string> identities;
  identities.reserve(program.rules.size());  // the views below stay where they are
  std::unordered_map<std::string_view, std::size_t> seen;
  seen.reserve(program.rules.size());
  for (std::size_t index = 0; index < program.rules.size(); ++index) {
    std::string& identity =
        identities.emplace_back(identity_of(program, program.rules[index], texts[index]));
    const std::size_t times = ++seen[identity];
    if (times > 1) identity += " #" + std::to_string(times);
  }
  return identities;
}

bool in_force(const Rule& rule, Day day) {
  const auto& [from, until] = rule.validity;
  return !(from && day < *from) && !(until && day >= *until);
}

std::optional<Day> next_edge(const Program& program, Day day) {
  std::optional<Day> next;
  for (const Rule& rule : program.rules) {
    for (const auto& edge : {rule.validity.from, rule.validity.until}) {
      if (edge && *edge > day && (!next || *edge < *next)) next = edge;
    }
  }
  return next;
}

bool is_never(const Program& program, const HostName& name) {
  return std::ranges::any_of(program.nevers, [&](const Never& never) {
    return never.name ? *never.name == name : never.pattern->matches(name);
  });
}

std::vector<ViewedName> bound_names(const Program& program) {
  std::vector<ViewedName> names;
  for (const Rule& rule : program.rules) {
    for (const HostName& name : rule.remote.names) names.emplace_back(name, rule.via);
    for (const NamePattern& pattern : rule.remote.patterns) {
      if (!pattern.text().starts_with('.')) continue;
      // An apex that still has a `*`, or that is a top-level domain, is no name to ask for.
      const auto apex = HostName::parse(pattern.text().substr(1));
      if (apex) names.emplace_back(*apex, rule.via);
    }
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace sallyport
