// SPDX-License-Identifier: GPL-2.0-or-later
// The words of an Error.
#include "compiler/values/error.h"

#include <cctype>
#include <system_error>
#include <utility>

namespace sallyport {

std::string Error::text() const {
  std::string text = "cannot " + tried + ": " + cause;
  if (!detail.empty()) text += " (" + detail + ")";
  return text;
}

Error Error::from_errno(std::string tried, int number, std::string detail) {
  std::string cause = std::generic_category().message(number);
  // The system's texts begin as sentences; ours goes on after a colon.
  const bool one_capital =
      cause.size() > 1 && std::islower(static_cast<unsigned char>(cause[1])) != 0;
  if (one_capital) {
    cause[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(cause[0])));
  }
  return {std::move(tried), std::move(cause), std::move(detail)};
}

}  // namespace sallyport
