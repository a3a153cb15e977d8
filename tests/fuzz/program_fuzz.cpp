// SPDX-License-Identifier: GPL-2.0-or-later
// read_program() on any bytes: it never fails but by its answer, and what it accepts is written and
// read back to an equal program.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "compiler/program/program_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace sallyport;
  const auto program = read_program({reinterpret_cast<const char*>(bytes), size});
  if (!program) return 0;
  const std::string text = program_text(*program);
  const auto again = read_program(text);
  if (!again || *again != *program || program_text(*again) != text) std::abort();
  if (rule_identities(*program).size() != program->rules.size()) std::abort();
  for (const ViewedName& name : bound_names(*program)) {
    if (!HostName::parse(name.name.text())) std::abort();
  }
  return 0;
}
