// SPDX-License-Identifier: GPL-2.0-or-later
// service_pages(): the ranges of service keys, written out page by page; equal ones once.
#include "compiler/image/service_pages.h"

#include <algorithm>
#include <map>

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

}  // namespace

ServicePages service_pages(const RangeTable<std::uint32_t>& services) {
  ServicePages made;
  Numbers tables(made.tables), pages(made.pages);
  std::size_t at = 0;  // the range of the key
  const auto ends_behind = [&](std::uint32_t key) {
    return at + 1 == services.starts.size() || services.starts[at + 1] > key;
  };
  for (std::uint32_t protocol = 0; protocol < SP_PROTOCOLS; ++protocol) {
    Page table{};
    for (std::uint32_t number = 0; number < table.size(); ++number) {
      const std::uint32_t first = protocol << 16 | number << 8;
      Page page{};
      for (std::uint32_t i = 0; i < page.size(); ++i) {
        while (!ends_behind(first + i)) ++at;
        page[i] = services.labels[at];
        if (!ends_behind(first + 255)) continue;
        std::fill(page.begin() + i, page.end(), services.labels[at]);
        break;
      }
      table[number] = pages.of(page);
    }
    made.protocols[protocol] = tables.of(table);
  }
  return made;
}

}  // namespace sallyport
