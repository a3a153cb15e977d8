// SPDX-License-Identifier: GPL-2.0-or-later
// Rules as libnftnl objects, and their canonical text: what two rules must share to do the same.
// Entry points: make_rule(), canonical_text().
#pragma once

#include <libnftnl/rule.h>

#include <memory>
#include <string>
#include <string_view>

#include "compiler/nft/table.h"

namespace sallyport {

struct NftRuleDeleter {
  void operator()(nftnl_rule* rule) const { nftnl_rule_free(rule); }
};
using NftRulePointer = std::unique_ptr<nftnl_rule, NftRuleDeleter>;

/// The expressions of `rule`, without a place.
NftRulePointer make_rule(const nft::Rule& rule);

/// Lists the expressions; equal for a rule that we made and the same rule read back.
std::string canonical_text(const nftnl_rule& rule);
std::string canonical_text(const nft::Rule& rule);

}  // namespace sallyport
