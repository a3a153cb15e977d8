// SPDX-License-Identifier: GPL-2.0-or-later
// The enumerator of a reason as text, for readable failures.
#pragma once

#include <string>

#include "bpf/abi.h"

namespace sallyport {

inline std::string name_of(SpReason reason) {
  constexpr const char* names[] = {
#define SP_REASON_NAME(name, words) #name,
      SP_REASONS(SP_REASON_NAME)
#undef SP_REASON_NAME
  };
  return names[reason];
}

}  // namespace sallyport
