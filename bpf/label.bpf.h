/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-2-Clause) */
/* From an address or a service to its label: an exact-match probe for what is bound to names, then
 * the arena's range tables: a few branches by the leading bits, and a search among what is left.
 * Entry: zone_of(), remote_of(), service_of(). */
#ifndef SALLYPORT_BPF_LABEL_H
#define SALLYPORT_BPF_LABEL_H

#include "bpf/maps.bpf.h"
#include "bpf/packet.bpf.h"

/* Greater than every label, so that the test of a label against its bound finds it too. */
#define SP_NO_LABEL 0xffffffffU

/* The live arena; NULL if none is loaded or its header makes no sense (D1). */
static __always_inline const struct SpArenaHeader* live_arena(void) {
  const __u32 only = 0;
  const struct SpArenaHeader* header = bpf_map_lookup_elem(&arena, &only);

  if (!header || header->magic != SP_ARENA_MAGIC || header->version != SP_ABI_VERSION) return NULL;
  if (header->size != arena_size) return NULL;
  /* No dimension exceeds the arena, hence no product of two overflows 64 bits. */
  if (header->zones > arena_size || header->remotes > arena_size || header->services > arena_size ||
      header->row_capacity > arena_size)
    return NULL;
  return header;
}

/* What lies at an offset, readable for SP_ARENA_SLACK bytes; NULL behind the end of the arena. */
static __always_inline const void* arena_at(const struct SpArenaHeader* header, __u64 offset) {
  opaque(offset);
  if (offset >= arena_size) return NULL;
  opaque(offset);
  return (const void*)header + offset;
}

/* Where the search goes on from a step that goes on, in entries behind steps[step->at]. */
static __always_inline __u64 place_of(const struct SpStep* step, const __u64* prefix, __u64 key) {
  const __u64 head = key >> SP_STEP_SHIFT(step->form);

  if (!SP_STEP_IS_PREFIX(step->form)) return head & ((1ULL << SP_STEP_BITS(step->form)) - 1);
  return head == *prefix ? 1 : head < *prefix ? 2 : 3;
}

/* Follows the way by the key's leading bits. The last step is a label or a run; one that goes on,
 * if the table is damaged. */
static __always_inline struct SpStep follow(const struct SpArenaHeader* header,
                                            const struct SpTable* table, __u64 key) {
  struct SpStep step = table->root;

  for (int i = 1; i < SP_MAX_STEPS && SP_STEP_GOES_ON(step.form); i++) {
    const __u64 at = table->steps + (__u64)step.at * sizeof(step);
    const void* here = arena_at(header, at);
    const struct SpStep* next;

    if (!here) break;
    next = arena_at(header, at + place_of(&step, here, key) * sizeof(step));
    if (!next) break;
    step = *next;
  }
  return step;
}

/* A run of ranges halves this often at most: the largest arena holds less than 2^27. */
#define SP_SEARCH_STEPS 27

static __always_inline bool is_run(const struct SpStep* step) {
  return step->form > 0 && step->form <= 1U << SP_SEARCH_STEPS;
}

/* All ones if `a` is not above `b`: without a jump, which would be guessed wrong half the time. The
 * top bit is the borrow of b - a. */
static __always_inline __u64 not_above(__u64 a, __u64 b) {
  return (((~b & a) | ((~b | a) & (b - a))) >> 63) - 1;
}

/* The label of `key`; SP_NO_LABEL if the table is damaged. */
static __always_inline __u32 find4(const struct SpArenaHeader* header, const struct SpTable* table,
                                   __u32 key) {
  const struct SpStep step = follow(header, table, key);
  __u64 first = step.at, count = step.form;
  const struct SpRange4* range;

  if (step.form == SP_STEP_LABEL) return step.at;
  if (!is_run(&step)) return SP_NO_LABEL;
  for (int i = 0; i < SP_SEARCH_STEPS && count > 1; i++) {
    const __u64 half = count / 2;

    range = arena_at(header, table->ranges + (first + half) * sizeof(*range));
    if (!range) return SP_NO_LABEL;
    first += half & not_above(range->start, key);
    count -= half;
  }
  range = arena_at(header, table->ranges + first * sizeof(*range));
  return range ? range->label : SP_NO_LABEL;
}

/* The same for an IPv6 address. */
static __always_inline __u32 find6(const struct SpArenaHeader* header, const struct SpTable* table,
                                   struct halves key) {
  const struct SpStep step = follow(header, table, key.high);
  __u64 first = step.at, count = step.form;
  const struct SpRange6* range;

  if (step.form == SP_STEP_LABEL) return step.at;
  if (!is_run(&step)) return SP_NO_LABEL;
  for (int i = 0; i < SP_SEARCH_STEPS && count > 1; i++) {
    const __u64 half = count / 2;

    range = arena_at(header, table->ranges + (first + half) * sizeof(*range));
    if (!range) return SP_NO_LABEL;
    /* Not above in the high half, and if equal there, not above in the low one. */
    first += half & not_above(range->high, key.high) &
             (not_above(range->low, key.low) | ~not_above(key.high, range->high));
    count -= half;
  }
  range = arena_at(header, table->ranges + first * sizeof(*range));
  return range ? range->label : SP_NO_LABEL;
}

/* The label of an SP_SERVICE_KEY or SP_FRAGMENT_KEY. */
static __always_inline __u32 service_of(const struct SpArenaHeader* header, __u32 key) {
  const struct SpServices* service = &header->service;
  const __u32 *table, *page, *label;

  table = arena_at(header, service->protocols + (key >> 16) % SP_PROTOCOLS * sizeof(*table));
  if (!table) return SP_NO_LABEL;
  page = arena_at(header, service->tables + (*table * 256ULL + (key >> 8 & 255)) * sizeof(*page));
  if (!page) return SP_NO_LABEL;
  label = arena_at(header, service->pages + (*page * 256ULL + (key & 255)) * sizeof(*label));
  return label ? *label : SP_NO_LABEL;
}

/* Which zones' ranges hold a local address; 0: none. */
static __always_inline __u32 place_in(const struct SpArenaHeader* header, __u8 family,
                                      const union address* local) {
  if (!has_zones) return 0;
  if (family == 4) return find4(header, &header->zone4, number4(local));
  return find6(header, &header->zone6, number6(local));
}

/* The zone label of a place in frames of this VLAN, SP_NO_LABEL if the tables are damaged. */
static __always_inline __u32 zone_at(const struct SpArenaHeader* header, __u32 place, __u16 vlan) {
  const __u16* vlan_class;
  const __u32* zone;

  if (vlan_classes == 1) return place;
  vlan_class = arena_at(header, header->vlans + (__u64)vlan * sizeof(*vlan_class));
  if (!vlan_class || *vlan_class >= vlan_classes || place >= header->places) return SP_NO_LABEL;
  zone = arena_at(
      header, header->place_zones + ((__u64)place * vlan_classes + *vlan_class) * sizeof(*zone));
  return zone ? *zone : SP_NO_LABEL;
}

/* The zone label of a local address in the packet's frame; without zones there is one. */
static __always_inline __u32 zone_of(const struct SpArenaHeader* header,
                                     const struct packet* packet, const union address* local) {
  return zone_at(header, place_in(header, packet->family, local), packet->vlan);
}

/* The label of a remote address: what names bind comes first and includes the static groups. */
static __always_inline __u32 remote_of(const struct SpArenaHeader* header, __u8 family,
                                       const union address* remote) {
  if (has_names) {
    const union address key6 = *remote;
    const __be32 key4 = remote->words[3];
    const __u32* bound =
        family == 4 ? bpf_map_lookup_elem(&bound4, &key4) : bpf_map_lookup_elem(&bound6, &key6);

    if (bound) return *bound;
  }
  if (family == 4) return find4(header, &header->remote4, number4(remote));
  return find6(header, &header->remote6, number6(remote));
}

/* The same as global functions, for packets that are rarely met: the verifier walks the searches
 * once for all of them. */
__noinline int place_label(const union address* local, __u32 family) {
  const struct SpArenaHeader* header = live_arena();

  return header && local ? place_in(header, (__u8)family, local) : SP_NO_LABEL;
}
__noinline int remote_label(const union address* remote, __u32 family) {
  const struct SpArenaHeader* header = live_arena();

  return header && remote ? remote_of(header, (__u8)family, remote) : SP_NO_LABEL;
}
__noinline int service_label(__u32 key) {
  const struct SpArenaHeader* header = live_arena();

  return header ? service_of(header, key) : SP_NO_LABEL;
}

#endif
