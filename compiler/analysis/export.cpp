// SPDX-License-Identifier: GPL-2.0-or-later
// See export.h. A flat list is honest if all that it holds is for one zone on one service; whatever
// goes beyond is told as a loss.
#include "compiler/analysis/export.h"

#include <algorithm>
#include <set>

#include "compiler/analysis/words.h"

namespace sallyport {
namespace {

constexpr std::size_t most_shown = 5;

std::string shown(const std::set<std::string>& texts) {
  return list_text({texts.begin(), texts.end()}, most_shown);
}

/// What other firewalls write for a pattern: `*.x` is below x at any depth. Empty if there is no
/// such spelling.
std::vector<std::string> common_spelling(const NamePattern& pattern) {
  const std::string& text = pattern.text();
  const bool apex = text.starts_with('.');
  const std::string base = apex ? text.substr(1) : text.substr(text.find('.') + 1);
  const bool plain = base.find('*') == std::string::npos;
  if (!plain || (!apex && !text.starts_with("*."))) return {};
  if (apex) return {base, "*." + base};
  return {text};
}

/// Collects the entries of a flat list, and what it loses.
class FlatList {
 public:
  FlatList(const Extents& extents, const ExportOptions& options)
      : extents_(extents), options_(options) {}

  void add(const Cell& cell) {
    const bool wanted = cell.about_names() ? options_.kind != ExportKind::addresses
                                           : options_.kind != ExportKind::names;
    const CellWords words = words_of(cell, extents_);
    if (!wanted) {
      left_out_.insert(words.remotes.begin(), words.remotes.end());
      return;
    }
    zones_.insert((words.direction == "outward" ? "from " : "to ") +
                  local_name(cell.local, extents_.program()) +
                  (words.vlans.empty() ? "" : " in VLAN " + words.vlans));
    services_.insert(words.services);
    days_.insert(words.days.empty() ? "always" : words.days);
    views_.insert(words.view.empty() ? "every resolver" : "resolver " + words.view);
    if (!cell.about_names()) {
      addresses_ = union_of(addresses_, cell.addresses);
      return;
    }
    if (!cell.unrestricted) restrictions_.insert(words.where);
    for (const HostName& name : cell.names) add_name(name.text());
    for (const NamePattern& pattern : cell.patterns) add_pattern(pattern);
    for (const DerivedName& name : cell.derived)
      unwritable_.insert(derived_text(name, extents_.program()));
  }

  Exported finish() {
    Exported exported;
    if (options_.ipv4_only || options_.format == ExportFormat::semicolon) take_ipv6_out(exported);
    for (const AddressRange& prefix : prefixes_of(addresses_)) entries_.push_back(prefix.text());
    for (const std::string& name : names_) entries_.push_back(name);
    exported.entries = entries_.size();
    exported.text = text();
    tell(exported);
    return exported;
  }

 private:
  void add_name(const std::string& name) {
    if (options_.format == ExportFormat::semicolon) {
      unwritable_.insert(name);
    } else {
      names_.insert(name);
    }
  }

  void add_pattern(const NamePattern& pattern) {
    const auto spelling = common_spelling(pattern);
    if (spelling.empty()) unwritable_.insert(pattern.text());
    for (const std::string& each : spelling) add_name(each);
  }

  void take_ipv6_out(Exported& exported) {
    const AddressSet all_v6{AddressRange::whole(Family::v6)};
    std::set<std::string> taken;
    for (const AddressRange& range : both_of(addresses_, all_v6)) taken.insert(range.text());
    addresses_ = without(addresses_, all_v6);
    if (taken.empty()) return;
    if (options_.ipv4_only) {
      exported.left_out.push_back("IPv6: " + shown(taken));
    } else {
      exported.losses.push_back("IPv6, which --ipv4-only leaves out knowingly: " + shown(taken));
    }
  }

  std::string text() const {
    const bool semicolon = options_.format == ExportFormat::semicolon;
    std::string text;
    for (const std::string& entry : entries_) {
      if (semicolon && !text.empty()) text += ';';
      text += entry;
      if (!semicolon) text += '\n';
    }
    if (semicolon && !text.empty()) text += '\n';
    return text;
  }

  void tell(Exported& exported) const {
    const auto context = [&](const char* what, const std::set<std::string>& values,
                             const char* holds, const std::string& usual) {
      if (values.size() == 1 && *values.begin() != usual)
        exported.holds_for.push_back(holds + *values.begin());
      if (values.size() > 1) {
        exported.losses.push_back(std::string(what) +
                                  ", which differ between entries: " + shown(values));
      }
    };
    context("zones", zones_, "", "");
    context("services", services_, "on ", "");
    context("days", days_, "", "always");
    context("views", views_, "names as seen by ", "every resolver");
    if (!left_out_.empty()) exported.left_out.push_back("by --kind: " + shown(left_out_));
    if (!unwritable_.empty()) exported.losses.push_back("names: " + shown(unwritable_));
    if (!restrictions_.empty()) {
      exported.losses.push_back("what names may not have (denies, the DNS guard): " +
                                shown(restrictions_));
    }
  }

  const Extents& extents_;
  const ExportOptions& options_;
  AddressSet addresses_;
  std::set<std::string> names_, unwritable_, left_out_, restrictions_;
  std::set<std::string> zones_, services_, days_, views_;
  std::vector<std::string> entries_;
};

// --- CSV ------------------------------------------------------------------------------------

/// RFC 4180: in quotes where needed.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

/// The services by protocol: `tcp`, and `443 8000-8010`.
std::vector<std::pair<std::string, std::string>> by_protocol(const ServiceSet& services) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Service& service : services) {
    const std::string protocol = protocol_name(service.protocol);
    if (rows.empty() || rows.back().first != protocol) rows.emplace_back(protocol, "");
    if (last_port(service.protocol) == 0) continue;
    std::string& ports = rows.back().second;
    if (!ports.empty()) ports += ' ';
    const std::string text = service.text();
    ports += text.substr(text.find(' ') + 1);
  }
  return rows;
}

Exported csv_of(const std::vector<Cell>& cells, const Extents& extents,
                const ExportOptions& options) {
  Exported exported;
  exported.text = "direction,zone,protocol,ports,kind,remote,restriction,days,view,vendor,place\n";
  std::set<std::string> left_out, v6;
  for (const Cell& cell : cells) {
    const CellWords words = words_of(cell, extents);
    const bool wanted = cell.about_names() ? options.kind != ExportKind::addresses
                                           : options.kind != ExportKind::names;
    if (!wanted) {
      left_out.insert(words.remotes.begin(), words.remotes.end());
      continue;
    }
    std::vector<std::pair<const char*, std::string>> remotes;
    for (const HostName& name : cell.names) remotes.emplace_back("name", name.text());
    for (const NamePattern& pattern : cell.patterns)
      remotes.emplace_back("pattern", pattern.text());
    for (const DerivedName& name : cell.derived)
      remotes.emplace_back("derived", derived_text(name, extents.program()));
    if (!cell.about_names()) {
      for (const AddressRange& prefix : prefixes_of(cell.addresses)) {
        if (options.ipv4_only && prefix.family() == Family::v6) {
          v6.insert(prefix.text());
        } else {
          remotes.emplace_back("prefix", prefix.text());
        }
      }
    }
    for (const auto& [kind, remote] : remotes) {
      for (const auto& [protocol, ports] : by_protocol(cell.services)) {
        const std::string restriction = cell.about_names() ? words.where : std::string();
        const std::string columns[] = {
            words.direction, local_text(words), protocol,   ports,        kind,       remote,
            restriction,     words.days,        words.view, words.vendor, words.place};
        for (const std::string& column : columns)
          exported.text += field(column) + (&column == &columns[10] ? "\n" : ",");
        ++exported.entries;
      }
    }
  }
  if (!left_out.empty()) exported.left_out.push_back("by --kind: " + shown(left_out));
  if (!v6.empty()) exported.left_out.push_back("IPv6: " + shown(v6));
  return exported;
}

}  // namespace

std::vector<AddressRange> prefixes_of(const AddressSet& set) {
  std::vector<AddressRange> prefixes;
  for (const AddressRange& range : set) {
    const unsigned width = width_of(range.family());
    Uint128 next = range.first.number;
    while (true) {
      // The widest block that begins here and does not go beyond the end.
      unsigned bits = 0;
      Uint128 last = next;
      while (bits < width) {
        const Uint128 block = last_number(range.family()) >> (width - bits - 1);
        if ((next & block) != 0 || (next | block) > range.last.number) break;
        last = next | block;
        ++bits;
      }
      prefixes.push_back({{range.family(), next}, {range.family(), last}});
      if (last >= range.last.number) break;
      next = last + 1;
    }
  }
  return prefixes;
}

Exported export_cells(const std::vector<Cell>& cells, const Extents& extents,
                      const ExportOptions& options) {
  if (options.format == ExportFormat::csv) return csv_of(cells, extents, options);
  FlatList list(extents, options);
  for (const Cell& cell : cells) list.add(cell);
  return list.finish();
}

}  // namespace sallyport
