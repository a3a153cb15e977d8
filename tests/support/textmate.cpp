// SPDX-License-Identifier: GPL-2.0-or-later
// Reading a grammar and painting lines with it; see textmate.h.
#include "tests/support/textmate.h"

#include <oniguruma.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <stdexcept>
#include <utility>

namespace sallyport::test {
namespace {

class Regex {
 public:
  explicit Regex(const std::string& pattern) {
    OnigErrorInfo where;
    regex_t* compiled = nullptr;
    const int code =
        onig_new(&compiled, bytes(pattern), bytes(pattern) + pattern.size(),
                 ONIG_OPTION_CAPTURE_GROUP, ONIG_ENCODING_UTF8, ONIG_SYNTAX_DEFAULT, &where);
    if (code != ONIG_NORMAL) {
      OnigUChar why[ONIG_MAX_ERROR_MESSAGE_LEN] = {};
      onig_error_code_to_str(why, code, &where);
      throw std::runtime_error(pattern + ": " + reinterpret_cast<const char*>(why));
    }
    regex_.reset(compiled);
  }

  /// The groups of the first match at or behind `from`, -1 where one took no part; empty: none.
  std::vector<std::pair<int, int>> search(const std::string& text, std::size_t from) const {
    const std::unique_ptr<OnigRegion, FreeRegion> region(onig_region_new());
    const OnigUChar* end = bytes(text) + text.size();
    const int found = onig_search(regex_.get(), bytes(text), end, bytes(text) + from, end,
                                  region.get(), ONIG_OPTION_NONE);
    std::vector<std::pair<int, int>> groups;
    for (int i = 0; found >= 0 && i < region->num_regs; ++i) {
      groups.emplace_back(region->beg[i], region->end[i]);
    }
    return groups;
  }

 private:
  static const OnigUChar* bytes(const std::string& text) {
    return reinterpret_cast<const OnigUChar*>(text.data());
  }
  struct Free {
    void operator()(regex_t* regex) const { onig_free(regex); }
  };
  struct FreeRegion {
    void operator()(OnigRegion* region) const { onig_region_free(region, 1); }
  };
  std::unique_ptr<regex_t, Free> regex_;
};

}  // namespace

class TextmateGrammar::Rules {
 public:
  explicit Rules(const nlohmann::json& grammar) : grammar_(grammar) {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    onig_initialize(encodings, 1);
    top_ = rules_of(grammar.at("patterns"));
  }

  void add_line(const std::string& line, std::vector<std::string>& all) const;

 private:
  using Groups = std::vector<std::pair<int, int>>;
  using Captures = std::map<std::size_t, std::string>;
  struct Rule {
    std::string name;
    std::unique_ptr<Regex> match;  // or begin
    std::unique_ptr<Regex> end;    // of a rule with begin
    Captures captures;             // of match or begin
    Captures end_captures;
    std::vector<std::shared_ptr<Rule>> inside;
  };
  using List = std::vector<std::shared_ptr<Rule>>;

  static Captures captures_of(const nlohmann::json& rule, const char* key) {
    Captures captures;
    if (!rule.contains(key)) return captures;
    for (const auto& [number, scope] : rule.at(key).items())
      captures.emplace(std::stoul(number), scope.at("name").get<std::string>());
    return captures;
  }

  List rules_of(const nlohmann::json& patterns) const {
    List rules;
    for (const auto& pattern : patterns) {
      if (pattern.contains("include")) {
        const auto name = pattern.at("include").get<std::string>();
        if (!name.starts_with('#')) throw std::runtime_error("include of " + name);
        const List more = rules_of(grammar_.at("repository").at(name.substr(1)).at("patterns"));
        rules.insert(rules.end(), more.begin(), more.end());
      } else {
        rules.push_back(rule_of(pattern));
      }
    }
    return rules;
  }

  std::shared_ptr<Rule> rule_of(const nlohmann::json& pattern) const {
    auto rule = std::make_shared<Rule>();
    rule->name = pattern.value("name", "");
    const bool is_block = pattern.contains("begin");
    rule->match =
        std::make_unique<Regex>(pattern.at(is_block ? "begin" : "match").get<std::string>());
    rule->captures = captures_of(pattern, is_block ? "beginCaptures" : "captures");
    if (is_block) {
      rule->end = std::make_unique<Regex>(pattern.at("end").get<std::string>());
      rule->end_captures = captures_of(pattern, "endCaptures");
      if (pattern.contains("patterns")) rule->inside = rules_of(pattern.at("patterns"));
    }
    return rule;
  }

  nlohmann::json grammar_;
  List top_;
};

/// Every block of ours ends with its line.
void TextmateGrammar::Rules::add_line(const std::string& line,
                                      std::vector<std::string>& all) const {
  const std::size_t base = all.size();
  all.resize(base + line.size(), grammar_.at("scopeName").get<std::string>());
  const auto paint = [&](std::size_t begin, std::size_t end, const std::string& scope) {
    for (std::size_t i = begin; i < end && !scope.empty(); ++i) all[base + i] += " " + scope;
  };
  const auto paint_captures = [&](const Groups& groups, const Captures& captures) {
    for (const auto& [number, scope] : captures) {
      if (number >= groups.size() || groups[number].first < 0) continue;
      paint(static_cast<std::size_t>(groups[number].first),
            static_cast<std::size_t>(groups[number].second), scope);
    }
  };
  const Rule* block = nullptr;
  for (std::size_t at = 0; at < line.size();) {
    Groups best;
    const Rule* rule = nullptr;
    bool ends = false;
    if (block) {
      best = block->end->search(line, at);
      ends = true;
      if (best.empty()) throw std::runtime_error("a block goes on over lines: " + block->name);
    }
    for (const auto& one : block ? block->inside : top_) {
      Groups groups = one->match->search(line, at);
      if (groups.empty() || (!best.empty() && groups[0].first >= best[0].first)) continue;
      best = std::move(groups);
      rule = one.get();
      ends = false;
    }
    if (best.empty()) return;
    const auto begin = static_cast<std::size_t>(best[0].first);
    const auto end = static_cast<std::size_t>(best[0].second);
    if (block) paint(at, ends ? end : begin, block->name);
    if (ends) {
      paint_captures(best, block->end_captures);
      block = nullptr;
      at = end;
      continue;
    }
    if (block) paint(begin, end, block->name);
    paint(begin, end, rule->name);
    paint_captures(best, rule->captures);
    if (rule->end) block = rule;
    at = end > at || rule->end ? end : at + 1;
  }
}

TextmateGrammar::TextmateGrammar(const nlohmann::json& grammar)
    : rules_(std::make_unique<Rules>(grammar)) {}

TextmateGrammar::~TextmateGrammar() = default;

std::vector<std::string> TextmateGrammar::scopes(std::string_view text) const {
  std::vector<std::string> all;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    rules_->add_line(std::string(text.substr(0, end)) + "\n", all);
    if (end == text.size()) all.pop_back();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return all;
}

}  // namespace sallyport::test
