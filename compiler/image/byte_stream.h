// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers and texts as bytes, little-endian, and back. The reader never reads behind its end: after
// the first failure it gives zeros and ok() is false.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

class ByteWriter {
 public:
  template <class Unsigned>
  void number(Unsigned value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof(Unsigned));
    replace(at, value);
  }
  template <class Unsigned>
  void numbers(const std::vector<Unsigned>& values) {
    std::size_t at = bytes_.size();
    bytes_.resize(at + values.size() * sizeof(Unsigned));
    for (const Unsigned value : values) {
      replace(at, value);
      at += sizeof(Unsigned);
    }
  }
  /// Puts the number in the place of one that was written at `at`.
  template <class Unsigned>
  void replace(std::size_t at, Unsigned value) {
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
      bytes_[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
  }
  /// A u32 length and the bytes.
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    append(value);
  }
  template <class Bytes>
  void append(const Bytes& bytes) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + bytes.size());
    std::copy(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  std::size_t size() const { return bytes_.size(); }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : left_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t left() const { return left_.size(); }
  void fail() {
    ok_ = false;
    left_ = {};
  }

  /// The next `count` bytes; none, and a failure, if there are fewer.
  std::span<const std::uint8_t> take(std::uint64_t count) {
    if (count > left_.size()) {
      fail();
      return {};
    }
    const auto taken = left_.first(static_cast<std::size_t>(count));
    left_ = left_.subspan(taken.size());
    return taken;
  }
  template <class Unsigned>
  Unsigned number() {
    if (left_.size() < sizeof(Unsigned)) {
      fail();
      return 0;
    }
    Unsigned value = 0;
    for (std::size_t i = sizeof(Unsigned); i > 0; --i) {
      value = static_cast<Unsigned>(static_cast<Unsigned>(value << (sizeof(Unsigned) > 1 ? 8 : 0)) |
                                    left_[i - 1]);
    }
    left_ = left_.subspan(sizeof(Unsigned));
    return value;
  }
  std::string text() {
    const auto bytes = take(number<std::uint32_t>());
    return {bytes.begin(), bytes.end()};
  }
  /// A number of elements that follow, each of `at_least` bytes or more.
  std::uint32_t count(std::size_t at_least) {
    const auto value = number<std::uint32_t>();
    if (value > left_.size() / at_least) fail();
    return ok_ ? value : 0;
  }

 private:
  std::span<const std::uint8_t> left_;
  bool ok_ = true;
};

}  // namespace sallyport
