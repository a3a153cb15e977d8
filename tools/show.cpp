// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport show BUNDLE: what is inside, for people and as JSON.
#include <algorithm>
#include <cstring>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "compiler/image/arena.h"
#include "compiler/label/labeler.h"
#include "compiler/nft/ruleset.h"
#include "compiler/program/program_text.h"
#include "compiler/values/special.h"
#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string bundle, as_of;
  bool json = false, tables = false, program = false;
};

bool opens_guarded_range(const Rule& rule) {
  return std::ranges::any_of(rule.services, [](const Service& service) {
    return service.first != service.last &&
           (service.contains(service.protocol, 53) || service.contains(service.protocol, 853)) &&
           has_ports(service.protocol);
  });
}

bool names_port_53(const Rule& rule) {
  return std::ranges::any_of(rule.services, [](const Service& service) {
    return has_ports(service.protocol) && service.first == 53 && service.last == 53;
  });
}

/// What a reader of the rule's text would not expect.
std::vector<std::string> notes_of(const Rule& rule, const Program& program) {
  std::vector<std::string> notes;
  if (rule.action == Action::deny) return notes;
  const bool to_all = std::ranges::any_of(rule.remote.ranges, [&](const AddressRange& range) {
    return opened_by(range, program.nat64) != std::vector{range};
  });
  if (to_all) {
    notes.emplace_back(
        "special ranges (loopback, link-local, multicast, metadata, ...) stay closed");
  }
  if (opens_guarded_range(rule))
    notes.emplace_back("DNS guard: ports 53 and 853 stay closed, except 53 to declared resolvers");
  if (names_port_53(rule) && program.resolvers.empty())
    notes.emplace_back("opens DNS, and the policy declares no resolver");
  for (const auto& pattern : rule.remote.patterns) {
    notes.push_back("`" + pattern.text() +
                    "` is bound to exact names of the policy; others wait for observed answers");
  }
  return notes;
}

std::string zone_of(const Rule& rule, const Program& program) {
  return rule.zone ? program.zones[*rule.zone].name : "any";
}

Json place_json(const Place& place) {
  return place.line == 0 ? Json() : Json(place.text());
}

Json rule_json(const ImageRule& image_rule, const Rule& rule, const Program& program, Day day) {
  return {{"text", image_rule.text},
          {"identity", image_rule.identity},
          {"direction", rule.direction == Direction::outward ? "outward" : "inward"},
          {"zone", zone_of(rule, program)},
          {"vendor", rule.origin.vendor},
          {"part", rule.origin.part},
          {"place", place_json(rule.origin.rule)},
          {"use", place_json(rule.origin.use)},
          {"owner", rule.owner},
          {"note", rule.note},
          {"in_force", in_force(rule, day)},
          {"notes", notes_of(rule, program)}};
}

Json derivation_json(const ImageDerivation& entry) {
  Json names = Json::array();
  for (const auto& name : entry.names) names.push_back(name.head + "{label}" + name.tail);
  return {{"alias", ViewedName(entry.derivation.alias, entry.via).text()},
          {"prefixes", entry.derivation.prefixes},
          {"names", std::move(names)}};
}

/// The rules, counted from 1, that a name is bound for.
std::vector<std::size_t> rules_of(const ImageName& name, const Image& image) {
  std::vector<std::size_t> rules;
  for (std::size_t i = 0; i < image.rules.size(); ++i) {
    if (std::ranges::binary_search(name.groups, image.rules[i].group)) rules.push_back(i + 1);
  }
  return rules;
}

/// What the datapath does not do under this policy, since nothing could come of it.
Json removed_json(const Image& image) {
  Json removed = Json::array();
  if (image.place_zones.size() <= 1) removed.push_back("zone lookup (no zones)");
  if (!binds_names(image)) removed.push_back("bound addresses (no names)");
  if (!has_inward_rules(image)) removed.push_back("inward rows (no inward rules)");
  if (vlan_classes(image) == 1) removed.push_back("VLANs (no zone has any)");
  if (log_rules(image) == 0) removed.push_back("events of packets (no rule logs)");
  return removed;
}

Result<Json> tables_json(const Image& image) {
  const auto arena = build_arena(image, image.labels, capacity_for(image.labels));
  if (!arena) return std::unexpected(arena.error());
  SpArenaHeader header{};
  std::memcpy(&header, arena->data(), sizeof header);
  return Json{
      {"zone labels", image.zone_sets.size()},
      {"remote labels", image.labels.remote_groups.size()},
      {"service labels", image.service_labels},
      {"rows", image.labels.verdicts.size()},
      {"zone range entries", image.zone4.starts.size() + image.zone6.starts.size()},
      {"remote range entries", image.remote4.starts.size() + image.remote6.starts.size()},
      {"service range entries", image.service.starts.size()},
      {"zone index steps", header.zone4.step_count + header.zone6.step_count},
      {"remote index steps", header.remote4.step_count + header.remote6.step_count},
      {"service pages", (header.rows - header.service.pages) / (256 * sizeof(std::uint32_t))},
      {"arena bytes", arena->size()},
      {"removed from the program", removed_json(image)}};
}

Json lifetimes_json(const Lifetimes& lifetimes) {
  return {{"ttl_floor", lifetimes.ttl_floor.count()},
          {"grace", lifetimes.grace ? Json(lifetimes.grace->count()) : Json()},
          {"max_stale", lifetimes.max_stale.count()}};
}

Json resolvers_json(const Program& program) {
  Json list = Json::array();
  for (const auto& resolver : program.resolvers) {
    Json servers = Json::array();
    for (const auto& server : resolver.servers) {
      servers.push_back(server.address.text() +
                        (server.port == 53 ? "" : " port " + std::to_string(server.port)));
    }
    list.push_back({{"name", resolver.name}, {"servers", std::move(servers)}});
  }
  return list;
}

Json feeds_json(const Program& program) {
  Json list = Json::array();
  for (const auto& feed : program.feeds) {
    list.push_back({{"name", feed.name},
                    {"file", feed.file},
                    {"format", feed.format},
                    {"version", feed.version},
                    {"date", feed.date},
                    {"sha256", feed.digest},
                    {"entries", feed.entries}});
  }
  return list;
}

Json ranges_json(const std::vector<AddressRange>& ranges) {
  Json list = Json::array();
  for (const auto& range : ranges) list.push_back(range.text());
  return list;
}

Json vendors_json(const Program& program) {
  Json list = Json::array();
  for (const auto& vendor : program.vendors) {
    Json sources = Json::array();
    for (const auto& source : vendor.sources)
      sources.push_back({{"text", source.text}, {"seen", source.seen}});
    Json parts = Json::array();
    for (const auto& part : vendor.parts)
      parts.push_back({{"name", part.name}, {"title", part.title}, {"notes", part.notes}});
    list.push_back({{"name", vendor.name},
                    {"title", vendor.title},
                    {"version", vendor.version},
                    {"owner", vendor.owner},
                    {"sources", std::move(sources)},
                    {"notes", vendor.notes},
                    {"parts", std::move(parts)}});
  }
  return list;
}

Json zones_json(const Program& program) {
  Json list = Json::array();
  for (const auto& zone : program.zones) {
    Json ranges = Json::array();
    for (const auto& range : zone.ranges) ranges.push_back(range.text());
    Json json{{"name", zone.name}, {"ranges", std::move(ranges)}};
    if (!zone.vlans.empty()) json["vlans"] = vlans_text(zone.vlans);
    list.push_back(std::move(json));
  }
  return list;
}

Json choices_json(const Program& program) {
  Json list = Json::array();
  for (const auto& choice : program.choices) {
    list.push_back({{"place", choice.place.text()},
                    {"title", choice.title},
                    {"alternative", choice.number},
                    {"of", choice.count},
                    {"why", choice.why}});
  }
  return list;
}

Json nevers_json(const Program& program) {
  Json list = Json::array();
  for (const auto& never : program.nevers) {
    list.push_back({{"name", never.name ? never.name->text() : never.pattern->text()},
                    {"reason", never.reason},
                    {"place", never.place.text()}});
  }
  return list;
}

Result<Json> bundle_json(const Bundle& bundle, const Program& program, Day day, bool with_nft) {
  const Image image = make_image(program, day);
  Json json{{"policy", image.policy},
            {"bundle", bundle.digest},
            {"lifetimes", lifetimes_json(image.lifetimes)},
            {"feeds", feeds_json(program)},
            {"resolvers", resolvers_json(program)},
            {"nat64", ranges_json(program.nat64)},
            {"zones", zones_json(program)}};
  json["owner"] = program.owner;
  json["notes"] = program.notes;
  json["vendors"] = vendors_json(program);
  json["needs"] = program.needs;
  json["choices"] = choices_json(program);
  json["nevers"] = nevers_json(program);
  json["rules"] = Json::array();
  for (std::size_t i = 0; i < image.rules.size(); ++i)
    json["rules"].push_back(rule_json(image.rules[i], program.rules[i], program, day));
  json["names"] = Json::array();
  for (const auto& name : image.names)
    json["names"].push_back({{"name", name.name.text()},
                             {"rules", rules_of(name, image)},
                             {"absent_ok", name.absent_ok},
                             {"never", name.never}});
  json["derivations"] = Json::array();
  for (const auto& entry : image.derivations) json["derivations"].push_back(derivation_json(entry));
  auto tables = tables_json(image);
  if (!tables) return std::unexpected(tables.error());
  json["tables"] = std::move(*tables);
  if (with_nft) json["nft"] = nft::Ruleset(image, {}).choices();
  return json;
}

std::string joined(const Json& list) {
  std::string text;
  for (const auto& entry : list)
    text +=
        (text.empty() ? "" : ", ") + (entry.is_string() ? entry.get<std::string>() : entry.dump());
  return text;
}

void print_rules(const Json& rules) {
  std::cout << (rules.empty() ? "\nno rules: everything but plumbing is dropped\n" : "\nrules\n");
  std::size_t number = 0;
  for (const auto& rule : rules) {
    const bool outward = rule.at("direction") == "outward";
    std::cout << "  " << ++number << (outward ? "  from " : "  to ")
              << rule.at("zone").get<std::string>() << ": "
              << shortened(rule.at("text").get<std::string>()) << "\n       "
              << (rule.at("place").is_null() ? "" : rule.at("place").get<std::string>());
    if (!rule.at("use").is_null()) std::cout << ", used at " << rule.at("use").get<std::string>();
    std::cout << '\n';
    if (!rule.at("owner").get<std::string>().empty())
      std::cout << "       owner: " << rule.at("owner").get<std::string>() << '\n';
    if (!rule.at("note").get<std::string>().empty())
      std::cout << "       note: \"" << rule.at("note").get<std::string>() << "\"\n";
    if (!rule.at("in_force").get<bool>()) std::cout << "       NOT IN FORCE on this day\n";
    for (const auto& note : rule.at("notes"))
      std::cout << "       note: " << note.get<std::string>() << '\n';
  }
}

void print_feeds(const Json& feeds) {
  for (const auto& feed : feeds) {
    const auto text = [&](const char* key) { return feed.at(key).get<std::string>(); };
    std::cout << "feed       " << text("name") << " = " << text("file") << " as " << text("format")
              << ": " << feed.at("entries") << (feed.at("entries") == 1 ? " entry" : " entries");
    if (!text("version").empty()) std::cout << ", version " << text("version");
    if (!text("date").empty()) std::cout << ", of " << text("date");
    std::cout << "\n           sha256 " << text("sha256") << '\n';
  }
}

/// What the vendors' texts say, and when somebody last looked.
void print_vendors(const Json& vendors) {
  const auto print = [](const char* indent, const char* what, const Json& text) {
    const std::string words = text.get<std::string>();
    if (!words.empty()) std::cout << indent << what << words << '\n';
  };
  for (const auto& vendor : vendors) {
    const auto text = [&](const char* key) { return vendor.at(key).get<std::string>(); };
    std::cout << "vendor     " << text("name")
              << (text("title").empty() ? "" : ", " + text("title"))
              << (text("version").empty() ? "" : ", version " + text("version")) << '\n';
    print("           ", "owner: ", vendor.at("owner"));
    for (const auto& source : vendor.at("sources")) {
      const std::string seen = source.at("seen").get<std::string>();
      std::cout << "           source: " << source.at("text").get<std::string>()
                << (seen.empty() ? "" : ", seen " + seen) << '\n';
    }
    for (const auto& note : vendor.at("notes")) print("           ", "note: ", note);
    for (const auto& part : vendor.at("parts")) {
      const std::string title = part.at("title").get<std::string>();
      std::cout << "           part " << part.at("name").get<std::string>()
                << (title.empty() ? "" : ": " + title) << '\n';
      for (const auto& note : part.at("notes")) print("             ", "note: ", note);
    }
  }
}

std::string owner_line(const std::string& owner) {
  return owner.empty() ? owner : "owner      " + owner + '\n';
}

void print_choices(const Json& json) {
  if (!json.at("needs").empty()) std::cout << "needs      " << joined(json.at("needs")) << '\n';
  for (const auto& choice : json.at("choices")) {
    const std::string title = choice.at("title").get<std::string>();
    std::cout << "either     at " << choice.at("place").get<std::string>() << ": alternative "
              << choice.at("alternative") << " of " << choice.at("of")
              << (title.empty() ? "" : ", " + title) << ": " << choice.at("why").get<std::string>()
              << '\n';
  }
  for (const auto& never : json.at("nevers")) {
    const std::string reason = never.at("reason").get<std::string>();
    std::cout << "never      " << never.at("name").get<std::string>()
              << (reason.empty() ? "" : ": " + reason) << '\n';
  }
}

void print_page(const Json& json, bool tables) {
  const auto& lifetimes = json.at("lifetimes");
  std::cout << "policy     " << json.at("policy").get<std::string>() << '\n'
            << "digest     " << json.at("bundle").get<std::string>() << '\n'
            << owner_line(json.at("owner").get<std::string>()) << "lifetimes  ttl-floor "
            << lifetimes.at("ttl_floor") << " s, grace "
            << (lifetimes.at("grace").is_null() ? "twice the TTL, at least 300"
                                                : lifetimes.at("grace").dump())
            << " s, max-stale " << lifetimes.at("max_stale") << " s\n";
  for (const auto& note : json.at("notes"))
    std::cout << "note       " << note.get<std::string>() << '\n';
  print_feeds(json.at("feeds"));
  print_vendors(json.at("vendors"));
  for (const auto& resolver : json.at("resolvers")) {
    std::cout << "resolver   " << resolver.at("name").get<std::string>() << " = "
              << joined(resolver.at("servers")) << '\n';
  }
  if (!json.at("nat64").empty()) std::cout << "nat64      " << joined(json.at("nat64")) << '\n';
  for (const auto& zone : json.at("zones")) {
    std::cout << "zone       " << zone.at("name").get<std::string>() << " = "
              << joined(zone.at("ranges"))
              << (zone.contains("vlans") ? " in " + zone.at("vlans").get<std::string>() : "")
              << '\n';
  }
  print_choices(json);
  print_rules(json.at("rules"));
  if (!json.at("names").empty()) std::cout << "\nnames to bind\n";
  for (const auto& name : json.at("names")) {
    if (name.at("never").get<bool>()) {
      std::cout << "  " << name.at("name").get<std::string>() << "  forbidden\n";
      continue;
    }
    std::cout << "  " << name.at("name").get<std::string>() << "  for "
              << (name.at("rules").size() == 1 ? "rule " : "rules ") << joined(name.at("rules"))
              << '\n';
  }
  for (const auto& entry : json.at("derivations")) {
    std::cout << "\nderived from the alias of " << entry.at("alias").get<std::string>() << ": "
              << entry.at("names").size() << " names such as "
              << entry.at("names").front().get<std::string>() << '\n';
  }
  if (!tables) return;
  std::cout << "\ntables\n";
  for (const auto& [what, size] : json.at("tables").items())
    std::cout << "  " << what << ": " << (size.is_array() ? joined(size) : size.dump()) << '\n';
  std::cout << "\nnftables\n";
  for (const auto& choice : json.at("nft")) std::cout << "  " << choice.get<std::string>() << '\n';
}

ExitCode show_bundle(const Arguments& arguments) {
  const auto bundle = open_bundle(arguments.bundle);
  if (!bundle) return bundle.error();
  if (arguments.program) {
    std::cout << bundle->program_text;
    return exit_ok;
  }
  const auto program = read_program(bundle->program_text);
  if (!program) return print_error(program.error());
  if (program->rules.size() != bundle->image.rules.size()) {
    return print_error({"show " + arguments.bundle, "its program and its image disagree",
                        std::to_string(program->rules.size()) + " and " +
                            std::to_string(bundle->image.rules.size()) + " rules"});
  }
  const auto day = read_as_of(arguments.as_of);
  if (!day) return day.error();
  const auto json = bundle_json(*bundle, *program, *day, arguments.tables || arguments.json);
  if (!json) return print_error(json.error());
  if (arguments.json) {
    std::cout << json->dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    print_page(*json, arguments.tables);
  }
  return exit_ok;
}

}  // namespace

Command add_show(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("BUNDLE", arguments->bundle, "what `sallyport build` wrote")->required();
  add_as_of(command, arguments->as_of);
  command.add_flag("--json", arguments->json, "print everything as one JSON object");
  command.add_flag("--tables", arguments->tables,
                   "also how large the lookup tables are, and the layout chosen for nftables");
  command.add_flag("--program", arguments->program, "print the canonical text of the program only");
  command.footer(
      "Shows the policy, its zones and resolvers, every rule with its place in the source, the "
      "names\n"
      "to bind, and what the guards keep closed. Checks the bundle on the way.\n\n"
      "  sallyport show branch.bundle --tables");
  return [arguments] { return show_bundle(*arguments); };
}

}  // namespace sallyport
