/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-2-Clause) */
/* The programs that verdict_bench compares. Each writes the next flow into the packet, reads it
 * strictly, lets plumbing have it and counts it, as the datapath does; they differ in who judges:
 * nobody, the datapath, or the two maps that agents of container networks judge by. */
#include "bpf/xdp.bpf.c"

#include "tests/bench/verdict_bench.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, BENCH_FLOWS);
  __type(key, __u32);
  __type(value, struct BenchFlow);
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} turn SEC(".maps");

/* Address -> the number of the set of prefixes that it belongs to. */
struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 1); /* set before load */
  __type(key, struct BenchPrefix);
  __type(value, __u32);
} remotes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 1); /* set before load */
  __type(key, struct BenchPrefix);
  __type(value, __u32);
} locals SEC(".maps");

/* What a zone may reach: set, protocol and port -> the rule. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1); /* set before load */
  __type(key, struct BenchRight);
  __type(value, __u32);
} rights SEC(".maps");

/* Whether zones are told apart: agents that give each endpoint maps of its own do not look at the
 * source. Set before load. */
const volatile __u8 zoned = 0;

/* The frame has the length and the protocol of its family already: only addresses and the port
 * change, so that every program pays the same for it. */
static __always_inline bool next_flow(struct xdp_md* ctx) {
  void* data = (void*)(long)ctx->data;
  void* end = (void*)(long)ctx->data_end;
  const __u32 zero = 0;
  __u32* next = bpf_map_lookup_elem(&turn, &zero);
  const struct BenchFlow* flow;
  struct ethhdr* link = data;
  __u32 key;

  if (!next) return false;
  key = *next % BENCH_FLOWS;
  *next += 1;
  flow = bpf_map_lookup_elem(&flows, &key);
  if (!flow || data + sizeof(*link) > end) return false;
  if (link->h_proto == bpf_htons(ETH_P_IP)) {
    struct iphdr* ip = data + sizeof(*link);
    struct tcphdr* tcp = (void*)(ip + 1);

    if ((void*)(tcp + 1) > end) return false;
    __builtin_memcpy(&ip->saddr, &flow->source[12], 4);
    __builtin_memcpy(&ip->daddr, &flow->destination[12], 4);
    tcp->dest = flow->port;
  } else {
    struct ipv6hdr* ip = data + sizeof(*link);
    struct tcphdr* tcp = (void*)(ip + 1);

    if ((void*)(tcp + 1) > end) return false;
    __builtin_memcpy(&ip->saddr, flow->source, 16);
    __builtin_memcpy(&ip->daddr, flow->destination, 16);
    tcp->dest = flow->port;
  }
  return true;
}

static __always_inline __u32 set_of(void* map, const struct packet* packet,
                                    const union address* address) {
  struct BenchPrefix key = {.length = packet->family == 4 ? 32 : 128};
  const __u32* set;

  if (packet->family == 4) {
    __builtin_memcpy(key.address, &address->words[3], 4);
  } else {
    __builtin_memcpy(key.address, address->words, 16);
  }
  set = bpf_map_lookup_elem(map, &key);
  return set ? *set : 0;
}

/* The right to this port, else the right to every port. */
static __always_inline int judge_by_maps(struct packet* packet) {
  struct BenchRight right = {0};
  const __u32* rule;

  if (zoned) right.zone = set_of(&locals, packet, &packet->source);
  right.set = set_of(&remotes, packet, &packet->destination);
  right.protocol = packet->protocol;
  right.port = packet->destination_port;
  rule = bpf_map_lookup_elem(&rights, &right);
  if (!rule) {
    right.port = 0;
    rule = bpf_map_lookup_elem(&rights, &right);
  }
  if (!rule) return SP_DROP_NO_RULE;
  packet->rule = *rule;
  return SP_PASS_RULE;
}

/* A call, as judge() is. */
__noinline int only_plumbing(struct packet* packet) {
  return packet ? plumbing(packet, SP_OUTWARD) : SP_UNREACHABLE;
}

enum judges { NOBODY, DATAPATH, MAPS };

static __always_inline int measured(struct xdp_md* ctx, enum judges judges) {
  struct packet packet;
  int reason;

  if (!next_flow(ctx)) return XDP_ABORTED;
  __builtin_memset(&packet, 0, sizeof(packet));
  reason = read_frame(ctx, &packet);
  if (reason == SP_UNDECIDED && judges == DATAPATH) reason = judge(&packet, SP_OUTWARD);
  if (reason == SP_UNDECIDED && judges != DATAPATH) reason = only_plumbing(&packet);
  if (reason == SP_UNDECIDED && judges == MAPS) reason = judge_by_maps(&packet);
  if (reason == SP_UNDECIDED) {
    packet.rule = 1;
    reason = SP_PASS_RULE;
  }
  return account(ctx, &packet, SP_OUTWARD, reason);
}

SEC("xdp") int bench_nobody(struct xdp_md* ctx) {
  return measured(ctx, NOBODY);
}
SEC("xdp") int bench_datapath(struct xdp_md* ctx) {
  return measured(ctx, DATAPATH);
}
SEC("xdp") int bench_maps(struct xdp_md* ctx) {
  return measured(ctx, MAPS);
}
