// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport diff OLD NEW: what a change opens and closes, and whether it opens anything at all.
#include <algorithm>
#include <iostream>
#include <memory>

#include "tools/cell_text.h"
#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

struct Arguments {
  std::string before, now, policy;
  bool json = false, all = false, require_no_widening = false;
};

/// One direction of the change: what `now` passes and `before` does not, or the other way round.
struct Change {
  std::vector<CellWords> words;
  std::vector<std::vector<std::string>> denies;  // over each of the words, in the other program
  std::vector<Never> nevers;

  bool empty() const { return words.empty() && nevers.empty(); }
};

std::string deny_text(const Rule& rule) {
  return rule.origin.rule.text() + ": " + shortened(rule_text(rule, {}));
}

bool opens_names(const Program& program) {
  return std::ranges::any_of(program.rules, [](const Rule& rule) {
    return !rule.remote.names.empty() || !rule.remote.patterns.empty() ||
           !rule.remote.derived.empty();
  });
}

Change change_of(const Program& now, const Program& before) {
  Change change;
  const Extents extents(now);
  // One at a time: each keeps the denies that are its own, and the cells of a large change would
  // not fit in memory together.
  const auto tell = [&](const Cell& cell) {
    change.words.push_back(words_of(cell, extents));
    auto& denies = change.denies.emplace_back();
    for (const std::uint32_t deny : cell.lifted) denies.push_back(deny_text(before.rules[deny]));
  };
  each_opening(
      now, &before, [](std::uint32_t) { return true; }, tell);
  if (opens_names(now)) change.nevers = nevers_lifted(now, before);
  return change;
}

std::string never_text(const Never& never) {
  const std::string whom = never.name ? never.name->text() : never.pattern->text();
  return "every name, at addresses that it shares with " + whom;
}

void print(const Change& change, char sign, const char* deny_words, const char* never_words,
           bool all) {
  for (std::size_t i = 0; i < change.words.size(); ++i) {
    const CellWords& words = change.words[i];
    std::cout << sign << ' ' << headline(words, all) << '\n';
    if (!words.example.empty()) std::cout << "    for example " << words.example << '\n';
    print_rule(std::cout, words);
    for (const std::string& deny : change.denies[i])
      std::cout << "    " << deny_words << ' ' << deny << '\n';
  }
  for (const Never& never : change.nevers) {
    std::cout << sign << ' ' << never_text(never) << '\n'
              << "    " << never_words << ' ' << never.place.text() << '\n';
  }
}

Json json_of(const Change& change) {
  Json list = Json::array();
  for (std::size_t i = 0; i < change.words.size(); ++i) {
    list.push_back(cell_json(change.words[i]));
    if (!change.denies[i].empty()) list.back()["denies"] = change.denies[i];
  }
  for (const Never& never : change.nevers)
    list.push_back({{"never", never_text(never)}, {"place", never.place.text()}});
  return list;
}

ExitCode diff(const Arguments& arguments) {
  const auto before = open_program(arguments.before, arguments.policy);
  if (!before) return before.error();
  const auto now = open_program(arguments.now, arguments.policy);
  if (!now) return now.error();
  const Change allowed = change_of(*now, *before);
  const Change denied = change_of(*before, *now);
  if (arguments.json) {
    const Json object{{"old", arguments.before},
                      {"new", arguments.now},
                      {"newly_allowed", json_of(allowed)},
                      {"newly_denied", json_of(denied)},
                      {"widening", !allowed.empty()}};
    std::cout << object.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    print(allowed, '+', "closed before by", "refused before by the `never` at", arguments.all);
    print(denied, '-', "closed now by", "refused now by the `never` at", arguments.all);
    if (allowed.empty() && denied.empty()) {
      std::cout << "the two pass the same\n";
    } else {
      std::cout << counted(allowed.words.size() + allowed.nevers.size(), "cell", "cells")
                << " newly allowed, " << denied.words.size() + denied.nevers.size()
                << " newly denied\n";
    }
  }
  return arguments.require_no_widening && !allowed.empty() ? exit_no : exit_ok;
}

}  // namespace

Command add_diff(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("OLD", arguments->before, "a policy file or a bundle")->required();
  command.add_option("NEW", arguments->now, "a policy file or a bundle")->required();
  command.add_option("--policy", arguments->policy,
                     "which one, if the files have several policies");
  command.add_flag("--require-no-widening", arguments->require_no_widening,
                   "exit with 4 if anything is newly allowed");
  command.add_flag("--all", arguments->all, "print every destination of long lists");
  command.add_flag("--json", arguments->json, "print one JSON object");
  command.footer(
      "Compares what the two pass, whatever is written: `+` is newly allowed, `-` newly denied, "
      "each\n"
      "with the rule that opens it in the file that does. No address of a name is known or asked\n"
      "for: a name that an old pattern covers opens nothing new; a name in place of a prefix "
      "does,\n"
      "since it may have any address. Later fragments and ICMP errors follow the flows that they\n"
      "belong to. Exits with 0 whether the two differ or not, unless --require-no-widening is "
      "given.\n\n"
      "  sallyport diff branch.bundle branch.sally\n"
      "  sallyport diff old.sally new.sally --require-no-widening");
  return [arguments] { return diff(*arguments); };
}

}  // namespace sallyport
