// SPDX-License-Identifier: GPL-2.0-or-later
// The service table as the datapath reads it (struct SpServices): pages of labels, found in two
// reads. Entry point: service_pages().
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "bpf/abi.h"
#include "compiler/image/image.h"

namespace sallyport {

struct ServicePages {
  using Page = std::array<std::uint32_t, 256>;
  std::array<std::uint32_t, SP_PROTOCOLS> protocols{};  // number of a table
  std::vector<Page> tables;                             // numbers of pages
  std::vector<Page> pages;                              // labels
};

/// `services` covers every key up to SP_SERVICE_KEY_LAST.
ServicePages service_pages(const RangeTable<std::uint32_t>& services);

}  // namespace sallyport
