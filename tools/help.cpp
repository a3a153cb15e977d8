// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport help [CODE]: the page of a diagnostic's code, or the list of all codes.
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>

#include "compiler/codes/codes.h"
#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

struct Arguments {
  std::string code;
};

void list_codes() {
  std::size_t width = 0;
  for (const CodeFamily& family : code_families()) {
    for (const CodePage& page : family.pages) width = std::max(width, page.code.size());
  }
  for (const CodeFamily& family : code_families()) {
    std::cout << family.title << '\n';
    for (const CodePage& page : family.pages) {
      std::cout << "  " << page.code << std::string(width + 2 - page.code.size(), ' ')
                << page.meaning << (page.severity == Severity::warning ? " (warning)" : "") << '\n';
    }
    std::cout << '\n';
  }
  std::cout << "`sallyport help CODE` says why, with an example of wrong and right.\n";
}

ExitCode show_help(const Arguments& arguments) {
  if (arguments.code.empty()) {
    list_codes();
    return exit_ok;
  }
  if (const CodePage* page = find_page(arguments.code)) {
    std::cout << page_text(*page);
    return exit_ok;
  }
  const std::string_view meant = closest_code(arguments.code);
  return print_usage_error("there is no code `" + arguments.code + "`; " +
                           (meant.empty() ? "`sallyport help` lists all"
                                          : "did you mean `" + std::string(meant) + "`?"));
}

}  // namespace

Command add_help(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("CODE", arguments->code,
                     "as in `error[host-bits]`; without it, all are listed");
  command.footer("  sallyport help host-bits");
  return [arguments] { return show_help(*arguments); };
}

}  // namespace sallyport
