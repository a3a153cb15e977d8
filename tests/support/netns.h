// SPDX-License-Identifier: GPL-2.0-or-later
// Network namespaces for tests: made, wired and removed by RAII. Only the network is another one
// inside; the file system, and with it bpffs, is shared. Failures are thrown, as in process.h.
#pragma once

#include <functional>
#include <string>

#include "runtime/fd.h"
#include "tests/support/process.h"

namespace sallyport::test {

/// Named `sp-<pid>-<word>`, visible to `ip netns`. Its loopback is up; with it go its devices.
class Netns {
 public:
  explicit Netns(const std::string& word);
  Netns(Netns&&) = delete;
  ~Netns();

  const std::string& name() const { return name_; }

  /// Commands inside.
  Process start(const CommandLine& words) const;
  Finished run(const CommandLine& words) const;
  std::string must_run(const CommandLine& words) const;
  /// `ip ...` inside, words split at blanks: ip("addr add 10.0.0.1/24 dev eth0").
  void ip(const std::string& arguments) const;
  /// Calls `body` on a thread of its own that is inside; sockets made there stay inside.
  void inside(const std::function<void()>& body) const;

  /// 192.0.2.1/24 or 2001:db8::1/64; IPv6 addresses are usable at once. Sets the device up.
  void address(const std::string& device, const std::string& address) const;
  /// `to` may be `default`.
  void route(const std::string& to, const std::string& via) const;
  /// Forwards IPv4 and IPv6.
  void forward() const;

 private:
  BeforeExec enter() const;

  std::string name_;
  Fd netns_;
};

/// A pair of devices with an end in each namespace, both up.
void connect(const Netns& one, const std::string& one_device, const Netns& other,
             const std::string& other_device);

/// Why tests of the kernel cannot run here; empty if they can: root, and a working `ip`.
std::string why_no_kernel();

}  // namespace sallyport::test
