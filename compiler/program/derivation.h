// SPDX-License-Identifier: GPL-2.0-or-later
// Derivations: the label that the DNS decides (VENDORS 1a), and a Program at one moment: what is
// not in force left out, derived names spelled out. Entry points: derived_label(), program_at().
#pragma once

#include <map>
#include <optional>
#include <string>

#include "compiler/program/program.h"

namespace sallyport {

/// What each name is an alias of: the target of its CNAME record, as its view sees it.
using Aliases = std::map<ViewedName, HostName>;

/// True if the target is itself looked up once more, in the same view: a private link stands
/// between the name and its deployment (Azure Relay since 2024-10-22).
bool is_private_link(const HostName& target);

/// The label of which `target`, the end of the alias, is made.
std::string label_of(const Derivation& derivation, const HostName& target);

/// Empty if the aliases do not say.
std::optional<std::string> derived_label(const Derivation& derivation, const std::string& via,
                                         const Aliases& aliases);

/// Empty if the label is one that the name is left out for, or makes it longer than a name may be.
std::optional<HostName> derived_name(const DerivedName& name, const std::string& label);

/// The program with only the rules that are in force on `day`: the others open and close nothing.
/// Rules keep their index and lose their window.
Program program_on(const Program& program, Day day);

/// The program as it is judged on `day` with these aliases: program_on(), and derived names are
/// names. Nothing is left for evaluate() to ask of time and aliases.
Program program_at(const Program& program, Day day, const Aliases& aliases = {});

}  // namespace sallyport
