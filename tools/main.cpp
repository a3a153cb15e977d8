// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport: a table of commands. Each is one file of this folder.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "tools/commands.h"

namespace {

struct Row {
  const char* name;
  const char* what;
  sallyport::Command (*add)(CLI::App&);
};
constexpr Row commands[] = {
    {"check", "Say what is wrong with a policy.", sallyport::add_check},
    {"fmt", "Give policies the layout that all policies have.", sallyport::add_fmt},
    {"lsp", "Serve an editor: the language server.", sallyport::add_lsp},
    {"test", "Run the tests of a policy.", sallyport::add_test},
    {"build", "Compile a policy to a bundle.", sallyport::add_build},
    {"show", "Show what is inside a bundle.", sallyport::add_show},
    {"explain", "Say what a policy does with a packet, and why.", sallyport::add_explain},
    {"query", "Say who may reach what, on which service, by which rule.", sallyport::add_query},
    {"diff", "Say exactly what a change opens and closes.", sallyport::add_diff},
    {"graph", "Draw zones, vendors and endpoints.", sallyport::add_graph},
    {"export", "Write what passes as a list for other firewalls.", sallyport::add_export},
    {"import", "Draft a vendor file from URLs, a pasted page or a feed.", sallyport::add_import},
    {"verify", "Prove that every engine decides as the policy says.", sallyport::add_verify},
    {"run", "Enforce a bundle on devices of this gateway.", sallyport::add_run},
    {"load", "Give a running runtime another bundle.", sallyport::add_load},
    {"rollback", "Enforce an earlier policy again.", sallyport::add_rollback},
    {"status", "Show what is enforced, and what is not.", sallyport::add_status},
    {"unload", "Detach, and remove everything that `run` has made.", sallyport::add_unload},
    {"help", "Explain a code such as `host-bits`, or list them.", sallyport::add_help},
};

const char* const hint =
    "`sallyport --help` lists the commands, `sallyport COMMAND --help` says more.";
const char* const footer =
    "Exit codes: 0 ok, 1 the policy is wrong, 2 usage, 3 the system refused, 4 the answer is no.\n"
    "`sallyport COMMAND --help` says more.";

int run(int argc, char** argv) {
  CLI::App app("sallyport: vendor egress allowlists, compiled to a packet filter that follows DNS");
  app.set_version_flag("--version", "sallyport " SALLYPORT_VERSION);
  app.require_subcommand(0, 1);  // that there is one is asked below, once a wrong one is named
  app.footer(footer);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("error: ") + error.what() + '\n' + hint + '\n';
  });
  std::vector<std::pair<CLI::App*, sallyport::Command>> added;
  for (const auto& row : commands) {
    CLI::App* command = app.add_subcommand(row.name, row.what);
    added.emplace_back(command, row.add(*command));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? sallyport::exit_ok : sallyport::exit_usage;
  }
  for (const auto& [command, body] : added) {
    if (command->parsed()) return body();
  }
  std::cerr << "error: a command is missing\n" << hint << '\n';
  return sallyport::exit_usage;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return sallyport::exit_system;
  }
}
