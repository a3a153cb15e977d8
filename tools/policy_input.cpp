// SPDX-License-Identifier: GPL-2.0-or-later
// See policy_input.h. A file with a zero byte is a bundle: policy text has none.
#include "tools/policy_input.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iostream>

#include "compiler/image/bundle.h"
#include "compiler/program/capabilities.h"
#include "compiler/program/program_text.h"
#include "runtime/capabilities.h"
#include "runtime/clock.h"

namespace sallyport {
namespace {

std::string names_of(const std::vector<Program>& programs) {
  std::string text;
  for (const auto& program : programs) text += (text.empty() ? "" : ", ") + program.policy;
  return text;
}

std::expected<Program, ExitCode> choose(std::vector<Program>& programs, const std::string& file,
                                        const std::string& policy) {
  if (programs.empty()) {
    return std::unexpected(print_usage_error(
        file + " declares no policy; `sallyport check` judges a file of vendors or zones"));
  }
  if (policy.empty()) {
    if (programs.size() == 1) return std::move(programs.front());
    return std::unexpected(print_usage_error(
        file + " has several policies: choose one with --policy: " + names_of(programs)));
  }
  const auto found = std::ranges::find(programs, policy, &Program::policy);
  if (found != programs.end()) return std::move(*found);
  return std::unexpected(
      print_usage_error(file + " has no policy `" + policy + "`, only " + names_of(programs)));
}

}  // namespace

ExitCode print_error(const Error& error) {
  std::cerr << "error: " << error.text() << '\n';
  return exit_system;
}

ExitCode print_usage_error(const std::string& text) {
  std::cerr << "error: " << text << '\n';
  return exit_usage;
}

void print_diagnostics(const Diagnostics& diagnostics) {
  if (!diagnostics.all().empty()) std::cerr << render(diagnostics, isatty(STDERR_FILENO) == 1);
}

Result<std::string> read_policy_text(const std::filesystem::path& path) {
  auto text = read_file(path);
  if (text && text->starts_with(bundle_magic)) {
    text = std::unexpected(Error{"read " + path.string(), "a bundle, not a policy",
                                 "`sallyport show` tells what is inside"});
  }
  return text;
}

Result<void> replace_file(const std::string& file, const std::string& text) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::canonical(file, error);
  struct ::stat status {};
  if (error || ::stat(target.c_str(), &status) != 0)
    return std::unexpected(Error::from_errno("write " + file, errno));
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  return write_file_atomically(target, {bytes, text.size()}, status.st_mode & 07777);
}

Result<Compilation> compile_file(const std::string& file, const CompileOptions& options) {
  return compile(file, read_policy_text, options);
}

std::expected<Program, ExitCode> compile_policy(const std::string& file, const std::string& policy,
                                                const CompileOptions& options) {
  auto compilation = compile_file(file, options);
  if (!compilation) return std::unexpected(print_error(compilation.error()));
  print_diagnostics(compilation->diagnostics);
  if (compilation->diagnostics.has_errors()) return std::unexpected(exit_policy);
  return choose(compilation->programs, file, policy);
}

std::expected<Bundle, ExitCode> open_bundle(const std::string& file) {
  auto bundle = read_bundle_file(file);
  if (!bundle) return std::unexpected(print_error(bundle.error()));
  return std::move(*bundle);
}

std::expected<Program, ExitCode> open_program(const std::string& file, const std::string& policy,
                                              const CompileOptions& options) {
  const auto text = read_file(file);
  if (!text) return std::unexpected(print_error(text.error()));
  if (text->find('\0') == std::string::npos) {
    CompileOptions quiet = options;
    quiet.lint = false;
    return compile_policy(file, policy, quiet);
  }
  const auto bundle = open_bundle(file);
  if (!bundle) return std::unexpected(bundle.error());
  auto program = read_program(bundle->program_text);
  if (!program) return std::unexpected(print_error(program.error()));
  if (!policy.empty() && policy != program->policy) {
    return std::unexpected(
        print_usage_error(file + " holds policy " + program->policy + ", not " + policy));
  }
  return std::move(*program);
}

std::expected<Day, ExitCode> read_as_of(const std::string& text) {
  if (text.empty()) return std::chrono::floor<std::chrono::days>(system_wall_time());
  if (const auto day = parse_day(text)) return *day;
  return std::unexpected(
      print_usage_error("`" + text + "` is no day: `2024-10-22` was expected behind --as-of"));
}

void add_as_of(CLI::App& command, std::string& text) {
  command.add_option("--as-of", text,
                     "YYYY-MM-DD: the day, in UTC, whose rules are in force (default: today)");
}

void add_capability_option(CLI::App& command, CompileOptions& options) {
  command
      .add_option_function<std::string>(
          "--capability",
          [&options](const std::string& name) { options.capabilities.insert(name); },
          "what the gateway can do, for `either needs ...`")
      ->trigger_on_parse()
      ->check(CLI::IsMember(std::vector<std::string>(capabilities.begin(), capabilities.end())));
}

std::expected<void, ExitCode> demand_capabilities(const std::string& file, const Bundle& bundle) {
  const auto program = read_program(bundle.program_text);
  if (!program) return std::unexpected(print_error(program.error()));
  const auto missing = missing_capability(*program);
  if (!missing) return {};
  std::cerr << "error: " << file << " cannot be enforced here: " << *missing << '\n';
  return std::unexpected(exit_policy);
}

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + ' ' + (count == 1 ? one : many);
}

std::string shortened(const std::string& rule_text) {
  constexpr std::size_t shown = 3;
  const std::string separator = ", ";
  const std::size_t start = std::min(rule_text.find(" to "), rule_text.find(" from "));
  if (start == std::string::npos) return rule_text;
  std::size_t separators = 0;
  std::size_t cut = std::string::npos;
  for (std::size_t at = start; (at = rule_text.find(separator, at)) != std::string::npos; ++at) {
    if (++separators == shown) cut = at;
  }
  if (separators <= shown) return rule_text;
  return rule_text.substr(0, cut) + " and " + std::to_string(separators + 1 - shown) + " more";
}

}  // namespace sallyport
