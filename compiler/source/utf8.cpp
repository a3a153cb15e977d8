// SPDX-License-Identifier: GPL-2.0-or-later
// Strict UTF-8 decoding and the table of deceptive characters; entry points in utf8.h.
#include "compiler/source/utf8.h"

#include <algorithm>
#include <iterator>

namespace sallyport {
namespace {

struct CodeRange {
  char32_t first;
  char32_t last;
};

constexpr CodeRange deceptive[] = {
    {0x0000, 0x001F},    // C0 controls
    {0x007F, 0x00A0},    // delete, C1 controls, no-break space
    {0x00AD, 0x00AD},    // soft hyphen
    {0x061C, 0x061C},    // Arabic letter mark
    {0x115F, 0x1160},    // Hangul fillers
    {0x1680, 0x1680},    // Ogham space
    {0x180B, 0x180F},    // Mongolian selectors and separator
    {0x2000, 0x200F},    // wide and thin spaces, zero width, direction marks
    {0x2028, 0x202F},    // line and paragraph separators, bidirectional overrides
    {0x205F, 0x206F},    // invisible operators, bidirectional isolates
    {0x3000, 0x3000},    // ideographic space
    {0x3164, 0x3164},    // Hangul filler
    {0xFE00, 0xFE0F},    // variation selectors
    {0xFEFF, 0xFEFF},    // byte order mark inside the text
    {0xFFA0, 0xFFA0},    // half-width Hangul filler
    {0xFFF9, 0xFFFB},    // interlinear marks
    {0xE0000, 0xE0FFF},  // tags, more variation selectors
};

}  // namespace

Character decode_utf8(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {lead, 1, true};

  std::uint8_t length = 0;
  char32_t code = 0;
  char32_t least = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2, code = lead & 0x1Fu, least = 0x80;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3, code = lead & 0x0Fu, least = 0x800;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4, code = lead & 0x07u, least = 0x10000;
  }
  const Character broken{0xFFFD, 1, false};
  if (length == 0 || text.size() - at < length) return broken;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0u) != 0x80) return broken;
    code = code << 6 | (byte(at + i) & 0x3Fu);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < least || code > 0x10FFFF || surrogate) return broken;
  return {code, length, true};
}

bool is_deceptive(char32_t code) {
  const auto* range = std::lower_bound(std::begin(deceptive), std::end(deceptive), code,
                                       [](CodeRange r, char32_t c) { return r.last < c; });
  return range != std::end(deceptive) && range->first <= code;
}

}  // namespace sallyport
