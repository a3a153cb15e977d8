// SPDX-License-Identifier: GPL-2.0-or-later
// Each packet of a round has a number: the IPv4 identification, or the low half of the IPv6 flow
// label. Rules before and behind the table under proof put these numbers into sets.
#include "runtime/nft_proof.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>

#include "compiler/nft/rule_builder.h"
#include "compiler/values/service.h"

namespace sallyport {
namespace {

using Frame = NftProof::Frame;

constexpr const char* recorder = "sallyport-proof";
constexpr const char* arrived = "arrived";
constexpr const char* let_pass = "let_pass";
constexpr std::size_t largest_round = 50'000;
constexpr std::size_t most_wires = 128;
constexpr std::uint32_t numbers = 1U << 16;
constexpr int priority_first = -1000;

// ---- the recorder's table ----

/// Puts the packet's number into the set.
nft::Rule remember(Family family, const char* set) {
  const bool v4 = family == Family::v4;
  const std::string protocol(1, static_cast<char>(v4 ? NFPROTO_IPV4 : NFPROTO_IPV6));
  return {.text = {},
          .expressions = {nft::MetaLoad{NFT_META_NFPROTO}, nft::Compare{NFT_CMP_EQ, protocol},
                          nft::PayloadLoad{NFT_PAYLOAD_NETWORK_HEADER, v4 ? 4U : 2U, 2, 1},
                          nft::Remember{set}}};
}

void add_remember(nft::Chain& chain, const char* set) {
  for (const Family family : {Family::v4, Family::v6}) chain.rules.push_back(remember(family, set));
}

nft::Table recorder_table() {
  using nft::Relation;
  using nft::RuleBuilder;
  nft::Table table;
  table.name = recorder;
  table.generation_prefix = "g1_";
  for (const char* name : {arrived, let_pass}) {
    table.sets.push_back({.name = name, .key = {nft::KeyPart::port}, .remembers = numbers});
  }
  // What gets here has passed; it is not needed any more.
  nft::Chain keep{.name = "keep"};
  add_remember(keep, let_pass);
  keep.rules.push_back(RuleBuilder().drop());

  nft::Chain first{.name = "first", .hook = nft::Hook::prerouting, .priority = priority_first};
  add_remember(first, arrived);
  nft::Chain pieces{
      .name = "behind_pieces", .hook = nft::Hook::prerouting, .priority = nft::priority_pieces + 1};
  pieces.rules = {RuleBuilder().fragment_field(0x3fff, Relation::unequal, 0).go("keep"),
                  RuleBuilder().fragment_offset(Relation::unequal, 0).go("keep"),
                  RuleBuilder().more_fragments().go("keep")};
  nft::Chain whole{
      .name = "behind_table", .hook = nft::Hook::prerouting, .priority = nft::priority_proof + 1};
  whole.rules = {RuleBuilder().go("keep")};
  table.chains = {std::move(keep), std::move(first), std::move(pieces), std::move(whole)};
  return table;
}

// ---- frames ----

constexpr std::size_t ethernet_size = 14;
constexpr std::size_t ipv4_size = 20;
constexpr std::size_t ipv6_size = 40;

std::uint16_t word_at(const Frame& frame, std::size_t at) {
  return static_cast<std::uint16_t>(frame[at] << 8 | frame[at + 1]);
}

void set_word(Frame& frame, std::size_t at, std::uint16_t value) {
  frame[at] = static_cast<std::uint8_t>(value >> 8);
  frame[at + 1] = static_cast<std::uint8_t>(value);
}

/// RFC 1071.
std::uint16_t checksum(std::span<const std::uint8_t> bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : bytes[i];
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// Of an ICMP message without fragments or options: connection tracking verifies it.
void set_icmp_checksum(Frame& frame, bool v4) {
  const std::size_t at = ethernet_size + (v4 ? ipv4_size : ipv6_size);
  const std::size_t end = v4 ? ethernet_size + word_at(frame, ethernet_size + 2)
                             : ethernet_size + ipv6_size + word_at(frame, ethernet_size + 4);
  const std::uint8_t protocol = frame[ethernet_size + (v4 ? 9 : 6)];
  if (protocol != (v4 ? protocol_icmp : protocol_icmpv6)) return;
  if (end > frame.size() || at + 8 > end || (v4 && frame[ethernet_size] != 0x45)) return;
  std::uint32_t pseudo = 0;
  if (!v4) {
    for (std::size_t i = 8; i < ipv6_size; i += 2) pseudo += word_at(frame, ethernet_size + i);
    pseudo += static_cast<std::uint32_t>(end - at) + protocol_icmpv6;
  }
  set_word(frame, at + 2, 0);
  set_word(frame, at + 2, checksum(std::span(frame).subspan(at, end - at), pseudo));
}

/// False for a frame that is no IP packet, or has no room for a number.
bool prepare(Frame& frame, const PrivateNetwork::HardwareAddress& to, std::uint16_t number) {
  if (frame.size() < ethernet_size + ipv4_size) return false;
  std::ranges::copy(to, frame.begin());
  const std::uint16_t ethertype = word_at(frame, 12);
  if (ethertype == 0x86dd) {
    if (frame.size() < ethernet_size + ipv6_size) return false;
    set_word(frame, ethernet_size + 2, number);
    set_icmp_checksum(frame, false);
    return true;
  }
  if (ethertype != 0x0800) return false;
  set_word(frame, ethernet_size + 4, number);
  const std::size_t header =
      std::min<std::size_t>((frame[ethernet_size] & 0x0fU) * 4U, frame.size() - ethernet_size);
  if (header >= ipv4_size) {
    set_word(frame, ethernet_size + 10, 0);
    set_word(frame, ethernet_size + 10, checksum(std::span(frame).subspan(ethernet_size, header)));
  }
  set_icmp_checksum(frame, true);
  return true;
}

/// An IPv4 packet that always arrives, and whose source no policy lets pass, so that no rule counts
/// it. The kernel takes frames in order, but a busy machine takes them late: once this one is seen,
/// so are those that were sent before it.
NftProof::Frame last_of_round() {
  NftProof::Frame frame(ethernet_size + ipv4_size + 8, 0);
  set_word(frame, 12, 0x0800);
  const auto put = [&frame](std::size_t at, std::initializer_list<std::uint8_t> bytes) {
    std::ranges::copy(bytes, frame.begin() + static_cast<std::ptrdiff_t>(ethernet_size + at));
  };
  put(0, {0x45, 0, 0, 28});
  put(8, {64, protocol_udp});
  put(12, {127, 0, 0, 1, 192, 0, 2, 2});
  put(20, {0, 9, 0, 9, 0, 8, 0, 0});
  return frame;
}

// ---- VLANs ----

/// The bytes of a frame's tags, of which the kernel's devices hand packets on without.
std::size_t tags_size(const Frame& frame) {
  std::size_t size = 0;
  while (frame.size() >= ethernet_size + size + 4) {
    const std::uint16_t ethertype = word_at(frame, 12 + size);
    if (ethertype != 0x8100 && ethertype != 0x88a8) break;
    size += 4;
  }
  return size;
}

/// Each class of VLANs but that of untagged frames has a wire of its own, by its number; that one
/// has the first.
std::vector<std::size_t> wires_of(const Image& image) {
  std::vector<std::size_t> wires(vlan_classes(image), 0);
  const std::uint32_t untagged = image.vlan.find(0);
  std::size_t next = 1;
  for (std::uint32_t vlan_class = 0; vlan_class < wires.size(); ++vlan_class) {
    if (vlan_class != untagged) wires[vlan_class] = next++;
  }
  return wires;
}

nft::Options options_for(const Image& image, bool conntrack, Direction direction) {
  nft::Options options;
  options.table = "sallyport-tried";
  options.devices = {PrivateNetwork::far_device()};
  const std::vector<std::size_t> wires = wires_of(image);
  for (std::size_t i = 0; i < image.vlan.starts.size(); ++i) {
    const std::string device = PrivateNetwork::far_device(wires[image.vlan.labels[i]]);
    if (std::ranges::find(options.devices, device) != options.devices.end()) continue;
    options.devices.push_back(device);
    options.vlan_devices.push_back({static_cast<std::uint16_t>(image.vlan.starts[i]), device});
  }
  options.conntrack = conntrack;
  options.proof = true;
  options.proof_direction = direction;
  return options;
}

}  // namespace

Result<NftProof> NftProof::make(const Image& image, bool conntrack, const Bindings& bindings,
                                Direction direction) {
  if (vlan_classes(image) > most_wires) {
    return std::unexpected(Error{"try policy " + image.policy + " through nftables",
                                 "its zones have too many VLANs to make a wire for each",
                                 "at most " + std::to_string(most_wires - 1) + " are tried"});
  }
  auto ruleset = std::make_unique<nft::Ruleset>(image, options_for(image, conntrack, direction));
  for (const auto& [address, names] : bindings) (void)ruleset->bind(address, names);
  auto proof = make(ruleset->table(), image);
  if (proof) proof->ruleset_ = std::move(ruleset);
  return proof;
}

Result<NftProof> NftProof::make(nft::Table table, const Image& image) {
  auto network = PrivateNetwork::make(vlan_classes(image));
  if (!network) return std::unexpected(network.error());
  NftProof proof(std::move(*network));
  proof.vlan_ = image.vlan;
  proof.wires_ = wires_of(image);
  const auto loaded = proof.network_.inside([&] { return proof.load(std::move(table)); });
  if (!loaded) return std::unexpected(loaded.error());
  return proof;
}

/// Inside the private network.
Result<void> NftProof::load(nft::Table table) {
  auto record = NftTable::open(recorder, {.own = false});
  if (!record) return std::unexpected(record.error());
  if (auto made = record->prepare(recorder_table()); !made) return made;
  table_ = std::move(table);
  auto live = NftTable::open(table_.name, {.own = false});
  if (!live) return std::unexpected(live.error());
  live_ = std::make_unique<NftTable>(std::move(*live));
  if (auto made = live_->prepare(table_); !made) return made;
  auto socket = NftSocket::open();
  if (!socket) return std::unexpected(socket.error());
  socket_ = std::make_unique<NftSocket>(std::move(*socket));
  auto flows = FlowTable::open();
  if (!flows) return std::unexpected(flows.error());
  flows_ = std::make_unique<FlowTable>(std::move(*flows));
  return {};
}

Result<void> NftProof::bind(const Address& address, std::span<const ViewedName> names) {
  return live_->change(table_, ruleset_->bind(address, names));
}

Result<std::vector<Fate>> NftProof::run(std::span<const Frame> frames) {
  std::vector<Fate> fates(frames.size(), Fate::unseen);
  for (std::size_t begin = 0; begin < frames.size(); begin += largest_round) {
    std::vector<std::size_t> which(std::min(largest_round, frames.size() - begin));
    std::iota(which.begin(), which.end(), begin);
    // A busy machine may lose a frame on the wire: what nobody saw is sent once more.
    for (int attempt = 0; attempt < 2 && !which.empty(); ++attempt) {
      if (auto done = run_round(frames, which, fates); !done) return std::unexpected(done.error());
      std::erase_if(which, [&](std::size_t index) { return fates[index] != Fate::unseen; });
    }
  }
  return fates;
}

Result<void> NftProof::run_round(std::span<const Frame> frames, std::span<const std::size_t> which,
                                 std::vector<Fate>& fates) {
  if (auto done = forget(); !done) return done;
  Frame frame;
  std::uint16_t number = 0;  // the kernel's own packets have 0
  for (const std::size_t index : which) {
    ++number;
    frame = frames[index];
    const std::size_t wire = take_tags(frame);
    if (!prepare(frame, network_.far_address(wire), number)) continue;
    if (auto sent = network_.send(frame, wire); !sent) return sent;
  }
  ++number;
  frame = last_of_round();
  prepare(frame, network_.far_address(), number);
  if (auto sent = network_.send(frame); !sent) return sent;
  const auto came = arrivals_until(number);
  if (!came) return std::unexpected(came.error());
  const auto passed = remembered(let_pass);
  if (!passed) return std::unexpected(passed.error());
  number = 0;
  for (const std::size_t index : which) {
    ++number;
    if (!(*came)[number]) continue;
    fates[index] = (*passed)[number] ? Fate::passed : Fate::dropped;
  }
  return {};
}

/// Takes the tags off; what is left goes into the wire of its VLAN, which this gives. A frame that
/// cannot be read keeps its tags.
std::size_t NftProof::take_tags(Frame& frame) const {
  const std::size_t size = tags_size(frame);
  if (size == 0 || size > 4 * SP_MAX_VLAN_TAGS) return 0;
  std::uint16_t vlan = 0;
  for (std::size_t at = ethernet_size; vlan == 0 && at < ethernet_size + size; at += 4) {
    vlan = static_cast<std::uint16_t>(word_at(frame, at) & (SP_VLAN_IDS - 1));
  }
  const auto tags = frame.begin() + ethernet_size - 2;
  frame.erase(tags, tags + static_cast<std::ptrdiff_t>(size));
  return wires_[vlan_.find(vlan)];
}

/// Until the frame of that number is among them, or two seconds are over.
Result<std::vector<bool>> NftProof::arrivals_until(std::uint16_t number) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (true) {
    auto came = remembered(arrived);
    if (!came || (*came)[number] || std::chrono::steady_clock::now() > end) return came;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

Result<void> NftProof::forget() {
  NftBatch batch(recorder);
  for (const char* set : {arrived, let_pass}) batch.empty_set(set);
  const auto outcome = socket_->commit(batch, std::nullopt);
  if (outcome.kind == NftOutcome::Kind::applied) return {};
  return std::unexpected(outcome.error);
}

Result<std::vector<bool>> NftProof::remembered(const char* set) {
  std::vector<bool> seen(numbers, false);
  const auto read = read_elements(
      *socket_, recorder, set, [&] { seen.assign(numbers, false); },
      [&](const NftElement& element) {
        seen[static_cast<std::size_t>(element.key[0] << 8 | element.key[1])] = true;
      });
  if (!read) return std::unexpected(read.error());
  return seen;
}

}  // namespace sallyport
