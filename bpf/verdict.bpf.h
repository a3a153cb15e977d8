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

/* Flags of a TCP segment. */
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

/* What is known of a packet once its addresses have labels. */
struct labels {
  const struct SpArenaHeader* header;
  __u32 zone;   /* of the local address */
  __u32 remote; /* of the remote one */
};

/* The cell of a flow that begins in `direction`, to a service with this label. */
static __always_inline __u32 cell_at(const struct labels* labels, __u32 direction, __u32 service) {
  const struct SpArenaHeader* header = labels->header;
  const __u32 *row, *cell;
  __u64 zone;

  if (labels->zone >= header->zones || labels->remote >= header->remotes ||
      service >= header->services)
    return SP_NO_CELL;
  zone = direction == SP_OUTWARD ? labels->zone : (__u64)header->zones + labels->zone;
  row = arena_at(header, header->rows + (zone * header->remotes + labels->remote) * sizeof(*row));
  if (!row || *row >= header->row_capacity) return SP_NO_CELL;
  cell = arena_at(header,
                  header->verdicts + ((__u64)*row * header->services + service) * sizeof(*cell));
  return cell ? *cell : SP_NO_CELL;
}

/* True if no rule is of this direction. */
static __always_inline bool has_no_rules(const struct SpArenaHeader* header, __u32 direction) {
  return direction == SP_INWARD && (!has_inward || header->directions < 2);
}

/* The cell for a packet that is rarely met. */
static __always_inline __u32 cell_of(const struct labels* labels, __u32 direction, __u32 key) {
  if (has_no_rules(labels->header, direction)) return 0;
  return cell_at(labels, direction, service_label(key));
}

/* Notes the deciding rule. `allowed` and `unmatched` are the reasons for a pass and for no rule. */
static __always_inline int decide(struct packet* packet, __u32 cell, int allowed, int unmatched) {
  if (cell == SP_NO_CELL) return SP_DROP_NO_GENERATION;
  packet->rule = SP_CELL_RULE(cell);
  if (cell & SP_CELL_DENY) return SP_DROP_DENIED;
  return cell ? allowed : unmatched;
}

/* The service that a packet from `port` (or of this ICMP type) answers; 0, which no service has, if
 * it is no answer. */
static __always_inline __u32 answered_key(__u8 protocol, __u16 port) {
  if (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP) return SP_SERVICE_KEY(protocol, port);
  if (protocol == PROTOCOL_ICMP && port == ECHO_REPLY)
    return SP_SERVICE_KEY(protocol, ECHO_REQUEST);
  if (protocol == PROTOCOL_ICMPV6 && port == ECHO_REPLY_V6)
    return SP_SERVICE_KEY(protocol, ECHO_REQUEST_V6);
  return 0;
}

/* ACK or RST; a segment that asks to begin a flow is no answer, whatever else it says. */
static __always_inline bool answers_over_tcp(const struct packet* packet) {
  if (packet->tcp_flags & TCP_ACK) return true;
  return (packet->tcp_flags & (TCP_SYN | TCP_RST)) == TCP_RST;
}

/* A segment that belongs to no flow of before. */
static __always_inline bool begins_a_flow(const struct packet* packet) {
  return packet->protocol == PROTOCOL_TCP && !answers_over_tcp(packet);
}

/* A packet that no rule of its own direction decides: it may answer a flow that the rules of the
 * other direction allow (D12). Only TCP says so itself. */
static __always_inline int judge_reply(struct packet* packet, const struct labels* labels,
                                       __u32 other) {
  const bool tcp = packet->protocol == PROTOCOL_TCP;
  const bool ports = tcp || packet->protocol == PROTOCOL_UDP;
  const __u32 key =
      answered_key(packet->protocol, ports ? packet->source_port : packet->destination_port);
  __u32 cell;

  if (key == 0) return SP_DROP_NO_RULE;
  cell = cell_of(labels, other, key);
  if (tcp) return decide(packet, cell, SP_PASS_REPLY, SP_DROP_NO_RULE);
  if (cell == SP_NO_CELL) return SP_DROP_NO_GENERATION;
  return cell == 0 || cell & SP_CELL_DENY ? SP_DROP_NO_RULE : SP_DROP_NO_FLOW;
}

/* An ICMP error passes when the packet it quotes would have passed the other way round (D11): as an
 * answer in a flow of this direction, or as part of a flow of the other one. */
static __always_inline int judge_icmp_error(struct packet* packet, struct labels* labels,
                                            __u32 direction) {
  const struct quote* quote = &packet->quote;
  const bool ports = quote->protocol == PROTOCOL_TCP || quote->protocol == PROTOCOL_UDP;
  __u32 key, cell = 0;

  if (!quote->readable || !same_address(&quote->source, &packet->destination))
    return SP_DROP_ICMP_ERROR;
  if (direction == SP_OUTWARD) {
    /* A router may report for a host behind it, but not for one of another zone. */
    if (zone_at(labels->header, place_label(&quote->destination, packet->family), packet->vlan) !=
        labels->zone)
      return SP_DROP_ICMP_ERROR;
  } else {
    /* Any router on the way may report. */
    labels->remote = remote_label(&quote->destination, packet->family);
  }
  key = answered_key(quote->protocol, quote->source_port);
  if (key != 0) cell = cell_of(labels, direction, key);
  if (cell == 0) {
    key = SP_SERVICE_KEY(quote->protocol, ports ? quote->destination_port : quote->source_port);
    cell = cell_of(labels, direction == SP_OUTWARD ? SP_INWARD : SP_OUTWARD, key);
  }
  return decide(packet, cell, SP_PASS_ICMP_ERROR, SP_DROP_ICMP_ERROR);
}

/* SP_UNDECIDED, or the reason why nobody sends from this address inward: it belongs to a zone,
 * whatever its VLAN, for the tags here are those of another network. */
static __always_inline int spoofed(const struct packet* packet, const struct labels* labels) {
  __u32 place;

  if (labels->header->places == 1) return SP_UNDECIDED; /* the place in no zone is the only one */
  place = place_label(&packet->source, packet->family);
  if (place >= labels->header->places) return SP_DROP_NO_GENERATION;
  return place != 0 ? SP_DROP_BAD_SOURCE : SP_UNDECIDED;
}

/* What no rule of its direction decides may still belong to a flow that one allows. Apart from
 * judge(), which decides most packets, so that neither is large. */
__noinline int judge_flow(struct packet* packet, __u32 direction, __u32 zone, __u32 remote) {
  struct labels labels = {.zone = zone, .remote = remote};

  if (!packet) return SP_UNREACHABLE;
  labels.header = live_arena();
  if (!labels.header) return SP_DROP_NO_GENERATION;
  if (packet->icmp_error) return judge_icmp_error(packet, &labels, direction);
  return judge_reply(packet, &labels, direction == SP_OUTWARD ? SP_INWARD : SP_OUTWARD);
}

/* Plumbing first, then the rules. */
__noinline int judge(struct packet* packet, __u32 direction) {
  const bool outward = direction == SP_OUTWARD;
  const union address *local, *remote;
  struct labels labels;
  __u32 key, cell = 0;

  int reason;

  if (!packet) return SP_UNREACHABLE;
  reason = plumbing(packet, direction);
  if (reason != SP_UNDECIDED) return reason;
  labels.header = live_arena();
  if (!labels.header) return SP_DROP_NO_GENERATION;
  if (!outward) {
    reason = spoofed(packet, &labels);
    if (reason != SP_UNDECIDED) return reason;
  }
  local = outward ? &packet->source : &packet->destination;
  remote = outward ? &packet->destination : &packet->source;
  labels.zone = zone_of(labels.header, packet, local);
  labels.remote = remote_of(labels.header, packet->family, remote);
  key = packet->fragment == LATER ? SP_FRAGMENT_KEY(packet->protocol)
                                  : SP_SERVICE_KEY(packet->protocol, packet->destination_port);
  if (!has_no_rules(labels.header, direction))
    cell = cell_at(&labels, direction, service_of(labels.header, key));
  if (packet->fragment == LATER) return decide(packet, cell, SP_PASS_RULE, SP_DROP_LATER_FRAGMENT);
  if (cell != 0) return decide(packet, cell, SP_PASS_RULE, SP_DROP_NO_RULE);
  if (!packet->icmp_error &&
      (begins_a_flow(packet) || has_no_rules(labels.header, outward ? SP_INWARD : SP_OUTWARD)))
    return SP_DROP_NO_RULE;
  return judge_flow(packet, direction, labels.zone, labels.remote);
}

#endif
