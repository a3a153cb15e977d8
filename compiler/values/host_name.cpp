// SPDX-License-Identifier: GPL-2.0-or-later
// Strict reading of host names (RFC 1123, RFC 5891) and of patterns, and the matching of the two.
#include "compiler/values/host_name.h"

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "compiler/values/address.h"

namespace sallyport {
namespace {

constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_name = 253;
constexpr std::string_view a_label_prefix = "xn--";

using Labels = std::vector<std::string>;
template <class T>
using Parsed = std::expected<T, std::string>;

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> labels;
  for (auto dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
    labels.push_back(text.substr(0, dot));
    text.remove_prefix(dot + 1);
  }
  labels.push_back(text);
  return labels;
}

std::string join_labels(const Labels& labels) {
  std::string text;
  for (const std::string& label : labels) {
    if (!text.empty()) text += '.';
    text += label;
  }
  return text;
}

// --- Internationalised labels ---------------------------------------------------------------

struct IdnFree {
  void operator()(void* text) const { idn2_free(text); }
};

std::optional<std::string> to_a_label(const std::string& label, int flags) {
  std::uint8_t* raw = nullptr;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(label.c_str());
  const int status = idn2_lookup_u8(bytes, &raw, flags);
  const std::unique_ptr<std::uint8_t, IdnFree> owned(raw);
  if (status != IDN2_OK || !owned) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(owned.get()));
}

std::optional<std::string> to_u_label(const std::string& label) {
  char* raw = nullptr;
  const int status = idn2_to_unicode_8z8z(label.c_str(), &raw, 0);
  const std::unique_ptr<char, IdnFree> owned(raw);
  if (status != IDN2_OK || !owned) return std::nullopt;
  return std::string(owned.get());
}

/// True if the lower-case A-label is what its own U-label encodes to (RFC 5891, 5.4).
bool round_trips(const std::string& a_label) {
  const auto u_label = to_u_label(a_label);
  if (!u_label || is_ascii(*u_label)) return false;
  return to_a_label(*u_label, IDN2_NO_TR46 | IDN2_NFC_INPUT) == a_label;
}

// --- Labels ---------------------------------------------------------------------------------

/// Why an ASCII character is in no label; `extra` is one that is welcome.
std::optional<std::string> character_fault(char c, char extra) {
  if (is_letter(c) || is_digit(c) || c == '-' || c == extra) return std::nullopt;
  if (c == '_') return "has an underscore, which no host name has";
  if (c <= ' ' || c == '\x7f') return "has a space or a control character";
  return std::string("has the character `") + c + "`, which no host name has";
}

/// What keeps an ASCII text from being a label.
std::optional<std::string> label_fault(std::string_view label, char extra) {
  if (label.empty()) return "a label is empty";
  if (label.size() > longest_label) return "a label is longer than 63 octets";
  for (const char c : label) {
    if (auto fault = character_fault(c, extra)) return fault;
  }
  if (label.front() == '-') return "a label begins with a hyphen";
  if (label.back() == '-') return "a label ends with a hyphen";
  return std::nullopt;
}

Parsed<std::string> convert_u_label(std::string_view label) {
  // libidn2 would quietly leave some of these out.
  for (const char c : label) {
    if (!is_ascii({&c, 1})) continue;
    if (auto fault = character_fault(c, '-')) return std::unexpected(*fault);
  }
  const auto a_label = to_a_label(
      std::string(label), IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT | IDN2_USE_STD3_ASCII_RULES);
  // Full-width letters and the like map to plain ASCII: the author should write that.
  if (a_label && !a_label->starts_with(a_label_prefix)) {
    return std::unexpected("a label has characters that only look like ASCII; write `" + *a_label +
                           "`");
  }
  if (!a_label || !HostName::is_label(*a_label) || !round_trips(*a_label)) {
    return std::unexpected("a label is not a valid international name (IDNA 2008)");
  }
  return *a_label;
}

/// The lower-case A-label or LDH label of what was written.
Parsed<std::string> convert_label(std::string_view label) {
  if (!is_ascii(label)) return convert_u_label(label);
  if (auto fault = label_fault(label, '-')) return std::unexpected(*fault);
  std::string lower = lower_case(label);
  if (lower.starts_with(a_label_prefix) && !round_trips(lower)) {
    return std::unexpected("the label `" + lower +
                           "` is not a valid international name (IDNA 2008)");
  }
  return lower;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

/// True where old readers of addresses would take the name for one: `10.1`, `192.0.2.0x1`.
bool ends_as_address(std::string_view last_label) {
  if (all_digits(last_label)) return true;
  if (!last_label.starts_with("0x")) return false;
  return last_label.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
}

/// What the text as a whole may not be, whether name or pattern.
std::optional<std::string> text_fault(std::string_view text) {
  if (text.empty()) return "the name is empty";
  if (text.find('\0') != std::string_view::npos) return "has a space or a control character";
  // Before any conversion: nothing longer can become a name, and the cost stays bounded.
  if (text.size() > 4 * longest_name) return "the name is longer than 253 octets";
  return std::nullopt;
}

std::optional<std::string> whole_fault(const Labels& labels) {
  if (ends_as_address(labels.back())) return "the last label is a number, as in an address";
  if (join_labels(labels).size() > longest_name) return "the name is longer than 253 octets";
  return std::nullopt;
}

// --- Patterns -------------------------------------------------------------------------------

bool has_star(std::string_view label) {
  return label.find('*') != std::string_view::npos;
}

Parsed<std::string> convert_pattern_label(std::string_view label) {
  if (label.find('?') != std::string_view::npos) {
    return std::unexpected("`?` stands only as the whole first label");
  }
  if (!has_star(label)) return convert_label(label);
  if (label.find("**") != std::string_view::npos) {
    return std::unexpected("`**` has no meaning; `*.` in front already means any depth");
  }
  if (!is_ascii(label)) {
    return std::unexpected("a label mixes `*` with letters outside ASCII");
  }
  if (auto fault = label_fault(label, '*')) return std::unexpected(*fault);
  return lower_case(label);
}

std::optional<std::string> pattern_fault(const Labels& labels) {
  if (labels.back() == "*") return "the last label is `*`, which would match every domain";
  if (std::ranges::all_of(labels, has_star)) {
    return "a pattern needs at least one label without `*`";
  }
  return whole_fault(labels);
}

/// Takes the last label off the text.
std::string_view take_last_label(std::string_view& text) {
  const auto dot = text.rfind('.');
  const std::string_view label = dot == std::string_view::npos ? text : text.substr(dot + 1);
  text = dot == std::string_view::npos ? std::string_view{} : text.substr(0, dot);
  return label;
}

}  // namespace

bool HostName::is_label(std::string_view text) {
  return is_ascii(text) && !label_fault(text, '-');
}

std::expected<HostName, std::string> HostName::parse(std::string_view text) {
  if (auto fault = text_fault(text)) return std::unexpected(*fault);
  if (Address::parse(text)) return std::unexpected("is an address, not a name");
  if (text.ends_with('.')) text.remove_suffix(1);
  Labels labels;
  for (const std::string_view written : split(text)) {
    auto label = convert_label(written);
    if (!label) return std::unexpected(label.error());
    labels.push_back(std::move(*label));
  }
  if (auto fault = whole_fault(labels)) return std::unexpected(*fault);
  if (labels.size() < 2) return std::unexpected("has only one label; write the whole name");
  return HostName(join_labels(labels));
}

bool NamePattern::looks_like_pattern(std::string_view text) {
  return text.starts_with('.') || text.find_first_of("*?") != std::string_view::npos;
}

std::expected<NamePattern, std::string> NamePattern::parse(std::string_view text) {
  if (auto fault = text_fault(text)) return std::unexpected(*fault);
  if (!looks_like_pattern(text)) return std::unexpected("is an exact name, not a pattern");
  if (text.ends_with('.')) text.remove_suffix(1);

  std::string head;
  for (const std::string_view candidate : {"*.", "?.", "."}) {
    if (!text.starts_with(candidate)) continue;
    head = candidate;
    text.remove_prefix(candidate.size());
    break;
  }
  Labels labels;
  for (const std::string_view written : split(text)) {
    auto label = convert_pattern_label(written);
    if (!label) return std::unexpected(label.error());
    labels.push_back(std::move(*label));
  }
  if (auto fault = pattern_fault(labels)) return std::unexpected(*fault);
  return NamePattern(head + join_labels(labels));
}

NamePattern::NamePattern(std::string text) : text_(std::move(text)) {
  std::string_view rest = text_;
  if (rest.starts_with("*.")) head_ = Head::any_depth;
  if (rest.starts_with("?.")) head_ = Head::one_label;
  if (rest.starts_with(".")) head_ = Head::apex_and_any_depth;
  if (head_ != Head::none) rest.remove_prefix(rest.find('.') + 1);
  for (const std::string_view label : split(rest)) labels_.emplace_back(label);
}

// Linear but for one restart point.
bool glob_matches(std::string_view glob, std::string_view text) {
  std::size_t g = 0;
  std::size_t t = 0;
  std::optional<std::size_t> star;  // where in the glob the last `*` stands
  std::size_t resume = 0;           // where in the text its match ends so far
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && glob[g] == text[t]) {
      ++g;
      ++t;
    } else if (star) {
      g = *star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', g) == std::string_view::npos;
}

bool NamePattern::matches(const HostName& name) const {
  std::string_view rest = name.text();
  for (auto label = labels_.rbegin(); label != labels_.rend(); ++label) {
    if (rest.empty() || !glob_matches(*label, take_last_label(rest))) return false;
  }
  switch (head_) {
    case Head::none:
      return rest.empty();
    case Head::one_label:
      return !rest.empty() && rest.find('.') == std::string_view::npos;
    case Head::any_depth:
      return !rest.empty();
    case Head::apex_and_any_depth:
      return true;
  }
  return false;
}

}  // namespace sallyport
