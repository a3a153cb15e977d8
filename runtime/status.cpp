// SPDX-License-Identifier: GPL-2.0-or-later
// Status as JSON: one function for each part of the object.
#include "runtime/status.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "bpf/abi.h"
#include "runtime/device_watch.h"
#include "runtime/generation.h"

namespace sallyport {
namespace {

using Json = nlohmann::ordered_json;

struct Reason {
  const char* name;
  const char* words;
};
constexpr Reason reasons[] = {
#define SALLYPORT_REASON(name, words) {#name, words},
    SP_REASONS(SALLYPORT_REASON)
#undef SALLYPORT_REASON
};

Json devices_json(const std::vector<Attachment::State>& states) {
  Json list = Json::array();
  for (const auto& state : states) {
    list.push_back({{"device", state.device},
                    {"hook", "xdp"},
                    {"direction", state.direction == Direction::outward ? "outward" : "inward"},
                    {"mode", state.mode},
                    {"alive", state.alive},
                    {"link_id", state.link_id},
                    {"program_id", state.program_id},
                    {"program_tag", state.program_tag}});
  }
  return list;
}

bool is_filtered(const Status& status, const std::string& device) {
  const bool by_bpf = std::ranges::any_of(
      status.devices, [&](const auto& state) { return state.alive && state.device == device; });
  if (by_bpf || !status.nft) return by_bpf;
  const auto& devices = status.nft->devices;
  return devices.empty() || std::ranges::find(devices, device) != devices.end();
}

Json not_filtered_json(const Status& status) {
  Json list = Json::array();
  const bool all_forwarded =
      status.nft &&
      (status.nft->devices.empty() || (status.bundle && has_inward_rules(status.bundle->image)));
  const auto filters = [&](Direction direction) {
    return std::ranges::any_of(status.devices, [&](const auto& state) {
      return state.alive && state.direction == direction;
    });
  };
  if (!all_forwarded && !filters(Direction::inward))
    list.push_back("packets from the internet towards the clients");
  if (!status.nft && !filters(Direction::outward))
    list.push_back("packets from the clients towards the internet");
  const bool host = status.nft && std::ranges::any_of(status.nft->hooks, [](const auto& hook) {
                      return hook.starts_with("output");
                    });
  if (status.nft && !host) list.push_back("packets that this host itself sends");
  for (const auto& device : devices()) {
    if (!is_filtered(status, device)) list.push_back("packets that enter through " + device);
  }
  for (const auto& state : status.devices) {
    if (!state.alive) list.push_back("packets that enter through " + state.device + ": it is gone");
  }
  if (!status.nft) return list;
  const auto present = devices();
  for (const auto& device : status.nft->devices) {
    if (std::ranges::find(present, device) == present.end())
      list.push_back("packets that enter through " + device +
                     ": nftables knows no such device now");
  }
  return list;
}

Json rules_json(const Status& status) {
  Json list = Json::array();
  if (!status.bundle) return list;
  const auto& rules = status.bundle->image.rules;
  // Without BPF, nftables is the one to have counted.
  const bool by_nft = status.counters.rules.empty() && status.nft;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Counter counter = i < status.counters.rules.size() ? status.counters.rules[i] : Counter{};
    const NftCount second =
        status.nft && i < status.nft->rules.size() ? status.nft->rules[i] : NftCount{};
    Json row{{"identity", rules[i].identity},
             {"text", rules[i].text},
             {"place", rules[i].origin.rule.text()},
             {"packets", by_nft ? second.packets : counter.packets},
             {"bytes", by_nft ? second.bytes : counter.bytes}};
    if (status.nft) row["nft_packets"] = second.packets;
    list.push_back(std::move(row));
  }
  return list;
}

Json reasons_json(const Counters& counters) {
  Json list = Json::array();
  for (std::size_t i = 0; i < std::size(reasons) && i < counters.reasons.size(); ++i) {
    const auto reason = static_cast<SpReason>(i);
    list.push_back({{"reason", reason_word(reason)},
                    {"words", reason_text(reason)},
                    {"packets", counters.reasons[i].packets},
                    {"bytes", counters.reasons[i].bytes}});
  }
  return list;
}

Json nft_json(const NftStatus& nft) {
  return {{"table", "inet " + nft.table},
          {"hooks", nft.hooks},
          {"devices", nft.devices},
          {"owned", nft.owned},
          {"trouble", nft.trouble.empty() ? Json() : Json(nft.trouble)},
          {"restored", nft.restored},
          {"dropped", nft.dropped.packets},
          {"dropped_pieces", nft.dropped_pieces.packets},
          {"outliving_flows", nft.outliving_flows},
          {"outliving_packets", nft.outliving.packets},
          {"cut_flows", nft.cut_flows}};
}

Json name_json(const NameStatus& name) {
  Json addresses = Json::array();
  for (const auto& bound : name.addresses) {
    addresses.push_back({{"address", bound.address.text()},
                         {"seconds_left", bound.left.count()},
                         {"adopted", bound.adopted}});
  }
  return {{"name", name.name.text()},
          {"family", name.family == Family::v4 ? "ipv4" : "ipv6"},
          {"failing", name.failing.empty() ? Json(false) : Json(name.failing)},
          {"addresses", std::move(addresses)}};
}

Json windows_json(const WindowStatus& windows) {
  return {{"today", day_text(windows.today)},
          {"next_edge", windows.next_edge ? Json(day_text(*windows.next_edge)) : Json()},
          {"trouble", windows.trouble.empty() ? Json() : Json(windows.trouble)}};
}

void add_runtime(Json& object, const RuntimeStatus& runtime) {
  object["process"] = runtime.process;
  object["bindings"] = {{"names", runtime.names},
                        {"bound_names", runtime.bound_names},
                        {"addresses", runtime.addresses},
                        {"changes", runtime.changes},
                        {"refused", runtime.refused}};
  Json names = Json::array();
  for (const auto& name : runtime.per_name) names.push_back(name_json(name));
  object["names"] = std::move(names);
  object["lookups"] = {{"asked", runtime.lookups.asked},
                       {"answered", runtime.lookups.answered},
                       {"failed", runtime.lookups.failed}};
  object["windows"] = runtime.windows ? windows_json(*runtime.windows) : Json();
  Json tables = Json::array();
  for (const auto& size : runtime.tables) {
    tables.push_back({{"map", size.map},
                      {"entries", size.entries},
                      {"capacity", size.capacity},
                      {"bytes", size.bytes}});
  }
  object["tables"] = std::move(tables);
  Json earlier = Json::array();
  for (const auto& policy : runtime.earlier) {
    earlier.push_back(
        {{"generation", policy.generation}, {"policy", policy.policy}, {"bundle", policy.digest}});
  }
  object["earlier"] = std::move(earlier);
}

}  // namespace

Result<Status> pinned_status(const std::string& instance, const Pins& pins,
                             const RunDirectory& files) {
  Status status;
  status.instance = instance;
  for (const auto& device : pins.linked_devices()) {
    auto state = Attachment::state_of(pins, device);
    if (!state) return std::unexpected(state.error());
    status.devices.push_back(std::move(*state));
  }
  const auto live = live_generation(pins);
  status.generation = live ? *live : files.newest_bundle();
  if (status.generation == 0) return status;
  if (live) {
    auto counters = pinned_counters(pins.generation(*live).string());
    if (!counters) return std::unexpected(counters.error());
    status.counters = std::move(*counters);
  }
  if (files.is_of_another_network()) {
    return std::unexpected(Error{"read the status of instance " + instance,
                                 "its nftables table is in another network namespace",
                                 "enter that one, with `nsenter --net`"});
  }
  if (auto bundle = files.stored_bundle(status.generation)) status.bundle = std::move(*bundle);
  auto nft = nft_status_of(instance, status.bundle ? status.bundle->image : Image{});
  if (nft) status.nft = std::move(*nft);
  if (!live && !status.nft) status.generation = 0;  // a bundle that nothing enforces
  return status;
}

std::string reason_word(SpReason reason) {
  std::string word = reasons[reason].name + std::string_view("SP_").size();
  std::ranges::transform(word, word.begin(), [](char c) {
    return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return word;
}

std::string_view reason_text(SpReason reason) {
  return reasons[reason].words;
}

std::string status_json(const Status& status) {
  Json object;
  object["instance"] = status.instance;
  object["policy"] = status.bundle ? Json(status.bundle->image.policy) : Json();
  object["generation"] = status.generation;
  object["bundle"] = status.bundle ? Json(status.bundle->digest) : Json();
  object["running"] = status.runtime.has_value();
  object["devices"] = devices_json(status.devices);
  object["nft"] = status.nft ? nft_json(*status.nft) : Json();
  object["not_filtered"] = not_filtered_json(status);
  if (status.runtime) add_runtime(object, *status.runtime);
  object["rules"] = rules_json(status);
  object["reasons"] = reasons_json(status.counters);
  return object.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sallyport
