/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-2-Clause) */
/* What passes under every policy, even with none loaded (DESIGN 4.3, D10), and the addresses that
 * never do. Entry: plumbing(). */
#ifndef SALLYPORT_BPF_PLUMBING_H
#define SALLYPORT_BPF_PLUMBING_H

#include "bpf/maps.bpf.h"
#include "bpf/parse.bpf.h"

static __always_inline bool is_link_multicast(const struct packet* packet) { /* ff02::/16 */
  return packet->family == 6 && packet->destination.bytes[0] == 0xff &&
         packet->destination.bytes[1] == 0x02;
}

static __always_inline bool is_link_local(const struct packet* packet) { /* fe80::/10 */
  return packet->family == 6 && packet->destination.bytes[0] == 0xfe &&
         (packet->destination.bytes[1] & 0xc0) == 0x80;
}

static __always_inline bool is_mapped(const union address* address) { /* ::ffff:0:0/96 */
  struct halves number = number6(address);

  return number.high == 0 && number.low >> 32 == 0xffff;
}

static __always_inline bool is_own(const struct packet* packet) {
  /* A copy, because a map key must lie on the stack (5.15 takes no pointer to an argument). */
  union address key = packet->destination;
  const __u32 bit = SP_OWN_BIT(key.high, key.low);

  if (!(own_filter[bit / 64 % SP_OWN_FILTER_WORDS] >> bit % 64 & 1)) return false;
  /* An IPv6 packet to ::ffff:a.b.c.d is not one to a.b.c.d. */
  if (packet->family == 6 && is_mapped(&key)) return false;
  return bpf_map_lookup_elem(&own, &key) != NULL;
}

/* RFC 4861. Answers come to whatever address of ours the question was sent from; outward, packets
 * to the gateway pass anyway. */
static __always_inline bool is_neighbour_discovery(const struct packet* packet, __u32 direction) {
  return packet->protocol == PROTOCOL_ICMPV6 && packet->destination_port >= 133 &&
         packet->destination_port <= 136 && packet->icmp_code == 0 && packet->hop_limit == 255 &&
         (is_link_multicast(packet) || is_link_local(packet) ||
          (direction == SP_INWARD && is_own(packet)));
}

static __always_inline bool is_listener_discovery(const struct packet* packet) { /* RFC 3810 */
  const __u16 type = packet->destination_port;

  return packet->protocol == PROTOCOL_ICMPV6 && ((type >= 130 && type <= 132) || type == 143) &&
         is_link_multicast(packet);
}

/* Clients stand on the local side and ask outward; inward come the answers for the gateway. */
static __always_inline bool is_dhcp(const struct packet* packet, __u32 direction) {
  const bool v4 = packet->family == 4;
  const __u16 client = v4 ? 68 : 546, server = v4 ? 67 : 547;
  const __u16 source = direction == SP_OUTWARD ? client : server;
  const __u16 destination = direction == SP_OUTWARD ? server : client;

  if (packet->protocol != PROTOCOL_UDP || packet->source_port != source ||
      packet->destination_port != destination)
    return false;
  if (v4 && number4(&packet->destination) == 0xffffffff) return true;
  return is_link_multicast(packet) || is_own(packet);
}

/* Addresses that no host can have: multicast, broadcast, loopback, unspecified, v4-mapped. */
static __always_inline bool is_impossible(__u8 family, const union address* address) {
  struct halves number;

  if (family == 4) {
    const __u32 number_v4 = number4(address);
    const __u32 network = number_v4 >> 24;

    return network == 0 || network == 127 || (network >= 224 && network < 240) ||
           number_v4 == 0xffffffff;
  }
  number = number6(address);
  return address->bytes[0] == 0xff || (number.high == 0 && number.low <= 1) || is_mapped(address);
}

/* A bad source is no better when the packet is for the gateway itself: with route_localnet set, its
 * kernel would take 127.0.0.1 for a friend. Inward the gateway is a local host like others. */
static __always_inline int plumbing(const struct packet* packet, __u32 direction) {
  if (packet->fragment == WHOLE) {
    if (is_neighbour_discovery(packet, direction)) return SP_PASS_ND;
    if (is_listener_discovery(packet)) return SP_PASS_MLD;
    if (is_dhcp(packet, direction)) return SP_PASS_DHCP;
  }
  if (is_impossible(packet->family, &packet->source)) return SP_DROP_BAD_SOURCE;
  if (direction == SP_OUTWARD) return is_own(packet) ? SP_PASS_OWN : SP_UNDECIDED;
  return is_impossible(packet->family, &packet->destination) ? SP_DROP_BAD_DESTINATION
                                                             : SP_UNDECIDED;
}

#endif
