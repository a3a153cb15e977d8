/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-2-Clause) */
/* From an address or a service to its label: an exact-match probe for what is bound to names, then
 * a binary search in the arena's range tables. Entry: zone_of(), remote_of(), service_of(). */
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

/* A search halves its range this often at most: the largest arena holds less than 2^28 starts. */
#define SP_SEARCH_STEPS 28

static __always_inline __u32 label_at(const struct SpArenaHeader* header,
                                      const struct SpTable* table, __u64 index) {
  const __u32* label = arena_at(header, table->labels + index * sizeof(*label));

  return label ? *label : SP_NO_LABEL;
}

/* The label of `key` in the table whose SpTable is at `offset` in the arena, SP_NO_LABEL if the
 * table is damaged. Global, so that the verifier walks the loop once. */
__noinline int find(__u32 offset, __u32 key) {
  const struct SpArenaHeader* header = live_arena();
  const struct SpTable* table;
  __u64 first = 0, count;

  if (!header) return SP_NO_LABEL;
  table = arena_at(header, offset);
  if (!table) return SP_NO_LABEL;
  count = table->count;
  if (count == 0 || count > 1U << SP_SEARCH_STEPS) return SP_NO_LABEL;
  for (int step = 0; step < SP_SEARCH_STEPS && count > 1; step++) {
    const __u64 half = count / 2;
    const __u32* start = arena_at(header, table->starts + (first + half) * sizeof(*start));

    if (!start) return SP_NO_LABEL;
    if (*start <= key) first += half;
    count -= half;
  }
  return label_at(header, table, first);
}

/* The same for an IPv6 address. */
__noinline int find6(__u32 offset, __u64 high, __u64 low) {
  const struct SpArenaHeader* header = live_arena();
  const struct SpTable* table;
  __u64 first = 0, count;

  if (!header) return SP_NO_LABEL;
  table = arena_at(header, offset);
  if (!table) return SP_NO_LABEL;
  count = table->count;
  if (count == 0 || count > 1U << SP_SEARCH_STEPS) return SP_NO_LABEL;
  for (int step = 0; step < SP_SEARCH_STEPS && count > 1; step++) {
    const __u64 half = count / 2;
    const struct SpStart6* start =
        arena_at(header, table->starts + (first + half) * sizeof(*start));

    if (!start) return SP_NO_LABEL;
    if (start->high < high || (start->high == high && start->low <= low)) first += half;
    count -= half;
  }
  return label_at(header, table, first);
}

static __always_inline __u32 find_address(__u32 table4, __u32 table6, __u8 family,
                                          const struct SpKey6* address) {
  struct SpStart6 number;

  if (family == 4) return find(table4, number4(address));
  number = number6(address);
  return find6(table6, number.high, number.low);
}

/* The zone label of a local address. */
static __always_inline __u32 zone_of(__u8 family, const struct SpKey6* local) {
  return find_address(offsetof(struct SpArenaHeader, zone4), offsetof(struct SpArenaHeader, zone6),
                      family, local);
}

/* The label of a remote address: what names bind comes first and includes the static groups. */
static __always_inline __u32 remote_of(__u8 family, const struct SpKey6* remote) {
  struct SpKey6 key6 = *remote;
  struct SpKey4 key4;
  const __u32* bound;

  __builtin_memcpy(&key4, &remote->address[12], sizeof(key4));
  bound = family == 4 ? bpf_map_lookup_elem(&bound4, &key4) : bpf_map_lookup_elem(&bound6, &key6);
  if (bound) return *bound;
  return find_address(offsetof(struct SpArenaHeader, remote4),
                      offsetof(struct SpArenaHeader, remote6), family, remote);
}

/* The label of an SP_SERVICE_KEY or SP_FRAGMENT_KEY. */
static __always_inline __u32 service_of(__u32 key) {
  return find(offsetof(struct SpArenaHeader, service), key);
}

#endif
