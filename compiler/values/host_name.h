// SPDX-License-Identifier: GPL-2.0-or-later
// Host names as the policy writes them: exact names and the pattern table of policies/LANGUAGE.md.
#pragma once

#include <compare>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

/// Lower-case LDH labels joined by dots, at least two labels, no final dot, at most 253 octets,
/// never an address (C9).
class HostName {
 public:
  /// The error says what is wrong in the words of a diagnostic: "a label is longer than 63 octets".
  /// Upper case is folded, one final dot is dropped, U-labels are converted to A-labels (IDNA
  /// 2008).
  static std::expected<HostName, std::string> parse(std::string_view text);
  /// True for one LDH label, 1 to 63 octets.
  static bool is_label(std::string_view text);

  const std::string& text() const { return text_; }
  auto operator<=>(const HostName&) const = default;
  bool operator==(const HostName&) const = default;

 private:
  explicit HostName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// True if the text is like the glob: `*` is zero or more characters, all else itself.
bool glob_matches(std::string_view glob, std::string_view text);

/// `*.x` one or more labels below x; `?.x` exactly one; `.x` is x and `*.x`; `*` inside a label is
/// zero or more characters; a lone `*` in the middle is one label.
class NamePattern {
 public:
  static std::expected<NamePattern, std::string> parse(std::string_view text);
  /// True if the text has a pattern character or a leading dot, so that it is no exact name.
  static bool looks_like_pattern(std::string_view text);

  bool matches(const HostName& name) const;
  const std::string& text() const { return text_; }
  auto operator<=>(const NamePattern& other) const { return text_ <=> other.text_; }
  bool operator==(const NamePattern& other) const { return text_ == other.text_; }

 private:
  explicit NamePattern(std::string text);
  std::string text_;
  std::vector<std::string> labels_;  // without the leading `.`, `*.` or `?.`
  enum class Head { none, one_label, any_depth, apex_and_any_depth } head_ = Head::none;
};

}  // namespace sallyport
