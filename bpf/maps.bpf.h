/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-2-Clause) */
/* The tables of the datapath; README.md says why they look like this. User space sets every size
 * marked "set before load". */
#ifndef SALLYPORT_BPF_MAPS_H
#define SALLYPORT_BPF_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf/abi.h"

/* SpArenaHeader.size: a constant to the verifier, which bounds every access to the arena with it.
 * Set before load. */
const volatile __u32 arena_size = SP_ARENA_MIN_SIZE;

/* What this policy has: the verifier removes the branches for what it has not. Set before load. */
const volatile __u8 has_zones = 1;  /* otherwise all local addresses have label 0 */
const volatile __u8 has_names = 1;  /* otherwise nothing is ever bound */
const volatile __u8 has_inward = 1; /* otherwise no rule is inward */
const volatile __u32 log_rules = 0; /* so many rules log; of none nothing is told */
/* SpArenaHeader.vlan_classes. With 1 the verifier takes the look at the VLAN out. Set before load.
 */
const volatile __u32 vlan_classes = 1;

/* struct SpArenaHeader and the tables behind it. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, SP_ARENA_MIN_SIZE + SP_ARENA_SLACK); /* set before load */
} arena SEC(".maps");

/* Addresses bound to names -> remote label. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1); /* set before load */
  __type(key, struct SpKey4);
  __type(value, __u32);
} bound4 SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1); /* set before load */
  __type(key, struct SpKey6);
  __type(value, __u32);
} bound6 SEC(".maps");

/* The gateway's own addresses. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, struct SpKey6);
  __type(value, __u8);
} own SEC(".maps");

/* Spares most packets the probe of `own`. */
__u64 own_filter[SP_OWN_FILTER_WORDS];

/* By rule id; entry 0 stays zero. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1); /* set before load */
  __type(key, __u32);
  __type(value, struct SpCounter);
} rule_counters SEC(".maps");

/* By enum SpReason. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, SP_REASON_COUNT);
  __type(key, __u32);
  __type(value, struct SpCounter);
} reason_counters SEC(".maps");

/* struct SpEvent. Made only if a rule logs; so is the next. */
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, SP_EVENT_RING_SIZE);
} events SEC(".maps");

/* By the slot of a rule. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1); /* set before load */
  __type(key, __u32);
  __type(value, struct SpLogBudget);
} log_budgets SEC(".maps");

#endif
