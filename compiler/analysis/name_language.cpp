// SPDX-License-Identifier: GPL-2.0-or-later
// Patterns as small automata over characters. Inclusion searches the names of one pattern, breadth
// first over sets of states, for one that the others do not accept.
#include "compiler/analysis/name_language.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <queue>
#include <set>
#include <string_view>

namespace sallyport {
namespace {

/// A character to read, or a loop that reads any number of them.
struct Step {
  enum class Kind : std::uint8_t { literal, in_label, anything } kind = Kind::literal;
  char character = '\0';
};

/// The steps of one alternative; its states are the positions between them, the last one accepts.
using Steps = std::vector<Step>;

void append_labels(Steps& steps, std::string_view text) {
  for (const char c : text) {
    if (c == '*') {
      steps.push_back({Step::Kind::in_label, c});
    } else {
      steps.push_back({Step::Kind::literal, c});
    }
  }
}

/// `.x` is two alternatives, everything else one. That labels are not empty is the business of
/// WellFormed.
std::vector<Steps> steps_of(const NamePattern& pattern) {
  const std::string_view text = pattern.text();
  const auto below = [](std::string_view rest) {
    Steps steps{{Step::Kind::anything, '*'}, {Step::Kind::literal, '.'}};
    append_labels(steps, rest);
    return steps;
  };
  Steps plain;
  if (text.starts_with("*.")) return {below(text.substr(2))};
  if (text.starts_with('.')) {
    append_labels(plain, text.substr(1));
    return {plain, below(text.substr(1))};
  }
  if (text.starts_with("?.")) {
    plain.push_back({Step::Kind::in_label, '*'});
    append_labels(plain, text.substr(1));
  } else {
    append_labels(plain, text);
  }
  return {plain};
}

/// Sorted positions in the joined steps of an Automaton.
using States = std::vector<std::uint32_t>;

/// The union of several alternatives, read character by character.
class Automaton {
 public:
  void add(const Steps& steps) {
    starts_.push_back(static_cast<std::uint32_t>(steps_.size()));
    steps_.insert(steps_.end(), steps.begin(), steps.end());
    steps_.push_back({Step::Kind::literal, '\0'});  // matches nothing: the accepting state
  }

  States start() const {
    std::set<std::uint32_t> states;
    for (const std::uint32_t at : starts_) enter(states, at);
    return {states.begin(), states.end()};
  }

  States after(const States& states, char c) const {
    std::set<std::uint32_t> next;
    for (const std::uint32_t at : states) {
      const Step& step = steps_[at];
      const bool loops =
          step.kind == Step::Kind::anything || (step.kind == Step::Kind::in_label && c != '.');
      if (loops) enter(next, at);
      if (step.kind == Step::Kind::literal && step.character == c) enter(next, at + 1);
    }
    return {next.begin(), next.end()};
  }

  bool accepts(const States& states) const {
    return std::ranges::any_of(states, [&](std::uint32_t at) { return is_end(at); });
  }

  void add_characters(std::set<char>& characters) const {
    for (const Step& step : steps_) {
      if (step.kind == Step::Kind::literal && step.character != '\0')
        characters.insert(step.character);
    }
  }

 private:
  bool is_end(std::uint32_t at) const {
    return steps_[at].kind == Step::Kind::literal && steps_[at].character == '\0';
  }
  /// A loop may read nothing, so what stands behind it is entered too.
  void enter(std::set<std::uint32_t>& states, std::uint32_t at) const {
    while (states.insert(at).second && steps_[at].kind != Step::Kind::literal) ++at;
  }

  Steps steps_;
  std::vector<std::uint32_t> starts_;
};

/// What keeps labels from being empty or having a hyphen at an end, and names from being one label.
enum class WellFormed : std::uint8_t { begins_first, in_first, hyphen_first, begins, in, hyphen };

std::optional<WellFormed> after(WellFormed state, char c) {
  const bool begins = state == WellFormed::begins_first || state == WellFormed::begins;
  const bool hyphen = state == WellFormed::hyphen_first || state == WellFormed::hyphen;
  const bool first = state <= WellFormed::hyphen_first;
  if (c == '.') {
    if (begins || hyphen) return std::nullopt;
    return WellFormed::begins;
  }
  if (c == '-') {
    if (begins) return std::nullopt;
    return first ? WellFormed::hyphen_first : WellFormed::hyphen;
  }
  return first ? WellFormed::in_first : WellFormed::in;
}

/// One character for each that a step names, the dot, and one that stands for all others.
std::vector<char> alphabet_of(const Automaton& a, const Automaton& b) {
  std::set<char> characters{'.'};
  a.add_characters(characters);
  b.add_characters(characters);
  for (const char c : std::string_view("xyzabcdefghijklmnopqrstuvw0123456789")) {
    if (characters.insert(c).second) break;
  }
  // Letters first: examples that people are shown should look like names.
  std::vector<char> sorted(characters.begin(), characters.end());
  std::ranges::stable_sort(sorted, {}, [](char c) { return c < 'a'; });
  return sorted;
}

/// A shortest well-formed name in the language of `inner`, and in that of `outer` or not as wanted.
std::optional<std::string> shortest_name(const Automaton& inner, const Automaton& outer,
                                         bool in_outer) {
  struct Node {
    States inner, outer;
    WellFormed form = WellFormed::begins_first;
    auto operator<=>(const Node&) const = default;
  };
  const std::vector<char> alphabet = alphabet_of(inner, outer);
  std::map<Node, std::string> seen;
  std::queue<const Node*> open;
  const auto visit = [&](Node node, std::string text) {
    const auto [entry, is_new] = seen.try_emplace(std::move(node), std::move(text));
    if (is_new) open.push(&entry->first);
  };
  visit({inner.start(), outer.start(), WellFormed::begins_first}, {});
  for (; !open.empty(); open.pop()) {
    const Node& node = *open.front();
    const std::string& text = seen.at(node);
    if (node.form == WellFormed::in && inner.accepts(node.inner) &&
        outer.accepts(node.outer) == in_outer) {
      return text;
    }
    for (const char c : alphabet) {
      const auto form = after(node.form, c);
      if (!form) continue;
      Node next{inner.after(node.inner, c), outer.after(node.outer, c), *form};
      const bool hopeless = next.inner.empty() || (in_outer && next.outer.empty());
      if (!hopeless) visit(std::move(next), text + c);
    }
  }
  return std::nullopt;
}

/// The characters behind the last loop; all of them for an exact name.
std::string_view fixed_end(std::string_view text) {
  const auto loop = text.find_last_of("*?");
  if (loop != std::string_view::npos) return text.substr(loop + 1);
  return text.starts_with('.') ? text.substr(1) : text;
}

/// False only if no name can end both ways.
bool ends_may_agree(const NamePattern& a, const NamePattern& b) {
  const std::string_view end_a = fixed_end(a.text());
  const std::string_view end_b = fixed_end(b.text());
  return end_a.ends_with(end_b) || end_b.ends_with(end_a);
}

Automaton automaton_of(const NamePattern& pattern) {
  Automaton automaton;
  for (const Steps& steps : steps_of(pattern)) automaton.add(steps);
  return automaton;
}

}  // namespace

std::optional<std::string> name_outside(const NamePattern& pattern, std::span<const NameSet> sets) {
  Automaton outer;
  std::set<std::string_view> added;
  for (const NameSet& set : sets) {
    for (const NamePattern& other : set.patterns) {
      if (other == pattern) return std::nullopt;
      if (!ends_may_agree(other, pattern) || !added.insert(other.text()).second) continue;
      for (const Steps& steps : steps_of(other)) outer.add(steps);
    }
    for (const HostName& name : set.names) {
      if (!pattern.matches(name) || !added.insert(name.text()).second) continue;
      Steps steps;
      append_labels(steps, name.text());
      outer.add(steps);
    }
  }
  return shortest_name(automaton_of(pattern), outer, false);
}

bool includes(const NamePattern& outer, const NamePattern& inner) {
  const NameSet set{.names = {}, .patterns = {&outer, 1}};
  return !name_outside(inner, {&set, 1});
}

bool have_common_name(const NamePattern& a, const NamePattern& b) {
  if (!ends_may_agree(a, b)) return false;
  return shortest_name(automaton_of(a), automaton_of(b), true).has_value();
}

}  // namespace sallyport
