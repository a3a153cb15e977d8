// SPDX-License-Identifier: GPL-2.0-or-later
// Expressions of the model as libnftnl objects. Entry points: make_rule(), canonical_text().
#include "runtime/nft_rule.h"

#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <new>

namespace sallyport {
namespace {

constexpr std::uint32_t register_1 = NFT_REG_1;
constexpr std::uint32_t usual_burst = 5;    // what nft(8) takes where nothing is said
constexpr std::uint32_t warning_level = 4;  // likewise; the kernel reports it
constexpr std::uint64_t second = 1;

struct Made {
  nftnl_expr* expression;

  explicit Made(const char* name) : expression(nftnl_expr_alloc(name)) {
    if (!expression) throw std::bad_alloc();
  }
  Made& number(std::uint16_t attribute, std::uint32_t value) {
    nftnl_expr_set_u32(expression, attribute, value);
    return *this;
  }
  Made& text(std::uint16_t attribute, const std::string& value) {
    if (nftnl_expr_set_str(expression, attribute, value.c_str()) != 0) throw std::bad_alloc();
    return *this;
  }
  Made& bytes(std::uint16_t attribute, const std::string& value) {
    nftnl_expr_set(expression, attribute, value.data(), static_cast<std::uint32_t>(value.size()));
    return *this;
  }
};

Made make(const nft::MetaLoad& load) {
  return Made("meta").number(NFTNL_EXPR_META_KEY, load.key).number(NFTNL_EXPR_META_DREG, load.to);
}

Made make(const nft::PayloadLoad& load) {
  return Made("payload")
      .number(NFTNL_EXPR_PAYLOAD_BASE, load.base)
      .number(NFTNL_EXPR_PAYLOAD_OFFSET, load.offset)
      .number(NFTNL_EXPR_PAYLOAD_LEN, load.size)
      .number(NFTNL_EXPR_PAYLOAD_DREG, load.to);
}

Made make(const nft::HeaderLoad& load) {
  Made made("exthdr");
  nftnl_expr_set_u8(made.expression, NFTNL_EXPR_EXTHDR_TYPE, load.type);
  made.number(NFTNL_EXPR_EXTHDR_DREG, register_1)
      .number(NFTNL_EXPR_EXTHDR_OFFSET, load.offset)
      .number(NFTNL_EXPR_EXTHDR_LEN, load.size)
      .number(NFTNL_EXPR_EXTHDR_OP, load.operation)
      .number(NFTNL_EXPR_EXTHDR_FLAGS, load.present ? NFT_EXTHDR_F_PRESENT : 0);
  return made;
}

Made make(const nft::ConntrackLoad& load) {
  Made made("ct");
  made.number(NFTNL_EXPR_CT_KEY, load.key).number(NFTNL_EXPR_CT_DREG, register_1);
  if (load.direction) nftnl_expr_set_u8(made.expression, NFTNL_EXPR_CT_DIR, *load.direction);
  return made;
}

Made make(const nft::Mask& mask) {
  return Made("bitwise")
      .number(NFTNL_EXPR_BITWISE_SREG, register_1)
      .number(NFTNL_EXPR_BITWISE_DREG, register_1)
      .number(NFTNL_EXPR_BITWISE_LEN, static_cast<std::uint32_t>(mask.mask.size()))
      .bytes(NFTNL_EXPR_BITWISE_MASK, mask.mask)
      .bytes(NFTNL_EXPR_BITWISE_XOR, std::string(mask.mask.size(), '\0'));
}

Made make(const nft::Compare& compare) {
  return Made("cmp")
      .number(NFTNL_EXPR_CMP_SREG, register_1)
      .number(NFTNL_EXPR_CMP_OP, compare.operation)
      .bytes(NFTNL_EXPR_CMP_DATA, compare.value);
}

Made make(const nft::Lookup& lookup) {
  Made made("lookup");
  made.number(NFTNL_EXPR_LOOKUP_SREG, register_1)
      .text(NFTNL_EXPR_LOOKUP_SET, lookup.set)
      .number(NFTNL_EXPR_LOOKUP_FLAGS, lookup.inverted ? NFT_LOOKUP_F_INV : 0);
  if (lookup.verdict) made.number(NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
  return made;
}

Made make(const nft::CountByKey& count) {
  return Made("objref")
      .number(NFTNL_EXPR_OBJREF_SET_SREG, register_1)
      .text(NFTNL_EXPR_OBJREF_SET_NAME, count.set);
}

Made make(const nft::Remember& remember) {
  return Made("dynset")
      .number(NFTNL_EXPR_DYNSET_SREG_KEY, register_1)
      .number(NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_ADD)
      .text(NFTNL_EXPR_DYNSET_SET_NAME, remember.set);
}

Made make(const nft::CountNamed& count) {
  return Made("objref")
      .number(NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER)
      .text(NFTNL_EXPR_OBJREF_IMM_NAME, count.counter);
}

Made make(const nft::Limit& limit) {
  Made made("limit");
  nftnl_expr_set_u64(made.expression, NFTNL_EXPR_LIMIT_RATE, limit.per_second);
  nftnl_expr_set_u64(made.expression, NFTNL_EXPR_LIMIT_UNIT, second);
  made.number(NFTNL_EXPR_LIMIT_BURST, usual_burst)
      .number(NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS)
      .number(NFTNL_EXPR_LIMIT_FLAGS, 0);
  return made;
}

Made make(const nft::Log& log) {
  return Made("log")
      .text(NFTNL_EXPR_LOG_PREFIX, log.prefix)
      .number(NFTNL_EXPR_LOG_LEVEL, warning_level);
}

std::uint32_t code_of(nft::Action action) {
  switch (action) {
    case nft::Action::accept:
      return NF_ACCEPT;
    case nft::Action::drop:
      return NF_DROP;
    case nft::Action::jump:
      return static_cast<std::uint32_t>(NFT_JUMP);
    case nft::Action::go:
      return static_cast<std::uint32_t>(NFT_GOTO);
    case nft::Action::leave:
      return static_cast<std::uint32_t>(NFT_RETURN);
  }
  return NF_DROP;
}

Made make(const nft::Verdict& verdict) {
  Made made("immediate");
  made.number(NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT)
      .number(NFTNL_EXPR_IMM_VERDICT, code_of(verdict.action));
  if (!verdict.chain.empty()) made.text(NFTNL_EXPR_IMM_CHAIN, verdict.chain);
  return made;
}

}  // namespace

NftRulePointer make_rule(const nft::Rule& rule) {
  NftRulePointer made(nftnl_rule_alloc());
  if (!made) throw std::bad_alloc();
  for (const nft::Expression& expression : rule.expressions) {
    std::visit([&](const auto& one) { nftnl_rule_add_expr(made.get(), make(one).expression); },
               expression);
  }
  return made;
}

std::string canonical_text(const nftnl_rule& rule) {
  std::string text;
  const auto append = [](nftnl_expr* expression, void* to) {
    // An expression takes a line of debugging output; data is at most 64 bytes.
    char line[1024];
    const int length = nftnl_expr_snprintf(line, sizeof(line), expression, NFTNL_OUTPUT_DEFAULT, 0);
    auto& all = *static_cast<std::string*>(to);
    const auto* name = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
    all += '[';
    all += name ? name : "?";
    all += ' ';
    if (length > 0) {
      all.append(line, std::min(static_cast<std::size_t>(length), sizeof(line) - 1));
    }
    all += ']';
    return 0;
  };
  nftnl_expr_foreach(const_cast<nftnl_rule*>(&rule), append, &text);
  return text;
}

std::string canonical_text(const nft::Rule& rule) {
  return canonical_text(*make_rule(rule));
}

}  // namespace sallyport
