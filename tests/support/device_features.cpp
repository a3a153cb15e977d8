// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/device_features.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "runtime/fd.h"

namespace sallyport::test {
namespace {

constexpr std::uint32_t most_features = 256;

void ask(const std::string& device, void* request) {
  const Fd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq wrapped{};
  std::strncpy(wrapped.ifr_name, device.c_str(), IFNAMSIZ - 1);
  wrapped.ifr_data = static_cast<char*>(request);
  if (!socket || ioctl(socket.get(), SIOCETHTOOL, &wrapped) < 0)
    throw std::system_error(errno, std::generic_category(), "features of " + device);
}

std::uint32_t bit_of(const std::string& device, const std::string& name) {
  std::vector<std::uint64_t> buffer(sizeof(ethtool_gstrings) + most_features * ETH_GSTRING_LEN);
  auto* names = reinterpret_cast<ethtool_gstrings*>(buffer.data());
  names->cmd = ETHTOOL_GSTRINGS;
  names->string_set = ETH_SS_FEATURES;
  ask(device, names);
  for (std::uint32_t bit = 0; bit < names->len; ++bit) {
    const auto* text = reinterpret_cast<const char*>(names->data) + bit * ETH_GSTRING_LEN;
    if (name == std::string(text, strnlen(text, ETH_GSTRING_LEN))) return bit;
  }
  throw std::runtime_error("no feature " + name);
}

}  // namespace

void set_feature(const std::string& device, const std::string& name, bool on) {
  const std::uint32_t bit = bit_of(device, name);
  std::vector<std::uint64_t> buffer(sizeof(ethtool_sfeatures) + most_features);
  auto* features = reinterpret_cast<ethtool_sfeatures*>(buffer.data());
  features->cmd = ETHTOOL_SFEATURES;
  features->size = 2;  // blocks of 32: the kernel demands all that it has
  auto& block = features->features[bit / 32];
  block.valid = 1U << (bit % 32);
  block.requested = on ? block.valid : 0;
  ask(device, features);
}

}  // namespace sallyport::test
