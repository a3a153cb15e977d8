// SPDX-License-Identifier: GPL-2.0-or-later
// FeedBuilder: a Feed while its file is read, or the first thing that is wrong with it.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/feeds/feed.h"
#include "compiler/feeds/json.h"

namespace sallyport {

/// The first fault stands; after it everything else is ignored, so that readers need no checks of
/// their own and the file gives nothing.
class FeedBuilder {
 public:
  /// `text` is the file without its byte order mark, and must outlive the builder.
  explicit FeedBuilder(std::string_view text) : text_(text) {}
  /// The document that faults point into.
  void set_root(const JsonValue& root) { root_ = &root; }

  std::string_view text() const { return text_; }
  bool failed() const { return fault_.has_value(); }
  void fail(const JsonValue& value, std::string message);
  void fail(std::size_t offset, std::string message);

  void set_version(std::string_view version) { feed_.version = version; }
  /// Takes the day that `text` begins with, `2025-07-24` of `2025-07-24-20-23-14`.
  void set_date(const JsonValue& value, std::string_view text);

  /// What is said of the entries that follow. Empty values are left out, repetitions too.
  void set_attributes(std::vector<FeedAttribute> attributes);

  /// One address, prefix or dash range, of the given family if one is given.
  void add_address(const JsonValue& value, std::optional<Family> family = {});
  void add_address(std::size_t offset, std::string_view text, std::optional<Family> family = {});
  /// One host name or pattern.
  void add_name(const JsonValue& value) { add_name(value, value.text); }
  void add_name(const JsonValue& value, std::string_view text);

  /// A feed without entries is a fault.
  std::expected<Feed, FeedFault> take();

 private:
  std::optional<AddressRange> read_address(std::string_view text, std::optional<Family> family,
                                           std::string& fault) const;
  void add(std::variant<AddressRange, HostName, NamePattern> remote);

  std::string_view text_;
  const JsonValue* root_ = nullptr;
  Feed feed_;
  std::map<std::vector<FeedAttribute>, std::uint32_t> sets_;
  std::optional<std::uint32_t> set_;  // the one in force
  std::optional<FeedFault> fault_;
};

/// In backticks for a message: shortened, without control characters.
std::string shown_word(std::string_view word);

}  // namespace sallyport
