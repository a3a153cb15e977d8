// SPDX-License-Identifier: GPL-2.0-or-later
// pieces_of(): a sweep along the base over the beginnings and ends of all keys.
#include "compiler/analysis/pieces.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

#include "compiler/analysis/lines.h"

namespace sallyport {
namespace {

using Holders = std::vector<std::uint32_t>;

/// An element of a key, as far as it lies in the base.
template <class T>
struct Stretch {
  T element;
  std::uint32_t key;
};

template <class Line, class Set>
class Sweep {
 public:
  using T = typename Set::value_type;
  using Number = typename Line::Number;

  std::vector<Piece<Set>> run(const Set& base, const std::vector<Set>& keys) {
    for (std::uint32_t key = 0; key < keys.size(); ++key) {
      for (const T& element : both_of(base, keys[key])) stretches_.push_back({element, key});
    }
    std::ranges::sort(stretches_, {}, [](const Stretch<T>& one) {
      return std::pair{Line::line(one.element), Line::first(one.element)};
    });
    auto next = stretches_.begin();
    for (const T& whole : base) {
      Number at = Line::first(whole);
      while (true) {
        for (; next != stretches_.end() && begins_at(*next, whole, at); ++next) open(*next);
        Number last = Line::last(whole);
        if (!ends_.empty()) last = std::min(last, ends_.top().first);
        if (next != stretches_.end() && Line::line(next->element) == Line::line(whole) &&
            Line::first(next->element) <= last) {
          last = static_cast<Number>(Line::first(next->element) - 1);
        }
        emit(Line::make(Line::line(whole), at, last));
        close(last);
        if (last == Line::last(whole)) break;
        at = static_cast<Number>(last + 1);
      }
    }
    std::ranges::sort(pieces_, before);
    return std::move(pieces_);
  }

 private:
  using End = std::pair<Number, std::uint32_t>;

  /// Inside of the first key that holds only one of them; so that the order is that of the keys,
  /// and not of addresses or ports.
  static bool before(const Piece<Set>& a, const Piece<Set>& b) {
    const auto [in_a, in_b] = std::ranges::mismatch(a.holders, b.holders);
    if (in_a == a.holders.end()) return false;
    return in_b == b.holders.end() || *in_a < *in_b;
  }
  static bool begins_at(const Stretch<T>& stretch, const T& whole, Number at) {
    return Line::line(stretch.element) == Line::line(whole) && Line::first(stretch.element) == at;
  }
  void open(const Stretch<T>& stretch) {
    active_.insert(std::ranges::lower_bound(active_, stretch.key), stretch.key);
    ends_.push({Line::last(stretch.element), stretch.key});
  }
  void close(Number last) {
    for (; !ends_.empty() && ends_.top().first == last; ends_.pop()) {
      active_.erase(std::ranges::lower_bound(active_, ends_.top().second));
    }
  }
  void emit(const T& element) {
    const auto [entry, is_new] = places_.try_emplace(active_, pieces_.size());
    if (is_new) pieces_.push_back({{}, active_});
    Set& set = pieces_[entry->second].set;
    const bool goes_on = !set.empty() && Line::line(set.back()) == Line::line(element) &&
                         Line::last(set.back()) + 1 == Line::first(element);
    if (goes_on) {
      set.back() = Line::make(Line::line(element), Line::first(set.back()), Line::last(element));
    } else {
      set.push_back(element);
    }
  }

  std::vector<Stretch<T>> stretches_;
  Holders active_;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
  std::map<Holders, std::size_t> places_;
  std::vector<Piece<Set>> pieces_;
};

}  // namespace

std::vector<Piece<AddressSet>> pieces_of(const AddressSet& base,
                                         const std::vector<AddressSet>& keys) {
  return Sweep<AddressLine, AddressSet>().run(base, keys);
}
std::vector<Piece<ServiceSet>> pieces_of(const ServiceSet& base,
                                         const std::vector<ServiceSet>& keys) {
  return Sweep<ServiceLine, ServiceSet>().run(base, keys);
}
std::vector<Piece<VlanSet>> pieces_of(const VlanSet& base, const std::vector<VlanSet>& keys) {
  return Sweep<VlanLine, VlanSet>().run(base, keys);
}
std::vector<Piece<DaySet>> pieces_of(const DaySet& base, const std::vector<DaySet>& keys) {
  return Sweep<DayLine, DaySet>().run(base, keys);
}

}  // namespace sallyport
