// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport graph FILE|BUNDLE: the policy as a picture, in the DOT language or drawn by Graphviz.
#include "compiler/analysis/graph.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <iostream>
#include <memory>

#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

struct Arguments {
  std::string file, policy, format = "dot";
};

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// Runs `dot -Tsvg` with the text as its input and our standard output as its own. No shell: the
/// program is found in PATH and has these two words as arguments.
Result<void> draw(const std::string& text) {
  const std::string tried = "draw the graph as svg";
  const File input(std::tmpfile(), std::fclose);
  if (!input || std::fwrite(text.data(), 1, text.size(), input.get()) != text.size() ||
      std::fflush(input.get()) != 0 || std::fseek(input.get(), 0, SEEK_SET) != 0) {
    return std::unexpected(Error::from_errno(tried, errno, "temporary file"));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(input.get()), STDIN_FILENO);
  std::string program = "dot", option = "-Tsvg";
  char* words[] = {program.data(), option.data(), nullptr};
  pid_t child = -1;
  const int failed = posix_spawnp(&child, "dot", &actions, nullptr, words, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == ENOENT) {
    return std::unexpected(
        Error{tried, "`dot` is not installed", "Debian: graphviz; --format dot needs nothing"});
  }
  if (failed != 0) return std::unexpected(Error::from_errno(tried, failed, "dot"));
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return std::unexpected(Error::from_errno(tried, errno, "dot"));
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return std::unexpected(Error{tried, "`dot` failed", ""});
  return {};
}

ExitCode graph(const Arguments& arguments) {
  const auto program = open_program(arguments.file, arguments.policy);
  if (!program) return program.error();
  const std::string text = graph_of(*program);
  if (arguments.format == "dot") {
    std::cout << text;
    return exit_ok;
  }
  if (const auto drawn = draw(text); !drawn) return print_error(drawn.error());
  return exit_ok;
}

}  // namespace

Command add_graph(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("FILE", arguments->file, "a policy file or a bundle")->required();
  command.add_option("--format", arguments->format, "dot (text), or svg (drawn by Graphviz)")
      ->check(CLI::IsMember({"dot", "svg"}));
  command.add_option("--policy", arguments->policy, "which one, if the file has several policies");
  command.footer(
      "Zones on the left, vendors and their parts, endpoints on the right; the services on the "
      "edges;\n"
      "denies are dashed. Inward rules point the other way.\n\n"
      "  sallyport graph branch.sally > branch.dot\n"
      "  sallyport graph branch.sally --format svg > branch.svg");
  return [arguments] { return graph(*arguments); };
}

}  // namespace sallyport
