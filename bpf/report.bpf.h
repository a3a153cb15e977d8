/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-2-Clause) */
/* Tells user space of a packet that a rule with `log` has decided, within the budget of that rule.
 * It comes behind the verdict and changes none, whatever fails here. Entry: report(). */
#ifndef SALLYPORT_BPF_REPORT_H
#define SALLYPORT_BPF_REPORT_H

#include "bpf/label.bpf.h"
#include "bpf/maps.bpf.h"
#include "bpf/packet.bpf.h"

/* The slot of the rule's budget; SP_NO_LOG_SLOT if it does not log. */
static __always_inline __u32 log_slot_of(__u32 rule) {
  const struct SpArenaHeader* header = live_arena();
  const __u32* slot;

  if (!header || header->log_slots == 0 || rule > header->rules) return SP_NO_LOG_SLOT;
  slot = arena_at(header, header->log_slots + (__u64)rule * sizeof(*slot));
  return slot ? *slot : SP_NO_LOG_SLOT;
}

/* Takes one event from what this CPU may still tell in this interval. */
static __always_inline bool spend(struct SpLogBudget* budget, __u64 now) {
  const __u64 interval = now / SP_LOG_INTERVAL;

  if (budget->interval != interval) {
    budget->interval = interval;
    budget->told = 0;
  }
  if (budget->told >= SP_LOG_MOST) return false;
  budget->told += 1;
  return true;
}

/* Nothing of one step is known in the next, or the verifier would walk every length apart. */
static __always_inline void copy_header(struct xdp_md* ctx, struct SpEvent* event) {
  const __u8* frame = (const void*)(long)ctx->data;
  const __u8* frame_end = (const void*)(long)ctx->data_end;

  __builtin_memset(event->header, 0, sizeof(event->header));
  for (__u32 i = 0; i < SP_EVENT_HEADER; i++) {
    if (frame + i + 1 > frame_end) break;
    event->header[i] = frame[i];
  }
}

/* Every byte of the event is written: the ring holds what was there before. */
static __always_inline void describe(struct xdp_md* ctx, const struct packet* packet,
                                     __u32 direction, __u32 reason, struct SpEvent* event) {
  event->kind = SP_EVENT_LOG;
  event->rule = packet->rule;
  event->reason = reason;
  event->direction = direction;
  event->device = ctx->ingress_ifindex;
  event->length = packet->length;
  event->captured = packet->length < SP_EVENT_HEADER ? packet->length : SP_EVENT_HEADER;
  event->source_port = packet->source_port;
  event->destination_port = packet->destination_port;
  event->family = packet->family;
  event->protocol = packet->protocol;
  event->fragment = packet->fragment;
  event->source = packet->source.key;
  event->destination = packet->destination.key;
  copy_header(ctx, event);
}

/* Global, so that the verifier walks it once for both hooks. */
__noinline int report(struct xdp_md* ctx, const struct packet* packet, __u32 direction,
                      __u32 reason) {
  struct SpLogBudget* budget;
  struct SpEvent* event;
  __u64 now;
  __u32 slot;

  /* Before 6.8 the verifier walks this even where nothing calls it. */
  if (!packet || log_rules == 0) return 0;
  slot = log_slot_of(packet->rule);
  if (slot == SP_NO_LOG_SLOT) return 0;
  budget = bpf_map_lookup_elem(&log_budgets, &slot);
  if (!budget) return 0;
  now = bpf_ktime_get_boot_ns();
  event = spend(budget, now) ? bpf_ringbuf_reserve(&events, sizeof(*event), 0) : NULL;
  if (!event) {
    budget->untold += 1;
    return 0;
  }
  event->time = now;
  describe(ctx, packet, direction, reason, event);
  bpf_ringbuf_submit(event, 0);
  return 0;
}

#endif
