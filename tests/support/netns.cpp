// SPDX-License-Identifier: GPL-2.0-or-later
// Network namespaces for tests. Entry points: Netns and connect().
#include "tests/support/netns.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <sstream>
#include <system_error>
#include <thread>

namespace sallyport::test {

Netns::Netns(const std::string& word) : name_("sp-" + std::to_string(getpid()) + "-" + word) {
  test::must_run({"ip", "netns", "add", name_});
  netns_ = Fd{open(("/run/netns/" + name_).c_str(), O_RDONLY | O_CLOEXEC)};
  if (!netns_) throw std::system_error(errno, std::generic_category(), "open " + name_);
  ip("link set lo up");
}

Netns::~Netns() {
  test::run({"ip", "netns", "del", name_});
}

BeforeExec Netns::enter() const {
  return [netns = netns_.get()] { return setns(netns, CLONE_NEWNET) == 0; };
}

Process Netns::start(const CommandLine& words) const {
  return Process::start(words, enter());
}

Finished Netns::run(const CommandLine& words) const {
  return test::run(words, enter());
}

std::string Netns::must_run(const CommandLine& words) const {
  return test::must_run(words, enter());
}

void Netns::ip(const std::string& arguments) const {
  CommandLine words{"ip"};
  std::istringstream rest(arguments);
  for (std::string word; rest >> word;) words.push_back(word);
  must_run(words);
}

void Netns::inside(const std::function<void()>& body) const {
  std::exception_ptr failure;
  std::thread thread([&] {
    try {
      if (setns(netns_.get(), CLONE_NEWNET) != 0) {
        throw std::system_error(errno, std::generic_category(), "enter " + name_);
      }
      body();
    } catch (...) {
      failure = std::current_exception();
    }
  });
  thread.join();
  if (failure) std::rethrow_exception(failure);
}

void Netns::address(const std::string& device, const std::string& address) const {
  const bool v6 = address.find(':') != std::string::npos;
  ip("addr add " + address + " dev " + device + (v6 ? " nodad" : ""));
  ip("link set " + device + " up");
}

void Netns::route(const std::string& to, const std::string& via) const {
  const bool v6 = via.find(':') != std::string::npos;
  ip((v6 ? "-6 route add " : "route add ") + to + " via " + via);
}

void Netns::forward() const {
  must_run({"sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"});
}

void connect(const Netns& one, const std::string& one_device, const Netns& other,
             const std::string& other_device) {
  one.ip("link add " + one_device + " type veth peer name " + other_device + " netns " +
         other.name());
  one.ip("link set " + one_device + " up");
  other.ip("link set " + other_device + " up");
}

std::string why_no_kernel() {
  if (geteuid() != 0) return "needs root";
  if (!has_program("ip")) return "needs ip (iproute2)";
  return "";
}

}  // namespace sallyport::test
