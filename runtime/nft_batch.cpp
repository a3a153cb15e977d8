// SPDX-License-Identifier: GPL-2.0-or-later
// Messages of a transaction. Tables, chains, rules, sets and counters go through libnftnl;
// elements, of which there may be a million, are written attribute by attribute. Entry point:
// NftBatch.
#include "runtime/nft_batch.h"

#include <endian.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/object.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "runtime/nft_numbers.h"
#include "runtime/nft_rule.h"

namespace sallyport {
namespace {

constexpr std::size_t longest_list = 65'535;
// More than any message but a list of elements takes: names and comments are at most 127 bytes, and
// the kernel refuses rules of more than 128 expressions.
constexpr std::size_t room_for_message = 64 * 1024;
constexpr std::size_t room_for_element = 512;

template <class T, void (*release)(const T*)>
struct Release {
  void operator()(T* object) const { release(object); }
};
using TablePointer = std::unique_ptr<nftnl_table, Release<nftnl_table, nftnl_table_free>>;
using ChainPointer = std::unique_ptr<nftnl_chain, Release<nftnl_chain, nftnl_chain_free>>;
using SetPointer = std::unique_ptr<nftnl_set, Release<nftnl_set, nftnl_set_free>>;
using ObjectPointer = std::unique_ptr<nftnl_obj, Release<nftnl_obj, nftnl_obj_free>>;

template <class Pointer>
Pointer owned(typename Pointer::pointer object) {
  if (!object) throw std::bad_alloc();
  return Pointer(object);
}

/// User data as nft(8) keeps it: a type, a length, the value.
struct UserData {
  std::string bytes;

  void put(std::uint8_t type, std::string_view value) {
    assert(value.size() <= 255);
    bytes += static_cast<char>(type);
    bytes += static_cast<char>(value.size());
    bytes += value;
  }
  void put_number(std::uint8_t type, std::uint32_t value) {
    char raw[sizeof(value)];
    std::memcpy(raw, &value, sizeof(value));
    put(type, {raw, sizeof(raw)});
  }
};

std::string comment_of(const std::string& comment) {
  UserData data;
  data.put(0, {comment.c_str(), comment.size() + 1});  // NFTNL_UDATA_*_COMMENT
  return data.bytes;
}

std::string user_data_of(const nft::Set& set) {
  constexpr std::uint32_t no_order = 0;
  constexpr std::uint32_t host_order = 1;
  constexpr std::uint32_t network_order = 2;
  constexpr std::uint8_t data_interval = 6;  // libnftnl 1.2.4 has no name for it
  constexpr std::uint32_t concatenation = 13;
  UserData data;
  if (set.key.size() > 1) {
    data.put_number(NFTNL_UDATA_SET_KEYBYTEORDER, no_order);
    UserData type;
    type.put_number(NFTNL_UDATA_SET_TYPEOF_EXPR, concatenation);
    type.put(NFTNL_UDATA_SET_TYPEOF_DATA, {});
    data.put(NFTNL_UDATA_SET_KEY_TYPEOF, type.bytes);
  } else {
    data.put_number(NFTNL_UDATA_SET_KEYBYTEORDER,
                    set.key.at(0) == nft::KeyPart::device ? host_order : network_order);
  }
  if (holds_verdicts(set)) data.put_number(NFTNL_UDATA_SET_DATABYTEORDER, no_order);
  if (set.holds != nft::Holds::nothing) data.put_number(data_interval, 0);
  return data.bytes;
}

/// Writes attributes; what they may take was made room for.
class Writer {
 public:
  explicit Writer(std::uint8_t* at) : at_(at) {}

  std::uint8_t* at() const { return at_; }
  std::uint8_t* begin(std::uint16_t type) {
    std::uint8_t* header = at_;
    put_header(0, static_cast<std::uint16_t>(type | NLA_F_NESTED));
    return header;
  }
  void end(std::uint8_t* header) {
    const auto length = static_cast<std::uint16_t>(at_ - header);
    std::memcpy(header, &length, sizeof(length));
  }
  void put(std::uint16_t type, const void* value, std::size_t size, std::size_t zeros = 0) {
    put_header(static_cast<std::uint16_t>(MNL_ATTR_HDRLEN + size + zeros), type);
    std::memcpy(at_, value, size);
    const std::size_t padded = MNL_ALIGN(size + zeros);
    std::memset(at_ + size, 0, padded - size);
    at_ += padded;
  }
  void put_text(std::uint16_t type, std::string_view text) {
    put(type, text.data(), text.size(), 1);
  }
  void put_number(std::uint16_t type, std::uint32_t value) {
    const std::uint32_t raw = htobe32(value);
    put(type, &raw, sizeof(raw));
  }

 private:
  void put_header(std::uint16_t length, std::uint16_t type) {
    std::memcpy(at_, &length, sizeof(length));
    std::memcpy(at_ + sizeof(length), &type, sizeof(type));
    at_ += MNL_ATTR_HDRLEN;
  }

  std::uint8_t* at_;
};

/// As nft(8) marks an interval that has no end.
const std::string& open_interval_data() {
  static const std::string bytes = [] {
    UserData data;
    data.put_number(NFTNL_UDATA_SET_ELEM_FLAGS, 1);
    return data.bytes;
  }();
  return bytes;
}

std::uint8_t* put_header(std::uint8_t* at, std::uint16_t type, std::uint16_t flags,
                         std::uint8_t family, std::uint16_t resource) {
  nlmsghdr* header = mnl_nlmsg_put_header(at);
  header->nlmsg_type = type;
  header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  auto* extra = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  extra->nfgen_family = family;
  extra->version = NFNETLINK_V0;
  extra->res_id = htobe16(resource);
  return at + header->nlmsg_len;
}

void set_length(std::uint8_t* message, const std::uint8_t* end) {
  reinterpret_cast<nlmsghdr*>(message)->nlmsg_len = static_cast<std::uint32_t>(end - message);
}

}  // namespace

NftBatch::NftBatch(std::string table, std::size_t list_limit)
    : table_(std::move(table)), list_limit_(list_limit), bytes_(room_for_message) {
  Writer to(put_header(bytes_.data(), NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
  generation_at_ = static_cast<std::size_t>(to.at() - bytes_.data()) + MNL_ATTR_HDRLEN;
  to.put_number(NFNL_BATCH_GENID, 0);
  set_length(bytes_.data(), to.at());
  used_ = static_cast<std::size_t>(to.at() - bytes_.data());
}

void NftBatch::append(std::uint16_t type, std::uint16_t flags, Deed deed, const auto& fill) {
  close_list();
  assert(before_end_ == 0);
  if (bytes_.size() < used_ + room_for_message) {
    bytes_.resize(std::max(bytes_.size() * 2, used_ + room_for_message));
  }
  auto* header = nftnl_nlmsg_build_hdr(reinterpret_cast<char*>(bytes_.data() + used_),
                                       static_cast<std::uint16_t>(type), NFPROTO_INET, flags, 0);
  fill(header);
  assert(header->nlmsg_len < room_for_message);
  last_message_ = used_;
  used_ += header->nlmsg_len;
  deeds_.push_back(std::move(deed));
}

void NftBatch::add_table(std::uint32_t flags) {
  const auto table = owned<TablePointer>(nftnl_table_alloc());
  nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, table_.c_str());
  nftnl_table_set_u32(table.get(), NFTNL_TABLE_FLAGS, flags);
  append(NFT_MSG_NEWTABLE, NLM_F_CREATE, {Verb::add, "table", table_},
         [&](nlmsghdr* header) { nftnl_table_nlmsg_build_payload(header, table.get()); });
}

void NftBatch::remove_table() {
  append(NFT_MSG_DELTABLE, 0, {Verb::remove, "table", table_},
         [&](nlmsghdr* header) { mnl_attr_put_strz(header, NFTA_TABLE_NAME, table_.c_str()); });
}

void NftBatch::add_counter(const nft::Counter& counter) {
  const auto object = owned<ObjectPointer>(nftnl_obj_alloc());
  nftnl_obj_set_str(object.get(), NFTNL_OBJ_TABLE, table_.c_str());
  nftnl_obj_set_str(object.get(), NFTNL_OBJ_NAME, counter.name.c_str());
  nftnl_obj_set_u32(object.get(), NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
  nftnl_obj_set_u64(object.get(), NFTNL_OBJ_CTR_PKTS, 0);
  nftnl_obj_set_u64(object.get(), NFTNL_OBJ_CTR_BYTES, 0);
  if (!counter.comment.empty()) {
    const std::string data = comment_of(counter.comment);
    nftnl_obj_set_data(object.get(), NFTNL_OBJ_USERDATA, data.data(),
                       static_cast<std::uint32_t>(data.size()));
  }
  append(NFT_MSG_NEWOBJ, NLM_F_CREATE, {Verb::add, "counter", counter.name},
         [&](nlmsghdr* header) { nftnl_obj_nlmsg_build_payload(header, object.get()); });
}

void NftBatch::remove_counter(const std::string& name) {
  append(NFT_MSG_DELOBJ, 0, {Verb::remove, "counter", name}, [&](nlmsghdr* header) {
    mnl_attr_put_strz(header, NFTA_OBJ_TABLE, table_.c_str());
    mnl_attr_put_strz(header, NFTA_OBJ_NAME, name.c_str());
    mnl_attr_put_u32(header, NFTA_OBJ_TYPE, htobe32(NFT_OBJECT_COUNTER));
  });
}

void NftBatch::add_chain(const nft::Chain& chain) {
  const auto object = owned<ChainPointer>(nftnl_chain_alloc());
  nftnl_chain_set_str(object.get(), NFTNL_CHAIN_TABLE, table_.c_str());
  nftnl_chain_set_str(object.get(), NFTNL_CHAIN_NAME, chain.name.c_str());
  if (chain.hook != nft::Hook::none) {
    nftnl_chain_set_str(object.get(), NFTNL_CHAIN_TYPE, "filter");
    nftnl_chain_set_u32(object.get(), NFTNL_CHAIN_HOOKNUM, nft_hook_number(chain.hook));
    nftnl_chain_set_s32(object.get(), NFTNL_CHAIN_PRIO, chain.priority);
    nftnl_chain_set_u32(object.get(), NFTNL_CHAIN_POLICY, NF_ACCEPT);
  }
  if (!chain.comment.empty()) {
    const std::string data = comment_of(chain.comment);
    nftnl_chain_set_data(object.get(), NFTNL_CHAIN_USERDATA, data.data(),
                         static_cast<std::uint32_t>(data.size()));
  }
  append(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, {Verb::add, "chain", chain.name},
         [&](nlmsghdr* header) { nftnl_chain_nlmsg_build_payload(header, object.get()); });
}

void NftBatch::remove_chain(const std::string& name) {
  append(NFT_MSG_DELCHAIN, 0, {Verb::remove, "chain", name}, [&](nlmsghdr* header) {
    mnl_attr_put_strz(header, NFTA_CHAIN_TABLE, table_.c_str());
    mnl_attr_put_strz(header, NFTA_CHAIN_NAME, name.c_str());
  });
}

void NftBatch::add_rule(const std::string& chain, const nft::Rule& rule) {
  const NftRulePointer object = make_rule(rule);
  nftnl_rule_set_str(object.get(), NFTNL_RULE_TABLE, table_.c_str());
  nftnl_rule_set_str(object.get(), NFTNL_RULE_CHAIN, chain.c_str());
  append(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, {Verb::add, "a rule to chain", chain},
         [&](nlmsghdr* header) { nftnl_rule_nlmsg_build_payload(header, object.get()); });
}

void NftBatch::remove_rule(const std::string& chain, std::uint64_t handle) {
  append(NFT_MSG_DELRULE, 0, {Verb::remove, "a rule of chain", chain}, [&](nlmsghdr* header) {
    mnl_attr_put_strz(header, NFTA_RULE_TABLE, table_.c_str());
    mnl_attr_put_strz(header, NFTA_RULE_CHAIN, chain.c_str());
    mnl_attr_put_u64(header, NFTA_RULE_HANDLE, htobe64(handle));
  });
}

void NftBatch::remove_rules(const std::string& chain) {
  append(NFT_MSG_DELRULE, 0, {Verb::remove, "the rules of chain", chain}, [&](nlmsghdr* header) {
    mnl_attr_put_strz(header, NFTA_RULE_TABLE, table_.c_str());
    mnl_attr_put_strz(header, NFTA_RULE_CHAIN, chain.c_str());
  });
}

void NftBatch::add_set(const nft::Set& set) {
  const auto object = owned<SetPointer>(nftnl_set_alloc());
  nftnl_set_set_str(object.get(), NFTNL_SET_TABLE, table_.c_str());
  nftnl_set_set_str(object.get(), NFTNL_SET_NAME, set.name.c_str());
  nftnl_set_set_u32(object.get(), NFTNL_SET_ID, next_set_id_++);
  nftnl_set_set_u32(object.get(), NFTNL_SET_KEY_TYPE, nft_type_number(set.key));
  nftnl_set_set_u32(object.get(), NFTNL_SET_KEY_LEN, static_cast<std::uint32_t>(set.key_size()));
  if (set.holds == nft::Holds::counters) {
    nftnl_set_set_u32(object.get(), NFTNL_SET_OBJ_TYPE, NFT_OBJECT_COUNTER);
  } else if (holds_verdicts(set)) {
    nftnl_set_set_u32(object.get(), NFTNL_SET_DATA_TYPE, NFT_DATA_VERDICT);
    nftnl_set_set_u32(object.get(), NFTNL_SET_DATA_LEN, 0);
  }
  nftnl_set_set_u32(object.get(), NFTNL_SET_FLAGS, nft_set_flags(set));
  if (set.remembers > 0) nftnl_set_set_u32(object.get(), NFTNL_SET_DESC_SIZE, set.remembers);
  const std::string data = user_data_of(set);
  nftnl_set_set_data(object.get(), NFTNL_SET_USERDATA, data.data(),
                     static_cast<std::uint32_t>(data.size()));
  append(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, {Verb::add, "set", set.name},
         [&](nlmsghdr* header) { nftnl_set_nlmsg_build_payload(header, object.get()); });
}

void NftBatch::remove_set(const std::string& name) {
  append(NFT_MSG_DELSET, 0, {Verb::remove, "set", name}, [&](nlmsghdr* header) {
    mnl_attr_put_strz(header, NFTA_SET_TABLE, table_.c_str());
    mnl_attr_put_strz(header, NFTA_SET_NAME, name.c_str());
  });
}

void NftBatch::empty_set(const std::string& name) {
  append(NFT_MSG_DELSETELEM, 0, {Verb::remove_all, "elements of set", name}, [&](nlmsghdr* header) {
    mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, table_.c_str());
    mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, name.c_str());
  });
}

void NftBatch::open_list(Verb verb, const std::string& set) {
  const bool add = verb == Verb::add;
  append(add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, add ? NLM_F_CREATE : 0,
         {verb, add ? "to set" : "from set", set}, [&](nlmsghdr* header) {
           mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, table_.c_str());
           mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, set.c_str());
         });
  list_ = {set, verb, true, last_message_, used_};
  Writer to(bytes_.data() + used_);
  to.begin(NFTA_SET_ELEM_LIST_ELEMENTS);
  used_ += MNL_ATTR_HDRLEN;
}

void NftBatch::close_list() {
  if (!list_.open) return;
  list_.open = false;
  // Not assert(): a list whose length wraps around is silently cut short, in whatever build.
  if (used_ - list_.begin > longest_list) std::abort();
  Writer(bytes_.data() + used_).end(bytes_.data() + list_.begin);
  set_length(bytes_.data() + list_.message, bytes_.data() + used_);
}

void NftBatch::put_element(Verb verb, const nft::Set& set, const NftElement& element) {
  if (!list_.open || list_.verb != verb || list_.set != set.name ||
      used_ - list_.begin + room_for_element > list_limit_) {
    open_list(verb, set.name);
  }
  if (bytes_.size() < used_ + room_for_element) bytes_.resize(bytes_.size() * 2);
  Writer to(bytes_.data() + used_);
  std::uint8_t* list_element = to.begin(NFTA_LIST_ELEM);
  if (element.end) to.put_number(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
  std::uint8_t* key = to.begin(NFTA_SET_ELEM_KEY);
  to.put(NFTA_DATA_VALUE, element.key.data(), element.size);
  to.end(key);
  // A removal goes by the key alone.
  if (verb == Verb::add && element.verdict != 0) {
    std::uint8_t* data = to.begin(NFTA_SET_ELEM_DATA);
    std::uint8_t* verdict = to.begin(NFTA_DATA_VERDICT);
    to.put_number(NFTA_VERDICT_CODE, static_cast<std::uint32_t>(element.verdict));
    to.put_text(NFTA_VERDICT_CHAIN, element.target);
    to.end(verdict);
    to.end(data);
  } else if (verb == Verb::add && !element.target.empty()) {
    to.put_text(NFTA_SET_ELEM_OBJREF, element.target);
  }
  if (element.open && verb == Verb::add) {
    to.put(NFTA_SET_ELEM_USERDATA, open_interval_data().data(), open_interval_data().size());
  }
  to.end(list_element);
  used_ = static_cast<std::size_t>(to.at() - bytes_.data());
  ++deeds_.back().count;
}

void NftBatch::add_element(const nft::Set& set, const NftElement& element) {
  put_element(Verb::add, set, element);
}

void NftBatch::remove_element(const nft::Set& set, const NftElement& element) {
  put_element(Verb::remove, set, element);
}

void NftBatch::add_elements(const nft::Table& table, const nft::Set& set) {
  each_element(table, set, [&](const NftElement& element) { add_element(set, element); });
}

std::span<const std::uint8_t> NftBatch::seal(std::uint32_t first_sequence,
                                             std::uint32_t generation) {
  const auto without_end = seal_for_check(first_sequence);
  const std::uint32_t raw = htobe32(generation);
  std::memcpy(bytes_.data() + generation_at_, &raw, sizeof(raw));
  std::uint8_t* end = bytes_.data() + without_end.size();
  put_header(end, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  reinterpret_cast<nlmsghdr*>(end)->nlmsg_seq = first_sequence + sequence_count() - 1;
  return {bytes_.data(), without_end.size() + reinterpret_cast<nlmsghdr*>(end)->nlmsg_len};
}

std::span<const std::uint8_t> NftBatch::seal_for_check(std::uint32_t first_sequence) {
  assert(!empty());
  close_list();
  if (bytes_.size() < used_ + room_for_element) bytes_.resize(used_ + room_for_element);
  before_end_ = used_;
  reinterpret_cast<nlmsghdr*>(bytes_.data() + last_message_)->nlmsg_flags |= NLM_F_ACK;
  std::uint32_t sequence = first_sequence;
  for (std::size_t at = 0; at < used_;) {
    auto* header = reinterpret_cast<nlmsghdr*>(bytes_.data() + at);
    header->nlmsg_seq = sequence++;
    at += header->nlmsg_len;
  }
  return {bytes_.data(), used_};
}

std::string NftBatch::deed(std::uint32_t index) const {
  if (index == 0 || index > deeds_.size()) return "change table " + table_;
  const Deed& deed = deeds_[index - 1];
  std::string text = deed.verb == Verb::add ? "add " : "remove ";
  if (deed.count == 1) text += "1 element ";
  if (deed.count > 1) text += std::to_string(deed.count) + " elements ";
  return text + deed.kind + " " + deed.name;
}

}  // namespace sallyport
