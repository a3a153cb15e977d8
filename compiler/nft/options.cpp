// SPDX-License-Identifier: GPL-2.0-or-later
#include "compiler/nft/options.h"

#include <algorithm>
#include <charconv>

#include "compiler/nft/table.h"

namespace sallyport::nft {

std::expected<VlanDevice, std::string> read_vlan_device(std::string_view text) {
  const std::size_t equals = text.find('=');
  VlanDevice read;
  const char* end = text.data() + std::min(equals, text.size());
  const auto [stop, error] = std::from_chars(text.data(), end, read.vlan);
  const bool is_id =
      error == std::errc{} && stop == end && read.vlan >= 1 && read.vlan <= last_vlan;
  if (equals != std::string_view::npos) read.device = text.substr(equals + 1);
  if (is_id && is_device_name(read.device)) return read;
  return std::unexpected("`" + std::string(text) +
                         "` is no VLAN id and its device, as in `40=lan0.40`");
}

std::vector<std::string> client_devices(const Options& options) {
  std::vector<std::string> devices = options.devices;
  if (devices.empty() || options.vlan_devices.empty()) return devices;
  for (const VlanDevice& entry : options.vlan_devices) devices.push_back(entry.device);
  std::ranges::sort(devices);
  const auto repeated = std::ranges::unique(devices);
  devices.erase(repeated.begin(), repeated.end());
  return devices;
}

}  // namespace sallyport::nft
