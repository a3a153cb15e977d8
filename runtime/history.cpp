// SPDX-License-Identifier: GPL-2.0-or-later
// History: the policies before the live one. Entry points: History::of() and History::enforced().
#include "runtime/history.h"

#include <algorithm>
#include <utility>

namespace sallyport {

History History::of(const RunDirectory& files) {
  History history(files);
  std::vector<std::uint64_t> numbers = files.bundles();
  std::ranges::reverse(numbers);
  for (const std::uint64_t number : numbers) {
    const auto bundle = files.stored_bundle(number);
    if (!bundle) continue;
    history.entries_.push_back({number, bundle->image.policy, bundle->digest});
  }
  return history;
}

void History::enforced(Enforced live) {
  std::erase_if(entries_, [&](const Enforced& entry) { return entry.digest == live.digest; });
  entries_.insert(entries_.begin(), std::move(live));
  has_live_ = true;
  if (entries_.size() > depth + 1) entries_.resize(depth + 1);
  for (const std::uint64_t number : files_->bundles()) {
    const bool is_kept = std::ranges::any_of(
        entries_, [&](const Enforced& entry) { return entry.generation == number; });
    if (!is_kept) files_->remove_bundle(number);
  }
}

std::vector<Enforced> History::earlier() const {
  return {entries_.begin() + (has_live_ ? 1 : 0), entries_.end()};
}

std::optional<Enforced> History::find(std::optional<std::uint64_t> generation) const {
  for (const Enforced& entry : earlier()) {
    if (!generation || entry.generation == *generation) return entry;
  }
  return std::nullopt;
}

}  // namespace sallyport
