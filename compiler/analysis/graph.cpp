// SPDX-License-Identifier: GPL-2.0-or-later
// See graph.h.
#include "compiler/analysis/graph.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "compiler/analysis/sets.h"
#include "compiler/analysis/words.h"

namespace sallyport {
namespace {

constexpr std::size_t most_lines = 6;  // endpoints named in one node

std::string in_quotes(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\n') {
      quoted += "\\n";
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

/// Everything that a rule reaches, a line each.
std::string endpoints_of(const Rule& rule, const Program& program) {
  std::vector<std::string> lines;
  for (const HostName& name : rule.remote.names) lines.push_back(name.text());
  for (const NamePattern& pattern : rule.remote.patterns) lines.push_back(pattern.text());
  for (const DerivedName& name : rule.remote.derived) lines.push_back(derived_text(name, program));
  for (const AddressRange& range : rule.remote.ranges) lines.push_back(range.text());
  if (lines.empty()) return "nothing";
  std::string text;
  const std::size_t shown = lines.size() <= most_lines + 1 ? lines.size() : most_lines;
  for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : "\n") + lines[i];
  if (shown < lines.size()) text += "\nand " + std::to_string(lines.size() - shown) + " more";
  return text;
}

std::string services_of(const Rule& rule) {
  if (rule.every_service) return "any";
  return services_text(canonical_services(rule.services));
}

/// An edge, but for the services that it carries.
struct Edge {
  std::string from, to;
  bool deny = false;
  auto operator<=>(const Edge&) const = default;
};

class Drawing {
 public:
  explicit Drawing(const Program& program) : program_(program) {
    for (const Rule& rule : program.rules) add(rule);
  }

  std::string text() const {
    std::string text = "digraph " + in_quotes(program_.policy) + " {\n  rankdir=LR;\n" +
                       "  node [fontname=\"Helvetica\", fontsize=10];\n" +
                       "  edge [fontname=\"Helvetica\", fontsize=9];\n";
    for (const auto& [node, shape] : nodes_) {
      text += "  " + in_quotes(node.second) + " [" + shape +
              ", label=" + in_quotes(labels_.at(node.second)) + "];\n";
    }
    for (const auto& [edge, services] : edges_) {
      std::string label;
      for (const std::string& each : services) label += (label.empty() ? "" : "\n") + each;
      text += "  " + in_quotes(edge.from) + " -> " + in_quotes(edge.to);
      text +=
          " [label=" + in_quotes(label) + (edge.deny ? ", style=dashed, color=red" : "") + "];\n";
    }
    return text + "}\n";
  }

 private:
  /// The id of a node; what kind of thing it is keeps a zone and a vendor of one name apart.
  std::string node(int rank, const char* kind, const std::string& name, const std::string& label,
                   const char* shape) {
    std::string id = std::string(kind) + " " + name;
    nodes_[{rank, id}] = shape;
    labels_[id] = label;
    return id;
  }

  void add(const Rule& rule) {
    const std::string zone_name = rule.zone ? program_.zones[*rule.zone].name : "any";
    const std::string zone = node(0, "zone", zone_name, zone_name, "shape=box");
    const std::string reached = endpoints_of(rule, program_);
    const std::string endpoint = node(2, "endpoints", reached, reached, "shape=plaintext");
    const bool deny = rule.action == Action::deny;
    std::string before = zone;
    if (!rule.origin.vendor.empty()) {
      std::string vendor = rule.origin.vendor;
      if (!rule.origin.part.empty()) vendor += "\n" + rule.origin.part;
      before = node(1, "vendor", vendor, vendor, "shape=component");
      connect(zone, before, rule, false, {});
    }
    connect(before, endpoint, rule, deny, (deny ? "deny " : "") + services_of(rule));
  }

  void connect(const std::string& near, const std::string& far, const Rule& rule, bool deny,
               const std::string& services) {
    const bool outward = rule.direction == Direction::outward;
    auto& carried = edges_[{outward ? near : far, outward ? far : near, deny}];
    if (!services.empty()) carried.insert(services);
  }

  const Program& program_;
  std::map<std::pair<int, std::string>, std::string> nodes_;  // (rank, id) -> shape
  std::map<std::string, std::string> labels_;
  std::map<Edge, std::set<std::string>> edges_;
};

}  // namespace

std::string graph_of(const Program& program) {
  return Drawing(program).text();
}

}  // namespace sallyport
