// SPDX-License-Identifier: GPL-2.0-or-later
// What libbpf would print: caught, and turned into the detail of an Error.
#pragma once

#include <string>
#include <string_view>

#include "compiler/values/error.h"

namespace sallyport {

/// While it lives, collects what libbpf says on this thread. One at a time. libbpf never prints
/// once the first of them was made.
class LibbpfLog {
 public:
  LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;
  ~LibbpfLog();

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// The lines of a libbpf log that tell what failed, on one line: the map or program first, then
/// the verifier's last words.
std::string last_words(std::string_view log);

/// `number` is a positive errno, `log` what libbpf said.
Error load_error(std::string tried, int number, std::string_view log);

}  // namespace sallyport
