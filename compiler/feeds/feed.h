// SPDX-License-Identifier: GPL-2.0-or-later
// Feed: what a vendor's machine-readable list says: addresses and names, each with what the vendor
// says about it. Made by read_feed().
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/values/address.h"
#include "compiler/values/host_name.h"

namespace sallyport {

/// What an entry can be chosen by. Which of them a format has, and what of it they are, is in the
/// table of compiler/feeds/formats.h.
enum class FeedField : std::uint8_t {
  tag,
  region,
  service,
  direction,
  family,  // `ipv4` or `ipv6`, of addresses only; every format has it
  category,
  product,
  section,
  port,  // `tcp 443`, as a rule writes it
};
inline constexpr std::size_t feed_fields = 9;

std::string_view field_name(FeedField field);
std::optional<FeedField> field_of(std::string_view name);

struct FeedAttribute {
  FeedField field = FeedField::tag;
  std::string value;  // never empty
  auto operator<=>(const FeedAttribute&) const = default;
  bool operator==(const FeedAttribute&) const = default;
};

struct FeedEntry {
  std::variant<AddressRange, HostName, NamePattern> remote;
  std::uint32_t attributes = 0;  // index into Feed::attribute_sets
};

/// `FIELD = "V" or "V"`: one of the values.
struct FeedCondition {
  FeedField field = FeedField::tag;
  std::vector<std::string> values;
};

struct Feed {
  std::string version;             // as the file states it; empty if it does not
  std::string date;                // YYYY-MM-DD, the day the file states; empty if it does not
  std::vector<FeedEntry> entries;  // in the order of the file; repetitions stay
  std::vector<std::vector<FeedAttribute>> attribute_sets;  // each sorted; a field may repeat

  /// The entries that meet every condition, in order. An entry without a field meets no condition
  /// on it.
  std::vector<const FeedEntry*> select(std::span<const FeedCondition> conditions) const;
  /// Every value of the field, sorted, each once.
  std::vector<std::string> values(FeedField field) const;
};

/// Why a file is no feed of its format, and where. A file with a fault gives nothing at all.
struct FeedFault {
  std::uint32_t line = 0;    // from 1; 0 for the file as a whole
  std::uint32_t column = 0;  // from 1, in characters
  std::string pointer;       // JSON pointer (RFC 6901) of the value; empty in text and broken JSON
  std::string message;       // lower case, no full stop

  /// `line 3, column 7 (/values/0/name): the field is empty`
  std::string text() const;
};

}  // namespace sallyport
