// SPDX-License-Identifier: GPL-2.0-or-later
// Requests to nftables and what their answers say. NftAttributes are read within the bounds of
// their message, and numbers only at their size. Entry points: see the header.
#include "runtime/nft_dump.h"

#include <libmnl/libmnl.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "runtime/nft_attributes.h"
#include "runtime/nft_numbers.h"
#include "runtime/nft_rule.h"

namespace sallyport {
namespace {

constexpr std::uint16_t set_count = 20;  // NFTA_SET_COUNT, which our headers lack

// ---- requests ----

class Request {
 public:
  explicit Request(std::uint16_t type) {
    header_ = mnl_nlmsg_put_header(bytes_.data());
    header_->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type);
    header_->nlmsg_flags = NLM_F_REQUEST;
    auto* extra = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header_, sizeof(nfgenmsg)));
    extra->nfgen_family = NFPROTO_INET;
  }
  Request(Request&&) = delete;

  nlmsghdr& header() { return *header_; }
  Request& text(std::uint16_t type, const std::string& value) {
    mnl_attr_put_strz(header_, type, value.c_str());
    return *this;
  }
  std::vector<std::uint8_t> bytes() const {
    return {bytes_.begin(), bytes_.begin() + header_->nlmsg_len};
  }

 private:
  alignas(nlmsghdr) std::array<std::uint8_t, 2048> bytes_{};  // names are at most 255 bytes
  nlmsghdr* header_ = nullptr;
};

/// Reads until nothing came in between.
Result<void> read_whole(NftSocket& socket, Request& request, const std::function<void()>& begin,
                        const NftSocket::Take& take) {
  for (int attempt = 0; attempt < nft_attempts; ++attempt) {
    begin();
    const auto dumped = socket.dump(request.header(), take);
    if (!dumped) return std::unexpected(dumped.error());
    if (*dumped == NftSocket::Dumped::whole) return {};
  }
  return std::unexpected(
      Error{"read the nftables rule set", "it was changed each time while it was read", ""});
}

// ---- shapes ----

std::string chain_shape(bool hooked, std::uint32_t hook, std::int32_t priority,
                        std::uint32_t policy, std::string_view type) {
  if (!hooked) return "no hook";
  return std::string(type) + " hook " + std::to_string(hook) + " priority " +
         std::to_string(priority) + " policy " + std::to_string(policy);
}

std::string set_shape(std::uint32_t flags, std::uint32_t type, std::uint32_t size,
                      std::uint32_t object, bool timeout) {
  return "flags " + std::to_string(flags) + " key " + std::to_string(type) + "/" +
         std::to_string(size) + " object " + std::to_string(object) + (timeout ? " timeout" : "");
}

std::string chain_shape(const NftAttributes& chain) {
  const NftAttributes hook(chain.at(NFTA_CHAIN_HOOK));
  return chain_shape(chain.at(NFTA_CHAIN_HOOK) != nullptr, hook.number(NFTA_HOOK_HOOKNUM),
                     static_cast<std::int32_t>(hook.number(NFTA_HOOK_PRIORITY)),
                     chain.number(NFTA_CHAIN_POLICY), chain.text(NFTA_CHAIN_TYPE));
}

std::string set_shape(const NftAttributes& set) {
  return set_shape(set.number(NFTA_SET_FLAGS), set.number(NFTA_SET_KEY_TYPE),
                   set.number(NFTA_SET_KEY_LEN), set.number(NFTA_SET_OBJ_TYPE),
                   set.at(NFTA_SET_TIMEOUT) != nullptr);
}

// ---- rules, elements, counters ----

std::string rule_text(const nlmsghdr& message) {
  const NftRulePointer rule(nftnl_rule_alloc());
  if (!rule || nftnl_rule_nlmsg_parse(&message, rule.get()) < 0) {
    return "[an expression that is not ours]";
  }
  return canonical_text(*rule);
}

NftElement read_element(const nlattr* list_element) {
  const NftAttributes attributes(list_element);
  NftElement element;
  const NftAttributes key(attributes.at(NFTA_SET_ELEM_KEY));
  if (const nlattr* value = key.at(NFTA_DATA_VALUE)) {
    const std::size_t size = mnl_attr_get_payload_len(value);
    element.size = static_cast<std::uint8_t>(std::min(size, element.key.size()));
    std::memcpy(element.key.data(), mnl_attr_get_payload(value), element.size);
    element.odd = size > element.key.size();
  }
  const std::uint32_t flags = attributes.number(NFTA_SET_ELEM_FLAGS);
  element.end = (flags & NFT_SET_ELEM_INTERVAL_END) != 0;
  element.odd = element.odd || element.size == 0 ||
                (flags & ~std::uint32_t{NFT_SET_ELEM_INTERVAL_END}) != 0 ||
                attributes.at(NFTA_SET_ELEM_TIMEOUT) || attributes.at(NFTA_SET_ELEM_EXPIRATION) ||
                attributes.at(NFTA_SET_ELEM_EXPR) || attributes.at(NFTA_SET_ELEM_EXPRESSIONS) ||
                attributes.at(NFTA_SET_ELEM_KEY_END);
  const NftAttributes data(attributes.at(NFTA_SET_ELEM_DATA));
  if (const nlattr* nest = data.at(NFTA_DATA_VERDICT)) {
    const NftAttributes verdict(nest);
    element.verdict = static_cast<std::int32_t>(verdict.number(NFTA_VERDICT_CODE));
    element.target = verdict.text(NFTA_VERDICT_CHAIN);
    element.odd = element.odd || element.target.empty();  // such as accept, which is 1
  } else if (attributes.at(NFTA_SET_ELEM_DATA)) {
    element.odd = true;
  }
  if (attributes.at(NFTA_SET_ELEM_OBJREF)) element.target = attributes.text(NFTA_SET_ELEM_OBJREF);
  return element;
}

void each_read_element(const nlmsghdr& message,
                       const std::function<void(const NftElement&)>& take) {
  const NftAttributes attributes(message);
  const nlattr* list = attributes.at(NFTA_SET_ELEM_LIST_ELEMENTS);
  if (!list) return;
  each_attribute(list, [&](const nlattr* element) { take(read_element(element)); });
}

Result<void> read_table(NftSocket& socket, const std::string& table, NftListing& listing) {
  Request request(NFT_MSG_GETTABLE);
  request.text(NFTA_TABLE_NAME, table);
  std::vector<std::vector<std::uint8_t>> requests{request.bytes()};
  int error = 0;
  const auto asked = socket.ask(requests, [&](std::size_t, const nlmsghdr* answer, int failure) {
    if (!answer) {
      error = failure;
      return;
    }
    const NftAttributes attributes(*answer);
    listing.exists = attributes.text(NFTA_TABLE_NAME) == table;
    listing.flags = attributes.number(NFTA_TABLE_FLAGS);
    listing.owner = attributes.number(NFTA_TABLE_OWNER);
  });
  if (!asked) return asked;
  if (error != 0 && error != ENOENT) {
    return std::unexpected(Error::from_errno("read table " + table, error));
  }
  return {};
}

Result<void> read_chains(NftSocket& socket, const std::string& table, NftListing& listing) {
  Request request(NFT_MSG_GETCHAIN);
  return read_whole(
      socket, request, [&] { listing.chains.clear(); },
      [&](const nlmsghdr& message) {
        const NftAttributes chain(message);
        if (kind_of(message) != NFT_MSG_NEWCHAIN || chain.text(NFTA_CHAIN_TABLE) != table) return;
        listing.chains[std::string(chain.text(NFTA_CHAIN_NAME))].shape = chain_shape(chain);
      });
}

Result<void> read_rules(NftSocket& socket, const std::string& table, NftListing& listing) {
  Request request(NFT_MSG_GETRULE);
  request.text(NFTA_RULE_TABLE, table);
  return read_whole(
      socket, request,
      [&] {
        for (auto& [name, chain] : listing.chains) chain.rules.clear();
      },
      [&](const nlmsghdr& message) {
        const NftAttributes rule(message);
        if (kind_of(message) != NFT_MSG_NEWRULE || rule.text(NFTA_RULE_TABLE) != table) return;
        const auto chain = listing.chains.find(std::string(rule.text(NFTA_RULE_CHAIN)));
        if (chain == listing.chains.end()) return;
        chain->second.rules.push_back({rule.large_number(NFTA_RULE_HANDLE), rule_text(message)});
      });
}

Result<void> read_sets(NftSocket& socket, const std::string& table, NftListing& listing) {
  Request request(NFT_MSG_GETSET);
  request.text(NFTA_SET_TABLE, table);
  return read_whole(
      socket, request, [&] { listing.sets.clear(); },
      [&](const nlmsghdr& message) {
        const NftAttributes set(message);
        if (kind_of(message) != NFT_MSG_NEWSET || set.text(NFTA_SET_TABLE) != table) return;
        NftSetFacts& facts = listing.sets[std::string(set.text(NFTA_SET_NAME))];
        facts.shape = set_shape(set);
        if (set.at(set_count)) facts.count = set.number(set_count);
      });
}

Result<void> read_all(NftSocket& socket, const std::string& table, NftListing& listing) {
  if (auto read = read_table(socket, table, listing); !read || !listing.exists) return read;
  if (auto read = read_chains(socket, table, listing); !read) return read;
  if (auto read = read_rules(socket, table, listing); !read) return read;
  if (auto read = read_sets(socket, table, listing); !read) return read;
  auto counts = read_counts(socket, table);
  if (!counts) return std::unexpected(counts.error());
  listing.counters = std::move(*counts);
  return {};
}

}  // namespace

std::string shape_of(const nft::Chain& chain) {
  return chain_shape(chain.hook != nft::Hook::none, nft_hook_number(chain.hook), chain.priority,
                     NF_ACCEPT, "filter");
}

std::string shape_of(const nft::Set& set) {
  return set_shape(nft_set_flags(set), nft_type_number(set.key),
                   static_cast<std::uint32_t>(set.key_size()),
                   set.holds == nft::Holds::counters ? NFT_OBJECT_COUNTER : 0, false);
}

Result<NftListing> read_listing(NftSocket& socket, const std::string& table) {
  for (int attempt = 0; attempt < nft_attempts; ++attempt) {
    const auto before = socket.generation();
    if (!before) return std::unexpected(before.error());
    NftListing listing;
    listing.generation = *before;
    if (auto read = read_all(socket, table, listing); !read) return std::unexpected(read.error());
    const auto after = socket.generation();
    if (!after) return std::unexpected(after.error());
    if (*after == *before) return listing;
  }
  return std::unexpected(
      Error{"read table " + table, "the rule set was changed each time while it was read", ""});
}

Result<void> read_elements(NftSocket& socket, const std::string& table, const std::string& set,
                           const std::function<void()>& begin,
                           const std::function<void(const NftElement&)>& take) {
  Request request(NFT_MSG_GETSETELEM);
  request.text(NFTA_SET_ELEM_LIST_TABLE, table).text(NFTA_SET_ELEM_LIST_SET, set);
  return read_whole(socket, request, begin, [&](const nlmsghdr& message) {
    if (kind_of(message) == NFT_MSG_NEWSETELEM) each_read_element(message, take);
  });
}

Result<std::vector<NftFound>> find_elements(NftSocket& socket, const std::string& table,
                                            const nft::Set& set, std::span<const nft::Key> keys) {
  std::vector<NftFound> found(keys.size());
  // All are alike but for the key, which stands at the end.
  Request request(NFT_MSG_GETSETELEM);
  request.text(NFTA_SET_ELEM_LIST_TABLE, table).text(NFTA_SET_ELEM_LIST_SET, set.name);
  nlmsghdr* header = &request.header();
  nlattr* list = mnl_attr_nest_start(header, NFTA_SET_ELEM_LIST_ELEMENTS);
  nlattr* list_element = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
  nlattr* data = mnl_attr_nest_start(header, NFTA_SET_ELEM_KEY);
  mnl_attr_put(header, NFTA_DATA_VALUE, set.key_size(), nft::Key{}.data());
  mnl_attr_nest_end(header, data);
  mnl_attr_nest_end(header, list_element);
  mnl_attr_nest_end(header, list);
  std::vector<std::vector<std::uint8_t>> requests(keys.size(), request.bytes());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::copy_n(keys[i].begin(), set.key_size(),
                requests[i].end() - static_cast<std::ptrdiff_t>(MNL_ALIGN(set.key_size())));
  }
  int error = 0;
  const auto asked = socket.ask(requests, [&](std::size_t i, const nlmsghdr* answer, int failure) {
    if (!answer) {
      if (failure != ENOENT) error = failure;
      return;
    }
    each_read_element(*answer, [&](const NftElement& element) {
      const bool same = element.size == set.key_size() && element.key == keys[i];
      found[i] = {true, element.odd || !same, element.verdict, std::string(element.target)};
    });
  });
  if (!asked) return std::unexpected(asked.error());
  if (error != 0) {
    return std::unexpected(Error::from_errno("read elements of set " + set.name, error));
  }
  return found;
}

Result<std::map<std::string, NftCount>> read_counts(NftSocket& socket, const std::string& table) {
  Request request(NFT_MSG_GETOBJ);
  request.text(NFTA_OBJ_TABLE, table);
  mnl_attr_put_u32(&request.header(), NFTA_OBJ_TYPE, htobe32(NFT_OBJECT_COUNTER));
  std::map<std::string, NftCount> counts;
  auto read = read_whole(
      socket, request, [&] { counts.clear(); },
      [&](const nlmsghdr& message) {
        const NftAttributes object(message);
        if (kind_of(message) != NFT_MSG_NEWOBJ || object.text(NFTA_OBJ_TABLE) != table ||
            object.number(NFTA_OBJ_TYPE) != NFT_OBJECT_COUNTER) {
          return;
        }
        const NftAttributes data(object.at(NFTA_OBJ_DATA));
        counts[std::string(object.text(NFTA_OBJ_NAME))] = {data.large_number(NFTA_COUNTER_PACKETS),
                                                           data.large_number(NFTA_COUNTER_BYTES)};
      });
  if (!read) return std::unexpected(read.error());
  return counts;
}

}  // namespace sallyport
