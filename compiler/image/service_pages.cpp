// SPDX-License-Identifier: GPL-2.0-or-later
// service_pages(): the ranges of service keys, written out page by page; equal ones once.
#include "compiler/image/service_pages.h"

#include <map>
#include <optional>

namespace sallyport {
namespace {

using Page = ServicePages::Page;

/// Numbers pages by what they hold.
class Numbers {
 public:
  explicit Numbers(std::vector<Page>& pages) : pages_(pages) {}
  std::uint32_t of(const Page& page) {
    const auto [known, is_new] = known_.emplace(page, static_cast<std::uint32_t>(pages_.size()));
    if (is_new) pages_.push_back(page);
    return known->second;
  }

 private:
  std::vector<Page>& pages_;
  std::map<Page, std::uint32_t> known_;
};

/// Writes the ranges out, key by key in ascending order.
class Writer {
 public:
  Writer(const RangeTable<std::uint32_t>& services, ServicePages& made)
      : services_(services), tables_(made.tables), pages_(made.pages) {}

  /// The number of the table for the keys of a protocol, from `first` on.
  std::uint32_t table(std::uint32_t first) {
    Page table{};
    if (const auto label = label_up_to(first, first | 0xffff)) {
      // So it is for nearly all protocols, and they are many.
      const auto known = uniform_.find(*label);
      if (known != uniform_.end()) return known->second;
      table.fill(uniform_page(*label));
      return uniform_[*label] = tables_.of(table);
    }
    for (std::uint32_t i = 0; i < table.size(); ++i) table[i] = page(first | i << 8);
    return tables_.of(table);
  }

 private:
  /// The label of all these keys; none if they have several.
  std::optional<std::uint32_t> label_up_to(std::uint32_t first, std::uint32_t last) {
    const auto& [starts, labels] = services_;
    while (at_ + 1 < starts.size() && starts[at_ + 1] <= first) ++at_;
    if (at_ + 1 < starts.size() && starts[at_ + 1] <= last) return std::nullopt;
    return labels[at_];
  }

  std::uint32_t uniform_page(std::uint32_t label) {
    Page page{};
    page.fill(label);
    return pages_.of(page);
  }

  std::uint32_t page(std::uint32_t first) {
    if (const auto label = label_up_to(first, first | 0xff)) return uniform_page(*label);
    Page page{};
    for (std::uint32_t i = 0; i < page.size(); ++i) page[i] = *label_up_to(first | i, first | i);
    return pages_.of(page);
  }

  const RangeTable<std::uint32_t>& services_;
  Numbers tables_, pages_;
  std::map<std::uint32_t, std::uint32_t> uniform_;  // label -> number of a table
  std::size_t at_ = 0;                              // the range of the key
};

}  // namespace

ServicePages service_pages(const RangeTable<std::uint32_t>& services) {
  ServicePages made;
  Writer writer(services, made);
  for (std::uint32_t protocol = 0; protocol < SP_PROTOCOLS; ++protocol) {
    made.protocols[protocol] = writer.table(protocol << 16);
  }
  return made;
}

}  // namespace sallyport
