// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/vlan_devices.h"

#include <algorithm>

namespace sallyport {

void add_vlan_devices(CLI::App& command, std::vector<std::string>& texts) {
  command
      .add_option(
          "--vlan-device", texts,
          "of --nft: VLAN=DEVICE, as in 40=lan0.40: what enters through this clients' device "
          "is of that VLAN, what enters through others of none")
      ->allow_extra_args(false);
}

std::expected<std::vector<nft::VlanDevice>, std::string> read_vlan_devices(
    const std::vector<std::string>& texts) {
  std::vector<nft::VlanDevice> devices;
  for (const std::string& text : texts) {
    auto read = nft::read_vlan_device(text);
    if (!read) return std::unexpected(std::move(read.error()));
    if (std::ranges::find(devices, read->device, &nft::VlanDevice::device) != devices.end())
      return std::unexpected("`" + read->device + "` stands for two VLANs");
    devices.push_back(std::move(*read));
  }
  return devices;
}

}  // namespace sallyport
