// SPDX-License-Identifier: GPL-2.0-or-later
// Looking up pages and printing them.
#include "compiler/codes/codes.h"

#include <array>
#include <vector>

#include "compiler/codes/families.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

constexpr std::string_view example_indent = "    ";

std::string_view without_border(std::string_view text) {
  if (text.starts_with('\n')) text.remove_prefix(1);
  return text;
}

void add_example(std::string& out, std::string_view heading, std::string_view example) {
  if (example.empty()) return;
  out.append("\n").append(heading).append(":\n\n");
  example = without_border(example);
  while (!example.empty()) {
    const std::string_view line = example.substr(0, example.find('\n'));
    if (!line.empty()) out.append(example_indent).append(line);
    out += '\n';
    example.remove_prefix(std::min(line.size() + 1, example.size()));
  }
}

}  // namespace

std::span<const CodeFamily> code_families() {
  static const std::array families{
      CodeFamily{"Text", text_pages()},
      CodeFamily{"Services", service_pages()},
      CodeFamily{"Destinations", destination_pages()},
      CodeFamily{"Rules", rule_pages()},
      CodeFamily{"Vendors", vendor_pages()},
      CodeFamily{"Uses of vendors", use_pages()},
      CodeFamily{"Zones, resolvers, policies", policy_pages()},
      CodeFamily{"Feeds", feed_pages()},
      CodeFamily{"Tests", test_pages()},
      CodeFamily{"Files", file_pages()},
      CodeFamily{"Correct, but perhaps not meant", lint_pages()},
  };
  return families;
}

const CodePage* find_page(std::string_view code) {
  for (const CodeFamily& family : code_families()) {
    for (const CodePage& page : family.pages) {
      if (page.code == code) return &page;
    }
  }
  return nullptr;
}

std::string_view closest_code(std::string_view code) {
  std::vector<std::string_view> codes;
  for (const CodeFamily& family : code_families()) {
    for (const CodePage& page : family.pages) codes.push_back(page.code);
  }
  return closest(code, codes);
}

std::string page_text(const CodePage& page) {
  std::string out(page.code);
  out += page.severity == Severity::error ? " (error): " : " (warning): ";
  out.append(page.meaning).append("\n");
  add_example(out, "Wrong", page.wrong);
  out.append("\n").append(without_border(page.why));
  add_example(out, "Right", page.right);
  return out;
}

}  // namespace sallyport
