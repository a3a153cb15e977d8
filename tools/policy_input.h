// SPDX-License-Identifier: GPL-2.0-or-later
// Reading what the commands are given: policy files, bundles, and either. What is wrong is printed
// on standard error; the error is the exit code.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

#include "compiler/driver/driver.h"
#include "compiler/image/bundle.h"
#include "compiler/program/program.h"
#include "compiler/source/diagnostics.h"
#include "compiler/values/error.h"
#include "tools/commands.h"

namespace sallyport {

/// `error: cannot ...`; always exit_system.
ExitCode print_error(const Error& error);
/// `error: ...`; always exit_usage.
ExitCode print_usage_error(const std::string& text);
/// In colour if standard error is a terminal.
void print_diagnostics(const Diagnostics& diagnostics);

/// The text of a policy file; an error if it is a bundle.
Result<std::string> read_policy_text(const std::filesystem::path& path);
/// Writes atomically over the file that a link leads to, with the permissions that it has.
Result<void> replace_file(const std::string& file, const std::string& text);
/// A policy file and its imports; a bundle in the place of one is an error.
Result<Compilation> compile_file(const std::string& file, const CompileOptions& options = {});
/// The file's only policy, or the one named `policy` if that is not empty.
std::expected<Program, ExitCode> compile_policy(const std::string& file, const std::string& policy,
                                                const CompileOptions& options = {});
std::expected<Bundle, ExitCode> open_bundle(const std::string& file);
/// The Program in a policy file or a bundle, whichever the file is. What is correct in the policy
/// is not questioned here: that is for `check` and `build`.
std::expected<Program, ExitCode> open_program(const std::string& file, const std::string& policy);

/// `1 rule`, `2 rules`.
std::string counted(std::size_t count, const std::string& one, const std::string& many);

/// A rule's text for a page: of more than four destinations the first three and how many more.
std::string shortened(const std::string& rule_text);

}  // namespace sallyport
