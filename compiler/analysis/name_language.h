// SPDX-License-Identifier: GPL-2.0-or-later
// The sets of host names that patterns describe, compared as languages: is every name of this
// pattern one of those? Entry points: name_outside(), have_common_name().
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/values/host_name.h"

namespace sallyport {

/// Exact names and patterns, as one set of names. The lists are not owned.
struct NameSet {
  std::span<const HostName> names;
  std::span<const NamePattern> patterns;
};

/// A shortest name of `pattern` that is in none of `sets`; empty if they hold all of them. Exact
/// for names of any length: a pattern that differs only in names that the limits of DNS forbid
/// counts as outside, which errs towards reporting.
std::optional<std::string> name_outside(const NamePattern& pattern, std::span<const NameSet> sets);

/// True if every name of `inner` is one of `outer`.
bool includes(const NamePattern& outer, const NamePattern& inner);

/// True if a name belongs to both.
bool have_common_name(const NamePattern& a, const NamePattern& b);

}  // namespace sallyport
