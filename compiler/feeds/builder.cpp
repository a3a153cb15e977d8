// SPDX-License-Identifier: GPL-2.0-or-later
// Entries with their checks, and the place of a fault.
#include "compiler/feeds/builder.h"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace sallyport {
namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

/// Line and column of an offset, from 1, the column in characters.
void set_place(FeedFault& fault, std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  fault.line = 1 + static_cast<std::uint32_t>(std::ranges::count(before, '\n'));
  fault.column = 1 + static_cast<std::uint32_t>(std::ranges::count_if(
                         before.substr(line_start), [](char c) { return !is_continuation(c); }));
}

/// The prefix as it would be without host bits; nothing if that is not what is wrong.
std::optional<AddressRange> without_host_bits(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const auto address = Address::parse(text.substr(0, slash));
  unsigned length = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + slash + 1, end, length);
  if (!address || read.ec != std::errc{} || read.ptr != end) return {};
  if (length > width_of(address->family)) return {};
  return AddressRange::prefix(*address, length);
}

bool is_day(std::string_view text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto read = [](std::string_view digits, auto& number) {
    if (digits.find_first_not_of("0123456789") != std::string_view::npos) return false;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return true;
  };
  if (!read(text.substr(0, 4), year) || !read(text.substr(5, 2), month) ||
      !read(text.substr(8, 2), day)) {
    return false;
  }
  return std::chrono::year_month_day{std::chrono::year{year}, std::chrono::month{month},
                                     std::chrono::day{day}}
      .ok();
}

}  // namespace

void FeedBuilder::fail(const JsonValue& value, std::string message) {
  if (failed()) return;
  fail(value.offset, std::move(message));
  if (root_) fault_->pointer = json_pointer(*root_, value);
}

void FeedBuilder::fail(std::size_t offset, std::string message) {
  if (failed()) return;
  fault_.emplace();
  fault_->message = std::move(message);
  set_place(*fault_, text_, offset);
}

void FeedBuilder::set_date(const JsonValue& value, std::string_view text) {
  const std::string_view day = text.substr(0, 10);
  if (!is_day(day)) {
    fail(value, "expected a date such as 2026-03-31, found " + shown_word(text));
    return;
  }
  feed_.date = day;
}

void FeedBuilder::set_attributes(std::vector<FeedAttribute> attributes) {
  std::erase_if(attributes, [](const FeedAttribute& one) { return one.value.empty(); });
  std::ranges::sort(attributes);
  const auto rest = std::ranges::unique(attributes);
  attributes.erase(rest.begin(), rest.end());
  const auto next = static_cast<std::uint32_t>(sets_.size());
  const auto [at, is_new] = sets_.emplace(std::move(attributes), next);
  if (is_new) feed_.attribute_sets.push_back(at->first);
  set_ = at->second;
}

std::optional<AddressRange> FeedBuilder::read_address(std::string_view text,
                                                      std::optional<Family> family,
                                                      std::string& fault) const {
  const auto range = AddressRange::parse(text);
  if (!range) {
    fault = shown_word(text) + " is no address, no prefix and no range of addresses";
    if (const auto prefix = without_host_bits(text)) {
      fault = shown_word(text) + " has host bits set; the prefix is " + shown_word(prefix->text());
    }
    return {};
  }
  if (family && range->family() != *family) {
    fault = shown_word(text) + " is IPv" + (range->family() == Family::v4 ? "4" : "6") +
            ", in a list of IPv" + (*family == Family::v4 ? "4" : "6");
    return {};
  }
  if (*range == AddressRange::whole(range->family())) {
    fault = shown_word(text) + " is every address there is, which no feed lists";
    return {};
  }
  return range;
}

void FeedBuilder::add_address(const JsonValue& value, std::optional<Family> family) {
  if (failed()) return;
  if (value.kind != JsonValue::Kind::string) {
    fail(value, "expected an address or a prefix as a string, found " +
                    std::string(kind_name(value.kind)));
    return;
  }
  std::string fault;
  const auto range = read_address(value.text, family, fault);
  if (!range) return fail(value, std::move(fault));
  add(*range);
}

void FeedBuilder::add_address(std::size_t offset, std::string_view text,
                              std::optional<Family> family) {
  if (failed()) return;
  std::string fault;
  const auto range = read_address(text, family, fault);
  if (!range) return fail(offset, std::move(fault));
  add(*range);
}

void FeedBuilder::add_name(const JsonValue& value, std::string_view text) {
  if (failed()) return;
  if (value.kind != JsonValue::Kind::string) {
    fail(value, "expected a host name as a string, found " + std::string(kind_name(value.kind)));
    return;
  }
  if (NamePattern::looks_like_pattern(text)) {
    auto pattern = NamePattern::parse(text);
    if (!pattern) return fail(value, shown_word(text) + ": " + pattern.error());
    return add(std::move(*pattern));
  }
  auto name = HostName::parse(text);
  if (!name) return fail(value, shown_word(text) + ": " + name.error());
  add(std::move(*name));
}

void FeedBuilder::add(std::variant<AddressRange, HostName, NamePattern> remote) {
  if (!set_) set_attributes({});
  feed_.entries.push_back({std::move(remote), *set_});
}

std::expected<Feed, FeedFault> FeedBuilder::take() {
  if (!failed() && feed_.entries.empty()) {
    fault_ = FeedFault{.line = 0, .column = 0, .pointer = {}, .message = "there is no entry in it"};
  }
  if (fault_) return std::unexpected(std::move(*fault_));
  return std::move(feed_);
}

std::string shown_word(std::string_view word) {
  constexpr std::size_t longest = 60;
  std::size_t size = std::min(word.size(), longest);
  // Not through the middle of a UTF-8 sequence.
  while (size > 0 && size < word.size() && is_continuation(word[size])) --size;
  std::string out = "`";
  for (const char c : word.substr(0, size)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return out + (word.size() > size ? "...`" : "`");
}

}  // namespace sallyport
