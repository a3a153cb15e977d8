// SPDX-License-Identifier: GPL-2.0-or-later
// Lints about patterns over domains that belong to many, and about names of one such domain whose
// addresses are the same.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "compiler/lint/inspection.h"
#include "compiler/lint/shared_suffixes.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

/// The labels behind the last one with a wildcard.
std::string_view fixed_part(std::string_view pattern) {
  if (pattern.starts_with('.')) return pattern.substr(1);
  const std::size_t wild = pattern.find_last_of("*?");
  const std::size_t dot = pattern.find('.', wild == std::string_view::npos ? 0 : wild);
  return dot == std::string_view::npos ? std::string_view{} : pattern.substr(dot + 1);
}

void inspect(const Rule& rule, const NamePattern& pattern, Inspection& inspection) {
  const std::string_view domain = fixed_part(pattern.text());
  const auto warn = [&](std::string_view code, std::string message) {
    inspection.warn(code, inspection.statements().destination(rule, pattern.text()),
                    quote(pattern.text()) + std::move(message));
  };
  if (is_public_suffix(domain)) {
    return warn("public-suffix", " covers every domain that is registered below " + quote(domain));
  }
  if (const SharedSuffix* shared = find_shared_within(domain)) {
    return warn("shared-suffix",
                " covers the names of every customer of " + std::string(shared->owner));
  }
  if (is_private_suffix(domain)) {
    warn("shared-suffix", " covers the names of everybody who has one below " + quote(domain));
  }
}

/// What one name is open to.
using Rights = std::set<std::tuple<Direction, std::optional<std::uint32_t>, std::vector<Service>>>;

struct SharedName {
  const Rule* rule = nullptr;
  Rights rights;
};

void report_shared(const SharedSuffix& shared, const std::map<std::string_view, SharedName>& names,
                   Inspection& inspection) {
  const auto& [first_name, first] = *names.begin();
  const auto other = std::ranges::find_if(
      names, [&](const auto& entry) { return entry.second.rights != first.rights; });
  if (other == names.end()) return;
  const auto place = [&](std::string_view name, const Rule& rule) {
    const Statements& statements = inspection.statements();
    return rule.origin.vendor.empty() ? statements.destination(rule, name) : statements.seen(rule);
  };
  Diagnostic* diagnostic = inspection.warn(
      "shared-addresses", place(other->first, *other->second.rule),
      quote(other->first) + " and " + quote(first_name) +
          " can be answered with the same addresses by " + std::string(shared.owner) +
          ", but are open to different services or zones");
  if (diagnostic) {
    diagnostic->notes.push_back(
        {place(first_name, *first.rule), quote(first_name) + " is opened here"});
  }
}

void inspect_shared_addresses(const Program& program, Inspection& inspection) {
  std::map<std::string_view, std::pair<const SharedSuffix*, std::map<std::string_view, SharedName>>>
      suffixes;
  for (const Rule& rule : program.rules) {
    for (const HostName& name : rule.remote.names) {
      const SharedSuffix* shared = shared_above(name.text());
      if (!shared || !shared->shares_addresses) continue;
      auto& [suffix, names] = suffixes[shared->domain];
      suffix = shared;
      SharedName& one = names[name.text()];
      if (!one.rule) one.rule = &rule;
      std::vector<Service> services = rule.services;
      std::ranges::sort(services);
      one.rights.emplace(rule.direction, rule.zone, std::move(services));
    }
  }
  for (const auto& [domain, entry] : suffixes)
    report_shared(*entry.first, entry.second, inspection);
}

}  // namespace

void lint_suffixes(Inspection& inspection) {
  for (const Rule* rule : inspection.written_rules()) {
    for (const NamePattern& pattern : rule->remote.patterns) inspect(*rule, pattern, inspection);
  }
}

void lint_shared_addresses(Inspection& inspection) {
  for (const Program& program : inspection.programs()) {
    inspect_shared_addresses(program, inspection);
  }
}

}  // namespace sallyport
