// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport export FILE|BUNDLE: what passes, as a list for a firewall that is not ours.
#include "compiler/analysis/export.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

#include "compiler/analysis/query.h"
#include "tools/cell_text.h"
#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

struct Arguments {
  std::string file, policy, format = "list", kind = "both", zone, vendor, on;
  bool ipv4_only = false, allow_loss = false;
};

ExportOptions options_of(const Arguments& arguments) {
  static const std::map<std::string, ExportFormat> formats{{"list", ExportFormat::list},
                                                           {"semicolon", ExportFormat::semicolon},
                                                           {"edl", ExportFormat::edl},
                                                           {"csv", ExportFormat::csv}};
  static const std::map<std::string, ExportKind> kinds{{"both", ExportKind::both},
                                                       {"addresses", ExportKind::addresses},
                                                       {"names", ExportKind::names}};
  ExportOptions options;
  if (const auto format = formats.find(arguments.format); format != formats.end())
    options.format = format->second;
  options.kind = kinds.at(arguments.kind);
  options.ipv4_only = arguments.ipv4_only;
  return options;
}

std::expected<Question, std::string> question_of(const Program& program,
                                                 const Arguments& arguments) {
  Question question;
  question.vendor = arguments.vendor;
  if (!arguments.zone.empty()) {
    const auto zone = std::ranges::find(program.zones, arguments.zone, &Zone::name);
    if (zone == program.zones.end())
      return std::unexpected("the policy has no zone `" + arguments.zone + "`");
    question.local = zone->ranges;
  }
  if (!arguments.on.empty()) {
    const auto services = read_service(arguments.on);
    if (!services) return std::unexpected(services.error());
    question.services = *services;
  }
  return question;
}

Json json_of(const std::vector<Cell>& cells, const Extents& extents, ExportKind kind) {
  Json list = Json::array();
  for (const Cell& cell : cells) {
    if (kind == ExportKind::addresses && cell.about_names()) continue;
    if (kind == ExportKind::names && !cell.about_names()) continue;
    Json json = cell_json(words_of(cell, extents));
    Json names = Json::array(), patterns = Json::array(), prefixes = Json::array();
    for (const HostName& name : cell.names) names.push_back(name.text());
    for (const NamePattern& pattern : cell.patterns) patterns.push_back(pattern.text());
    if (!cell.about_names()) {
      for (const AddressRange& prefix : prefixes_of(cell.addresses))
        prefixes.push_back(prefix.text());
    }
    json["names"] = std::move(names);
    json["patterns"] = std::move(patterns);
    json["prefixes"] = std::move(prefixes);
    list.push_back(std::move(json));
  }
  return {{"policy", extents.program().policy}, {"entries", std::move(list)}};
}

void tell(const char* what, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::cerr << what << line << '\n';
}

ExitCode print_exported(const Exported& exported, bool allow_loss) {
  if (!exported.losses.empty() && !allow_loss) {
    tell("error: the format cannot say ", exported.losses);
    std::cerr << "narrow it with --zone, --vendor, --on, --kind; or say --allow-loss\n";
    return exit_no;
  }
  if (exported.entries == 0) {
    std::cerr << "error: there is nothing to export\n";
    return exit_no;
  }
  std::cout << exported.text;
  tell("every entry holds ", exported.holds_for);
  tell("left out ", exported.left_out);
  tell("lost: ", exported.losses);
  return exit_ok;
}

ExitCode run_export(const Arguments& arguments) {
  const auto program = open_program(arguments.file, arguments.policy);
  if (!program) return program.error();
  if (arguments.format == "edl" && arguments.kind == "both") {
    return print_usage_error(
        "an external dynamic list is of one kind: say --kind addresses or --kind names");
  }
  const auto question = question_of(*program, arguments);
  if (!question) return print_usage_error(question.error());
  const auto cells = answer(*program, *question);
  const Extents extents(*program);
  const ExportOptions options = options_of(arguments);
  if (arguments.format != "json")
    return print_exported(export_cells(cells, extents, options), arguments.allow_loss);
  std::cout
      << json_of(cells, extents, options.kind).dump(2, ' ', false, Json::error_handler_t::replace)
      << '\n';
  return cells.empty() ? exit_no : exit_ok;
}

}  // namespace

Command add_export(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("FILE", arguments->file, "a policy file or a bundle")->required();
  command.add_option("--format", arguments->format, "list, semicolon, edl, csv or json")
      ->check(CLI::IsMember({"list", "semicolon", "edl", "csv", "json"}));
  command.add_option("--kind", arguments->kind, "addresses, names or both")
      ->check(CLI::IsMember({"addresses", "names", "both"}));
  command.add_option("--zone", arguments->zone, "only what this zone may reach");
  command.add_option("--vendor", arguments->vendor, "only of this VENDOR or VENDOR.PART");
  command.add_option("--on", arguments->on, "only on this service: tcp/443");
  command.add_flag("--ipv4-only", arguments->ipv4_only, "leave IPv6 out");
  command.add_flag("--allow-loss", arguments->allow_loss,
                   "write the list although the format cannot say everything");
  command.add_option("--policy", arguments->policy, "which one, if the file has several policies");
  command.footer(
      "Writes what passes, with denies subtracted, and says on standard error for whom and on "
      "what\n"
      "every entry holds. A list that cannot say it, since zones, services or restrictions differ\n"
      "between entries, is refused with 4. Patterns are spelled as others do: `.x` as `x` and "
      "`*.x`.\n\n"
      "  sallyport export branch.sally --zone staff --on tcp/443\n"
      "  sallyport export branch.sally --format semicolon --ipv4-only --vendor onestream\n"
      "  sallyport export branch.sally --format edl --kind names --zone staff --on tcp/443\n"
      "  sallyport export branch.sally --format csv");
  return [arguments] { return run_export(*arguments); };
}

}  // namespace sallyport
