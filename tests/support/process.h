// SPDX-License-Identifier: GPL-2.0-or-later
// Child processes with captured output, and waiting with a deadline. Failures of the machinery
// itself are thrown, so that a test that cannot run fails and says why.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/fd.h"

namespace sallyport::test {

using CommandLine = std::vector<std::string>;

/// Runs in the child between fork and exec, for example to enter a namespace. Async-signal-safe
/// calls only; false makes the child exit with 126.
using BeforeExec = std::function<bool()>;

/// One child. The destructor kills it if it still runs. The child dies with the thread that
/// started it.
class Process {
 public:
  static Process start(const CommandLine& words, const BeforeExec& before_exec = {});
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number);
  /// Exit code, or 128 + the signal that ended it; empty if it still runs after `most`.
  std::optional<int> wait(std::chrono::milliseconds most);
  /// SIGTERM, and SIGKILL if that does not help within five seconds; returns as wait() does.
  int stop();
  /// Standard output and error, as far as written.
  std::string output() const;

 private:
  Process(pid_t pid, Fd capture) : pid_(pid), capture_(std::move(capture)) {}
  void end();

  pid_t pid_ = -1;
  std::optional<int> status_;
  Fd capture_;
};

struct Finished {
  int status = 0;
  std::string output;
};
/// Runs to the end, at most 30 seconds (then the status is 124).
Finished run(const CommandLine& words, const BeforeExec& before_exec = {});
/// run(), and throws with the output unless the status is 0.
std::string must_run(const CommandLine& words, const BeforeExec& before_exec = {});

/// True as soon as `holds()` is, polled every 10 ms; false at the deadline.
bool eventually(std::chrono::milliseconds most, const std::function<bool()>& holds);

/// True if the program is in PATH or in one of the sbin folders.
bool has_program(const std::string& name);

}  // namespace sallyport::test
