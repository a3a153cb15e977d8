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
                    {"direction", "outward"},
                    {"mode", state.mode},
                    {"alive", state.alive},
                    {"link_id", state.link_id},
                    {"program_id", state.program_id},
                    {"program_tag", state.program_tag}});
  }
  return list;
}

Json not_filtered_json(const std::vector<Attachment::State>& states) {
  Json list = Json::array();
  list.push_back("packets from the internet towards the clients");
  for (const auto& device : devices()) {
    const bool filtered = std::ranges::any_of(
        states, [&](const auto& state) { return state.alive && state.device == device; });
    if (!filtered) list.push_back("packets that enter through " + device);
  }
  for (const auto& state : states) {
    if (!state.alive) list.push_back("packets that enter through " + state.device + ": it is gone");
  }
  return list;
}

Json rules_json(const Status& status) {
  Json list = Json::array();
  if (!status.bundle) return list;
  const auto& rules = status.bundle->image.rules;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Counter counter = i < status.counters.rules.size() ? status.counters.rules[i] : Counter{};
    list.push_back({{"identity", rules[i].identity},
                    {"text", rules[i].text},
                    {"place", rules[i].origin.rule.text()},
                    {"packets", counter.packets},
                    {"bytes", counter.bytes}});
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
  Json tables = Json::array();
  for (const auto& size : runtime.tables) {
    tables.push_back({{"map", size.map},
                      {"entries", size.entries},
                      {"capacity", size.capacity},
                      {"bytes", size.bytes}});
  }
  object["tables"] = std::move(tables);
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
  if (!live) return status;
  status.generation = *live;
  auto counters = pinned_counters(pins.generation(*live).string());
  if (!counters) return std::unexpected(counters.error());
  status.counters = std::move(*counters);
  if (auto bundle = files.stored_bundle(*live)) status.bundle = std::move(*bundle);
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
  object["not_filtered"] = not_filtered_json(status.devices);
  if (status.runtime) add_runtime(object, *status.runtime);
  object["rules"] = rules_json(status);
  object["reasons"] = reasons_json(status.counters);
  return object.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sallyport
