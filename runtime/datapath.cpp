// SPDX-License-Identifier: GPL-2.0-or-later
// Datapath: the life of the loaded program and its maps. Entry points: Datapath::load() and bind().
// What an address means is decided by the Labeler; here it is only written where the kernel reads.
#include "runtime/datapath.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "runtime/bpffs.h"
#include "runtime/event_ring.h"
#include "runtime/fd.h"
#include "runtime/libbpf_log.h"
#include "xdp.skel.h"

namespace sallyport {
namespace {

constexpr std::uint64_t least_bound_addresses = 16384;
constexpr std::uint64_t addresses_per_name = 16;
constexpr std::uint64_t most_bound_addresses = 1U << 26;

/// A power of two, because the kernel's hash has as many buckets.
std::uint32_t bound_capacity(const Image& image, std::uint32_t addresses) {
  const std::uint64_t wanted = std::max(
      {std::uint64_t{addresses}, least_bound_addresses, addresses_per_name * image.names.size()});
  return static_cast<std::uint32_t>(std::bit_ceil(std::min(wanted, most_bound_addresses)));
}

/// Beside what every Image gets: addresses that share no names with others need a label each. Not
/// all of them, and bounded: whoever finds the table full asks for more addresses.
ArenaCapacity arena_capacity(const Image& image, std::uint32_t addresses) {
  constexpr std::uint64_t most_bytes = 1U << 27;  // of verdicts
  ArenaCapacity capacity = capacity_for(image.labels);
  const std::uint64_t most_rows = most_bytes / (sizeof(std::uint32_t) * image.service_labels);
  const auto wanted = static_cast<std::uint32_t>(std::min<std::uint64_t>(addresses / 4, most_rows));
  capacity.remote_labels = std::max(capacity.remote_labels, wanted);
  capacity.rows = std::max(capacity.rows, wanted);
  return capacity;
}

SpKey4 key4(const Address& address) {
  SpKey4 key{};
  std::memcpy(key.address, address.bytes().data(), sizeof(key.address));
  return key;
}

/// An IPv4 address becomes v4-mapped.
SpKey6 key6(const Address& address) {
  SpKey6 key{};
  if (address.family == Family::v4) {
    key.address[10] = key.address[11] = 0xff;
    std::memcpy(&key.address[12], address.bytes().data(), 4);
  } else {
    std::memcpy(key.address, address.bytes().data(), sizeof(key.address));
  }
  return key;
}

bool is_v4_mapped(const Address& address) {
  return address.family == Family::v6 && address.number >> 32 == 0xffff;
}

/// The arena of the loaded program, as this process writes it.
class Mapping {
 public:
  Mapping() = default;
  static Result<Mapping> of(int map_fd, std::size_t size) {
    void* start = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
    if (start == MAP_FAILED) return std::unexpected(Error::from_errno("map the arena", errno));
    Mapping mapping;
    mapping.bytes_ = {static_cast<std::byte*>(start), size};
    return mapping;
  }
  Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping() {
    if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
  }
  std::span<std::byte> bytes() const { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

struct DestroySkeleton {
  void operator()(sallyport_xdp* skeleton) const { sallyport_xdp::destroy(skeleton); }
};
using Skeleton = std::unique_ptr<sallyport_xdp, DestroySkeleton>;

// ---- loading ----

Result<Skeleton> open_skeleton() {
  Skeleton skeleton{sallyport_xdp::open()};
  if (!skeleton) return std::unexpected(load_error("open the XDP program", errno, {}));
  return skeleton;
}

struct MapSizes {
  std::size_t arena = 0;  // bytes
  std::uint32_t bound = 0;
  std::uint32_t rules = 0;
};

/// What the verifier may remove from the program.
void specialise(sallyport_xdp& skeleton, const Image& image) {
  skeleton.rodata->has_zones = image.place_zones.size() > 1;
  skeleton.rodata->vlan_classes = static_cast<std::uint32_t>(vlan_classes(image));
  skeleton.rodata->has_names = binds_names(image);
  skeleton.rodata->has_inward = has_inward_rules(image);
  skeleton.rodata->log_rules = log_rules(image);
}

/// Without a rule that logs, what would tell of packets is not made.
void size_events(sallyport_xdp& skeleton, std::uint32_t rules) {
  for (bpf_map* map : {skeleton.maps.events, skeleton.maps.log_budgets}) {
    bpf_map__set_autocreate(map, rules > 0);
  }
  if (rules > 0) bpf_map__set_max_entries(skeleton.maps.log_budgets, rules);
}

Result<Skeleton> load_skeleton(const Image& image, const MapSizes& sizes) {
  const LibbpfLog log;
  auto skeleton = open_skeleton();
  if (!skeleton) return skeleton;
  const auto& maps = (*skeleton)->maps;
  const auto arena_size = static_cast<std::uint32_t>(sizes.arena);
  (*skeleton)->rodata->arena_size = arena_size;
  specialise(**skeleton, image);
  bpf_map__set_value_size(maps.arena, arena_size + SP_ARENA_SLACK);
  bpf_map__set_max_entries(maps.bound4, sizes.bound);
  bpf_map__set_max_entries(maps.bound6, sizes.bound);
  bpf_map__set_max_entries(maps.rule_counters, sizes.rules + 1);
  size_events(**skeleton, log_rules(image));
  if (const int failed = sallyport_xdp::load(skeleton->get()); failed != 0) {
    return std::unexpected(load_error("load the XDP program", -failed, log.text()));
  }
  return skeleton;
}

// ---- sizes ----

/// What the kernel says the map occupies; 0 if it does not say.
std::uint64_t bytes_of(int map) {
  std::ifstream lines("/proc/self/fdinfo/" + std::to_string(map));
  std::string word;
  std::uint64_t bytes = 0;
  while (lines >> word) {
    if (word == "memlock:") lines >> bytes;
  }
  return bytes;
}

}  // namespace

struct Datapath::Loaded {
  Image image;
  LabelTables labels;              // grows with the bindings
  std::vector<ImageName> known;    // beside those of the image
  std::optional<Labeler> labeler;  // of `image` and `labels`
  Skeleton skeleton;
  Mapping arena;
  Fd carried;
  std::map<Address, std::uint32_t> bound;
  std::set<Address> own;
  bool full = false;

  int bound_map(Family family) const {
    return bpf_map__fd(family == Family::v4 ? skeleton->maps.bound4 : skeleton->maps.bound6);
  }
  int program_fd(Direction direction) const {
    const auto& programs = skeleton->progs;
    return bpf_program__fd(direction == Direction::outward ? programs.sallyport_xdp
                                                           : programs.sallyport_xdp_in);
  }
  /// A bit of an address that stays is never cleared on the way.
  void set_own_filter(const std::set<Address>& addresses) {
    std::array<std::uint64_t, SP_OWN_FILTER_WORDS> filter{};
    for (const Address& address : addresses) {
      const SpKey6 key = key6(address);
      std::array<std::uint64_t, 2> halves{};
      std::memcpy(halves.data(), key.address, sizeof halves);
      const std::uint64_t bit = SP_OWN_BIT(halves[0], halves[1]);
      filter[bit / 64] |= std::uint64_t{1} << bit % 64;
    }
    for (std::size_t i = 0; i < filter.size(); ++i) {
      std::atomic_ref(skeleton->bss->own_filter[i]).store(filter[i], std::memory_order_relaxed);
    }
  }
  CounterMaps counter_maps() const {
    return {bpf_map__fd(skeleton->maps.rule_counters), bpf_map__fd(skeleton->maps.reason_counters),
            carried.get()};
  }
  std::vector<std::pair<std::string, int>> pinned_objects() const {
    const auto& maps = skeleton->maps;
    return {{program_pin(Direction::outward), program_fd(Direction::outward)},
            {program_pin(Direction::inward), program_fd(Direction::inward)},
            {"arena", bpf_map__fd(maps.arena)},
            {"bound4", bpf_map__fd(maps.bound4)},
            {"bound6", bpf_map__fd(maps.bound6)},
            {"own", bpf_map__fd(maps.own)},
            {"rule_counters", bpf_map__fd(maps.rule_counters)},
            {"reason_counters", bpf_map__fd(maps.reason_counters)},
            {"carried", carried.get()}};
  }

  std::optional<std::uint32_t> label_in_arena(const Address& address,
                                              std::span<const ViewedName> names);
  Result<void> put(const Address& address, std::uint32_t label);
  Result<void> remove(const Address& address);
};

/// The label, with its rows where the kernel finds them; empty if the arena is full.
std::optional<std::uint32_t> Datapath::Loaded::label_in_arena(const Address& address,
                                                              std::span<const ViewedName> names) {
  const std::size_t labels_before = labels.remote_groups.size();
  const std::size_t rows_before = labels.verdicts.size();
  const std::uint32_t label = labeler->label_for(address, names);
  const bool is_new = labels.remote_groups.size() > labels_before;
  if (!is_new || append_labels(arena.bytes(), labels, labels_before, rows_before)) return label;

  // A label that the kernel does not know must not be found again by the next address.
  labels.remote_groups.resize(labels_before);
  labels.rows.resize(labels_before);
  labels.verdicts.resize(rows_before);
  labeler.emplace(image, labels);
  labeler->know(known);
  return std::nullopt;
}

Result<void> Datapath::Loaded::put(const Address& address, std::uint32_t label) {
  const SpKey4 narrow = key4(address);
  const SpKey6 wide = key6(address);
  const bool v4 = address.family == Family::v4;
  const void* key = v4 ? static_cast<const void*>(&narrow) : &wide;
  if (bpf_map_update_elem(bound_map(address.family), key, &label, BPF_ANY) != 0) {
    const int failure = errno;
    full = full || failure == E2BIG;
    const std::string detail = failure == E2BIG ? "the table of bound addresses is full" : "";
    return std::unexpected(Error::from_errno("bind " + address.text(), failure, detail));
  }
  bound[address] = label;
  return {};
}

Result<void> Datapath::Loaded::remove(const Address& address) {
  const SpKey4 narrow = key4(address);
  const SpKey6 wide = key6(address);
  const bool v4 = address.family == Family::v4;
  const void* key = v4 ? static_cast<const void*>(&narrow) : &wide;
  if (bpf_map_delete_elem(bound_map(address.family), key) != 0 && errno != ENOENT) {
    return std::unexpected(Error::from_errno("unbind " + address.text(), errno));
  }
  bound.erase(address);
  return {};
}

Datapath::Datapath(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
Datapath::Datapath(Datapath&&) noexcept = default;
Datapath& Datapath::operator=(Datapath&&) noexcept = default;
Datapath::~Datapath() = default;

Result<Datapath> Datapath::load(const Image& image, std::uint32_t addresses) {
  auto loaded = std::make_unique<Loaded>();
  loaded->image = image;
  loaded->labels = image.labels;
  loaded->labeler.emplace(loaded->image, loaded->labels);

  const auto tables = build_arena(image, image.labels, arena_capacity(image, addresses));
  if (!tables) return std::unexpected(tables.error());
  const auto rules = static_cast<std::uint32_t>(image.rules.size());
  auto skeleton = load_skeleton(
      image, {.arena = tables->size(), .bound = bound_capacity(image, addresses), .rules = rules});
  if (!skeleton) return std::unexpected(skeleton.error());
  loaded->skeleton = std::move(*skeleton);

  auto arena = Mapping::of(bpf_map__fd(loaded->skeleton->maps.arena), tables->size());
  if (!arena) return std::unexpected(arena.error());
  loaded->arena = std::move(*arena);
  std::ranges::copy(*tables, loaded->arena.bytes().begin());

  auto carried = make_carried(rules);
  if (!carried) return std::unexpected(carried.error());
  loaded->carried = std::move(*carried);
  return Datapath(std::move(loaded));
}

const Image& Datapath::image() const {
  return loaded_->image;
}

int Datapath::program_fd(Direction direction) const {
  return loaded_->program_fd(direction);
}

void Datapath::know(std::vector<ImageName> names) {
  loaded_->known = std::move(names);
  loaded_->labeler->know(loaded_->known);
}

Result<void> Datapath::bind(const Address& address, std::span<const ViewedName> names) {
  if (names.empty()) return loaded_->remove(address);
  const auto label = loaded_->label_in_arena(address, names);
  if (!label) {
    loaded_->full = true;
    return std::unexpected(Error{"bind " + address.text(), "the table of labels is full",
                                 std::to_string(loaded_->labels.remote_groups.size()) + " labels"});
  }
  const auto known = loaded_->bound.find(address);
  if (known != loaded_->bound.end() && known->second == *label) return {};
  return loaded_->put(address, *label);
}

bool Datapath::full() const {
  return loaded_->full;
}

Result<void> Datapath::set_own(const std::set<Address>& addresses) {
  const int map = bpf_map__fd(loaded_->skeleton->maps.own);
  const std::uint8_t present = 1;
  loaded_->set_own_filter(addresses);
  for (const Address& address : addresses) {
    // No device has such an address, and its key would be that of the IPv4 address.
    if (is_v4_mapped(address) || loaded_->own.contains(address)) continue;
    const SpKey6 key = key6(address);
    if (bpf_map_update_elem(map, &key, &present, BPF_ANY) != 0) {
      return std::unexpected(Error::from_errno("add own address " + address.text(), errno));
    }
    loaded_->own.insert(address);
  }
  std::vector<Address> gone;
  std::ranges::set_difference(loaded_->own, addresses, std::back_inserter(gone));
  for (const Address& address : gone) {
    const SpKey6 key = key6(address);
    if (bpf_map_delete_elem(map, &key) != 0 && errno != ENOENT) {
      return std::unexpected(Error::from_errno("remove own address " + address.text(), errno));
    }
    loaded_->own.erase(address);
  }
  return {};
}

Result<Counters> Datapath::counters() const {
  return read_counters(loaded_->counter_maps());
}

Result<void> Datapath::clear_counters() {
  if (auto cleared = sallyport::clear_counters(loaded_->counter_maps()); !cleared) return cleared;
  if (events_fd() < 0) return {};
  return forget_events(events_fd(), bpf_map__fd(loaded_->skeleton->maps.log_budgets));
}

int Datapath::events_fd() const {
  return log_rules(loaded_->image) > 0 ? bpf_map__fd(loaded_->skeleton->maps.events) : -1;
}

Result<std::vector<std::uint64_t>> Datapath::untold() const {
  std::vector<std::uint64_t> by_rule(loaded_->image.rules.size());
  if (events_fd() < 0) return by_rule;
  const auto by_slot = untold_packets(bpf_map__fd(loaded_->skeleton->maps.log_budgets));
  if (!by_slot) return by_slot;
  std::size_t slot = 0;
  for (std::size_t rule = 0; rule < by_rule.size(); ++rule) {
    if (loaded_->image.rules[rule].log) by_rule[rule] = by_slot->at(slot++);
  }
  return by_rule;
}

Result<void> Datapath::carry(const Counters& counters) {
  assert(counters.rules.size() == loaded_->image.rules.size());
  return add_carried(loaded_->carried.get(), counters);
}

Result<std::uint32_t> Datapath::test_run(std::span<const std::uint8_t> frame,
                                         Direction direction) const {
  bpf_test_run_opts options{};
  options.sz = sizeof(options);
  options.data_in = frame.data();
  options.data_size_in = static_cast<__u32>(frame.size());
  if (bpf_prog_test_run_opts(program_fd(direction), &options) != 0) {
    return std::unexpected(Error::from_errno(
        "run a frame of " + std::to_string(frame.size()) + " bytes through the XDP program",
        errno));
  }
  return options.retval;
}

Result<void> Datapath::pin(const std::string& directory) const {
  if (mkdir(directory.c_str(), S_IRWXU) != 0) {
    return std::unexpected(Error::from_errno("make " + directory, errno));
  }
  std::vector<std::string> made;
  for (const auto& [name, descriptor] : loaded_->pinned_objects()) {
    const std::string path = directory + "/" + name;
    if (bpf_obj_pin(descriptor, path.c_str()) == 0) {
      made.push_back(path);
      continue;
    }
    auto error = Error::from_errno("pin " + path, errno);
    for (const std::string& pin : made) unlink(pin.c_str());
    rmdir(directory.c_str());
    return std::unexpected(std::move(error));
  }
  return {};
}

std::vector<Datapath::Size> Datapath::sizes() const {
  const auto& maps = loaded_->skeleton->maps;
  const auto in_family = [&](Family family) {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        loaded_->bound, [&](const auto& entry) { return entry.first.family == family; }));
  };
  const auto size_of = [](const bpf_map* map, std::uint64_t entries, std::uint64_t capacity) {
    return Size{bpf_map__name(map), entries, capacity, bytes_of(bpf_map__fd(map))};
  };
  const auto whole = [&](const bpf_map* map) {
    return size_of(map, bpf_map__max_entries(map), bpf_map__max_entries(map));
  };
  SpArenaHeader header{};
  std::memcpy(&header, loaded_->arena.bytes().data(), sizeof(header));
  return {size_of(maps.arena, loaded_->labels.remote_groups.size(), header.remotes),
          size_of(maps.bound4, in_family(Family::v4), bpf_map__max_entries(maps.bound4)),
          size_of(maps.bound6, in_family(Family::v6), bpf_map__max_entries(maps.bound6)),
          size_of(maps.own, loaded_->own.size(), bpf_map__max_entries(maps.own)),
          whole(maps.rule_counters),
          whole(maps.reason_counters)};
}

}  // namespace sallyport
