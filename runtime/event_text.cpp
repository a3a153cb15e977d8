// SPDX-License-Identifier: GPL-2.0-or-later
// Words for events. The rule is told by its place and text, as a person finds it in the policy.
#include "runtime/event_text.h"

#include <algorithm>

#include "compiler/values/service.h"

namespace sallyport {
namespace {

constexpr std::size_t most_names = 3;

Address address_of(const SpEvent& event, const SpKey6& key) {
  const std::span<const std::uint8_t> bytes(key.address);
  if (event.family == 4) return Address::from_bytes(Family::v4, bytes.subspan(12));
  return Address::from_bytes(Family::v6, bytes);
}

/// `198.51.100.7 (relay.example.net)`.
std::string named(const Address& address, std::span<const ViewedName> names) {
  std::string text = address.text();
  if (names.empty()) return text;
  text += " (";
  for (std::size_t i = 0; i < std::min(names.size(), most_names); ++i) {
    text += (i > 0 ? ", " : "") + names[i].text();
  }
  if (names.size() > most_names) text += ", ...";
  return text + ")";
}

/// What the rule is asked about: the port of the responder, which sends the packet if it answers.
std::string service_text(const SpEvent& event) {
  constexpr std::uint8_t later_fragment = 2;
  const std::string protocol = protocol_name(event.protocol);
  if (event.fragment == later_fragment) return protocol + " fragment";
  if (has_ports(event.protocol)) {
    const bool answers = event.reason == SP_PASS_REPLY;
    const unsigned port = answers ? event.source_port : event.destination_port;
    return protocol + ' ' + std::to_string(port) + (answers ? " answer" : "");
  }
  if (last_port(event.protocol) == 0) return protocol;
  return protocol + ' ' + std::to_string(event.destination_port);
}

}  // namespace

Address remote_of(const SpEvent& event) {
  return address_of(event, event.direction == SP_OUTWARD ? event.destination : event.source);
}

std::string logged_rule_text(const ImageRule& rule) {
  constexpr std::string_view word = " log";  // the last of them, and no news here
  std::string_view text = rule.text;
  if (text.ends_with(word)) text.remove_suffix(word.size());
  std::string place;
  if (rule.origin.rule.line > 0) {
    place = rule.origin.rule.file + ':' + std::to_string(rule.origin.rule.line) + ": ";
  }
  return place + std::string(text);
}

std::string event_text(const SpEvent& event, const Image& image,
                       std::span<const ViewedName> names) {
  const bool outward = event.direction == SP_OUTWARD;
  const Address source = address_of(event, event.source);
  const Address destination = address_of(event, event.destination);
  std::string text = SP_PASSES(event.reason) ? "log pass " : "log drop ";
  text += outward ? source.text() : named(source, names);
  text += " -> ";
  text += outward ? named(destination, names) : destination.text();
  text += ' ' + service_text(event);
  if (event.rule == 0 || event.rule > image.rules.size()) return text;
  return text + " (" + logged_rule_text(image.rules[event.rule - 1]) + ')';
}

}  // namespace sallyport
