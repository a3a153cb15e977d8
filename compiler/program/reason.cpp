// SPDX-License-Identifier: GPL-2.0-or-later
// Reasons by name; see reason.h.
#include "compiler/program/reason.h"

#include <algorithm>

namespace sallyport {
namespace {

struct Row {
  std::string_view enumerator;
  std::string_view words;
};
constexpr Row rows[] = {
#define SALLYPORT_REASON(name, words) {#name, words},
    SP_REASONS(SALLYPORT_REASON)
#undef SALLYPORT_REASON
};
constexpr std::size_t prefix = std::string_view("SP_PASS_").size();  // as long as SP_DROP_

}  // namespace

std::string reason_name(SpReason reason) {
  std::string name(rows[reason].enumerator.substr(prefix));
  std::ranges::transform(name, name.begin(), [](char c) {
    return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name;
}

std::string_view reason_words(SpReason reason) {
  return rows[reason].words;
}

std::optional<SpReason> reason_named(std::string_view name, bool passes) {
  for (int i = 0; i < SP_REASON_COUNT; ++i) {
    const auto reason = static_cast<SpReason>(i);
    if (SP_PASSES(reason) == passes && reason_name(reason) == name) return reason;
  }
  return {};
}

std::vector<std::string> reason_names(bool passes) {
  std::vector<std::string> names;
  for (int i = 0; i < SP_REASON_COUNT; ++i) {
    const auto reason = static_cast<SpReason>(i);
    if (SP_PASSES(reason) == passes) names.push_back(reason_name(reason));
  }
  return names;
}

}  // namespace sallyport
