// SPDX-License-Identifier: GPL-2.0-or-later
// A lint about what is declared and never spoken of: parameters and lets of vendors; zones, vendors
// and imports of a file of policies. Resolvers need not be spoken of: unused_resolvers.cpp.
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "compiler/lint/inspection.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

using Names = std::set<std::string_view>;

void add_references(const Word& word, Names& names) {
  for (const Piece& piece : word.pieces) {
    if (piece.kind == Piece::Kind::reference) names.insert(piece.text);
  }
}

void add_references(const LetStatement& let, Names& names) {
  if (let.derivation) add_references(let.derivation->host, names);
  for (const LetStatement::Alternative& alternative : let.alternatives) {
    for (const Word& word : alternative.value.words) add_references(word, names);
    if (alternative.when_param) names.insert(alternative.when_param->text);
  }
}

void add_references(const std::vector<FeedFilter>& filters, Names& names) {
  for (const FeedFilter& filter : filters) {
    for (const Word& word : filter.values) add_references(word, names);
  }
}

void add_references(const RuleStatement& rule, Names& names) {
  for (const Word& word : rule.destinations) add_references(word, names);
  for (const ServiceClause& clause : rule.services) {
    for (const Word& word : clause.ports) add_references(word, names);
  }
  for (const Modifier& modifier : rule.modifiers) {
    if (modifier.kind == Modifier::Kind::unless) names.insert(modifier.name.text);
  }
  for (const FeedReference& reference : rule.feeds) add_references(reference.filters, names);
}

void add_references(const UseStatement& use, Names& names) {
  for (const UseStatement::Argument& argument : use.arguments) {
    for (const Word& word : argument.value.words) add_references(word, names);
  }
}

void add_references(const EitherStatement& either, Names& names) {
  for (const EitherStatement::Alternative& alternative : either.alternatives) {
    for (const LetStatement& let : alternative.lets) add_references(let, names);
    for (const auto& item : alternative.items) {
      std::visit([&](const auto& statement) { add_references(statement, names); }, item);
    }
  }
}

void add_references(const NeverStatement& never, Names& names) {
  for (const Word& word : never.names) add_references(word, names);
}

Names references_in(const PartStatement& part) {
  Names names;
  if (part.when) names.insert(part.when->param.text);
  for (const LetStatement& let : part.lets) add_references(let, names);
  for (const NeverStatement& never : part.nevers) add_references(never, names);
  for (const LintStatement& lint : part.lints) add_references(lint.filters, names);
  for (const auto& item : part.items) {
    std::visit([&](const auto& statement) { add_references(statement, names); }, item);
  }
  return names;
}

void warn_unused(const Name& name, std::string_view kind, Inspection& inspection) {
  inspection.warn("unused-name", name.span,
                  "the " + std::string(kind) + " " + quote(name.text) + " is never used");
}

void inspect_vendor(const VendorStatement& vendor, Inspection& inspection) {
  Names names;
  for (const LetStatement& let : vendor.lets) add_references(let, names);
  for (const NeverStatement& never : vendor.nevers) add_references(never, names);
  for (const LintStatement& lint : vendor.lints) add_references(lint.filters, names);
  for (const PartStatement& part : vendor.parts) {
    const Names own = references_in(part);
    names.insert(own.begin(), own.end());
    for (const LetStatement& let : part.lets) {
      if (!own.contains(let.name.text)) warn_unused(let.name, "`let`", inspection);
    }
  }
  for (const ParamStatement& param : vendor.params) {
    if (!names.contains(param.name.text)) warn_unused(param.name, "parameter", inspection);
  }
  for (const LetStatement& let : vendor.lets) {
    if (!names.contains(let.name.text)) warn_unused(let.name, "`let`", inspection);
  }
}

/// The zones and vendors that policies speak of.
struct Used {
  Names zones;
  Names vendors;

  void add(const UseStatement& use) { vendors.insert(use.vendor.text); }
  void add(const RuleStatement&) {}
  void add(const EitherStatement& either) {
    for (const EitherStatement::Alternative& alternative : either.alternatives) {
      for (const auto& item : alternative.items) {
        std::visit([this](const auto& statement) { add(statement); }, item);
      }
    }
  }
  void add(const DirectionBlock& block) {
    zones.insert(block.zone.text);
    for (const auto& item : block.items) {
      std::visit([this](const auto& statement) { add(statement); }, item);
    }
  }
};

/// By the policies of the root file, and by parts of whichever vendor.
Used used_by(const std::vector<Module>& modules) {
  Used used;
  for (const Module& module : modules) {
    for (const VendorStatement& vendor : module.policy.vendors) {
      for (const PartStatement& part : vendor.parts) {
        for (const auto& item : part.items) {
          std::visit([&](const auto& statement) { used.add(statement); }, item);
        }
      }
    }
  }
  for (const PolicyStatement& policy : modules.front().policy.policies) {
    for (const auto& item : policy.items) {
      std::visit([&](const auto& statement) { used.add(statement); }, item);
    }
  }
  return used;
}

void add_feeds(const RuleStatement& rule, Names& names) {
  for (const FeedReference& reference : rule.feeds) names.insert(reference.feed.text);
}

/// Feeds are seen only in the file that declares them.
void inspect_feeds(const Module& module, const Statements& statements, Inspection& inspection) {
  Names used;
  statements.for_each_rule([&](const RuleStatement& rule) {
    if (rule.span.source == module.source) add_feeds(rule, used);
  });
  for (const FeedStatement& feed : module.policy.feeds) {
    if (!used.contains(feed.name.text)) warn_unused(feed.name, "feed", inspection);
  }
}

/// True if anything that the module or its imports declare is of use to the policies.
bool is_of_use(const std::vector<Module>& modules, std::size_t number, const Used& used) {
  std::set<std::size_t> seen;
  std::vector<std::size_t> pending{number};
  while (!pending.empty()) {
    const std::size_t next = pending.back();
    pending.pop_back();
    if (!seen.insert(next).second) continue;
    const Policy& policy = modules[next].policy;
    if (!policy.resolvers.empty() || !policy.nat64.empty()) return true;
    for (const ZoneStatement& zone : policy.zones) {
      if (used.zones.contains(zone.name.text)) return true;
    }
    for (const VendorStatement& vendor : policy.vendors) {
      if (used.vendors.contains(vendor.name.text)) return true;
    }
    const auto& imports = modules[next].imports;
    pending.insert(pending.end(), imports.begin(), imports.end());
  }
  return false;
}

void inspect_policy_file(const std::vector<Module>& modules, Inspection& inspection) {
  const Module& root = modules.front();
  const Used used = used_by(modules);
  for (const ZoneStatement& zone : root.policy.zones) {
    if (!used.zones.contains(zone.name.text)) warn_unused(zone.name, "zone", inspection);
  }
  for (const VendorStatement& vendor : root.policy.vendors) {
    if (!used.vendors.contains(vendor.name.text)) warn_unused(vendor.name, "vendor", inspection);
  }
  for (std::size_t i = 0; i < root.imports.size() && i < root.policy.imports.size(); ++i) {
    if (is_of_use(modules, root.imports[i], used)) continue;
    const Span& path = root.policy.imports[i].path.span;
    inspection.warn("unused-name", path, "nothing of " + quote(path.text()) + " is ever used");
  }
}

}  // namespace

void lint_unused_names(Inspection& inspection) {
  const std::vector<Module>& modules = inspection.modules();
  for (const Module& module : modules) {
    for (const VendorStatement& vendor : module.policy.vendors) inspect_vendor(vendor, inspection);
    if (!module.policy.feeds.empty()) inspect_feeds(module, inspection.statements(), inspection);
  }
  // A file of zones or vendors alone is written for others.
  if (!modules.front().policy.policies.empty()) inspect_policy_file(modules, inspection);
}

}  // namespace sallyport
