// SPDX-License-Identifier: GPL-2.0-or-later
// The declared differences are the two tables in the middle; whatever is not in them is a fault.
#include "tests/support/nft_engine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <thread>

#include "compiler/label/labeler.h"
#include "compiler/nft/ruleset.h"
#include "compiler/values/service.h"
#include "runtime/fd.h"
#include "runtime/verify.h"

namespace sallyport {
namespace {

// ---- frames, as far as the differences speak of them ----

using Frame = std::span<const std::uint8_t>;

constexpr std::size_t ip = 14;  // where the IP header begins
constexpr std::uint8_t hop_by_hop = 0;
constexpr std::uint8_t routing = 43;
constexpr std::uint8_t fragment = 44;
constexpr std::uint8_t authentication = 51;
constexpr std::uint8_t destination_options = 60;
constexpr std::uint8_t loose_source_route = 131;
constexpr std::uint8_t strict_source_route = 137;

std::uint16_t word_at(Frame frame, std::size_t at) {
  return at + 1 < frame.size() ? static_cast<std::uint16_t>(frame[at] << 8 | frame[at + 1]) : 0;
}

bool is_v4(Frame frame) {
  return word_at(frame, 12) == 0x0800 && frame.size() >= ip + 20;
}
bool is_v6(Frame frame) {
  return word_at(frame, 12) == 0x86dd && frame.size() >= ip + 40;
}

/// The chain of IPv6 extension headers, as far as the frame goes, and what follows it.
struct Walk {
  std::vector<std::uint8_t> headers;
  std::uint8_t protocol = 0;
  bool cut = false;            // the last header ends behind the packet
  bool piece = false;          // some fragment header says that there is more of the packet
  std::size_t transport = ip;  // where it begins
};

Walk walk_v6(Frame frame) {
  constexpr std::array<std::uint8_t, 5> walked = {hop_by_hop, routing, fragment, authentication,
                                                  destination_options};
  Walk walk;
  walk.transport = ip + 40;
  const std::size_t end = std::min(frame.size(), ip + 40 + word_at(frame, ip + 4));
  std::uint8_t next = frame[ip + 6];
  while (std::ranges::find(walked, next) != walked.end()) {
    walk.headers.push_back(next);
    if (walk.transport + 2 > end) {
      walk.cut = true;
      break;
    }
    std::size_t size = (frame[walk.transport + 1] + 1U) * 8U;
    if (next == authentication) size = (frame[walk.transport + 1] + 2U) * 4U;
    if (next == fragment) {
      size = 8;
      walk.piece = walk.piece || (word_at(frame, walk.transport + 2) & 0xfff9) != 0;
    }
    next = frame[walk.transport];
    walk.transport += size;
    walk.cut = walk.transport > end;
    if (walk.cut) break;
    if (walk.piece) break;
  }
  walk.protocol = next;
  return walk;
}

std::ptrdiff_t count(const Walk& walk, std::uint8_t header) {
  return std::ranges::count(walk.headers, header);
}

bool is_piece(Frame frame) {
  return is_v4(frame) ? (word_at(frame, ip + 6) & 0x3fff) != 0 : walk_v6(frame).piece;
}

std::uint8_t protocol_of(Frame frame) {
  return is_v4(frame) ? frame[ip + 9] : walk_v6(frame).protocol;
}

// ---- what nftables passes although the evaluator drops it ----

bool always(Frame) {
  return true;
}

bool is_whole_tcp_or_udp(Frame frame) {
  return has_ports(protocol_of(frame)) && !is_piece(frame);
}

bool begins_with_hop_by_hop(Frame frame) {
  return is_v6(frame) && frame[ip + 6] == hop_by_hop;
}

/// The kernel takes 0 for the length of a jumbogram and cuts nothing off.
bool says_no_length(Frame frame) {
  return begins_with_hop_by_hop(frame) && word_at(frame, ip + 4) == 0;
}

bool reader_goes_on(Frame frame) {
  return is_v6(frame) && (says_no_length(frame) || walk_v6(frame).cut);
}

/// Nothing but padding around one source route that has not begun: the reader of the kernel that
/// nftables asks finds this one for certain.
bool is_plain_source_route(Frame frame) {
  const std::size_t end = std::min(frame.size(), ip + (frame[ip] & 15U) * 4U);
  std::size_t at = ip + 20;
  while (at < end && frame[at] == 1) ++at;
  if (at + 3 > end) return false;
  const bool route = frame[at] == loose_source_route || frame[at] == strict_source_route;
  const std::size_t length = frame[at + 1];
  if (!route || length < 7 || length % 4 != 3 || frame[at + 2] != 4 || at + length > end) {
    return false;
  }
  for (at += length; at < end && frame[at] == 1;) ++at;
  return at == end || frame[at] == 0;
}

bool is_hidden_source_route(Frame frame) {
  return is_v4(frame) && !is_plain_source_route(frame);
}

/// IPv4 and IPv6; RFC 791 and 8200 together in one sum.
bool has_contradictory_length(Frame frame) {
  std::size_t offset = 0;
  bool more = false;
  std::size_t payload = 0;
  if (is_v4(frame)) {
    const std::uint16_t field = word_at(frame, ip + 6);
    offset = (field & 0x1fffU) * 8U;
    more = (field & 0x2000) != 0;
    payload = word_at(frame, ip + 2) - (frame[ip] & 15U) * 4U;
  } else {
    const Walk walk = walk_v6(frame);
    if (count(walk, fragment) != 1 || walk.headers.back() != fragment) return false;
    const std::uint16_t field = word_at(frame, walk.transport - 6);
    offset = field & 0xfff8U;
    more = (field & 1) != 0;
    payload = ip + 40 + word_at(frame, ip + 4) - walk.transport;
  }
  return (more && payload % 8 != 0) || payload == 0 || offset + payload > 65535;
}

struct Difference {
  std::optional<SpReason> reason;  // none: whatever it is
  bool (*applies)(Frame);
  const char* why;
};

constexpr Difference passed_though_dropped[] = {
    {SP_DROP_TRUNCATED_TRANSPORT, always,
     "a transport header that is cut: of a whole packet nftables reads the ports or the type, and "
     "of "
     "a protocol that is open altogether nothing"},
    {SP_DROP_TRANSPORT_HEADER, is_whole_tcp_or_udp,
     "a TCP data offset or a UDP length that contradicts the whole packet: another comparison for "
     "every packet"},
    {SP_DROP_IP_OPTIONS, always,
     "malformed IPv4 options: the kernel drops these behind prerouting, where the proof looks, and "
     "before forward"},
    {SP_DROP_SOURCE_ROUTE, is_hidden_source_route,
     "an IPv4 source route that the kernel's reader of options does not find for nftables (used "
     "up, "
     "empty, beside a malformed option): the kernel drops every source route before forward, "
     "unless accept_source_route is set"},
    {SP_DROP_TRUNCATED_EXTENSION, reader_goes_on,
     "an IPv6 extension header that claims more than the packet has, before a protocol that is "
     "open "
     "altogether, or a payload length of 0, which the kernel takes for a jumbogram"},
    {SP_DROP_EXTENSION_ORDER, always,
     "hop-by-hop options out of place: nftables asks for no order"},
    {SP_DROP_EXTENSION_DEPTH, always,
     "more than six IPv6 extension headers: nftables cannot count"},
    {SP_DROP_BAD_FRAGMENT, has_contradictory_length,
     "a fragment whose length contradicts it (no multiple of 8, empty, beyond 65535): nftables "
     "does "
     "no sums"},
};

// ---- what nftables does not pass although the evaluator does ----

bool has_authentication_header(Frame frame) {
  return is_v6(frame) && count(walk_v6(frame), authentication) > 0;
}

bool has_refused_addresses(Frame frame) {
  if (!is_v6(frame)) return false;
  const auto address = [&](std::size_t at) {
    return Address::from_bytes(Family::v6, frame.subspan(ip + at, 16));
  };
  return never_received(address(8), address(24));
}

/// nftables finds the first header of a kind only; a second one could hide behind another.
bool has_header_behind(Frame frame) {
  if (!is_v6(frame)) return false;
  const Walk walk = walk_v6(frame);
  for (std::size_t i = 1; i < walk.headers.size(); ++i) {
    const std::uint8_t before = walk.headers[i - 1];
    if (before == fragment || (before == routing && walk.headers[i] != fragment)) return true;
  }
  return false;
}

constexpr Difference dropped_though_passed[] = {
    {SP_PASS_ICMP_ERROR, always, "an ICMP error: without connection tracking all of them drop"},
    {std::nullopt, has_authentication_header,
     "what is behind an IPv6 authentication header: nftables takes the header for the transport"},
    {std::nullopt, has_header_behind,
     "an IPv6 extension header behind that of an atomic fragment or of a route: a second one of "
     "these, which nftables would not find, could hide there"},
};

struct Refusal {
  bool (*applies)(Frame);
  const char* why;
};

/// What the kernel's IP layer does not take from a wire.
constexpr Refusal refused_by_kernel[] = {
    {has_refused_addresses, "addresses that nobody receives from or sends to"},
    {begins_with_hop_by_hop, "hop-by-hop options that the kernel's reader refuses"},
};

const std::string passed = "passed: ";
const std::string dropped = "dropped: ";
const std::string refused = "refused by the kernel: ";

std::map<std::string, std::uint64_t>& met() {
  static std::map<std::string, std::uint64_t> differences;
  return differences;
}

std::optional<std::string> declared(std::string what) {
  ++met()[std::move(what)];
  return std::nullopt;
}

// ---- the namespace of a proof ----

/// The network namespaces that this process holds open, by inode, with a path to each.
std::map<std::uint64_t, std::string> open_networks() {
  std::map<std::uint64_t, std::string> networks;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
    struct stat facts = {};
    if (!target.starts_with("net:[") || stat(entry.path().c_str(), &facts) != 0) continue;
    networks[facts.st_ino] = entry.path().string();
  }
  return networks;
}

Result<NftTable> open_inside(const std::string& network, const std::string& table) {
  Result<NftTable> opened = std::unexpected(Error{"enter the private network", "not tried", {}});
  std::thread([&] {
    const Fd space{open(network.c_str(), O_RDONLY | O_CLOEXEC)};
    if (space && setns(space.get(), CLONE_NEWNET) == 0) {
      opened = NftTable::open(table, {.own = false});
    } else {
      opened = std::unexpected(Error::from_errno("enter the private network", errno));
    }
  }).join();
  return opened;
}

NftProof::Bindings by_address(const Bindings& bindings) {
  NftProof::Bindings names;
  for (const auto& [name, addresses] : bindings) {
    for (const Address& address : addresses) names[address].push_back(name);
  }
  return names;
}

}  // namespace

// ---- NftEngine ----

Result<NftEngine> NftEngine::make(const Program& program, bool conntrack, const Bindings& bindings,
                                  Direction direction) {
  const Image image = make_image(program);
  NftEngine engine;
  for (const ImageRule& rule : image.rules) {
    engine.counter_names_.push_back(nft::counter_name(rule));
  }
  engine.bound_ = by_address(bindings);
  const auto before = open_networks();
  auto proof = NftProof::make(image, conntrack, engine.bound_, direction);
  if (!proof) return std::unexpected(proof.error());
  engine.proof_ = std::make_unique<NftProof>(std::move(*proof));
  for (const auto& [inode, path] : open_networks()) {
    if (before.contains(inode)) continue;
    auto table = open_inside(path, engine.proof_->table().name);
    if (!table) return std::unexpected(table.error());
    engine.counters_ = std::make_unique<NftTable>(std::move(*table));
  }
  if (!engine.counters_) {
    return std::unexpected(Error{"find the proof's network", "no new namespace is open", {}});
  }
  return engine;
}

Result<void> NftEngine::rebind(const Bindings& bindings) {
  const NftProof::Bindings wanted = by_address(bindings);
  std::set<Address> touched;
  for (const auto& [address, names] : bound_) touched.insert(address);
  for (const auto& [address, names] : wanted) touched.insert(address);
  for (const Address& address : touched) {
    const auto found = wanted.find(address);
    const std::vector<ViewedName> none;
    const auto bound = proof_->bind(address, found == wanted.end() ? none : found->second);
    if (!bound) return bound;
  }
  bound_ = wanted;
  return {};
}

Result<std::vector<Fate>> NftEngine::run(std::span<const Bytes> frames,
                                         std::span<const Outcome> outcomes) {
  constexpr int attempts = 5;
  constexpr auto pause = std::chrono::milliseconds(20);
  auto fates = proof_->run(frames);
  for (int attempt = 1; fates && attempt < attempts; ++attempt) {
    std::vector<std::size_t> doubtful;
    std::vector<Bytes> again;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (!nft_fault(frames[i], outcomes[i], (*fates)[i])) continue;
      doubtful.push_back(i);
      again.push_back(frames[i]);
    }
    if (doubtful.empty()) break;
    std::this_thread::sleep_for(pause);
    const auto other = proof_->run(again);
    if (!other) return other;
    for (std::size_t k = 0; k < doubtful.size(); ++k) (*fates)[doubtful[k]] = (*other)[k];
  }
  return fates;
}

Result<std::vector<std::uint64_t>> NftEngine::counted() {
  const auto counters = counters_->counters();
  if (!counters) return std::unexpected(counters.error());
  std::vector<std::uint64_t> packets;
  for (const std::string& name : counter_names_) {
    const auto found = counters->find(name);
    packets.push_back(found == counters->end() ? 0 : found->second.packets);
  }
  return packets;
}

// ---- the relation ----

/// Devices hand a packet to nftables without its tags.
Bytes without_tags(Frame frame) {
  Bytes plain(frame.begin(), frame.end());
  for (int tags = 0; tags < SP_MAX_VLAN_TAGS && plain.size() >= 18; ++tags) {
    const std::uint16_t ethertype = word_at(plain, 12);
    if (ethertype != 0x8100 && ethertype != 0x88a8) break;
    plain.erase(plain.begin() + 12, plain.begin() + 16);
  }
  return plain;
}

std::optional<std::string> not_for_nft(Frame frame, const Outcome& outcome,
                                       const std::set<Address>& own) {
  if (outcome.verdict == Verdict::drop) return std::nullopt;
  if (outcome.reason == SP_PASS_ARP) return "ARP: no table of family inet sees it";
  const auto to_own = "an address of the gateway itself: it is not forwarded";
  if (outcome.reason == SP_PASS_OWN) return to_own;
  const auto packet = read_frame(frame);
  if (packet && !packet->arp && own.contains(packet->destination)) return to_own;
  return std::nullopt;
}

std::optional<std::string> nft_fault(Frame tagged, const Outcome& outcome, Fate fate) {
  const Bytes frame = without_tags(tagged);
  const bool wanted = outcome.verdict == Verdict::pass;
  if (wanted == (fate == Fate::passed)) return std::nullopt;
  if (fate == Fate::unseen) {
    for (const auto& [applies, why] : refused_by_kernel) {
      if (applies(frame)) return declared(refused + why);
    }
    return "nftables never saw it";
  }
  const auto applies = [&](const Difference& difference) {
    return difference.reason.value_or(outcome.reason) == outcome.reason &&
           difference.applies(frame);
  };
  if (wanted) {
    const auto found = std::ranges::find_if(dropped_though_passed, applies);
    if (found == std::end(dropped_though_passed)) return "nftables drops it";
    return declared(dropped + found->why);
  }
  const auto found = std::ranges::find_if(passed_though_dropped, applies);
  if (found == std::end(passed_though_dropped)) return "nftables passes it";
  return declared(passed + found->why);
}

Bytes with_icmp_checksum(Bytes tagged) {
  Bytes frame = without_tags(tagged);
  const auto tags = static_cast<std::ptrdiff_t>(tagged.size() - frame.size());
  if (tags > 0) {
    frame = with_icmp_checksum(std::move(frame));
    frame.insert(frame.begin() + 12, tagged.begin() + 12, tagged.begin() + 12 + tags);
    return frame;
  }
  const bool v4 = is_v4(frame);
  if (!v4 && !is_v6(frame)) return frame;
  const std::size_t at = v4 ? ip + (frame[ip] & 15U) * 4U : walk_v6(frame).transport;
  const std::size_t end = v4 ? ip + word_at(frame, ip + 2) : ip + 40 + word_at(frame, ip + 4);
  if (end > frame.size() || at + 8 > end) return frame;
  std::uint32_t sum = v4 ? 0 : static_cast<std::uint32_t>(end - at) + protocol_icmpv6;
  for (std::size_t i = 8; !v4 && i < 40; i += 2) sum += word_at(frame, ip + i);
  frame[at + 2] = frame[at + 3] = 0;
  for (std::size_t i = at; i < end; ++i) {
    sum += (i - at) % 2 == 0 ? std::uint32_t{frame[i]} << 8 : frame[i];
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  frame[at + 2] = static_cast<std::uint8_t>(~sum >> 8);
  frame[at + 3] = static_cast<std::uint8_t>(~sum);
  return frame;
}

std::set<std::string> differences_not_met() {
  std::set<std::string> missing;
  const auto look_for = [&](const std::string& what) {
    if (!met().contains(what)) missing.insert(what);
  };
  for (const Difference& one : passed_though_dropped) look_for(passed + one.why);
  for (const Difference& one : dropped_though_passed) look_for(dropped + one.why);
  for (const Refusal& one : refused_by_kernel) look_for(refused + one.why);
  return missing;
}

std::vector<std::string> differences_met() {
  std::vector<std::string> lines;
  for (const auto& [what, times] : met()) lines.push_back(std::to_string(times) + " " + what);
  return lines;
}

std::optional<std::uint32_t> counting_rule(Frame tagged, const Outcome& outcome) {
  const Bytes frame = without_tags(tagged);
  // No rule sees the ports behind these.
  if (!outcome.rule || has_authentication_header(frame) || has_header_behind(frame)) {
    return std::nullopt;
  }
  if (outcome.reason == SP_PASS_RULE) return outcome.rule;
  const auto packet = read_frame(frame);
  // Of an error the quoted packet may be what is denied, and a piece is counted as such.
  if (!packet || is_icmp_error(*packet) || packet->fragment == FragmentClass::later) {
    return std::nullopt;
  }
  return outcome.reason == SP_DROP_DENIED ? outcome.rule : std::nullopt;
}

}  // namespace sallyport
