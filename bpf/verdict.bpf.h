/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-2-Clause) */
/* From labels to the verdict: row[zone][remote], then verdict[row][service]. Whatever the number of
 * rules, two reads. Entry: judge(). */
#ifndef SALLYPORT_BPF_VERDICT_H
#define SALLYPORT_BPF_VERDICT_H

#include "bpf/label.bpf.h"
#include "bpf/plumbing.bpf.h"

/* No cell: a label is out of bounds, hence the tables are damaged. A real cell never has all bits
 * set. */
#define SP_NO_CELL 0xffffffffU

#define ECHO_REPLY 0
#define ECHO_REQUEST 8
#define ECHO_REPLY_V6 129
#define ECHO_REQUEST_V6 128

static __always_inline __u32 cell_of(const struct SpArenaHeader* header, __u32 zone, __u32 remote,
                                     __u32 service) {
  const __u32 *row, *cell;

  if (zone >= header->zones || remote >= header->remotes || service >= header->services)
    return SP_NO_CELL;
  row = arena_at(header, header->rows + ((__u64)zone * header->remotes + remote) * sizeof(*row));
  if (!row || *row >= header->row_capacity) return SP_NO_CELL;
  cell = arena_at(header,
                  header->verdicts + ((__u64)*row * header->services + service) * sizeof(*cell));
  return cell ? *cell : SP_NO_CELL;
}

/* Notes the deciding rule. `allowed` and `unmatched` are the reasons for a pass and for no rule. */
static __always_inline int decide(struct packet* packet, __u32 cell, int allowed, int unmatched) {
  if (cell == SP_NO_CELL) return SP_DROP_NO_GENERATION;
  packet->rule = SP_CELL_RULE(cell);
  if (cell & SP_CELL_DENY) return SP_DROP_DENIED;
  return cell ? allowed : unmatched;
}

/* The key of the packet that an ICMP error answers: 0, which no service has, if it cannot be
 * judged. A local host reports on a packet from the remote, so the remote's port is the quoted
 * source port. */
static __always_inline __u32 quoted_key(const struct packet* packet) {
  const struct quote* quote = &packet->quote;
  const __u8 echo_reply = packet->family == 4 ? ECHO_REPLY : ECHO_REPLY_V6;

  if (quote->protocol == PROTOCOL_TCP || quote->protocol == PROTOCOL_UDP)
    return SP_SERVICE_KEY(quote->protocol, quote->source_port);
  /* Only an echo reply shows that our echo request was allowed. */
  if (quote->source_port != echo_reply) return 0;
  return SP_SERVICE_KEY(quote->protocol, packet->family == 4 ? ECHO_REQUEST : ECHO_REQUEST_V6);
}

static __always_inline bool same_address(const struct SpKey6* a, const struct SpKey6* b) {
  const struct SpStart6 left = number6(a), right = number6(b);

  return left.high == right.high && left.low == right.low;
}

/* An ICMP error passes when the packet it quotes would have passed the other way round (D11). */
static __always_inline int judge_icmp_error(struct packet* packet,
                                            const struct SpArenaHeader* header, __u32 zone,
                                            __u32 remote) {
  const __u32 key = quoted_key(packet);

  if (!packet->quote.readable || key == 0) return SP_DROP_ICMP_ERROR;
  if (!same_address(&packet->quote.source, &packet->destination)) return SP_DROP_ICMP_ERROR;
  if (zone_of(packet->family, &packet->quote.destination) != zone) return SP_DROP_ICMP_ERROR;
  return decide(packet, cell_of(header, zone, remote, service_of(key)), SP_PASS_ICMP_ERROR,
                SP_DROP_ICMP_ERROR);
}

__noinline int judge(struct packet* packet) {
  const struct SpArenaHeader* header = live_arena();
  __u32 zone, remote, key, cell;

  if (!packet || !header) return SP_DROP_NO_GENERATION;
  zone = zone_of(packet->family, &packet->source);
  remote = remote_of(packet->family, &packet->destination);
  key = packet->fragment == LATER ? SP_FRAGMENT_KEY(packet->protocol)
                                  : SP_SERVICE_KEY(packet->protocol, packet->destination_port);
  cell = cell_of(header, zone, remote, service_of(key));
  if (cell == 0 && packet->icmp_error) return judge_icmp_error(packet, header, zone, remote);
  return decide(packet, cell, SP_PASS_RULE,
                packet->fragment == LATER ? SP_DROP_LATER_FRAGMENT : SP_DROP_NO_RULE);
}

#endif
