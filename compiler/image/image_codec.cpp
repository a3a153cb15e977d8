// SPDX-License-Identifier: GPL-2.0-or-later
// write_image() and read_image(). The order of the fields stands once, in the fields() functions,
// and serves both directions.
#include "compiler/image/image_codec.h"

#include <concepts>
#include <type_traits>
#include <utility>

namespace sallyport {
namespace {

constexpr Day last_day = std::chrono::year{9999} / 12 / 31;

/// T or const T: written from one, read into the other.
template <class T, class Wanted>
concept Either = std::same_as<std::remove_const_t<T>, Wanted>;

void fields(auto& codec, Either<Lifetimes> auto& lifetimes) {
  codec(lifetimes.ttl_floor, lifetimes.grace, lifetimes.max_stale);
}
void fields(auto& codec, Either<AddressRange> auto& range) {
  codec(range.first, range.last);
}
void fields(auto& codec, Either<Endpoint> auto& endpoint) {
  codec(endpoint.address, endpoint.port);
}
void fields(auto& codec, Either<Resolver> auto& resolver) {
  codec(resolver.name, resolver.servers);
}
void fields(auto& codec, Either<Group> auto& group) {
  codec(group.private_ok, group.patterns, group.via);
}
void fields(auto& codec, Either<ImageDerivation::Name> auto& name) {
  codec(name.head, name.tail, name.unless, name.groups, name.absent_ok);
}
void fields(auto& codec, Either<Never> auto& never) {
  codec(never.name, never.pattern, never.reason, never.place);
}
void fields(auto& codec, Either<Validity> auto& validity) {
  codec(validity.from, validity.until);
}
void fields(auto& codec, Either<Place> auto& place) {
  codec(place.file, place.line, place.column);
}
void fields(auto& codec, Either<Origin> auto& origin) {
  codec(origin.vendor, origin.part, origin.rule, origin.use);
}
void fields(auto& codec, Either<ImageRule> auto& rule) {
  codec(rule.action, rule.direction, rule.zone, rule.group, rule.services, rule.guarded_services,
        rule.resolver_services, rule.identity, rule.text, rule.origin, rule.validity, rule.log);
}
void fields(auto& codec, Either<FragmentService> auto& fragment) {
  codec(fragment.label, fragment.ports, fragment.guarded);
}
void fields(auto& codec, Either<LabelTables> auto& labels) {
  codec(labels.remote_groups, labels.rows, labels.verdicts);
}
template <class Number>
void fields(auto& codec, const RangeTable<Number>& table) {
  codec(table.starts, table.labels);
}
template <class Number>
void fields(auto& codec, RangeTable<Number>& table) {
  codec(table.starts, table.labels);
}
void fields(auto& codec, Either<Image> auto& image) {
  codec(image.policy, image.lifetimes, image.nat64, image.resolvers);
  codec(image.zone_names, image.zone_sets, image.place_zones);
  codec(image.groups, image.names, image.derivations, image.nevers);
  codec(image.rules, image.service_labels, image.fragments);
  codec(image.zone4, image.zone6, image.vlan, image.remote4, image.remote6, image.service,
        image.labels);
}

template <class T>
constexpr bool is_number = std::same_as<T, std::uint32_t> || std::same_as<T, Uint128>;

class Writer {
 public:
  explicit Writer(ByteWriter& out) : out_(out) {}

  template <class... Fields>
  void operator()(const Fields&... all) {
    (put(all), ...);
  }

 private:
  void put(bool value) { out_.number(static_cast<std::uint8_t>(value)); }
  void put(Action action) { out_.number(static_cast<std::uint8_t>(action)); }
  void put(Direction direction) { out_.number(static_cast<std::uint8_t>(direction)); }
  void put(std::uint16_t value) { out_.number(value); }
  void put(std::uint32_t value) { out_.number(value); }
  void put(Uint128 value) {
    out_.number(static_cast<std::uint64_t>(value));
    out_.number(static_cast<std::uint64_t>(value >> 64));
  }
  void put(Seconds value) { out_.number(static_cast<std::uint64_t>(value.count())); }
  void put(const std::string& value) { out_.text(value); }
  void put(const Address& address) {
    out_.number(static_cast<std::uint8_t>(address.family));
    put(address.number);
  }
  void put(const NamePattern& pattern) { out_.text(pattern.text()); }
  void put(const HostName& name) { out_.text(name.text()); }
  void put(const ImageName& entry) {
    put(entry.name.name);
    put(entry.name.via);
    (*this)(entry.groups, entry.absent_ok, entry.never);
  }
  void put(const ImageDerivation& entry) {
    put(entry.derivation.alias);
    (*this)(entry.derivation.prefixes, entry.via, entry.names);
  }
  void put(Day day) { out_.number(static_cast<std::uint32_t>((day - earliest_day).count())); }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class T>
  void put(const std::vector<T>& values) {
    put(static_cast<std::uint32_t>(values.size()));
    if constexpr (is_number<T>) {
      out_.numbers(values);
    } else {
      for (const T& value : values) put(value);
    }
  }
  template <class T>
  requires std::is_class_v<T>
  void put(const T& value) { fields(*this, value); }

  ByteWriter& out_;
};

class Reader {
 public:
  explicit Reader(ByteReader& in) : in_(in) {}

  template <class... Fields>
  void operator()(Fields&... all) {
    (get(all), ...);
  }

 private:
  void get(bool& value) { value = flag(); }
  void get(Action& action) { action = flag() ? Action::deny : Action::allow; }
  void get(Direction& direction) { direction = flag() ? Direction::inward : Direction::outward; }
  void get(std::uint16_t& value) { value = in_.number<std::uint16_t>(); }
  void get(std::uint32_t& value) { value = in_.number<std::uint32_t>(); }
  void get(Uint128& value) {
    const auto low = in_.number<std::uint64_t>();
    value = Uint128{in_.number<std::uint64_t>()} << 64 | low;
  }
  void get(Seconds& value) {
    value = Seconds(static_cast<Seconds::rep>(in_.number<std::uint64_t>()));
  }
  void get(std::string& value) { value = in_.text(); }
  void get(Address& address) {
    const auto family = in_.number<std::uint8_t>();
    address.family = family == 4 ? Family::v4 : Family::v6;
    get(address.number);
    if ((family != 4 && family != 6) || address.number > last_number(address.family)) in_.fail();
  }
  void get(Day& day) {
    day = earliest_day + std::chrono::days(in_.number<std::uint32_t>());
    if (day > last_day) in_.fail();
  }
  template <class T>
  void get(std::optional<T>& value) {
    if (flag()) value = element<T>();
  }
  template <class T>
  void get(std::vector<T>& values) {
    values.clear();
    if constexpr (is_number<T>) {
      values.resize(in_.count(sizeof(T)));  // so many bytes are there
      for (T& value : values) get(value);
    } else {
      for (std::uint32_t left = in_.count(1); left > 0 && in_.ok(); --left) {
        if (auto value = element<T>()) values.push_back(std::move(*value));
      }
    }
  }
  template <class T>
  requires std::is_class_v<T>
  void get(T& value) { fields(*this, value); }

  bool flag() {
    const auto value = in_.number<std::uint8_t>();
    if (value > 1) in_.fail();
    return value == 1;
  }
  template <class T>
  std::optional<T> element() {
    std::optional<T> value;
    if constexpr (std::same_as<T, NamePattern>) {
      value = canonical_text<NamePattern>();
    } else if constexpr (std::same_as<T, HostName>) {
      value = canonical_text<HostName>();
    } else if constexpr (std::same_as<T, ImageName>) {
      if (auto name = canonical_text<HostName>()) {
        value.emplace(ImageName{{std::move(*name), in_.text()}, {}});
        (*this)(value->groups, value->absent_ok, value->never);
      }
    } else if constexpr (std::same_as<T, ImageDerivation>) {
      if (auto alias = canonical_text<HostName>()) {
        value.emplace(ImageDerivation{{std::move(*alias), {}}, {}, {}});
        (*this)(value->derivation.prefixes, value->via, value->names);
      }
    } else {
      get(value.emplace());
    }
    return value;
  }
  /// A name or pattern, spelled as it prints itself.
  template <class Name>
  std::optional<Name> canonical_text() {
    const std::string text = in_.text();
    auto parsed = Name::parse(text);
    if (parsed && parsed->text() == text) return std::move(*parsed);
    in_.fail();
    return std::nullopt;
  }

  ByteReader& in_;
};

}  // namespace

void write_image(ByteWriter& out, const Image& image) {
  Writer writer(out);
  writer(image);
}

std::optional<Image> read_image(ByteReader& in) {
  Image image;
  Reader reader(in);
  reader(image);
  if (!in.ok() || in.left() != 0) return std::nullopt;
  return image;
}

}  // namespace sallyport
