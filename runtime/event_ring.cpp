// SPDX-License-Identifier: GPL-2.0-or-later
// The ring buffer through libbpf, and the budgets of rules beside it.
#include "runtime/event_ring.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/libbpf_log.h"

namespace sallyport {

struct EventRing::Open {
  ring_buffer* ring = nullptr;
  const std::function<void(const SpEvent&)>* told = nullptr;

  Open() = default;
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;
  ~Open() { ring_buffer__free(ring); }

  static int receive(void* open, void* data, std::size_t size) {
    const auto* told = static_cast<Open*>(open)->told;
    if (told == nullptr || size < sizeof(SpEvent)) return 0;
    SpEvent event;
    std::memcpy(&event, data, sizeof(event));
    (*told)(event);
    return 0;
  }
};

EventRing::EventRing(std::unique_ptr<Open> open) : open_(std::move(open)) {}
EventRing::EventRing(EventRing&&) noexcept = default;
EventRing& EventRing::operator=(EventRing&&) noexcept = default;
EventRing::~EventRing() = default;

Result<EventRing> EventRing::open(int map) {
  const LibbpfLog log;
  auto made = std::make_unique<Open>();
  made->ring = ring_buffer__new(map, Open::receive, made.get(), nullptr);
  if (made->ring == nullptr) {
    return std::unexpected(load_error("read what the datapath tells", errno, log.text()));
  }
  return EventRing(std::move(made));
}

int EventRing::fd() const {
  return ring_buffer__epoll_fd(open_->ring);
}

Result<void> EventRing::take(const std::function<void(const SpEvent&)>& told) {
  open_->told = &told;
  const int taken = ring_buffer__consume(open_->ring);
  open_->told = nullptr;
  if (taken < 0) return std::unexpected(Error::from_errno("read what the datapath tells", -taken));
  return {};
}

namespace {

struct Budgets {
  std::uint32_t slots = 0;
  std::size_t cpus = 0;
};

Result<Budgets> budgets_of(int map) {
  bpf_map_info facts{};
  __u32 size = sizeof(facts);
  if (bpf_obj_get_info_by_fd(map, &facts, &size) != 0) {
    return std::unexpected(Error::from_errno("read the budgets of the log", errno));
  }
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 1) return std::unexpected(Error::from_errno("count the processors", -cpus));
  return Budgets{facts.max_entries, static_cast<std::size_t>(cpus)};
}

}  // namespace

Result<std::vector<std::uint64_t>> untold_packets(int budgets) {
  const auto shape = budgets_of(budgets);
  if (!shape) return std::unexpected(shape.error());
  std::vector<std::uint64_t> sums;
  std::vector<SpLogBudget> of_cpus(shape->cpus);
  for (std::uint32_t slot = 0; slot < shape->slots; ++slot) {
    if (bpf_map_lookup_elem(budgets, &slot, of_cpus.data()) != 0) {
      return std::unexpected(Error::from_errno("read the budgets of the log", errno));
    }
    std::uint64_t sum = 0;
    for (const SpLogBudget& budget : of_cpus) sum += budget.untold;
    sums.push_back(sum);
  }
  return sums;
}

Result<void> forget_events(int ring, int budgets) {
  const auto shape = budgets_of(budgets);
  if (!shape) return std::unexpected(shape.error());
  const std::vector<SpLogBudget> whole(shape->cpus);
  for (std::uint32_t slot = 0; slot < shape->slots; ++slot) {
    if (bpf_map_update_elem(budgets, &slot, whole.data(), BPF_ANY) != 0) {
      return std::unexpected(Error::from_errno("reset the budgets of the log", errno));
    }
  }
  auto events = EventRing::open(ring);
  if (!events) return std::unexpected(events.error());
  return events->take([](const SpEvent&) {});
}

}  // namespace sallyport
