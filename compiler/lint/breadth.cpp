// SPDX-License-Identifier: GPL-2.0-or-later
// Lints about what is opened at once: every port of a name, everything everywhere, prefixes wider
// than any vendor has; and ports that look like slips.
#include <algorithm>
#include <optional>
#include <string>

#include "compiler/lint/inspection.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

// No vendor has more than a /8 (17.0.0.0/8 is the largest on a vendor's page); registries give out
// IPv6 in pieces of /19 and less, of which a few were joined up to /16.
constexpr unsigned widest_v4 = 8;
constexpr unsigned widest_v6 = 16;

bool opens_every_port(const Rule& rule) {
  return std::ranges::any_of(rule.services, [](const Service& service) {
    return has_ports(service.protocol) && service.first <= 1 &&
           service.last == last_port(service.protocol);
  });
}

bool is_whole(const AddressRange& range) {
  return range == AddressRange::whole(range.family());
}

bool is_wide(const AddressRange& range) {
  const unsigned length = range.family() == Family::v4 ? widest_v4 : widest_v6;
  const Uint128 size = range.last.number - range.first.number;
  return size >= Uint128{1} << (width_of(range.family()) - length);
}

std::string services_text(const Rule& rule) {
  std::string text = rule_text(rule, {});
  text.resize(std::min({text.find(" to "), text.find(" from "), text.size()}));
  return text;
}

void inspect_breadth(const Rule& rule, Inspection& inspection) {
  const Statements& statements = inspection.statements();
  const auto warn = [&](std::string_view text, std::string message) {
    inspection.warn("broad-rule", statements.destination(rule, text), std::move(message));
  };
  const bool every_port = opens_every_port(rule);
  for (const AddressRange& range : rule.remote.ranges) {
    if (is_whole(range)) {
      if (every_port) {
        warn("anywhere",
             "`" + services_text(rule) + "` for the whole world leaves little to filter");
      }
    } else if (is_wide(range)) {
      warn(range.text(), quote(range.text()) + " is wider than any vendor's own network");
    }
  }
  if (!every_port) return;
  const auto warn_of_name = [&](const std::string& text) {
    warn(text,
         "every port of " + quote(text) + " is opened, on whatever addresses the name will have");
  };
  for (const HostName& name : rule.remote.names) warn_of_name(name.text());
  for (const NamePattern& pattern : rule.remote.patterns) warn_of_name(pattern.text());
}

struct Slip {
  std::string_view written;
  std::string_view meant;
};
constexpr Slip port_slips[] = {{"433", "443"}, {"8433", "8443"}};

}  // namespace

void lint_breadth(Inspection& inspection) {
  for (const Rule* rule : inspection.written_rules()) {
    if (rule->action == Action::allow) inspect_breadth(*rule, inspection);
  }
}

void lint_ports(Inspection& inspection) {
  for (const Rule* rule : inspection.written_rules()) {
    const bool odd = std::ranges::any_of(rule->services, [](const Service& service) {
      return has_ports(service.protocol) && service.first == service.last &&
             (service.first == 433 || service.first == 8433);
    });
    const RuleStatement* statement =
        odd ? inspection.statements().rule_at(rule->origin.rule) : nullptr;
    if (!statement) continue;
    for (const ServiceClause& clause : statement->services) {
      for (const Word& word : clause.ports) {
        const auto slip = std::ranges::find(port_slips, word.span.text(), &Slip::written);
        if (slip == std::end(port_slips)) continue;
        Diagnostic* diagnostic = inspection.warn(
            "odd-port", word.span, "hardly anything answers on port " + std::string(slip->written));
        if (diagnostic) {
          diagnostic->fixes.push_back({"did you mean `" + std::string(slip->meant) + "`?",
                                       {{word.span, std::string(slip->meant)}},
                                       false});
        }
      }
    }
  }
}

}  // namespace sallyport
