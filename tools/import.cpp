// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport import: a first draft of a vendor file from a feed, a list of URLs or a pasted page.
#include <algorithm>
#include <iostream>
#include <memory>

#include "compiler/analysis/query.h"
#include "compiler/feeds/read_feed.h"
#include "compiler/import/from_feed.h"
#include "compiler/import/pasted.h"
#include "compiler/values/day.h"
#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

struct Arguments {
  std::string file, name, feed, on, seen;
  std::vector<std::string> where;
  bool as_feed = false;
};

std::string formats_text() {
  std::string text;
  for (const FormatRow& row : feed_formats()) {
    text += text.empty() ? "" : ", ";
    text += row.name;
  }
  return text;
}

std::string file_name(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

/// `region=eu-west-1`, again and again for another value or field.
std::expected<std::vector<FeedCondition>, std::string> read_where(const Arguments& arguments,
                                                                  FeedFormat format) {
  std::vector<FeedCondition> conditions;
  for (const std::string& text : arguments.where) {
    const auto equals = text.find('=');
    const auto field = field_of(text.substr(0, equals));
    if (equals == std::string::npos || !field || !has_field(format, *field)) {
      return std::unexpected("`" + text + "` is no condition on a field of " + arguments.feed +
                             "; `region=eu-west-1` is one");
    }
    const auto same = std::ranges::find(conditions, *field, &FeedCondition::field);
    if (same != conditions.end()) {
      same->values.push_back(text.substr(equals + 1));
    } else {
      conditions.push_back({*field, {text.substr(equals + 1)}});
    }
  }
  return conditions;
}

std::expected<Draft, ExitCode> draft_from_feed(const Arguments& arguments, const std::string& bytes,
                                               const std::vector<Service>& services) {
  const auto format = format_of(arguments.feed);
  if (!format) {
    return std::unexpected(print_usage_error(
        "`" + arguments.feed + "` is no format of feeds; these are: " + formats_text()));
  }
  const auto where = read_where(arguments, *format);
  if (!where) return std::unexpected(print_usage_error(where.error()));
  const auto feed = read_feed(*format, bytes);
  if (!feed) {
    std::cerr << "error: " << arguments.file << ": " << feed.error().text() << '\n';
    return std::unexpected(exit_policy);
  }
  FeedDraftOptions options{.vendor = arguments.name,
                           .source = file_name(arguments.file) + " as " + arguments.feed,
                           .where = *where,
                           .services = services};
  if (arguments.as_feed) options.feed = {arguments.name, arguments.file, arguments.feed};
  return draft_of_feed(*feed, options);
}

/// What the reader should do next, on standard error.
void tell(const Draft& draft) {
  std::size_t destinations = 0, rules = 0, without_service = 0;
  for (const DraftRule& rule : draft.rules) {
    if (rule.services.empty()) {
      without_service += rule.destinations.size();
    } else {
      destinations += rule.destinations.size();
      ++rules;
    }
  }
  std::cerr << counted(destinations, "destination", "destinations") << " in "
            << counted(rules, "rule", "rules") << "; "
            << counted(draft.unread.size(), "line", "lines") << " not read (see the end)\n";
  if (without_service > 0) {
    std::cerr << counted(without_service, "destination", "destinations")
              << " without protocol and port stand as comments; --on tcp/443 gives them one\n";
  }
}

ExitCode run_import(const Arguments& arguments) {
  if (arguments.name.empty() || declared_name(arguments.name, "") != arguments.name)
    return print_usage_error("`" + arguments.name +
                             "` is no name for a vendor: lower-case letters, digits and hyphens");
  if (!arguments.seen.empty() && !parse_day(arguments.seen))
    return print_usage_error("`" + arguments.seen + "` is no date: YYYY-MM-DD was expected");
  if (!arguments.where.empty() && arguments.feed.empty())
    return print_usage_error(
        "--where chooses among the entries of a feed: --feed FORMAT is missing");
  if (arguments.as_feed && arguments.feed.empty())
    return print_usage_error("--as-feed refers to a feed: --feed FORMAT is missing");
  std::vector<Service> services;
  if (!arguments.on.empty()) {
    const auto read = read_service(arguments.on);
    if (!read) return print_usage_error(read.error());
    services = *read;
  }
  const auto bytes = read_file(arguments.file);
  if (!bytes) return print_error(bytes.error());
  Draft draft;
  if (arguments.feed.empty()) {
    draft = read_pasted(*bytes, {.vendor = arguments.name,
                                 .source = file_name(arguments.file),
                                 .seen = arguments.seen,
                                 .services = services});
  } else {
    auto made = draft_from_feed(arguments, *bytes, services);
    if (!made) return made.error();
    draft = std::move(*made);
    if (!arguments.seen.empty()) draft.seen = arguments.seen;
  }
  if (draft.rules.empty()) {
    std::cerr << "error: " << arguments.file << " names no destination\n";
    return exit_no;
  }
  std::cout << draft_text(draft);
  tell(draft);
  return exit_ok;
}

}  // namespace

Command add_import(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("FILE", arguments->file, "URLs, a pasted page or table, or a feed")
      ->required();
  command.add_option("--name", arguments->name, "what the vendor is called")->required();
  command.add_option("--feed", arguments->feed, "the file is a feed of this format");
  command.add_option("--where", arguments->where, "FIELD=VALUE: only these entries of the feed")
      ->allow_extra_args(false);
  command.add_flag("--as-feed", arguments->as_feed,
                   "refer to the feed, with filters, in place of copying its entries");
  command.add_option("--on", arguments->on, "the service of entries that state none: tcp/443");
  command.add_option("--seen", arguments->seen, "YYYY-MM-DD: the day the page was looked at");
  command.footer(
      "Prints a vendor file that `check` accepts. What a filter of packets cannot enforce, what\n"
      "was assumed and what could not be read stand in comments, each with its line: nothing is\n"
      "left out silently. Placeholders such as <tenant> or [customer] become parameters, headings\n"
      "parts, and what a table or feed says to come from the vendor rules for what comes in. With\n"
      "--as-feed the feed's path is the one given here: save the draft where it leads there.\n\n"
      "  sallyport import --name acme urls.txt > vendors/acme.sally\n"
      "  sallyport import --name acme --on tcp/443 --seen 2025-03-01 page.txt\n"
      "  sallyport import --name datadog --feed datadog --on tcp/443 ip-ranges.json\n"
      "  sallyport import --name azure --feed azure-service-tags --as-feed --on tcp/443 \\\n"
      "      --where tag=AzureCloud.australiaeast tags.json");
  return [arguments] { return run_import(*arguments); };
}

}  // namespace sallyport
