/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-2-Clause) */
/* Every packet counts one reason, and the rule that decided it (D2), and a rule that logs is told
 * of. Entry: account(), the datapath's last word. */
#ifndef SALLYPORT_BPF_ACCOUNT_H
#define SALLYPORT_BPF_ACCOUNT_H

#include "bpf/maps.bpf.h"
#include "bpf/packet.bpf.h"
#include "bpf/report.bpf.h"

static __always_inline bool count(void* counters, __u32 index, __u64 bytes) {
  struct SpCounter* counter = bpf_map_lookup_elem(counters, &index);

  if (!counter) return false;
  counter->packets += 1;
  counter->bytes += bytes;
  return true;
}

/* The XDP action for `reason`. */
static __always_inline int account(struct xdp_md* ctx, const struct packet* packet, __u32 direction,
                                   __u32 reason) {
  /* A rule that has no counter does not exist: the tables are damaged. */
  if (packet->rule != 0 && !count(&rule_counters, packet->rule, packet->length))
    reason = SP_DROP_NO_GENERATION;
  if (!count(&reason_counters, reason, packet->length)) return XDP_DROP;
  if (log_rules != 0 && packet->rule != 0) report(ctx, packet, direction, reason);
  return SP_PASSES(reason) ? XDP_PASS : XDP_DROP;
}

#endif
