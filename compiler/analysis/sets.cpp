// SPDX-License-Identifier: GPL-2.0-or-later
// One algebra of sorted disjoint intervals, used for addresses (by family) and services (by
// protocol).
#include "compiler/analysis/sets.h"

#include <algorithm>
#include <limits>

#include "compiler/analysis/lines.h"

namespace sallyport {
namespace {

/// True if `a` ends before `b` begins.
template <class Line, class T>
bool before(const T& a, const T& b) {
  if (Line::line(a) != Line::line(b)) return Line::line(a) < Line::line(b);
  return Line::last(a) < Line::first(b);
}

/// The elements of `set` that meet `element` are the ones from here on, as long as they do.
template <class Line, class T>
auto first_meeting(const std::vector<T>& set, const T& element) {
  return std::lower_bound(set.begin(), set.end(), element, before<Line, T>);
}

template <class Line, class T>
bool meet(const T& a, const T& b) {
  return !before<Line>(a, b) && !before<Line>(b, a);
}

template <class Line, class T>
std::vector<T> intersection(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() > b.size()) return intersection<Line>(b, a);
  std::vector<T> result;
  for (const T& element : a) {
    for (auto other = first_meeting<Line>(b, element);
         other != b.end() && meet<Line>(*other, element); ++other) {
      result.push_back(Line::make(Line::line(element),
                                  std::max(Line::first(element), Line::first(*other)),
                                  std::min(Line::last(element), Line::last(*other))));
    }
  }
  return result;
}

template <class Line, class T>
std::vector<T> difference(const std::vector<T>& a, const std::vector<T>& b) {
  using Number = typename Line::Number;
  std::vector<T> result;
  for (const T& element : a) {
    Number next = Line::first(element);
    bool left = true;
    for (auto other = first_meeting<Line>(b, element);
         other != b.end() && meet<Line>(*other, element); ++other) {
      if (Line::first(*other) > next) {
        result.push_back(
            Line::make(Line::line(element), next, static_cast<Number>(Line::first(*other) - 1)));
      }
      left = Line::last(*other) < Line::last(element);
      if (!left) break;
      next = static_cast<Number>(Line::last(*other) + 1);
    }
    if (left) result.push_back(Line::make(Line::line(element), next, Line::last(element)));
  }
  return result;
}

template <class Line, class T>
bool any_meet(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() > b.size()) return any_meet<Line>(b, a);
  return std::ranges::any_of(a, [&](const T& element) {
    const auto other = first_meeting<Line>(b, element);
    return other != b.end() && meet<Line>(*other, element);
  });
}

template <class T>
std::vector<T> joined(const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> all = a;
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

/// Sorted, disjoint and merged where adjacent.
template <class Line, class T>
std::vector<T> merged(std::vector<T> all) {
  std::ranges::sort(all);
  std::vector<T> result;
  for (const T& next : all) {
    const bool continues = !result.empty() && Line::line(result.back()) == Line::line(next) &&
                           Line::last(result.back()) + 1 >= Line::first(next);
    if (continues) {
      const auto last = std::max(Line::last(result.back()), Line::last(next));
      result.back() = Line::make(Line::line(next), Line::first(result.back()), last);
    } else {
      result.push_back(next);
    }
  }
  return result;
}

std::string ports_text(const Service& service) {
  if (service.first == 0 && service.last == last_port(service.protocol)) return "any";
  const std::string text = service.text();
  return text.substr(text.find(' ') + 1);
}

}  // namespace

AddressSet both_of(const AddressSet& a, const AddressSet& b) {
  return canonical(intersection<AddressLine>(a, b));
}
AddressSet union_of(const AddressSet& a, const AddressSet& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  return canonical(joined(a, b));
}
AddressSet without(const AddressSet& a, const AddressSet& b) {
  return difference<AddressLine>(a, b);
}
bool overlap(const AddressSet& a, const AddressSet& b) {
  return any_meet<AddressLine>(a, b);
}
AddressSet every_address() {
  return {AddressRange::whole(Family::v4), AddressRange::whole(Family::v6)};
}

ServiceSet canonical_services(std::vector<Service> services) {
  return merged<ServiceLine>(std::move(services));
}

const ServiceSet& every_service() {
  static const ServiceSet all = [] {
    ServiceSet services;
    for (unsigned number = 0; number <= std::numeric_limits<std::uint8_t>::max(); ++number) {
      const auto protocol = static_cast<std::uint8_t>(number);
      services.push_back({protocol, 0, last_port(protocol)});
    }
    return services;
  }();
  return all;
}

ServiceSet both_of(const ServiceSet& a, const ServiceSet& b) {
  return canonical_services(intersection<ServiceLine>(a, b));
}
ServiceSet union_of(const ServiceSet& a, const ServiceSet& b) {
  return canonical_services(joined(a, b));
}
ServiceSet without(const ServiceSet& a, const ServiceSet& b) {
  return difference<ServiceLine>(a, b);
}
bool overlap(const ServiceSet& a, const ServiceSet& b) {
  return any_meet<ServiceLine>(a, b);
}

bool contains(const ServiceSet& services, std::uint8_t protocol, std::uint16_t port) {
  const Service one{protocol, port, port};
  const auto found = first_meeting<ServiceLine>(services, one);
  return found != services.end() && meet<ServiceLine>(*found, one);
}

VlanSet every_vlan() {
  constexpr std::uint16_t last_id = 4095;
  return {{0, last_id}};
}
VlanSet both_of(const VlanSet& a, const VlanSet& b) {
  return intersection<VlanLine>(a, b);
}
VlanSet union_of(const VlanSet& a, const VlanSet& b) {
  return merged<VlanLine>(joined(a, b));
}
VlanSet without(const VlanSet& a, const VlanSet& b) {
  return difference<VlanLine>(a, b);
}

DaySet days_of(const Validity& validity) {
  const auto number = [](Day day) {
    return static_cast<std::int32_t>(day.time_since_epoch().count());
  };
  const DayRange range{validity.from ? number(*validity.from) : first_day,
                       validity.until ? number(*validity.until) - 1 : last_day};
  return range.first <= range.last ? DaySet{range} : DaySet{};
}
DaySet both_of(const DaySet& a, const DaySet& b) {
  return intersection<DayLine>(a, b);
}
DaySet union_of(const DaySet& a, const DaySet& b) {
  return merged<DayLine>(joined(a, b));
}
DaySet without(const DaySet& a, const DaySet& b) {
  return difference<DayLine>(a, b);
}

std::string services_text(const ServiceSet& services) {
  if (services == every_service()) return "every protocol";
  if (services == canonical_services(any_service())) return "any";
  std::string text;
  const Service* previous = nullptr;
  for (const Service& service : services) {
    const bool numbered = last_port(service.protocol) > 0;
    if (previous != nullptr && previous->protocol == service.protocol) {
      text += ", " + ports_text(service);
    } else {
      if (previous != nullptr) text += " or ";
      text += protocol_name(service.protocol) + (numbered ? " " + ports_text(service) : "");
    }
    previous = &service;
  }
  return text;
}

}  // namespace sallyport
