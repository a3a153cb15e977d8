// SPDX-License-Identifier: GPL-2.0-or-later
// ClaimStore: name claims in a pinned hash map. Entry point: ClaimStore::open().
#include "runtime/claim_store.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "compiler/image/bundle.h"
#include "compiler/image/capacity.h"

namespace sallyport {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

SpClaimKey key_of(std::uint64_t name, const Address& address) {
  SpClaimKey key{};
  key.name = name;
  const auto bytes = address.bytes();
  if (address.family == Family::v4) {
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), key.address);
    std::copy_n(bytes.begin(), 4, key.address + mapped_prefix.size());
  } else {
    std::copy(bytes.begin(), bytes.end(), key.address);
  }
  return key;
}

Address address_of(const SpClaimKey& key) {
  const std::span<const std::uint8_t> bytes(key.address);
  if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes.begin())) {
    return Address::from_bytes(Family::v4, bytes.subspan(mapped_prefix.size()));
  }
  return Address::from_bytes(Family::v6, bytes);
}

Result<Fd> make_pinned(const std::string& pin) {
  bpf_map_create_opts options{};
  options.sz = sizeof(options);
  options.map_flags = BPF_F_NO_PREALLOC;
  Fd map{bpf_map_create(BPF_MAP_TYPE_HASH, "sp_claims", sizeof(SpClaimKey), sizeof(SpClaim),
                        most_claims, &options)};
  if (!map) {
    const char* rights = errno == EPERM ? "needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON" : "";
    return std::unexpected(Error::from_errno("make the map of claims", errno, rights));
  }
  if (bpf_obj_pin(map.get(), pin.c_str()) != 0) {
    return std::unexpected(Error::from_errno("pin " + pin, errno));
  }
  return map;
}

Result<void> check_layout(int map, const std::string& pin) {
  bpf_map_info found{};
  __u32 size = sizeof(found);
  if (bpf_obj_get_info_by_fd(map, &found, &size) != 0) {
    return std::unexpected(Error::from_errno("read " + pin, errno));
  }
  if (found.type != BPF_MAP_TYPE_HASH || found.key_size != sizeof(SpClaimKey) ||
      found.value_size != sizeof(SpClaim)) {
    return std::unexpected(
        Error{"adopt " + pin, "it was made by another version",
              "keys of " + std::to_string(found.key_size) + " and values of " +
                  std::to_string(found.value_size) + " bytes; expected a hash of " +
                  std::to_string(sizeof(SpClaimKey)) + " and " + std::to_string(sizeof(SpClaim))});
  }
  return {};
}

}  // namespace

Result<ClaimStore> ClaimStore::open(const Pins& pins) {
  const std::string pin = pins.claims().string();
  Fd pinned{bpf_obj_get(pin.c_str())};
  if (pinned) {
    if (auto fits = check_layout(pinned.get(), pin); !fits) return std::unexpected(fits.error());
    return ClaimStore(std::move(pinned));
  }
  if (errno != ENOENT) return std::unexpected(Error::from_errno("open " + pin, errno));
  auto made = make_pinned(pin);
  if (!made) return std::unexpected(made.error());
  return ClaimStore(std::move(*made));
}

Result<std::vector<ClaimStore::Row>> ClaimStore::rows() const {
  std::vector<Row> rows;
  SpClaimKey key{};
  const SpClaimKey* before = nullptr;
  SpClaimKey next{};
  while (bpf_map_get_next_key(map_.get(), before, &next) == 0) {
    key = next;
    before = &key;
    SpClaim claim{};
    if (bpf_map_lookup_elem(map_.get(), &key, &claim) != 0) {
      return std::unexpected(Error::from_errno("read a claim", errno));
    }
    rows.push_back({key.name, address_of(key), Moment(claim.expiry)});
  }
  if (errno != ENOENT) return std::unexpected(Error::from_errno("read the claims", errno));
  return rows;
}

Result<void> ClaimStore::put(const ViewedName& name, const Address& address, Moment expiry) {
  const SpClaimKey key = key_of(claim_name(name.text()), address);
  const SpClaim claim{static_cast<std::uint64_t>(expiry.count())};
  if (bpf_map_update_elem(map_.get(), &key, &claim, BPF_ANY) != 0) {
    const std::string tried = "store the claim of " + name.text() + " on " + address.text();
    if (errno == E2BIG) {
      return std::unexpected(
          Error{tried, "the map is full", std::to_string(most_claims) + " claims"});
    }
    return std::unexpected(Error::from_errno(tried, errno));
  }
  return {};
}

Result<void> ClaimStore::remove(std::uint64_t name, const Address& address) {
  const SpClaimKey key = key_of(name, address);
  if (bpf_map_delete_elem(map_.get(), &key) != 0 && errno != ENOENT) {
    return std::unexpected(Error::from_errno("remove a claim on " + address.text(), errno));
  }
  return {};
}

}  // namespace sallyport
