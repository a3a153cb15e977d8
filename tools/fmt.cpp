// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport fmt FILE...: policy files in the one layout, in place. A file with syntax errors is
// left alone.
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "compiler/format/format.h"
#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

constexpr const char* standard_input = "-";

struct Arguments {
  std::vector<std::string> files;
  bool check = false;
  bool to_stdout = false;
};

Result<std::string> read_text(const std::string& file) {
  if (file != standard_input) return read_file(file);
  return std::string{std::istreambuf_iterator<char>(std::cin), {}};
}

ExitCode format_file(const std::string& file, const Arguments& arguments) {
  auto text = read_text(file);
  if (!text) return print_error(text.error());
  const Source source(file, std::move(*text));
  Diagnostics diagnostics;
  const auto formatted = format(source, diagnostics);
  print_diagnostics(diagnostics);
  if (!formatted) return exit_policy;
  const bool changes = *formatted != source.text();
  if (arguments.check) {
    if (changes) std::cout << file << '\n';
    return changes ? exit_no : exit_ok;
  }
  if (arguments.to_stdout || file == standard_input) {
    std::cout << *formatted;
    return exit_ok;
  }
  if (!changes) return exit_ok;
  if (auto written = replace_file(file, *formatted); !written) return print_error(written.error());
  std::cout << file << '\n';
  return exit_ok;
}

/// What went wrong outweighs the answer no.
ExitCode worse(ExitCode a, ExitCode b) {
  const auto weight = [](ExitCode code) { return code == exit_no ? 1 : code == exit_ok ? 0 : 2; };
  return weight(b) > weight(a) ? b : a;
}

ExitCode format_files(const Arguments& arguments) {
  if (arguments.check && arguments.to_stdout)
    return print_usage_error("--check writes nothing that --stdout could show");
  ExitCode code = exit_ok;
  for (const auto& file : arguments.files) code = worse(code, format_file(file, arguments));
  return code;
}

}  // namespace

Command add_fmt(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("FILE", arguments->files, "policy or vendor files; - is standard input")
      ->required();
  command.add_flag(
      "--check", arguments->check,
      "write nothing, name the files that would change; exits with 4 if there are any");
  command.add_flag("--stdout", arguments->to_stdout, "print the text instead of writing the file");
  command.footer(
      "Names each file that it rewrites. Blanks, line ends and alignment become the same\n"
      "everywhere; comments, blank lines between statements and the meaning stay. A file with\n"
      "syntax errors is left as it is, and exits with 1.\n\n"
      "  sallyport fmt branch.sally vendors/*.sally\n"
      "  sallyport fmt --check *.sally");
  return [arguments] { return format_files(*arguments); };
}

}  // namespace sallyport
