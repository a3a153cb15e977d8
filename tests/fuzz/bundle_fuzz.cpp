// SPDX-License-Identifier: GPL-2.0-or-later
// The bundle reader on hostile bytes, as they come and with a fitting length and digest. Whatever
// is accepted must be safe to index, lay out and extend, and must encode to the same bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "compiler/image/arena.h"
#include "compiler/image/bundle.h"
#include "compiler/image/sha256.h"
#include "compiler/label/labeler.h"

namespace sallyport {
namespace {

using Bytes = std::vector<std::uint8_t>;

void require(bool holds) {
  if (!holds) std::abort();
}

/// What an attacker can do who knows the format: mend the header and the digest.
Bytes resealed(std::span<const std::uint8_t> bytes) {
  static const Bytes pattern = bundle_bytes(Image{}, {});
  constexpr std::size_t up_to_length = 12;
  Bytes mended(bytes.begin(), bytes.end());
  if (mended.size() < up_to_length + 8 + std::tuple_size_v<Sha256>) return mended;
  std::copy_n(pattern.begin(), up_to_length, mended.begin());
  for (std::size_t i = 0; i < 8; ++i) {
    mended[up_to_length + i] = static_cast<std::uint8_t>(std::uint64_t{mended.size()} >> (8 * i));
  }
  const std::size_t body = mended.size() - std::tuple_size_v<Sha256>;
  const Sha256 digest = sha256(std::span(mended).first(body));
  std::copy(digest.begin(), digest.end(), mended.begin() + static_cast<std::ptrdiff_t>(body));
  return mended;
}

void use(const Image& image) {
  LabelTables tables = image.labels;
  Labeler labeler(image, tables);
  const std::size_t labels = tables.rows.size();
  const std::size_t rows = tables.verdicts.size();
  auto arena = build_arena(image, tables, capacity_for(tables));

  const Address remotes[] = {Address::v4(0),
                             Address::v4(0xc6336401),
                             {Family::v6, 1},
                             {Family::v6, last_number(Family::v6)}};
  std::vector<ViewedName> names{HostName::parse("a.example.com").value()};
  for (const ImageName& entry : image.names) names.push_back(entry.name);
  for (const Address& remote : remotes) {
    const std::uint32_t label = labeler.label_for(remote, names);
    for (const std::uint32_t key : {0U, SP_SERVICE_KEY(6, 443), SP_SERVICE_KEY_LAST}) {
      for (const Address& local : remotes) {
        cell_of(image, tables, local, static_label(image, remote), key);
        cell_of(image, tables, local, label, key);
      }
    }
  }
  if (arena) append_labels(*arena, tables, labels, rows);
}

void read(std::span<const std::uint8_t> bytes) {
  const auto bundle = read_bundle(bytes);
  if (!bundle) {
    require(!bundle.error().text().empty());
    return;
  }
  require(std::ranges::equal(bundle_bytes(bundle->image, bundle->program_text), bytes));
  use(bundle->image);
}

}  // namespace
}  // namespace sallyport

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  sallyport::read({bytes, size});
  sallyport::read(sallyport::resealed({bytes, size}));
  return 0;
}
