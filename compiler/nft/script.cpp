// SPDX-License-Identifier: GPL-2.0-or-later
// nft(8) syntax. Version 1.0.6 wants the closing brace of a block on a line of its own. Entry
// point: script_of().
#include "compiler/nft/script.h"

#include <charconv>
#include <cstring>
#include <span>

namespace sallyport::nft {
namespace {

void append_number(std::string& text, unsigned number) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  text.append(digits, end);
}

Family family_of(KeyPart part) {
  return part == KeyPart::ipv4 ? Family::v4 : Family::v6;
}

void append_part(std::string& text, KeyPart part, std::span<const std::uint8_t> bytes) {
  switch (part) {
    case KeyPart::ipv4:
      for (std::size_t i = 0; i < 4; ++i) {
        if (i > 0) text += '.';
        append_number(text, bytes[i]);
      }
      return;
    case KeyPart::ipv6:
      text += Address::from_bytes(Family::v6, bytes).text();
      return;
    case KeyPart::protocol:
      append_number(text, bytes[0]);
      return;
    case KeyPart::port:
      append_number(text, static_cast<unsigned>(bytes[0] << 8 | bytes[1]));
      return;
    case KeyPart::device: {
      const auto* name = reinterpret_cast<const char*>(bytes.data());
      text += '"';
      text.append(name, strnlen(name, bytes.size()));
      text += '"';
      return;
    }
  }
}

void append_key(std::string& text, const Set& set, const Key& key) {
  std::size_t at = 0;
  for (const KeyPart part : set.key) {
    if (at > 0) text += " . ";
    append_part(text, part, std::span(key).subspan(at, size_of(part)));
    at += (size_of(part) + 3) / 4 * 4;
  }
}

void append_interval(std::string& text, const Set& set, const Interval& interval) {
  const KeyPart part = set.key[0];
  if (part == KeyPart::ipv4 || part == KeyPart::ipv6) {
    const auto address = [&](const Key& key) {
      return Address::from_bytes(family_of(part), std::span(key).first(size_of(part)));
    };
    text += AddressRange{address(interval.first), address(interval.last)}.text();
    return;
  }
  append_key(text, set, interval.first);
  if (interval.first == interval.last) return;
  text += '-';
  append_key(text, set, interval.last);
}

void append_target(std::string& text, const Table& table, const Set& set, std::uint32_t target) {
  switch (set.holds) {
    case Holds::nothing:
      return;
    case Holds::counters:
      text += " : \"";
      text += table.counters.at(target).name;
      text += '"';
      return;
    case Holds::jumps:
    case Holds::gotos:
      text += set.holds == Holds::jumps ? " : jump " : " : goto ";
      text += table.chains.at(target).name;
      return;
  }
}

void append_elements(std::string& text, const Table& table, const Set& set) {
  if (set.elements.empty() && set.intervals.empty()) return;
  text += "\t\telements = {";
  const char* before = "\n\t\t\t";
  const auto begin = [&] {
    text += before;
    before = ",\n\t\t\t";
  };
  for (const Element& element : set.elements) {
    begin();
    append_key(text, set, element.key);
    append_target(text, table, set, element.target);
  }
  for (const Interval& interval : set.intervals) {
    begin();
    append_interval(text, set, interval);
    append_target(text, table, set, interval.target);
  }
  text += "\n\t\t}\n";
}

void append_set(std::string& text, const Table& table, const Set& set) {
  text += set.holds == Holds::nothing ? "\tset " : "\tmap ";
  text += set.name;
  text += " {\n\t\ttype ";
  for (std::size_t i = 0; i < set.key.size(); ++i) {
    if (i > 0) text += " . ";
    text += type_name(set.key[i]);
  }
  if (set.holds == Holds::counters) text += " : counter";
  if (set.holds == Holds::jumps || set.holds == Holds::gotos) text += " : verdict";
  text += '\n';
  if (set.interval) text += "\t\tflags interval\n";
  if (set.remembers > 0) {
    text += "\t\tsize " + std::to_string(set.remembers) + "\n\t\tflags dynamic\n";
  }
  append_elements(text, table, set);
  text += "\t}\n\n";
}

void append_comment(std::string& text, const std::string& comment) {
  if (!comment.empty()) text += "\t\tcomment \"" + comment + "\"\n";
}

const char* hook_name(Hook hook) {
  switch (hook) {
    case Hook::prerouting:
      return "prerouting";
    case Hook::forward:
      return "forward";
    case Hook::output:
      return "output";
    case Hook::none:
      break;
  }
  return "";
}

void append_chain(std::string& text, const Table& table, const Chain& chain) {
  text += "\tchain " + chain.name + " {\n";
  append_comment(text, chain.comment);
  if (chain.hook != Hook::none) {
    text += std::string("\t\ttype filter hook ") + hook_name(chain.hook) + " priority " +
            std::to_string(chain.priority) + "; policy accept;\n";
  }
  for (const Rule& rule : chain.rules) text += "\t\t" + rule.text + "\n";
  for (const Entry& entry : table.entries) {
    if (entry.chain == chain.name) text += "\t\t" + entry.rule.text + "\n";
  }
  text += "\t}\n\n";
}

}  // namespace

std::string script_of(const Table& table, const std::vector<std::string>& remarks) {
  std::string text;
  for (const std::string& remark : remarks) {
    text += "# ";
    for (const char c : remark) {
      text += c;
      if (c == '\n') text += "# ";
    }
    text += '\n';
  }
  if (!remarks.empty()) text += '\n';
  // `create` refuses a table that is there.
  text += "create table inet " + table.name + "\n\ntable inet " + table.name + " {\n";
  for (const Counter& counter : table.counters) {
    text += "\tcounter " + counter.name + " {\n";
    append_comment(text, counter.comment);
    text += "\t}\n\n";
  }
  for (const Set& set : table.sets) append_set(text, table, set);
  for (const Chain& chain : table.chains) append_chain(text, table, chain);
  if (text.ends_with("\n\n")) text.pop_back();
  return text + "}\n";
}

}  // namespace sallyport::nft
