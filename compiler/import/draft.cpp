// SPDX-License-Identifier: GPL-2.0-or-later
// See draft.h.
#include "compiler/import/draft.h"

#include <algorithm>
#include <map>
#include <set>

#include "compiler/source/utf8.h"

namespace sallyport {
namespace {

constexpr std::size_t widest_line = 100;

std::string hexadecimal(std::uint32_t number, int digits) {
  std::string text;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    text += "0123456789ABCDEF"[number >> shift & 0xfU];
  return text;
}

/// One line of text that a policy may hold, as a comment or a string: what it may not stands as
/// `\\xFF` or `\\u200B`.
std::string one_line(std::string_view text) {
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = decode_utf8(text, at);
    if (text[at] == '\t' || text[at] == '\n' || text[at] == '\r') {
      line += ' ';
    } else if (!character.valid) {
      line += "\\x" + hexadecimal(static_cast<unsigned char>(text[at]), 2);
    } else if (is_deceptive(character.code)) {
      line += "\\u" + hexadecimal(static_cast<std::uint32_t>(character.code), 4);
    } else {
      line += text.substr(at, character.length);
    }
    at += character.length;
  }
  return line;
}

std::string quoted_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : one_line(text)) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string comment(const std::string& indent, const DraftRemark& remark) {
  std::string text = indent + "# ";
  if (remark.line != 0) text += "line " + std::to_string(remark.line) + ": ";
  return text + one_line(remark.text) + '\n';
}

/// `tcp 443, 8443 or udp any`.
std::string services_text(const std::vector<Service>& services) {
  std::string text;
  const Service* previous = nullptr;
  for (const Service& service : services) {
    const std::uint16_t last = last_port(service.protocol);
    std::string ports = service.text();
    ports = last == 0 ? "" : ports.substr(ports.find(' ') + 1);
    if (last > 0 && service.first == 0 && service.last == last) ports = "any";
    if (previous != nullptr && previous->protocol == service.protocol && last > 0) {
      text += ", " + ports;
    } else {
      if (previous != nullptr) text += " or ";
      text += protocol_name(service.protocol) + (ports.empty() ? "" : " " + ports);
    }
    previous = &service;
  }
  return text;
}

/// `text` with the list behind it, broken into lines.
std::string with_list(std::string text, const std::vector<std::string>& list,
                      const std::string& indent) {
  std::size_t width = text.size();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string word = list[i] + (i + 1 < list.size() ? "," : "");
    if (width + 1 + word.size() > widest_line) {
      text += '\n' + indent + word;
      width = indent.size() + word.size();
    } else {
      text += ' ' + word;
      width += 1 + word.size();
    }
  }
  return text + '\n';
}

std::string rule_text(const DraftRule& rule) {
  std::string text;
  for (const DraftRemark& remark : rule.remarks) text += comment("    ", remark);
  if (!rule.services.empty()) {
    const std::string services = services_text(rule.services);
    return text + with_list(rule.inward ? "    allow in " + services + " from"
                                        : "    allow " + services + " to",
                            rule.destinations, "      ");
  }
  text += "    # no protocol and port was stated for these, so no rule opens them:\n";
  for (const std::string& destination : rule.destinations) text += "    #   " + destination + '\n';
  return text;
}

/// A part has one direction.
std::string title_of(const DraftRule& rule) {
  if (!rule.inward) return rule.part;
  return rule.part.empty() ? "inbound" : rule.part + ", inbound";
}

void write_parts(const std::vector<DraftRule>& rules, std::string& text) {
  std::vector<std::string> titles;
  std::set<std::string> names;
  for (const DraftRule& rule : rules) {
    const std::string title = title_of(rule);
    if (std::ranges::find(titles, title) == titles.end()) titles.push_back(title);
  }
  for (const std::string& title : titles) {
    const std::string base = title.empty() ? "core" : declared_name(title, "part");
    std::string name = base;
    for (int number = 2; !names.insert(name).second; ++number)
      name = base + '-' + std::to_string(number);
    text += "\n  part " + name + (title.empty() || title == name ? "" : " " + quoted_text(title)) +
            " {\n";
    for (const DraftRule& rule : rules) {
      if (title_of(rule) == title) text += rule_text(rule);
    }
    text += "  }\n";
  }
}

}  // namespace

std::optional<std::string> quoted_exactly(std::string_view text) {
  if (one_line(text) != text) return std::nullopt;
  return quoted_text(text);
}

std::string declared_name(std::string_view text, const std::string& otherwise) {
  std::string name;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool welcome = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (welcome) {
      name += lower;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (name.ends_with('-')) name.pop_back();
  const bool begins_well = !name.empty() && name.front() >= 'a' && name.front() <= 'z';
  return begins_well ? name : name.empty() ? otherwise : otherwise + '-' + name;
}

std::string draft_text(const Draft& draft) {
  std::string text = "# A draft from " + one_line(draft.source) +
                     ": review it against what the vendor says. Lines are those of the source.\n";
  if (draft.feed) {
    text += "feed " + draft.feed->name + " = " + quoted_text(draft.feed->file) + " as " +
            draft.feed->format + "\n\n";
  }
  text += "vendor " + draft.vendor + " {\n  source " + quoted_text(draft.source);
  if (!draft.seen.empty()) text += " seen " + draft.seen;
  text += '\n';
  for (const std::string& parameter : draft.parameters)
    text += "  param " + parameter + ": label\n";

  write_parts(draft.rules, text);
  text += "}\n";
  if (!draft.unread.empty()) {
    text += "\n# Not read:\n";
    for (const DraftRemark& remark : draft.unread) text += comment("", remark);
  }
  return text;
}

}  // namespace sallyport
