// SPDX-License-Identifier: GPL-2.0-or-later
// One method for each kind of statement; entry point in complete.h.
#include "compiler/lsp/complete.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "compiler/feeds/formats.h"
#include "compiler/lsp/spot.h"
#include "compiler/values/icmp_type.h"
#include "compiler/values/service.h"

namespace sallyport::lsp {
namespace {

using Kind = Choice::Kind;
using Texts = std::initializer_list<std::string_view>;

constexpr std::size_t most_files = 500;
constexpr std::size_t most_hosts = 500;

class Completer {
 public:
  Completer(const Document& document, std::size_t cursor)
      : document_(document), spot_(read_spot(document.text, cursor)) {}

  Completion run();

 private:
  void add(Kind kind, std::string label, std::string detail = {}, std::string insert = {});
  void keywords(Texts words);
  void statements();
  void references();
  void names(SymbolKind kind, Kind shown, const VendorStatement* vendor = nullptr);
  void inside_statement();
  void rule();
  void services(std::size_t words_behind);
  void destinations();
  void use();
  void argument(const VendorStatement& vendor);
  void value_of(const ParamStatement& param);
  void let();
  void param();
  void part_heading();
  void formats();
  void paths();
  void test();
  void hosts();

  const VendorStatement* vendor(std::string_view name) const;
  static const ParamStatement* param_of(const VendorStatement* vendor, std::string_view name);

  const Document& document_;
  Spot spot_;
  Completion completion_;
};

void Completer::add(Kind kind, std::string label, std::string detail, std::string insert) {
  completion_.choices.push_back({kind, std::move(label), std::move(detail), std::move(insert)});
}

void Completer::keywords(Texts words) {
  for (const std::string_view word : words) add(Kind::keyword, std::string(word));
}

Completion Completer::run() {
  completion_.begin = spot_.begin;
  if (spot_.in_text) return std::move(completion_);
  if (spot_.in_reference) {
    references();
  } else if (spot_.starts_statement) {
    statements();
  } else {
    inside_statement();
  }
  return std::move(completion_);
}

void Completer::statements() {
  for (const StatementWord& row : statement_words) {
    if (holds(row.scopes, spot_.scope)) add(Kind::keyword, std::string(row.word), "statement");
  }
}

const VendorStatement* Completer::vendor(std::string_view name) const {
  const Symbol* symbol = document_.symbols.find(SymbolKind::vendor, std::string(name));
  return symbol ? symbol->vendor : nullptr;
}

const ParamStatement* Completer::param_of(const VendorStatement* vendor, std::string_view name) {
  if (!vendor) return nullptr;
  const auto found = std::ranges::find_if(
      vendor->params, [name](const ParamStatement& one) { return one.name.text == name; });
  return found == vendor->params.end() ? nullptr : &*found;
}

void Completer::names(SymbolKind kind, Kind shown, const VendorStatement* vendor) {
  for (const Symbol* one : document_.symbols.list(kind, vendor)) {
    std::string detail(kind_text(kind));
    if (kind == SymbolKind::vendor) detail = one->vendor->title;
    if (kind == SymbolKind::part) detail = one->part->title;
    if (kind == SymbolKind::param || kind == SymbolKind::zone) detail = one->statement.text();
    add(shown, one->name, std::move(detail));
  }
}

void Completer::references() {
  const VendorStatement* here = vendor(spot_.vendor);
  if (!here) return;
  names(SymbolKind::param, Kind::variable, here);
  names(SymbolKind::let, Kind::variable, here);
}

void Completer::inside_statement() {
  const std::string_view first =
      spot_.statement.empty() ? "" : std::string_view(spot_.statement[0]);
  if (first == "import") return paths();
  if (first == "use") return use();
  if (first == "allow" || first == "deny") return rule();
  if (first == "let") return let();
  if (first == "param") return param();
  if (first == "test" || first == "given" || first == "expect") return test();
  if ((first == "from" || first == "to") && spot_.statement.size() == 1) {
    names(SymbolKind::zone, Kind::constant);
    keywords({"any"});
  } else if (first == "from" || first == "to") {
    keywords({"allow", "deny", "use"});
  } else if (first == "vendor" && spot_.statement.size() > 1) {
    keywords({"version"});
  } else if (first == "part" && spot_.statement.size() > 1) {
    part_heading();
  } else if (first == "either" || first == "or") {
    keywords({"needs"});
    if (spot_.before() == "needs") add(Kind::constant, "observed-dns");
  } else if (first == "capabilities") {
    add(Kind::constant, "observed-dns");
  } else if (first == "source") {
    keywords({"seen"});
  } else if (first == "zone" && spot_.has("vlan")) {
    if (spot_.before() == "vlan" || spot_.before() == ",") keywords({"untagged"});
  } else if (first == "zone" && spot_.statement.size() > 3 && spot_.before() != ",") {
    keywords({"vlan"});
  } else if (first == "lint" && spot_.statement.size() == 1) {
    keywords({"not feed"});
  } else if (first == "lint" && spot_.before() == "feed") {
    formats();
  } else if (first == "feed" && spot_.before() == "as") {
    formats();
  } else if (first == "resolver" && spot_.statement.size() > 3 && spot_.before() != ",") {
    keywords({"port"});
  }
}

void Completer::rule() {
  const auto& words = spot_.statement;
  const bool inward = words.size() > 1 && words[1] == "in";
  const auto behind = std::ranges::find(words, inward ? "from" : "to");
  if (behind != words.end()) return destinations();
  // The clause under way begins behind the last `or`.
  std::size_t clause = 0;
  while (clause < words.size() && words[words.size() - 1 - clause] != "or") ++clause;
  services(std::min(clause, words.size() - (inward ? 2 : 1)));
}

/// `words_behind` words of the clause stand in front of the cursor.
void Completer::services(std::size_t words_behind) {
  const std::string_view last = spot_.before();
  const std::string_view first = words_behind > 0 ? spot_.before(words_behind - 1) : "";
  if (words_behind == 0 || last == "+") {
    for (unsigned number = 0; number < 256; ++number) {
      std::string name = protocol_name(static_cast<std::uint8_t>(number));
      if (name.find_first_not_of("0123456789") != std::string::npos)
        add(Kind::value, std::move(name));
    }
    keywords({"protocol", "any"});
    if (spot_.statement.size() == 1) keywords({"in"});
    return;
  }
  for (const IcmpType& type : icmp_types()) {
    const bool ask = first == protocol_name(type.protocol);
    if (ask && (words_behind == 1 || last == ","))
      add(Kind::value, std::string(type.name), "type " + std::to_string(type.number));
  }
  if (words_behind == 1) keywords({"any"});
  if (last != ",") keywords({"or", spot_.has("in") ? "from" : "to"});
}

void Completer::destinations() {
  const std::string_view last = spot_.before();
  if (last == "to" || last == "from" || last == ",") {
    add(Kind::constant, "anywhere", "0.0.0.0/0 and ::/0");
    for (const Symbol* one : document_.symbols.list(SymbolKind::feed))
      add(Kind::file, "feed " + one->name, std::string(one->statement.text()));
    if (const VendorStatement* here = vendor(spot_.vendor)) {
      for (const SymbolKind kind : {SymbolKind::param, SymbolKind::let}) {
        for (const Symbol* one : document_.symbols.list(kind, here))
          add(Kind::variable, "{" + one->name + "}", std::string(kind_text(kind)));
      }
    }
    return;
  }
  if (!spot_.stem.empty()) return;
  if (last == "via") return names(SymbolKind::resolver, Kind::constant);
  keywords({"private ok", "absent ok", "unless", "via", "valid", "until", "owner", "log", "note"});
}

void Completer::use() {
  const auto& words = spot_.statement;
  if (words.size() == 1) {
    const std::size_t dot = spot_.stem.find('.');
    if (spot_.stem.empty()) return names(SymbolKind::vendor, Kind::module);
    if (dot + 1 == spot_.stem.size()) {
      if (const VendorStatement* of = vendor(spot_.stem.substr(0, dot)))
        names(SymbolKind::part, Kind::member, of);
    }
    return;
  }
  const VendorStatement* of = vendor(words[1].substr(0, words[1].find('.')));
  if (of && spot_.depth > 0) return argument(*of);
  if (spot_.before() == "via") return names(SymbolKind::resolver, Kind::constant);
  if (spot_.stem.empty()) keywords({"via", "valid", "until", "owner"});
}

void Completer::argument(const VendorStatement& vendor) {
  const std::string_view last = spot_.before();
  if (spot_.depth == 1 && (last == "(" || last == ",")) {
    for (const ParamStatement& param : vendor.params) {
      if (!spot_.has(param.name.text)) {
        add(Kind::field, param.name.text, std::string(param.span.text()), param.name.text + " = ");
      }
    }
    return;
  }
  // The parameter is the word before the last `=`.
  for (std::size_t back = 0; back + 1 < spot_.statement.size(); ++back) {
    if (spot_.before(back) != "=") continue;
    if (const ParamStatement* param = param_of(&vendor, spot_.before(back + 1))) value_of(*param);
    return;
  }
}

void Completer::value_of(const ParamStatement& param) {
  for (const Name& choice : param.choices) add(Kind::constant, choice.text, param.name.text);
  if (param.default_value && spot_.before() == "=")
    add(Kind::value, std::string(param.default_value->span.text()), "the default");
}

void Completer::let() {
  const VendorStatement* here = vendor(spot_.vendor);
  if (!here) return;
  if (spot_.before() == "when") return names(SymbolKind::param, Kind::variable, here);
  if (spot_.before(1) == "when") {
    if (const ParamStatement* param = param_of(here, spot_.before())) value_of(*param);
    return;
  }
  if (spot_.statement.size() > 3) keywords({"when"});
}

void Completer::param() {
  const std::string_view last = spot_.before();
  if (last == ":") keywords({"list of"});
  if (last == ":" || last == "of") keywords({"label", "host", "cidr", "port"});
  if (last == ",") keywords({"default"});
}

void Completer::part_heading() {
  const VendorStatement* here = vendor(spot_.vendor);
  if (here && spot_.before() == "when") return names(SymbolKind::param, Kind::variable, here);
  if (here && spot_.before() == "inside") return names(SymbolKind::part, Kind::member, here);
  if (spot_.before(1) == "when") {
    if (const ParamStatement* param = param_of(here, spot_.before())) value_of(*param);
    return;
  }
  keywords({"optional", "when", "inside"});
}

void Completer::test() {
  const std::string_view first = spot_.statement.front();
  const std::string_view last = spot_.before();
  if (first == "test") {
    if (last == "of") return names(SymbolKind::policy, Kind::constant);
    if (spot_.statement.size() == 2) keywords({"of"});
  } else if (spot_.statement.size() == 1 && first == "expect") {
    keywords({"pass", "drop"});
  } else if (last == "given" || last == "cname" || last == ">") {
    if (last == "given") keywords({"cname"});
    hosts();
  } else if (first == "given" && last == "is") {
    keywords({"none"});
  } else if (first == "given" && !spot_.has("is")) {
    keywords({"is"});
  } else if (first == "expect" && (last == "pass" || last == "drop" || last == "in")) {
    keywords({"in", "tcp", "udp", "icmp", "icmpv6"});
  } else if (first == "expect" && spot_.has("drop") && spot_.has(">")) {
    keywords({"reason"});
  }
}

/// The names that the policies bind.
void Completer::hosts() {
  std::set<std::string> all;
  for (const Program& program : document_.compilation.programs) {
    for (const ViewedName& name : bound_names(program)) {
      if (all.size() < most_hosts) all.insert(name.name.text());
    }
  }
  for (const std::string& name : all) add(Kind::value, name);
}

void Completer::formats() {
  for (const FormatRow& row : feed_formats()) add(Kind::constant, std::string(row.name));
}

void Completer::paths() {
  namespace fs = std::filesystem;
  const std::size_t slash = spot_.stem.rfind('/') + 1;  // npos + 1 is 0
  if (slash != spot_.stem.size()) return;
  const fs::path folder = document_.path.parent_path() / spot_.stem;
  std::set<std::pair<std::string, bool>> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; at != end && found.size() < most_files;
       at.increment(error)) {
    if (error) break;
    std::error_code unknown;
    const bool is_folder = at->is_directory(unknown);
    if (at->path().filename().string().starts_with('.') || at->path() == document_.path) continue;
    if (is_folder) found.emplace(at->path().filename().string(), true);
    if (at->path().extension() == ".sally") found.emplace(at->path().stem().string(), false);
  }
  for (const auto& [name, is_folder] : found)
    add(is_folder ? Kind::folder : Kind::file, is_folder ? name + "/" : name);
}

}  // namespace

Completion complete(const Document& document, std::size_t cursor) {
  return Completer(document, cursor).run();
}

}  // namespace sallyport::lsp
