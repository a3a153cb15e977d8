// SPDX-License-Identifier: GPL-2.0-or-later
// read_frame() and evaluate() on any bytes: one answer, whatever stands behind the IP packet.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "compiler/program/evaluator.h"

namespace sallyport {
namespace {

Program open_program() {
  Rule allow;
  allow.services = any_service();
  allow.remote.ranges = {AddressRange::whole(Family::v4), AddressRange::whole(Family::v6)};
  Rule deny;
  deny.action = Action::deny;
  deny.services = {{protocol_tcp, 22, 22}};
  deny.remote.ranges = allow.remote.ranges;
  Program program;
  program.rules = {allow, deny};
  return program;
}

bool is_pass(SpReason reason) {
  return reason <= SP_PASS_OWN;
}

}  // namespace
}  // namespace sallyport

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace sallyport;
  static const Program program = open_program();
  const std::span<const std::uint8_t> frame(bytes, size);
  const Outcome outcome = evaluate_frame(program, frame, {});
  if (outcome.reason >= SP_REASON_COUNT) std::abort();
  if ((outcome.verdict == Verdict::pass) != is_pass(outcome.reason)) std::abort();
  if (outcome.rule && *outcome.rule >= program.rules.size()) std::abort();

  if (!read_frame(frame)) {
    if (is_pass(outcome.reason)) std::abort();
    return 0;
  }
  // Padding never changes what a frame means.
  std::vector<std::uint8_t> padded(bytes, bytes + size);
  padded.resize(size + 64, 0xa5);
  if (evaluate_frame(program, padded, {}) != outcome) std::abort();
  return 0;
}
