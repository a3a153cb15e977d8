// SPDX-License-Identifier: GPL-2.0-or-later
// The commands: each add_NAME() declares its arguments and returns what runs when they are parsed.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace sallyport {

enum ExitCode : int {
  exit_ok = 0,
  exit_policy = 1,  // the policy is wrong
  exit_usage = 2,
  exit_system = 3,
  exit_no = 4,  // the answer is no
};

using Command = std::function<ExitCode()>;

Command add_check(CLI::App& command);
Command add_fmt(CLI::App& command);
Command add_lsp(CLI::App& command);
Command add_test(CLI::App& command);
Command add_build(CLI::App& command);
Command add_show(CLI::App& command);
Command add_explain(CLI::App& command);
Command add_query(CLI::App& command);
Command add_diff(CLI::App& command);
Command add_graph(CLI::App& command);
Command add_export(CLI::App& command);
Command add_import(CLI::App& command);
Command add_verify(CLI::App& command);
Command add_run(CLI::App& command);
Command add_load(CLI::App& command);
Command add_rollback(CLI::App& command);
Command add_status(CLI::App& command);
Command add_unload(CLI::App& command);
Command add_help(CLI::App& command);

}  // namespace sallyport
