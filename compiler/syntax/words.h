// SPDX-License-Identifier: GPL-2.0-or-later
// The words that start statements and where each may stand, and those that start modifiers. The
// parser and its recovery read the same tables.
#pragma once

#include <cstdint>
#include <string_view>

#include "compiler/syntax/ast.h"

namespace sallyport {

enum class Scope : std::uint8_t {
  nowhere = 0,
  file = 1,
  vendor = 2,
  part = 4,
  policy = 8,
  direction = 16,    // `from ZONE { ... }`
  alternative = 32,  // `either { ... }` in a part
  test = 64,
  policy_alternative = 128,
};

inline constexpr std::uint8_t every_scope = 0xFF;

struct StatementWord {
  std::string_view word;
  std::uint8_t scopes;     // a sum of Scope
  bool stands_for_itself;  // recovery trusts it even in the middle of a line
  std::string_view home;   // for messages
};

constexpr std::uint8_t operator|(Scope a, Scope b) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr std::uint8_t operator|(std::uint8_t a, Scope b) {
  return static_cast<std::uint8_t>(a | static_cast<unsigned>(b));
}
constexpr std::uint8_t only(Scope scope) {
  return static_cast<std::uint8_t>(scope);
}
constexpr bool holds(std::uint8_t scopes, Scope scope) {
  return (scopes & only(scope)) != 0;
}

inline constexpr std::uint8_t rule_scopes =
    Scope::part | Scope::policy | Scope::direction | Scope::alternative | Scope::policy_alternative;
inline constexpr std::string_view top_of_file = "at the top of a file, outside of all blocks";
inline constexpr StatementWord statement_words[] = {
    {"import", only(Scope::file), true, top_of_file},
    {"vendor", only(Scope::file), true, top_of_file},
    {"zone", only(Scope::file), true, top_of_file},
    {"nat64", only(Scope::file), true, top_of_file},
    {"resolver", only(Scope::file), true, top_of_file},
    {"feed", only(Scope::file), false, top_of_file},
    {"policy", only(Scope::file), true, top_of_file},
    {"test", only(Scope::file), false, top_of_file},
    {"source", only(Scope::vendor), false, "in a vendor"},
    {"note", Scope::vendor | Scope::part | Scope::policy, false, "in a vendor, part or policy"},
    {"owner", Scope::vendor | Scope::part | Scope::policy, false, "in a vendor, part or policy"},
    {"param", only(Scope::vendor), true, "in a vendor, before its parts"},
    {"let", Scope::vendor | Scope::part | Scope::alternative, true, "in a vendor or a part"},
    {"part", only(Scope::vendor), true, "in a vendor"},
    {"never", Scope::vendor | Scope::part | Scope::policy, false, "in a vendor, part or policy"},
    {"lint", Scope::vendor | Scope::part | Scope::policy, false, "in a vendor, part or policy"},
    {"allow", rule_scopes, true, "in a part or a policy"},
    {"deny", rule_scopes, true, "in a part or a policy"},
    {"use", rule_scopes, true, "in a part or a policy"},
    {"either", Scope::part | Scope::policy | Scope::direction, false, "in a part or a policy"},
    {"capabilities", only(Scope::policy), true, "directly in a policy"},
    {"from", only(Scope::policy), false, "directly in a policy"},
    {"to", only(Scope::policy), false, "directly in a policy"},
    {"ttl-floor", only(Scope::policy), true, "directly in a policy"},
    {"grace", only(Scope::policy), false, "directly in a policy"},
    {"max-stale", only(Scope::policy), true, "directly in a policy"},
    {"given", only(Scope::test), false, "in a test"},
    {"at", only(Scope::test), false, "in a test"},
    {"expect", only(Scope::test), false, "in a test"},
};

constexpr const StatementWord* statement_word(std::string_view word) {
  for (const StatementWord& row : statement_words) {
    if (row.word == word) return &row;
  }
  return nullptr;
}

/// A word with which a modifier of a rule begins, and whether a `use` takes it as well.
struct ModifierWord {
  std::string_view word;
  Modifier::Kind kind;
  bool modifies_use;
};

inline constexpr ModifierWord modifier_words[] = {
    {"private", Modifier::Kind::private_ok, false}, {"absent", Modifier::Kind::absent_ok, false},
    {"unless", Modifier::Kind::unless, false},      {"via", Modifier::Kind::via, true},
    {"valid", Modifier::Kind::valid, true},         {"until", Modifier::Kind::until, true},
    {"owner", Modifier::Kind::owner, true},         {"log", Modifier::Kind::log, false},
    {"note", Modifier::Kind::note, false},
};

constexpr const ModifierWord* modifier_word(std::string_view word) {
  for (const ModifierWord& row : modifier_words) {
    if (row.word == word) return &row;
  }
  return nullptr;
}

}  // namespace sallyport
