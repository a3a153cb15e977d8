// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport build FILE -o BUNDLE: one policy to the file that travels.
#include <iostream>
#include <memory>
#include <string>

#include "compiler/image/bundle.h"
#include "compiler/label/labeler.h"
#include "compiler/program/program_text.h"
#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

struct Arguments {
  std::string file, output, policy;
};

ExitCode build_bundle(const Arguments& arguments) {
  const auto program = compile_policy(arguments.file, arguments.policy);
  if (!program) return program.error();
  const auto bytes = bundle_bytes(make_image(*program), program_text(*program));
  const auto bundle = read_bundle(bytes);  // nothing is written that could not be read back
  if (!bundle) return print_error(bundle.error());
  if (auto written = write_file_atomically(arguments.output, bytes); !written)
    return print_error(written.error());
  std::cout << arguments.output << ": policy " << program->policy << ", "
            << counted(program->rules.size(), "rule", "rules") << ", "
            << counted(bundle->image.names.size(), "name", "names") << ", " << bytes.size()
            << " bytes, digest " << bundle->digest << '\n';
  return exit_ok;
}

}  // namespace

Command add_build(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("FILE", arguments->file, "the policy file")->required();
  command.add_option("-o,--output", arguments->output, "the bundle to write")->required();
  command.add_option("--policy", arguments->policy, "which one, if the file has several policies");
  command.footer(
      "Compiles the policy and its imports. The same text gives the same bytes, and so the same\n"
      "digest, on every machine. No name is resolved: that is the runtime's part.\n\n"
      "  sallyport build branch.sally -o branch.bundle");
  return [arguments] { return build_bundle(*arguments); };
}

}  // namespace sallyport
