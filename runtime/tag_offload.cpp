// SPDX-License-Identifier: GPL-2.0-or-later
// The features of a device by name, as ethtool(8) reads them.
#include "runtime/tag_offload.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "runtime/fd.h"

namespace sallyport {
namespace {

/// Each takes the tags of one ethertype (0x8100, 0x88a8) into metadata that XDP has no access to.
constexpr std::array<const char*, 2> stripping = {"rx-vlan-hw-parse", "rx-vlan-stag-hw-parse"};
constexpr const char* vlan_driver = "802.1Q VLAN Support";

/// A request of the ethtool ioctl: its header, and what the kernel writes behind it.
class Request {
 public:
  explicit Request(std::size_t size) : words_((size + 7) / 8) {}
  template <class Header>
  Header& as() {
    return *reinterpret_cast<Header*>(words_.data());
  }
  bool ask(const std::string& device) {
    const Fd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request{};
    std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
    request.ifr_data = reinterpret_cast<char*>(words_.data());
    return socket && ioctl(socket.get(), SIOCETHTOOL, &request) == 0;
  }

 private:
  std::vector<std::uint64_t> words_;
};

std::unexpected<Error> untold(const std::string& device) {
  return std::unexpected(Error::from_errno("ask whether " + device + " keeps VLAN tags", errno));
}

/// The names of all features, by bit.
Result<std::vector<std::string>> feature_names(const std::string& device) {
  Request sizes(sizeof(ethtool_sset_info) + sizeof(__u32));
  auto& wanted = sizes.as<ethtool_sset_info>();
  wanted.cmd = ETHTOOL_GSSET_INFO;
  wanted.sset_mask = 1ULL << ETH_SS_FEATURES;
  if (!sizes.ask(device)) return untold(device);
  const std::uint32_t count = wanted.sset_mask == 0 ? 0 : wanted.data[0];

  Request strings(sizeof(ethtool_gstrings) + std::size_t{count} * ETH_GSTRING_LEN);
  auto& names = strings.as<ethtool_gstrings>();
  names.cmd = ETHTOOL_GSTRINGS;
  names.string_set = ETH_SS_FEATURES;
  names.len = count;
  if (!strings.ask(device)) return untold(device);
  std::vector<std::string> found;
  for (std::uint32_t i = 0; i < names.len; ++i) {
    const auto* name = reinterpret_cast<const char*>(names.data) + std::size_t{i} * ETH_GSTRING_LEN;
    found.emplace_back(name, strnlen(name, ETH_GSTRING_LEN));
  }
  return found;
}

/// Those of `stripping` that are on.
Result<std::vector<std::string>> stripping_features(const std::string& device) {
  const auto names = feature_names(device);
  if (!names) return std::unexpected(names.error());
  const std::size_t blocks = (names->size() + 31) / 32;
  Request request(sizeof(ethtool_gfeatures) + blocks * sizeof(ethtool_get_features_block));
  auto& features = request.as<ethtool_gfeatures>();
  features.cmd = ETHTOOL_GFEATURES;
  features.size = static_cast<__u32>(blocks);
  if (!request.ask(device)) return untold(device);
  std::vector<std::string> found;
  for (std::size_t bit = 0; bit < names->size(); ++bit) {
    const bool active = (features.features[bit / 32].active >> (bit % 32) & 1U) != 0;
    const bool strips = std::ranges::find(stripping, (*names)[bit]) != stripping.end();
    if (active && strips) found.push_back((*names)[bit]);
  }
  return found;
}

bool is_vlan_device(const std::string& device) {
  Request request(sizeof(ethtool_drvinfo));
  auto& driver = request.as<ethtool_drvinfo>();
  driver.cmd = ETHTOOL_GDRVINFO;
  return request.ask(device) &&
         std::strncmp(driver.driver, vlan_driver, sizeof(driver.driver)) == 0;
}

}  // namespace

Result<void> see_tags(const std::string& device) {
  const std::string tried = "judge zones by VLAN on " + device;
  if (is_vlan_device(device)) {
    return std::unexpected(Error{tried, "its frames have lost their tag",
                                 "filter the device below it, which carries the tags"});
  }
  const auto features = stripping_features(device);
  if (!features) return std::unexpected(features.error());
  if (features->empty()) return {};
  std::string command = "`ethtool -K " + device;
  for (const std::string& feature : *features) command += ' ' + feature + " off";
  return std::unexpected(
      Error{tried, "it takes the tags off before XDP sees the frames", command + "` ends that"});
}

}  // namespace sallyport
