// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport explain FILE|BUNDLE PACKET: asks the reference evaluator, with addresses of names as
// given or as the running runtime has bound them.
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/analysis/near_miss.h"
#include "compiler/program/evaluator.h"
#include "compiler/program/packet_text.h"
#include "runtime/control.h"
#include "runtime/run_directory.h"
#include "runtime/status.h"
#include "tools/commands.h"
#include "tools/given.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string file, packet, policy, instance, as_of;
  std::vector<std::string> given, own, aliases;
  bool inward = false;
  bool json = false;
  CompileOptions options;
};

struct Question {
  Program program;
  FlowText flow;
  Surroundings surroundings;
  std::string instance;  // of the runtime that was asked; empty: none
};

/// Adds what a runtime has bound. False if none is running.
Result<bool> ask_runtime(const RunDirectory& files, Surroundings& surroundings) {
  const auto reply = control_call(files.control(), "bindings");
  if (!reply) return std::unexpected(reply.error());
  if (!*reply) return false;
  const auto object = nlohmann::json::parse(**reply);
  for (const auto& [text, addresses] : object.at("names").items()) {
    const auto name = read_viewed(text);
    if (!name) continue;
    auto& bound = surroundings.bindings[*name];
    for (const auto& entry : addresses) {
      if (const auto address = Address::parse(entry.get<std::string>())) bound.insert(*address);
    }
  }
  for (const auto& [text, target] : object.at("aliases").items()) {
    const auto name = read_viewed(text);
    const auto known = HostName::parse(target.get<std::string>());
    if (name && known) surroundings.aliases.insert_or_assign(*name, *known);
  }
  for (const auto& entry : object.at("own")) {
    if (const auto address = Address::parse(entry.get<std::string>()))
      surroundings.own.insert(*address);
  }
  return true;
}

/// Given bindings and own addresses speak for themselves; else a runtime is asked, if one is there.
std::expected<void, ExitCode> gather(const Arguments& arguments, Question& question) {
  for (const auto& text : arguments.own) {
    const auto address = Address::parse(text);
    if (!address) return std::unexpected(print_usage_error("`" + text + "` is no address"));
    question.surroundings.own.insert(*address);
  }
  for (const auto& text : arguments.given) {
    if (auto read = read_given(text, question.surroundings.bindings); !read)
      return std::unexpected(print_usage_error(read.error()));
  }
  for (const auto& text : arguments.aliases) {
    if (auto read = read_alias(text, question.surroundings.aliases); !read)
      return std::unexpected(print_usage_error(read.error()));
  }
  const auto day = read_as_of(arguments.as_of);
  if (!day) return std::unexpected(day.error());
  question.surroundings.day = *day;
  const bool named = !arguments.instance.empty();
  if (!named && !arguments.given.empty()) return {};
  const std::string instance = named ? arguments.instance : "main";
  const auto files = RunDirectory::of(instance);
  if (!files) return std::unexpected(print_usage_error(files.error().text()));
  const auto asked = ask_runtime(*files, question.surroundings);
  if (!asked) {
    if (named) return std::unexpected(print_error(asked.error()));
    return {};  // a runtime that we may not ask is as good as none
  }
  if (*asked) {
    question.instance = instance;
  } else if (named) {
    return std::unexpected(
        print_error({"ask instance " + instance, "no runtime is running there", ""}));
  }
  return {};
}

/// The addresses to judge: the remote itself, or those of its name in the family of our end.
std::expected<std::vector<Address>, ExitCode> remotes(const Question& question) {
  if (const auto* address = std::get_if<Address>(&question.flow.remote))
    return std::vector{*address};
  const auto& name = std::get<HostName>(question.flow.remote);
  std::set<Address> found;
  bool known = false;  // in whatever view
  for (const auto& [viewed, bound] : question.surroundings.bindings) {
    if (viewed.name != name) continue;
    known = true;
    found.insert(bound.begin(), bound.end());
  }
  if (!known) {
    const std::string whom = question.instance.empty()
                                 ? "no runtime was asked"
                                 : "instance " + question.instance + " does not bind it";
    return std::unexpected(print_usage_error("`" + name.text() + "` has no address here: " + whom +
                                             "; give one with --given " + name.text() + "=ADDR"));
  }
  std::vector<Address> addresses;
  for (const auto& address : found) {
    if (address.family == question.flow.local.family) addresses.push_back(address);
  }
  return addresses;
}

std::string zones_of(const FlowText& flow, const Program& program) {
  std::string text;
  for (const auto& zone : program.zones) {
    if (holds(zone, flow.local, flow.vlan)) text += (text.empty() ? "" : ", ") + zone.name;
  }
  return text.empty() ? "in no zone" : text;
}

/// What nearly let the packet pass: only for flows that a rule was missing for, or denied.
void add_near_misses(Json& json, const Question& question, const Address& remote) {
  const auto misses = near_misses(
      program_at(question.program, question.surroundings.day, question.surroundings.aliases),
      refused_flow(question.flow, remote), question.surroundings.bindings);
  if (misses.empty()) return;
  Json list = Json::array();
  for (const NearMiss& miss : misses) {
    const Rule& rule = question.program.rules[miss.rule];
    list.push_back({{"why", miss.why},
                    {"advice", miss.advice.empty() ? Json() : Json(miss.advice)},
                    {"rule", rule_text(rule, question.program.derivations)},
                    {"place", rule.origin.rule.text()},
                    {"use", rule.origin.use.line == 0 ? Json() : Json(rule.origin.use.text())}});
  }
  json["near_misses"] = std::move(list);
}

Json verdict_json(const Question& question, const Address& remote) {
  const FlowText& flow = question.flow;
  const Outcome outcome =
      evaluate(question.program, first_packet(flow, remote), question.surroundings);
  const bool outward = flow.direction == Direction::outward;
  Json json{{"verdict", outcome.verdict == Verdict::pass ? "pass" : "drop"},
            {"reason", reason_word(outcome.reason)},
            {"words", reason_text(outcome.reason)},
            {"direction", outward ? "outward" : "inward"},
            {"packet", text_of(flow, remote)},
            {outward ? "source_zones" : "destination_zones", zones_of(flow, question.program)}};
  if (outcome.rule) {
    const Rule& rule = question.program.rules[*outcome.rule];
    json["rule"] = rule_text(rule, question.program.derivations);
    json["zone"] = rule.zone ? question.program.zones[*rule.zone].name : "any";
    json["place"] = rule.origin.rule.text();
    if (rule.origin.use.line != 0) json["use"] = rule.origin.use.text();
    if (!rule.origin.vendor.empty())
      json["vendor"] =
          rule.origin.vendor + (rule.origin.part.empty() ? "" : "." + rule.origin.part);
  }
  if (outcome.through) json["through"] = outcome.through->text();
  const bool unmatched = outcome.reason == SP_DROP_NO_RULE || outcome.reason == SP_DROP_DENIED;
  if (unmatched) add_near_misses(json, question, remote);
  return json;
}

void print_line(const char* what, const Json& verdict, const char* field) {
  if (verdict.contains(field))
    std::cout << "  " << what << verdict.at(field).get<std::string>() << '\n';
}

void print_near_misses(const Json& verdict) {
  if (!verdict.contains("near_misses")) return;
  std::cout << "  near\n";
  for (const auto& miss : verdict.at("near_misses")) {
    std::cout << "    " << miss.at("why").get<std::string>() << '\n';
    if (!miss.at("advice").is_null())
      std::cout << "      " << miss.at("advice").get<std::string>() << '\n';
    std::cout << "      " << miss.at("place").get<std::string>() << ": "
              << shortened(miss.at("rule").get<std::string>()) << '\n';
    if (!miss.at("use").is_null())
      std::cout << "      used at " << miss.at("use").get<std::string>() << '\n';
  }
}

void print_verdict(const Json& verdict) {
  std::cout << verdict.at("verdict").get<std::string>() << ": "
            << verdict.at("words").get<std::string>() << '\n';
  print_line("packet   ", verdict, "packet");
  print_line("source   ", verdict, "source_zones");
  print_line("receiver ", verdict, "destination_zones");
  if (verdict.contains("rule"))
    std::cout << "  rule     " << shortened(verdict.at("rule").get<std::string>()) << '\n';
  print_line("zone     ", verdict, "zone");
  print_line("place    ", verdict, "place");
  print_line("used at  ", verdict, "use");
  print_line("vendor   ", verdict, "vendor");
  print_line("name     ", verdict, "through");
  print_near_misses(verdict);
}

std::string bindings_used(const Question& question) {
  if (!question.instance.empty())
    return "addresses of names: as bound by the running instance " + question.instance;
  if (question.surroundings.bindings.empty()) return "addresses of names: none, so no name opens";
  return "addresses of names: as given";
}

ExitCode answer(const Question& question, const std::vector<Address>& addresses, bool as_json) {
  Json verdicts = Json::array();
  for (const auto& address : addresses) verdicts.push_back(verdict_json(question, address));
  const auto passes = std::ranges::count_if(
      verdicts, [](const Json& verdict) { return verdict.at("verdict") == "pass"; });
  const bool agree = passes == 0 || passes == std::ssize(verdicts);
  const bool pass = agree && passes > 0;
  if (as_json) {
    const Json object{{"verdict", agree ? (pass ? "pass" : "drop") : "differs"},
                      {"instance", question.instance.empty() ? Json() : Json(question.instance)},
                      {"packets", verdicts}};
    std::cout << object.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
    return pass ? exit_ok : exit_no;
  }
  for (const auto& verdict : verdicts) print_verdict(verdict);
  const auto* name = std::get_if<HostName>(&question.flow.remote);
  if (addresses.empty())
    std::cout << "drop: " << name->text() << " has no "
              << (question.flow.local.family == Family::v6 ? "IPv6" : "IPv4") << " address\n";
  if (!agree) std::cout << "the addresses of " << name->text() << " do not agree\n";
  std::cout << bindings_used(question) << '\n';
  return pass ? exit_ok : exit_no;
}

ExitCode explain(const Arguments& arguments) {
  const Direction direction = arguments.inward ? Direction::inward : Direction::outward;
  const auto flow = read_flow_text(arguments.packet, direction);
  if (!flow) return print_usage_error(flow.error());
  auto program = open_program(arguments.file, arguments.policy, arguments.options);
  if (!program) return program.error();
  Question question{std::move(*program), *flow, {}, {}};
  question.surroundings.direction = direction;
  if (auto gathered = gather(arguments, question); !gathered) return gathered.error();
  const auto addresses = remotes(question);
  if (!addresses) return addresses.error();
  return answer(question, *addresses, arguments.json);
}

}  // namespace

Command add_explain(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("FILE", arguments->file, "a policy file or a bundle")->required();
  command.add_option("PACKET", arguments->packet, "the packet, in quotes")->required();
  command.add_flag("--in", arguments->inward,
                   "the packet comes in: its destination is one of ours, its source may be a name");
  command
      .add_option("--given", arguments->given,
                  "NAME=ADDR or 'NAME via RESOLVER=ADDR': this name has this address")
      ->allow_extra_args(false);
  command
      .add_option("--alias", arguments->aliases,
                  "NAME=TARGET: this name is an alias of that one, for names derived from it")
      ->allow_extra_args(false);
  add_as_of(command, arguments->as_of);
  command.add_option("--own", arguments->own, "an address of the gateway itself")
      ->allow_extra_args(false);
  command.add_option("--policy", arguments->policy, "which one, if the file has several policies");
  command.add_option("--instance", arguments->instance,
                     "the runtime whose addresses to take (default: main, unless --given)");
  add_capability_option(command, arguments->options);
  command.add_flag("--json", arguments->json, "print one JSON object");
  command.footer(
      "Says pass or drop, the rule that decides with its place in the source, and the name that\n"
      "it came through; of a drop, also the rules that nearly let it pass. Exits with 0 if the\n"
      "packet passes, 4 if it drops or the addresses of a name do not agree. Packets are "
      "written\n\n"
      "  tcp 10.20.1.1 -> relay.example.net:443       (udp likewise)\n"
      "  tcp 2001:db8:20::1 -> [2001:db8:f::10]:443\n"
      "  icmp 10.20.1.1 -> 198.51.100.7 echo-request  (icmpv6 likewise; or the type's number)\n"
      "  gre 10.20.1.1 -> 198.51.100.7                (any protocol, or its number)\n"
      "  vlan 40 tcp 10.40.0.5 -> 198.51.100.7:443    (in a frame with that tag)\n\n"
      "and with --in from the other end, as the first of a flow that others begin:\n\n"
      "  tcp fe1.example.net -> 10.40.0.5:443\n\n"
      "  sallyport explain branch.sally 'tcp 10.20.1.1 -> relay.example.net:443' \\\n"
      "      --given relay.example.net=198.51.100.7");
  return [arguments] { return explain(*arguments); };
}

}  // namespace sallyport
