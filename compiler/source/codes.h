// SPDX-License-Identifier: GPL-2.0-or-later
// The one list of diagnostic codes. A Diagnostic carries the first column; the second says what the
// code means. A test fails if a code is given out that has no row here, or a row that no case
// shows.
#pragma once

#include <string_view>

namespace sallyport {

struct CodeRow {
  std::string_view code;
  std::string_view meaning;
};

inline constexpr CodeRow diagnostic_codes[] = {
    // syntax
    {"bad-character", "a byte or character that policy text may not contain"},
    {"bad-date", "a date that is not YYYY-MM-DD, or not in the calendar"},
    {"bad-escape", "a backslash in a string before anything but a quote or a backslash"},
    {"bad-expansion", "a numeric expansion whose bounds are reversed, padded or too large"},
    {"bad-name", "a word that cannot be a name"},
    {"file-too-large", "a file above the size that a policy may have"},
    {"misplaced-statement", "a statement in a block where it cannot stand"},
    {"not-yet", "a word that is reserved for a construct the language does not have yet"},
    {"repeated-modifier", "a modifier written twice on one rule"},
    {"too-many-errors", "the file has so many errors that reading it stopped"},
    {"unexpected-token", "something else was expected at this place"},
    {"unknown-statement", "a word at the start of a statement that starts none"},
    {"unknown-type", "a parameter type that does not exist"},
    {"unterminated-block", "a block without its closing brace"},
    {"unterminated-string", "a string without its closing quote on the same line"},
    // check
    {"ambiguous-let", "two alternatives of a `let` hold at the same time"},
    {"backwards-range", "a range whose end is before its beginning"},
    {"bad-address", "a word that is no address, prefix or range where one is expected"},
    {"bad-duration", "a word that is no duration"},
    {"bad-host", "a word that is no host name"},
    {"bad-icmp-type", "a word that is no ICMP type"},
    {"bad-pattern", "a pattern that the pattern table does not have"},
    {"bad-port", "a word that is no port"},
    {"bad-setting", "a lifetime that contradicts another or is too short"},
    {"converted-name", "an international name, shown with the form that is looked up (warning)"},
    {"deny-name", "a deny that speaks of a name instead of addresses"},
    {"duplicate-argument", "an argument given twice"},
    {"duplicate-name", "a name declared twice"},
    {"empty-part", "a `use` that brings no rules (warning)"},
    {"empty-rule", "a rule that empty lists leave without ports or destinations (warning)"},
    {"host-bits", "a prefix with bits set behind its length"},
    {"misplaced-modifier", "a modifier on a rule that it cannot modify"},
    {"missing-parameter", "a `use` without a value for a parameter that its part needs"},
    {"missing-ports", "a protocol without its ports or types"},
    {"missing-zone", "a rule under no zone in a policy with zones"},
    {"mixed-protocols", "ports and ICMP types in one list"},
    {"no-alternative", "a `let` of which no alternative holds for the values given"},
    {"opens-nothing", "an allow whose range is special throughout (warning)"},
    {"port-in-destination", "a port written behind a host"},
    {"too-many-words", "a word or rule that expands beyond the limits"},
    {"unexpected-ports", "ports or types behind a protocol that has none, or behind `any`"},
    {"unknown-argument", "an argument that the vendor has no parameter for"},
    {"unknown-name", "a reference to no parameter or `let`"},
    {"unknown-part", "a part that the vendor does not have"},
    {"unknown-protocol", "a word that is no protocol"},
    {"unknown-vendor", "a vendor that this file does not see"},
    {"unknown-zone", "a zone that is not declared"},
    {"url", "a URL, of which a packet filter sees only the host"},
    {"wrong-direction", "an outward rule where only inward ones may stand"},
    {"wrong-type", "a value that is not of its parameter's type"},
    // driver
    {"import-cycle", "a file that imports itself, directly or through others"},
    {"missing-import", "an imported file that cannot be read"},
};

}  // namespace sallyport
