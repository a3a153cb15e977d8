// SPDX-License-Identifier: GPL-2.0-or-later
// See cell_text.h.
#include "tools/cell_text.h"

#include <map>
#include <ostream>
#include <tuple>

#include "tools/policy_input.h"

namespace sallyport {
namespace {

constexpr std::size_t most_remotes = 4;

void add_field(Json& json, const char* name, const std::string& text) {
  if (!text.empty()) json[name] = text;
}

}  // namespace

std::vector<CellWords> words_of_all(const std::vector<Cell>& cells, const Extents& extents) {
  std::vector<CellWords> all;
  std::map<std::tuple<std::uint32_t, std::string, std::string, std::string, std::string>,
           std::size_t>
      places;
  for (const Cell& cell : cells) {
    CellWords words = words_of(cell, extents);
    const bool plain = words.where.empty() && words.example.empty();
    const std::string apart = plain ? std::string() : words.where + words.example + "!";
    const auto [entry, is_new] = places.try_emplace(
        {cell.rule, local_text(words), words.services, words.days, apart}, all.size());
    if (is_new) {
      all.push_back(std::move(words));
    } else {
      auto& remotes = all[entry->second].remotes;
      remotes.insert(remotes.end(), words.remotes.begin(), words.remotes.end());
    }
  }
  return all;
}

std::string headline(const CellWords& words, bool all) {
  const std::string remotes = list_text(words.remotes, all ? words.remotes.size() : most_remotes);
  const bool outward = words.direction == "outward";
  std::string text =
      outward ? local_text(words) + " -> " + remotes : remotes + " -> " + local_text(words);
  text += " on " + words.services;
  if (!words.where.empty()) text += ", " + words.where;
  if (!words.view.empty()) text += ", asked of " + words.view;
  if (!words.days.empty()) text += ", " + words.days;
  return text;
}

void print_rule(std::ostream& out, const CellWords& words) {
  out << "    " << words.place << (words.vendor.empty() ? "" : " (" + words.vendor + ")") << ": "
      << shortened(words.rule) << '\n';
  if (!words.use.empty()) out << "    used at " << words.use << '\n';
}

Json cell_json(const CellWords& words) {
  Json json{{"direction", words.direction}, {"zone", words.zone}};
  add_field(json, "local", words.local);
  add_field(json, "vlans", words.vlans);
  json["remote"] = words.remotes;
  add_field(json, "where", words.where);
  add_field(json, "example", words.example);
  json["services"] = words.services;
  add_field(json, "view", words.view);
  add_field(json, "days", words.days);
  json["rule"] = words.rule;
  json["place"] = words.place;
  add_field(json, "use", words.use);
  add_field(json, "vendor", words.vendor);
  return json;
}

}  // namespace sallyport
