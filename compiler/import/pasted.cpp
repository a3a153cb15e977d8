// SPDX-License-Identifier: GPL-2.0-or-later
// See pasted.h. A line is a row of the table that it stands in, or else words, each of which is a
// destination, says something of a service, or is text.
#include "compiler/import/pasted.h"

#include <algorithm>
#include <utility>

#include "compiler/import/remote_words.h"
#include "compiler/import/service_words.h"
#include "compiler/import/table.h"
#include "compiler/values/address.h"

namespace sallyport {
namespace {

using Words = std::vector<std::string>;

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\f\v");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\f\v") - first + 1);
}

/// Blanks that are not ASCII, and the dashes of typesetters, as ASCII.
std::string plain(std::string_view text) {
  struct Replacement {
    std::string_view from, to;
  };
  constexpr Replacement replacements[] = {
      {"\xc2\xa0", " "},      {"\xe2\x80\x8b", ""},   {"\xef\xbb\xbf", ""},  {"\xe2\x80\x93", "-"},
      {"\xe2\x80\x94", "-"},  {"\xe2\x80\xa2", " "},  {"<br>", " "},         {"<br/>", " "},
      {"\xe2\x80\x9c", "\""}, {"\xe2\x80\x9d", "\""}, {"\xe2\x80\x99", "'"},
  };
  std::string result(text);
  for (const auto& [from, to] : replacements) {
    for (auto at = result.find(from); at != std::string::npos;
         at = result.find(from, at + to.size()))
      result.replace(at, from.size(), to);
  }
  return result;
}

Words split(std::string_view text) {
  Words words;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find_first_of(" \t\r,;|", at);
    const auto word = text.substr(at, end == std::string_view::npos ? end : end - at);
    if (!word.empty()) words.emplace_back(word);
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  return words;
}

/// `192.0.2.1 - 192.0.2.9` is one word.
Words with_ranges_joined(Words words) {
  Words joined;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool dash = i > 0 && i + 1 < words.size() && (words[i] == "-" || words[i] == "to");
    if (dash && Address::parse(words[i - 1]) && Address::parse(words[i + 1])) {
      joined.back() += '-' + words[++i];
    } else {
      joined.push_back(words[i]);
    }
  }
  return joined;
}

bool is_remote(const std::string& word) {
  return read_remote(word).has_value();
}

bool says_nothing(const std::string& word) {
  static constexpr std::string_view small[] = {"port", "ports", "Port", "Ports", "and", "or", "on",
                                               "to",   "over",  "via",  "-",     "*",   "&",  "/"};
  return std::ranges::find(small, word) != std::end(small);
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// What a cell says of where flows begin; nothing known is outward.
struct Directions {
  bool outward = true;
  bool inward = false;
};

Directions directions_of(const std::string& cell) {
  const std::string text = lower(cell);
  const auto says = [&](std::string_view word) { return text.find(word) != text.npos; };
  const bool both = says("both") || says("bidirectional") || says("two-way") || says("<->");
  const bool inward =
      both || text.starts_with("in") || says("inbound") || says("ingress") || says("from vendor");
  const bool outward = both || !inward || says("out") || says("egress");
  return {outward, inward};
}

/// A line of few words that says nothing but what follows; `marked` as a heading by its page.
bool is_heading(std::string_view text, bool marked) {
  constexpr std::size_t most_words = 8, longest = 70;
  const Words words = split(text);
  const bool letter_first =
      (text[0] >= 'A' && text[0] <= 'Z') || (marked && text[0] >= 'a' && text[0] <= 'z');
  if (!letter_first || text.size() > longest || words.size() > most_words) return false;
  if (std::string_view(".,;!?").find(text.back()) != std::string_view::npos) return false;
  ServiceWords services;
  return !std::ranges::all_of(words, [&](const std::string& word) {
    return says_nothing(word) || services.take(word, true);
  });
}

class PastedReader {
 public:
  explicit PastedReader(const PastedOptions& options) : options_(options) {
    draft_.vendor = options.vendor;
    draft_.source = options.source;
    draft_.seen = options.seen;
  }

  void read_line(std::string_view written) {
    ++line_;
    const std::string line = plain(written);
    const std::string_view text = without_blanks(line);
    const bool after_blank = std::exchange(blank_before_, text.empty());
    if (text.empty()) {
      header_.reset();
    } else if (is_frame(text)) {
      return;
    } else if (auto header = read_header(text)) {
      header_ = std::move(header);
    } else if (header_ && cells_of(text, header_->separator).size() >= 2) {
      read_row(text);
    } else {
      header_.reset();
      read_free(text, after_blank);
    }
  }

  Draft finish() {
    drop_heading();
    std::ranges::stable_sort(draft_.unread, {}, &DraftRemark::line);
    return std::move(draft_);
  }

 private:
  void read_row(std::string_view text);
  void read_free(std::string_view text, bool after_blank);
  /// False if none of the words is a destination.
  bool add(const Words& words, const ServiceWords& stated, const std::string& said,
           std::string_view line, bool inward = false);
  DraftRule& rule_on(const std::vector<Service>& services, bool inward);
  /// A heading under which nothing was found is a line like others.
  void drop_heading();
  void unread(std::string text) { draft_.unread.push_back({line_, std::move(text)}); }

  const PastedOptions& options_;
  Draft draft_;
  std::uint32_t line_ = 0;
  bool blank_before_ = true;
  std::optional<TableHeader> header_;
  std::string part_;                    // the heading that counts
  std::optional<DraftRemark> heading_;  // under which nothing was found yet
};

void PastedReader::drop_heading() {
  if (heading_) draft_.unread.push_back(*std::exchange(heading_, std::nullopt));
}

DraftRule& PastedReader::rule_on(const std::vector<Service>& services, bool inward) {
  if (heading_) part_ = std::exchange(heading_, std::nullopt)->text;
  const auto found = std::ranges::find_if(draft_.rules, [&](const DraftRule& rule) {
    return rule.part == part_ && rule.inward == inward && rule.services == services;
  });
  if (found != draft_.rules.end()) return *found;
  return draft_.rules.emplace_back(DraftRule{
      .part = part_, .inward = inward, .services = services, .destinations = {}, .remarks = {}});
}

void add_remark(DraftRule& rule, std::uint32_t line, std::string text) {
  DraftRemark remark{line, std::move(text)};
  if (std::ranges::find(rule.remarks, remark) == rule.remarks.end())
    rule.remarks.push_back(std::move(remark));
}

/// What the line says of services goes before what a URL implies.
bool PastedReader::add(const Words& words, const ServiceWords& stated, const std::string& said,
                       std::string_view line, bool inward) {
  bool found = false;
  for (const std::string& word : words) {
    const auto remote = read_remote(word);
    if (!remote) continue;
    found = true;
    if (!remote->fault.empty()) {
      unread("`" + word + "`: " + remote->fault);
      continue;
    }
    std::vector<Service> services = stated.services();
    std::vector<std::string> remarks = remote->remarks;
    if (services.empty() && remote->service) {
      services = {*remote->service};
    } else if (remote->service && std::ranges::find(services, *remote->service) == services.end()) {
      remarks.push_back("`" + word + "` alone would be " + remote->service->text());
    }
    if (!services.empty() && !remote->service) {
      const auto more = stated.remarks();
      remarks.insert(remarks.end(), more.begin(), more.end());
    }
    if (services.empty() && !stated.empty())
      remarks.emplace_back("no port was stated: " + std::string(line));
    if (services.empty()) services = options_.services;
    DraftRule& rule = rule_on(services, inward);
    if (std::ranges::find(rule.destinations, remote->destination) == rule.destinations.end())
      rule.destinations.push_back(remote->destination);
    for (const std::string& label : remote->labels) {
      if (std::ranges::find(draft_.parameters, label) == draft_.parameters.end())
        draft_.parameters.push_back(label);
    }
    for (std::string& remark : remarks)
      add_remark(rule, line_, remote->destination + ": " + std::move(remark));
    if (!said.empty()) add_remark(rule, line_, said);
  }
  return found;
}

void PastedReader::read_row(std::string_view text) {
  const auto cells = cells_of(text, header_->separator);
  Words remotes, sources;
  std::string protocol, port, said, direction;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Column column = i < header_->columns.size() ? header_->columns[i] : Column::other;
    switch (column) {
      case Column::host:
      case Column::source:
        for (std::string& word : with_ranges_joined(split(cells[i])))
          (column == Column::host ? remotes : sources).push_back(std::move(word));
        break;
      case Column::protocol:
        protocol += ' ' + cells[i];
        break;
      case Column::port:
        port += ' ' + cells[i];
        break;
      case Column::direction:
        direction = cells[i];
        break;
      case Column::other:
        if (!cells[i].empty()) said += (said.empty() ? "" : ", ") + cells[i];
    }
  }
  ServiceWords stated;
  for (const std::string& cell : {protocol, port}) {
    for (const std::string& word : split(cell)) {
      if (!stated.take(word, &cell != &protocol) && !says_nothing(word))
        said += (said.empty() ? "" : ", ") + word;
    }
  }
  // A table with sources alone is about flows that begin there.
  const bool only_sources = direction.empty() && remotes.empty();
  const Directions directions =
      only_sources ? Directions{.outward = false, .inward = true} : directions_of(direction);
  bool found = false;
  for (const bool inward : {false, true}) {
    if (!(inward ? directions.inward : directions.outward)) continue;
    const bool from_sources = inward && std::ranges::any_of(sources, is_remote);
    const Words& ours = from_sources ? remotes : sources;
    std::string beside = said;
    for (const std::string& word : from_sources ? sources : remotes) {
      if (!is_remote(word) && !says_nothing(word)) beside += (beside.empty() ? "" : ", ") + word;
    }
    for (const std::string& word : ours) beside += (beside.empty() ? "" : ", ") + word;
    found = add(from_sources ? sources : remotes, stated, beside, text, inward) || found;
  }
  if (!found) unread(std::string(text));
}

void PastedReader::read_free(std::string_view text, bool after_blank) {
  const std::string_view marks = "-*#>";
  std::string_view rest = text;
  if (rest.size() > 1 && marks.find(rest[0]) != std::string_view::npos && rest[1] == ' ')
    rest = without_blanks(rest.substr(1));
  const Words words = with_ranges_joined(split(rest));
  Words remotes;
  for (const std::string& word : words) {
    if (read_remote(word)) remotes.push_back(word);
  }
  if (remotes.empty()) {
    const bool marked = text[0] == '#', item = marks.find(text[0]) != std::string_view::npos;
    rest.remove_prefix(std::min(rest.find_first_not_of("# "), rest.size()));
    if (rest.empty() || !(marked || (after_blank && !item)) || !is_heading(rest, marked)) {
      return unread(std::string(text));
    }
    drop_heading();
    heading_ = DraftRemark{line_, std::string(rest)};
    return;
  }
  // In a short line a number is a port; in prose only behind `port`, `tcp` and the like.
  const bool short_line = words.size() <= remotes.size() + 3;
  ServiceWords stated;
  bool behind_port = false, prose = false;
  for (const std::string& word : words) {
    if (read_remote(word)) {
      behind_port = false;
      continue;
    }
    const bool took = stated.take(word, short_line || behind_port);
    const bool announces = word == "port" || word == "ports" || word == "Port" || word == "Ports";
    if (!took && !says_nothing(word)) prose = true;
    behind_port = announces || (took && behind_port) || (behind_port && says_nothing(word));
  }
  add(remotes, stated, prose ? std::string(rest) : std::string(), rest);
}

}  // namespace

Draft read_pasted(std::string_view text, const PastedOptions& options) {
  PastedReader reader(options);
  while (!text.empty()) {
    const auto end = text.find('\n');
    reader.read_line(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return reader.finish();
}

}  // namespace sallyport
