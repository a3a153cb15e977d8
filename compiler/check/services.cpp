// SPDX-License-Identifier: GPL-2.0-or-later
// Services as written: nothing is implied, so every protocol says its ports or types, or `any`.
#include "compiler/check/services.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "compiler/check/written.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

bool is_icmp(std::uint8_t protocol) {
  return protocol == protocol_icmp || protocol == protocol_icmpv6;
}

/// The name or number of a protocol.
Reading<std::uint8_t> read_protocol(const Name& name) {
  std::uint32_t number = 0;
  const char* end = name.text.data() + name.text.size();
  const auto [stop, error] = std::from_chars(name.text.data(), end, number);
  if (error == std::errc{} && stop == end && number <= 255) {
    return static_cast<std::uint8_t>(number);
  }
  if (const auto known = protocol_number(name.text)) return *known;
  std::vector<std::string> names;
  for (unsigned candidate = 0; candidate < 256; ++candidate) {
    names.push_back(protocol_name(static_cast<std::uint8_t>(candidate)));
  }
  Hint hint = did_you_mean(name.text, names);
  if (hint.empty()) hint = "a protocol without a name here is written `protocol 47`";
  return std::unexpected(
      Complaint{"unknown-protocol", quote(name.text) + " is no protocol", std::move(hint)});
}

/// The word with each of the tails, for the author to choose from.
std::vector<Rewrite> rewrites_with(const std::string& word,
                                   std::initializer_list<std::string_view> tails) {
  std::vector<Rewrite> rewrites;
  for (const std::string_view tail : tails) {
    const std::string whole = word + std::string(tail);
    rewrites.push_back({word, whole, "write " + quote(whole)});
  }
  return rewrites;
}

/// The services of one protocol with everything written behind it.
class ClauseReader {
 public:
  ClauseReader(const ServiceClause& clause, const Terms& terms, Reporter& reporter)
      : clause_(clause), terms_(terms), reporter_(reporter) {}

  std::optional<std::vector<Service>> read();

 private:
  std::optional<std::vector<std::uint8_t>> protocols();
  bool mixes_ports_and_types(const std::vector<std::uint8_t>& protocols);
  bool has_what_it_needs(std::uint8_t protocol, const Name& name);
  std::optional<std::vector<Service>> services_of(std::uint8_t protocol);

  const ServiceClause& clause_;
  const Terms& terms_;
  Reporter& reporter_;
};

std::optional<std::vector<std::uint8_t>> ClauseReader::protocols() {
  std::vector<std::uint8_t> numbers;
  bool sound = true;
  for (const Name& name : clause_.protocols) {
    const auto number = read_protocol(name);
    if (number) {
      numbers.push_back(*number);
      sound = has_what_it_needs(*number, name) && sound;
    } else {
      reporter_.error(name.span, number.error());
      sound = false;
    }
  }
  if (!sound || mixes_ports_and_types(numbers)) return {};
  return numbers;
}

bool ClauseReader::has_what_it_needs(std::uint8_t protocol, const Name& name) {
  const bool written = !clause_.ports.empty();
  const std::string shown = protocol_name(protocol);
  if (has_ports(protocol) && !written) {
    reporter_.error(name.span, {"missing-ports",
                                quote(shown) + " stands without ports",
                                {"say " + quote(shown + " any") +
                                     " or name the ports: " + quote(shown + " 443"),
                                 rewrites_with(name.text, {" any", " 443"})}});
    return false;
  }
  if (is_icmp(protocol) && !written) {
    reporter_.error(name.span, {"missing-ports",
                                quote(shown) + " stands without types",
                                {"say " + quote(shown + " any") +
                                     " or name the types: " + quote(shown + " echo-request"),
                                 rewrites_with(name.text, {" any", " echo-request"})}});
    return false;
  }
  if (!has_ports(protocol) && !is_icmp(protocol) && written) {
    reporter_.error(join(clause_.ports.front().span, clause_.ports.back().span),
                    {"unexpected-ports", quote(shown) + " has neither ports nor types"});
    return false;
  }
  return true;
}

bool ClauseReader::mixes_ports_and_types(const std::vector<std::uint8_t>& numbers) {
  if (std::ranges::none_of(numbers, has_ports) || std::ranges::none_of(numbers, is_icmp)) {
    return false;
  }
  reporter_.error(clause_.span, {"mixed-protocols", "ports and ICMP types are written in one list",
                                 "write two services: `tcp 443 or icmp echo-request`"});
  return true;
}

std::optional<std::vector<Service>> ClauseReader::services_of(std::uint8_t protocol) {
  if (clause_.ports.empty()) return std::vector{Service{protocol, 0, 0}};
  std::vector<Service> services;
  bool sound = true;
  for (const Word& word : clause_.ports) {
    const auto texts = terms_.expand(word, reporter_);
    if (!texts) {
      sound = false;
      continue;
    }
    for (const std::string& text : *texts) {
      if (text == "any") {
        services.push_back({protocol, 0, last_port(protocol)});
        continue;
      }
      const auto range = has_ports(protocol) ? read_ports(text) : read_icmp_types(protocol, text);
      if (!range) {
        reporter_.error(word.span, range.error());
        sound = false;
        break;
      }
      services.push_back({protocol, range->first, range->last});
    }
  }
  if (!sound) return {};
  return services;
}

std::optional<std::vector<Service>> ClauseReader::read() {
  const auto numbers = protocols();
  if (!numbers) return {};
  std::vector<Service> services;
  bool sound = true;
  for (const std::uint8_t number : *numbers) {
    const auto more = services_of(number);
    if (more) {
      services.insert(services.end(), more->begin(), more->end());
    } else {
      sound = false;
    }
  }
  if (!sound) return {};
  return services;
}

bool says_any(const ServiceClause& clause) {
  return std::ranges::any_of(clause.protocols, [](const Name& name) { return name.text == "any"; });
}

/// Keeps the first of equals and the order.
void drop_repetitions(std::vector<Service>& services) {
  std::vector<Service> unique;
  std::set<Service> seen;
  for (const Service& service : services) {
    if (seen.insert(service).second) unique.push_back(service);
  }
  services = std::move(unique);
}

}  // namespace

std::optional<ServiceSet> read_services(const RuleStatement& statement, const Terms& terms,
                                        Reporter& reporter) {
  ServiceSet set;
  bool sound = true;
  for (const ServiceClause& clause : statement.services) {
    if (says_any(clause)) {
      if (clause.protocols.size() > 1 || !clause.ports.empty()) {
        reporter.error(clause.span, {"unexpected-ports",
                                     "`any` stands for every service and takes no ports and no "
                                     "further protocol",
                                     "name the protocols: `tcp+udp 443`"});
        sound = false;
      } else if (statement.action == RuleStatement::Action::deny) {
        set.every_service = true;
      } else {
        const auto any = any_service();
        set.services.insert(set.services.end(), any.begin(), any.end());
      }
      continue;
    }
    const auto services = ClauseReader(clause, terms, reporter).read();
    if (services) {
      set.services.insert(set.services.end(), services->begin(), services->end());
    } else {
      sound = false;
    }
  }
  if (!sound) return {};
  if (set.every_service) set.services.clear();
  drop_repetitions(set.services);
  return set;
}

}  // namespace sallyport
