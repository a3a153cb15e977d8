/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-2-Clause) */
/* The XDP hook on the LAN side of a gateway: what comes in here goes outward, so the source is
 * local and the destination remote. parse -> plumbing -> verdict -> account. */
#include "bpf/account.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/plumbing.bpf.h"
#include "bpf/verdict.bpf.h"

SEC("xdp")
int sallyport_xdp(struct xdp_md* ctx) {
  struct packet packet;
  int reason;

  __builtin_memset(&packet, 0, sizeof(packet));
  reason = read_frame(ctx, &packet);
  if (reason == SP_UNDECIDED) reason = plumbing(&packet);
  if (reason == SP_UNDECIDED) reason = judge(&packet);
  return account(&packet, reason);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
