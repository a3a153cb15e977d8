// SPDX-License-Identifier: GPL-2.0-or-later
// One nftables transaction as bytes, built for one table. Entry point: NftBatch; NftSocket sends
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/nft/table.h"
#include "runtime/nft_element.h"

namespace sallyport {

class NftBatch {
 public:
  /// Lists of elements grow to `list_limit` bytes, then a new message begins. The length of a list
  /// is a 16-bit field, and one that does not fit ends the program (F1).
  static constexpr std::size_t usual_list_limit = 32 * 1024;
  explicit NftBatch(std::string table, std::size_t list_limit = usual_list_limit);

  void add_table(std::uint32_t flags);
  void remove_table();
  void add_counter(const nft::Counter& counter);
  void remove_counter(const std::string& name);
  /// Without its rules.
  void add_chain(const nft::Chain& chain);
  void remove_chain(const std::string& name);
  void add_rule(const std::string& chain, const nft::Rule& rule);
  void remove_rule(const std::string& chain, std::uint64_t handle);
  void remove_rules(const std::string& chain);
  /// Without its elements.
  void add_set(const nft::Set& set);
  void remove_set(const std::string& name);
  /// All elements at once: for a set that records; never for one that decides (F3).
  void empty_set(const std::string& name);
  /// The elements of one set, in the order of the calls.
  void add_element(const nft::Set& set, const NftElement& element);
  void remove_element(const nft::Set& set, const NftElement& element);
  void add_elements(const nft::Table& table, const nft::Set& set);

  bool empty() const { return deeds_.empty(); }
  std::size_t messages() const { return deeds_.size(); }

  /// The bytes to send. Numbers the messages from `first_sequence`, the frame's beginning and end
  /// with them; the last but the end asks for an acknowledgement, since kernels before 6.10 do not
  /// acknowledge the end. `generation`: 0 is any. Nothing may be added afterwards.
  std::span<const std::uint8_t> seal(std::uint32_t first_sequence, std::uint32_t generation);
  /// Of seal(), without the end: the kernel checks and then aborts.
  std::span<const std::uint8_t> seal_for_check(std::uint32_t first_sequence);
  std::uint32_t sequence_count() const { return static_cast<std::uint32_t>(deeds_.size() + 2); }
  /// What message `index` (0: the frame's beginning) does, as in `cannot ...`.
  std::string deed(std::uint32_t index) const;

 private:
  enum class Verb : std::uint8_t { add, remove, remove_all };
  struct Deed {
    Verb verb;
    const char* kind;
    std::string name;
    std::uint32_t count = 0;  // of elements
  };
  struct List {
    std::string set;
    Verb verb = Verb::add;
    bool open = false;
    std::size_t message = 0;  // offset of its header
    std::size_t begin = 0;    // offset of the list's attribute
  };

  void append(std::uint16_t type, std::uint16_t flags, Deed deed, const auto& fill);
  void put_element(Verb verb, const nft::Set& set, const NftElement& element);
  void open_list(Verb verb, const std::string& set);
  void close_list();

  std::string table_;
  std::size_t list_limit_;
  std::vector<std::uint8_t> bytes_;
  std::size_t used_ = 0;
  std::vector<Deed> deeds_;
  List list_;
  std::size_t last_message_ = 0;  // offset of its header
  std::size_t generation_at_ = 0;
  std::size_t before_end_ = 0;
  std::uint32_t next_set_id_ = 1;
};

}  // namespace sallyport
