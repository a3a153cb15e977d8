/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-2-Clause) */
/* The XDP hooks of a gateway. On the local side: what comes in here goes outward, so the source is
 * local and the destination remote. On the side of the uplink: what comes in goes inward, the other
 * way round. parse -> plumbing and verdict -> account. */
#include "bpf/account.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/verdict.bpf.h"

static __always_inline int filter(struct xdp_md* ctx, __u32 direction) {
  struct packet packet;
  int reason;

  __builtin_memset(&packet, 0, sizeof(packet));
  reason = read_frame(ctx, &packet);
  if (reason == SP_UNDECIDED) reason = judge(&packet, direction);
  return account(ctx, &packet, direction, reason);
}

SEC("xdp")
int sallyport_xdp(struct xdp_md* ctx) {
  return filter(ctx, SP_OUTWARD);
}

SEC("xdp")
int sallyport_xdp_in(struct xdp_md* ctx) {
  return filter(ctx, SP_INWARD);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
