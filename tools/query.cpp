// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport query FILE|BUNDLE: who may reach what, on which service, by which rule.
#include "compiler/analysis/query.h"

#include <algorithm>
#include <iostream>
#include <memory>
#include <set>

#include "tools/cell_text.h"
#include "tools/commands.h"
#include "tools/given.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

struct Arguments {
  std::string file, policy, from, to, on, protocol, vendor;
  std::vector<std::string> given;
  bool json = false, all = false;
};

using Asked = std::expected<void, std::string>;

/// The addresses of a zone, or of every zone's outside for `any`; empty if there is no such zone.
std::optional<AddressSet> zone_addresses(const Program& program, const std::string& name) {
  AddressSet zones;
  for (const Zone& zone : program.zones) {
    if (zone.name == name) return zone.ranges;
    zones = union_of(zones, zone.ranges);
  }
  if (name == "any") return without(every_address(), zones);
  return std::nullopt;
}

std::string zones_text(const Program& program) {
  std::string text = "any";
  for (const Zone& zone : program.zones) text += ", " + zone.name;
  return text;
}

/// An address, prefix, range, name or pattern as the remote side.
Asked ask_remote(Question& question, const Program& program, const std::string& text) {
  if (const auto range = AddressRange::parse(text)) {
    question.remote = AddressSet{*range};
    return {};
  }
  if (text == "anywhere") {
    question.remote = every_address();
    return {};
  }
  if (NamePattern::looks_like_pattern(text)) {
    const auto pattern = NamePattern::parse(text);
    if (!pattern) return std::unexpected("`" + text + "` is no pattern: " + pattern.error());
    question.pattern = *pattern;
    return {};
  }
  const auto name = HostName::parse(text);
  if (!name) {
    return std::unexpected("`" + text + "` is no zone (" + zones_text(program) +
                           "), address, prefix or host name: " + name.error());
  }
  question.name = *name;
  return {};
}

/// A zone stands on the local side; without one, `--from` is local and `--to` remote.
Asked ask_ends(Question& question, const Program& program, const Arguments& arguments) {
  const auto from = zone_addresses(program, arguments.from);
  const auto to = zone_addresses(program, arguments.to);
  if (!arguments.from.empty() && from && !arguments.to.empty() && to)
    return std::unexpected("--from and --to are both zones: one end is remote");
  if (!arguments.to.empty() && to) {
    question.direction = Direction::inward;
    question.local = *to;
    if (arguments.from.empty()) return {};
    return ask_remote(question, program, arguments.from);
  }
  if (!arguments.from.empty()) {
    question.direction = Direction::outward;
    if (const auto range = AddressRange::parse(arguments.from)) {
      question.local = AddressSet{*range};
    } else if (from) {
      question.local = *from;
    } else if (arguments.to.empty()) {
      question.direction = Direction::inward;
      return ask_remote(question, program, arguments.from);
    } else {
      return std::unexpected("`" + arguments.from + "` is no zone (" + zones_text(program) +
                             ") or local address");
    }
  }
  if (arguments.to.empty()) return {};
  question.direction = Direction::outward;
  return ask_remote(question, program, arguments.to);
}

Asked ask_services(Question& question, const Arguments& arguments) {
  if (!arguments.on.empty()) {
    const auto services = read_service(arguments.on);
    if (!services) return std::unexpected(services.error());
    question.services = *services;
  }
  if (!arguments.protocol.empty()) {
    const auto protocol = protocol_number(arguments.protocol);
    if (!protocol) return std::unexpected("`" + arguments.protocol + "` is no protocol");
    const ServiceSet services{{*protocol, 0, last_port(*protocol)}};
    question.services = question.services ? both_of(*question.services, services) : services;
    if (question.services->empty())
      return std::unexpected("--on and --protocol have no service in common");
  }
  return {};
}

Asked ask(Question& question, const Program& program, const Arguments& arguments) {
  for (const auto& text : arguments.given) {
    if (auto read = read_given(text, question.bindings); !read) return read;
  }
  if (auto ends = ask_ends(question, program, arguments); !ends) return ends;
  if (auto services = ask_services(question, arguments); !services) return services;
  question.vendor = arguments.vendor;
  return {};
}

std::vector<std::string> vendors_of(const std::vector<CellWords>& words) {
  std::set<std::string> vendors;
  for (const CellWords& each : words) {
    if (!each.vendor.empty()) vendors.insert(each.vendor);
  }
  return {vendors.begin(), vendors.end()};
}

std::string perhaps_text(const Program& program, const Question& question) {
  const std::size_t count = perhaps_more(program, question).size();
  if (count == 0) return {};
  if (question.remote) {
    return counted(count, "rule opens", "rules open") +
           " names whose addresses are not known here: --given NAME=ADDR tells them";
  }
  return counted(count, "rule opens", "rules open") +
         " addresses that may be those of the name: --given NAME=ADDR tells them";
}

void print(const std::vector<CellWords>& words, const std::string& perhaps, bool all) {
  for (const CellWords& each : words) {
    std::cout << headline(each, all) << '\n';
    print_rule(std::cout, each);
  }
  const auto vendors = vendors_of(words);
  if (!vendors.empty()) std::cout << "vendors: " << list_text(vendors, vendors.size()) << '\n';
  if (words.empty()) std::cout << "nothing\n";
  if (!perhaps.empty()) std::cout << "note: " << perhaps << '\n';
}

ExitCode query(const Arguments& arguments) {
  const auto program = open_program(arguments.file, arguments.policy);
  if (!program) return program.error();
  Question question;
  if (auto asked = ask(question, *program, arguments); !asked)
    return print_usage_error(asked.error());
  const auto cells = answer(*program, question);
  const Extents extents(*program);
  const auto words = words_of_all(cells, extents);
  const std::string perhaps = perhaps_text(*program, question);
  if (arguments.json) {
    Json list = Json::array();
    for (const CellWords& each : words) list.push_back(cell_json(each));
    const Json object{{"policy", program->policy},
                      {"cells", std::move(list)},
                      {"vendors", vendors_of(words)},
                      {"note", perhaps.empty() ? Json() : Json(perhaps)}};
    std::cout << object.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    print(words, perhaps, arguments.all);
  }
  return words.empty() ? exit_no : exit_ok;
}

}  // namespace

Command add_query(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("FILE", arguments->file, "a policy file or a bundle")->required();
  command.add_option("--from", arguments->from, "a zone or local address; `any`: in no zone");
  command.add_option("--to", arguments->to, "an address, prefix, name or pattern");
  command.add_option("--on", arguments->on, "a service: tcp/443, udp/1-1024, 443, icmp/8, gre");
  command.add_option("--protocol", arguments->protocol, "any port of it: tcp, udp, gre");
  command.add_option("--vendor", arguments->vendor, "only of this VENDOR or VENDOR.PART");
  command.add_option("--given", arguments->given, "NAME=ADDR: this name has this address")
      ->allow_extra_args(false);
  command.add_option("--policy", arguments->policy, "which one, if the file has several policies");
  command.add_flag("--all", arguments->all, "print every destination of long lists");
  command.add_flag("--json", arguments->json, "print one JSON object");
  command.footer(
      "Answers what passes, not what is written: denies are subtracted, special ranges and the "
      "DNS\n"
      "guard stay closed. Every answer names the rule that opens it. Exits with 4 if there is no\n"
      "answer.\n\n"
      "  sallyport query branch.sally --from staff --on tcp/443    what may staff reach on 443?\n"
      "  sallyport query branch.sally --to 198.51.100.7            which rules open it?\n"
      "  sallyport query branch.sally --to relay.example.net --on 3478\n"
      "  sallyport query branch.sally --protocol udp               which vendors need udp?\n"
      "  sallyport query branch.sally --from fe1.example.com --to dmz    inward");
  return [arguments] { return query(*arguments); };
}

}  // namespace sallyport
