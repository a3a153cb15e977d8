// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport lsp: the language server on standard input and output.
#include <iostream>
#include <memory>

#include "compiler/lsp/server.h"
#include "runtime/clock.h"
#include "tools/commands.h"

namespace sallyport {

Command add_lsp(CLI::App& command) {
  const auto stdio = std::make_shared<bool>();
  command.add_flag("--stdio", *stdio, "what it speaks through in any case; some editors say so");
  command.footer(
      "Speaks the Language Server Protocol 3.17 on standard input and output. Editors start it:\n"
      "diagnostics while typing, what stands behind a name, definitions, references,\n"
      "renaming, completion, layout. tools/editors has the grammar for colours, and how to set\n"
      "editors up.\n\n"
      "  sallyport lsp");
  return [stdio] {
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    const auto today = [] { return std::chrono::floor<std::chrono::days>(system_wall_time()); };
    lsp::Server server(std::cin, std::cout, SALLYPORT_VERSION, today);
    return server.run() == 0 ? exit_ok : exit_policy;
  };
}

}  // namespace sallyport
