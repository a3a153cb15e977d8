// SPDX-License-Identifier: GPL-2.0-or-later
// A failure of the world (system call, file, network), as a value. Reads as one sentence:
// `cannot attach to lan0: device busy (another XDP program, id 41)`.
#pragma once

#include <expected>
#include <string>

namespace sallyport {

struct [[nodiscard]] Error {
  std::string tried;   // "attach to lan0": completes the words "cannot ..."
  std::string cause;   // "device busy"
  std::string detail;  // "another XDP program, id 41"; may be empty

  std::string text() const;

  /// The cause is the system's text for `number`, a positive errno.
  static Error from_errno(std::string tried, int number, std::string detail = {});
};

template <class T>
using Result = std::expected<T, Error>;

}  // namespace sallyport
