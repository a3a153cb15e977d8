/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-2-Clause) */
/* Reading a frame strictly (DESIGN 4.2). Each step checks that its header is there, moves the
 * cursor behind it and returns SP_UNDECIDED, or the reason why the packet drops. Entry:
 * read_frame().
 *
 * The __noinline functions are global: the verifier proves each of them once, for every possible
 * packet, and not once for every way that leads to it. A call costs 5 ns, so what most packets have
 * is inlined into read_frame(), and what few have is called. */
#ifndef SALLYPORT_BPF_PARSE_H
#define SALLYPORT_BPF_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "bpf/packet.bpf.h"

#define ARP_BODY 28 /* RFC 826, Ethernet and IPv4 */
#define PROTOCOL_ICMP 1
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_ICMPV6 58

struct vlan_tag {
  __be16 control;
  __be16 next_type;
};

struct icmp_header {
  __u8 type;
  __u8 code;
  __be16 checksum;
  __be32 rest;
};

/* The first bytes of any IPv6 extension header. */
struct extension_header {
  __u8 next;
  __u8 length;
  union {
    struct {
      __u8 type;
      __u8 segments_left;
    } routing;
    __be16 fragment_offset; /* 13 bits, two reserved, more fragments */
  };
  __be32 rest;
};

/* ---- fragments, both families ---- */

/* `offset` counts 8 bytes, `payload` the bytes of this fragment. Needs packet->protocol. */
static __always_inline int set_fragment(struct packet* packet, __u32 offset, bool more,
                                        __u32 payload) {
  if (more && (payload == 0 || payload % 8 != 0)) return SP_DROP_BAD_FRAGMENT;
  if (offset * 8 + payload > 65535) return SP_DROP_BAD_FRAGMENT;
  if (offset > 0 && payload == 0) return SP_DROP_BAD_FRAGMENT;
  /* RFC 3128: this one would overwrite the flags of the TCP header. */
  if (offset == 1 && packet->protocol == PROTOCOL_TCP) return SP_DROP_TINY_FRAGMENT;
  packet->fragment = offset > 0 ? LATER : more ? FIRST : WHOLE;
  return SP_UNDECIDED;
}

/* ---- IPv4 ---- */

#define OPTION_END 0
#define OPTION_NOTHING 1
#define OPTION_LOOSE_ROUTE 131
#define OPTION_STRICT_ROUTE 137

/* One option at the cursor; `end` is where the header ends. */
__noinline int read_option(struct xdp_md* ctx, struct packet* packet, __u32 end) {
  __u8 *type, *length;

  if (!packet) return SP_UNREACHABLE;
  type = look(ctx, packet, 0, 1);
  if (!type) return SP_DROP_IP_OPTIONS;
  if (*type == OPTION_LOOSE_ROUTE || *type == OPTION_STRICT_ROUTE) return SP_DROP_SOURCE_ROUTE;
  if (*type == OPTION_END) {
    packet->at = end;
    return SP_UNDECIDED;
  }
  if (*type == OPTION_NOTHING) {
    packet->at += 1;
    return SP_UNDECIDED;
  }
  length = look(ctx, packet, 1, 1);
  if (!length || *length < 2 || packet->at + *length > end) return SP_DROP_IP_OPTIONS;
  packet->at += *length;
  return SP_UNDECIDED;
}

__noinline int read_options(struct xdp_md* ctx, struct packet* packet, __u32 end) {
  if (!packet) return SP_UNREACHABLE;
  for (int i = 0; i < 40 && packet->at < end; i++) {
    int reason = read_option(ctx, packet, end);

    if (reason != SP_UNDECIDED) return reason;
  }
  return SP_UNDECIDED;
}

static __always_inline int read_ipv4(struct xdp_md* ctx, struct packet* packet) {
  const __u32 start = packet->at;
  __u32 header, total, fragment;
  struct iphdr* ip;
  int reason;

  ip = look(ctx, packet, 0, sizeof(*ip));
  if (!ip) return SP_DROP_TRUNCATED_IP;
  header = ip->ihl * 4;
  total = bpf_ntohs(ip->tot_len);
  fragment = bpf_ntohs(ip->frag_off);
  if (ip->version != 4 || header < sizeof(*ip) || total < header) return SP_DROP_IP_HEADER;
  if (total > bytes_left(packet)) return SP_DROP_TRUNCATED_IP;

  packet->family = 4;
  packet->protocol = ip->protocol;
  packet->hop_limit = ip->ttl;
  set_mapped(&packet->source, ip->saddr);
  set_mapped(&packet->destination, ip->daddr);

  if (header > sizeof(*ip)) {
    packet->end = start + header;
    packet->at = start + sizeof(*ip);
    reason = read_options(ctx, packet, start + header);
    if (reason != SP_UNDECIDED) return reason;
  }
  packet->at = start + header;
  packet->end = start + total;

  reason = set_fragment(packet, fragment & 0x1fff, fragment & 0x2000, total - header);
  if (reason != SP_UNDECIDED) return reason;
  if (packet->protocol == PROTOCOL_ICMPV6) return SP_DROP_TRANSPORT_HEADER;
  return SP_UNDECIDED;
}

/* ---- IPv6 ---- */

#define EXTENSION_HOP_BY_HOP 0
#define EXTENSION_ROUTING 43
#define EXTENSION_FRAGMENT 44
#define EXTENSION_AUTHENTICATION 51
#define EXTENSION_DESTINATION 60

/* Extension headers whose layout the datapath does not know: mobility, HIP, Shim6, experiments. */
static __always_inline bool is_unknown_extension(__u8 number) {
  return number == 135 || number == 139 || number == 140 || number == 253 || number == 254;
}

static __always_inline bool is_extension(__u8 number) {
  return number == EXTENSION_HOP_BY_HOP || number == EXTENSION_ROUTING ||
         number == EXTENSION_FRAGMENT || number == EXTENSION_AUTHENTICATION ||
         number == EXTENSION_DESTINATION;
}

/* The fragment header at the cursor, which is there whole. */
static __always_inline int read_fragment_header(struct packet* packet,
                                                const struct extension_header* header) {
  __u32 fragment = bpf_ntohs(header->fragment_offset);
  int reason;

  if (packet->fragment_headers > 0) return SP_DROP_BAD_FRAGMENT;
  packet->fragment_headers = 1;
  packet->protocol = header->next;
  packet->at += sizeof(*header);
  reason = set_fragment(packet, fragment >> 3, fragment & 1, bytes_left(packet));
  if (reason != SP_UNDECIDED || packet->fragment == WHOLE) return reason;
  /* No later fragment would tell its transport protocol, and nothing keeps one that claims another
   * from overwriting the ports, which a first fragment has behind offset 8 then. */
  if (is_extension(packet->protocol) || is_unknown_extension(packet->protocol))
    return SP_DROP_BAD_FRAGMENT;
  return SP_UNDECIDED;
}

/* One extension header at the cursor; `count` others came before it. */
__noinline int read_extension(struct xdp_md* ctx, struct packet* packet, __u32 count) {
  struct extension_header* header;
  __u32 length;
  __u8 kind;

  if (!packet) return SP_UNREACHABLE;
  kind = packet->protocol;
  if (count >= SP_MAX_EXTENSIONS) return SP_DROP_EXTENSION_DEPTH;
  if (kind == EXTENSION_HOP_BY_HOP && count > 0) return SP_DROP_EXTENSION_ORDER;
  header = look(ctx, packet, 0, sizeof(*header));
  if (!header) return SP_DROP_TRUNCATED_EXTENSION;
  if (kind == EXTENSION_FRAGMENT) return read_fragment_header(packet, header);

  length = (header->length + 1) * 8;
  if (kind == EXTENSION_AUTHENTICATION) {
    length = (header->length + 2) * 4;
    if (length < 12) return SP_DROP_EXTENSION_ORDER;
  }
  if (length > bytes_left(packet)) return SP_DROP_TRUNCATED_EXTENSION;
  if (kind == EXTENSION_ROUTING &&
      (header->routing.type == 0 || header->routing.segments_left != 0))
    return SP_DROP_SOURCE_ROUTE;
  packet->protocol = header->next;
  packet->at += length;
  return SP_UNDECIDED;
}

/* Up to the transport header, or the first thing that is no extension header. */
__noinline int read_extensions(struct xdp_md* ctx, struct packet* packet) {
  if (!packet) return SP_UNREACHABLE;
  /* One more than may be: read_extension() refuses the seventh. */
  for (__u32 count = 0; count <= SP_MAX_EXTENSIONS; count++) {
    int reason;

    if (packet->fragment == LATER) break;
    if (is_unknown_extension(packet->protocol)) return SP_DROP_EXTENSION_UNKNOWN;
    if (!is_extension(packet->protocol)) break;
    reason = read_extension(ctx, packet, count);
    if (reason != SP_UNDECIDED) return reason;
  }
  return SP_UNDECIDED;
}

static __always_inline bool is_transport(__u8 protocol) {
  return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_ICMPV6;
}

static __always_inline int read_ipv6(struct xdp_md* ctx, struct packet* packet) {
  struct ipv6hdr* ip;
  __u32 payload;

  ip = take(ctx, packet, sizeof(*ip));
  if (!ip) return SP_DROP_TRUNCATED_IP;
  if (ip->version != 6) return SP_DROP_IP_HEADER;
  payload = bpf_ntohs(ip->payload_len);
  if (payload > bytes_left(packet)) return SP_DROP_TRUNCATED_IP;
  packet->end = packet->at + payload;

  packet->family = 6;
  packet->protocol = ip->nexthdr;
  packet->hop_limit = ip->hop_limit;
  set_address(&packet->source, &ip->saddr);
  set_address(&packet->destination, &ip->daddr);
  if (!is_transport(packet->protocol)) {
    const int reason = read_extensions(ctx, packet);

    if (reason != SP_UNDECIDED) return reason;
  }
  if (packet->protocol == PROTOCOL_ICMP) return SP_DROP_TRANSPORT_HEADER;
  return SP_UNDECIDED;
}

/* ---- transport ---- */

static __always_inline bool is_icmp_error(const struct packet* packet, __u8 type) {
  if (packet->fragment != WHOLE) return false;
  if (packet->family == 4) return type == 3 || type == 11 || type == 12;
  return type >= 1 && type <= 4;
}

/* Ports or type of the quoted packet, `skip` bytes behind the cursor. Others cannot be judged. */
static __always_inline void read_quoted_transport(struct xdp_md* ctx, struct packet* packet,
                                                  __u32 skip) {
  const __u8 icmp = packet->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
  struct quote* quote = &packet->quote;
  __u8* transport = look(ctx, packet, skip, 8);

  if (!transport) return;
  if (quote->protocol == PROTOCOL_TCP || quote->protocol == PROTOCOL_UDP) {
    quote->source_port = (__u16)(transport[0] << 8 | transport[1]);
    quote->destination_port = (__u16)(transport[2] << 8 | transport[3]);
  } else if (quote->protocol == icmp) {
    quote->source_port = transport[0];
  } else {
    return;
  }
  quote->readable = 1;
}

static __always_inline void read_quote4(struct xdp_md* ctx, struct packet* packet) {
  struct iphdr* ip = look(ctx, packet, sizeof(struct icmp_header), sizeof(*ip));

  if (!ip || ip->version != 4 || ip->ihl < 5 || ip->frag_off & bpf_htons(0x1fff)) return;
  packet->quote.protocol = ip->protocol;
  set_mapped(&packet->quote.source, ip->saddr);
  set_mapped(&packet->quote.destination, ip->daddr);
  read_quoted_transport(ctx, packet, sizeof(struct icmp_header) + ip->ihl * 4);
}

static __always_inline void read_quote6(struct xdp_md* ctx, struct packet* packet) {
  struct ipv6hdr* ip = look(ctx, packet, sizeof(struct icmp_header), sizeof(*ip));

  if (!ip || ip->version != 6) return;
  packet->quote.protocol = ip->nexthdr;
  set_address(&packet->quote.source, &ip->saddr);
  set_address(&packet->quote.destination, &ip->daddr);
  read_quoted_transport(ctx, packet, sizeof(struct icmp_header) + sizeof(*ip));
}

static __always_inline int read_tcp(struct xdp_md* ctx, struct packet* packet, int cut) {
  struct tcphdr* tcp = look(ctx, packet, 0, sizeof(*tcp));

  if (!tcp) return cut;
  if (tcp->doff < 5) return SP_DROP_TRANSPORT_HEADER;
  if (tcp->doff * 4U > bytes_left(packet)) return cut;
  packet->source_port = bpf_ntohs(tcp->source);
  packet->destination_port = bpf_ntohs(tcp->dest);
  packet->tcp_flags = ((__u8*)tcp)[13];
  return SP_UNDECIDED;
}

static __always_inline int read_udp(struct xdp_md* ctx, struct packet* packet, int cut) {
  struct udphdr* udp = look(ctx, packet, 0, sizeof(*udp));
  __u32 length;

  if (!udp) return cut;
  length = bpf_ntohs(udp->len);
  if (length < sizeof(*udp)) return SP_DROP_TRANSPORT_HEADER;
  if (packet->fragment == WHOLE && length > bytes_left(packet)) return SP_DROP_TRANSPORT_HEADER;
  packet->source_port = bpf_ntohs(udp->source);
  packet->destination_port = bpf_ntohs(udp->dest);
  return SP_UNDECIDED;
}

__noinline int read_icmp(struct xdp_md* ctx, struct packet* packet, int cut) {
  struct icmp_header* icmp;

  if (!packet) return SP_UNREACHABLE;
  icmp = look(ctx, packet, 0, sizeof(*icmp));
  if (!icmp) return cut;
  packet->destination_port = icmp->type;
  packet->icmp_code = icmp->code;
  packet->icmp_error = is_icmp_error(packet, icmp->type);
  if (packet->icmp_error && packet->family == 4) read_quote4(ctx, packet);
  if (packet->icmp_error && packet->family == 6) read_quote6(ctx, packet);
  return SP_UNDECIDED;
}

/* The transport header at the cursor, unless the packet is a later fragment. */
static __always_inline int read_transport(struct xdp_md* ctx, struct packet* packet) {
  int cut;

  if (packet->fragment == LATER) return SP_UNDECIDED;
  cut = packet->fragment == FIRST ? SP_DROP_TINY_FRAGMENT : SP_DROP_TRUNCATED_TRANSPORT;
  if (packet->protocol == PROTOCOL_TCP) return read_tcp(ctx, packet, cut);
  if (packet->protocol == PROTOCOL_UDP) return read_udp(ctx, packet, cut);
  if (packet->protocol == PROTOCOL_ICMP || packet->protocol == PROTOCOL_ICMPV6)
    return read_icmp(ctx, packet, cut);
  return SP_UNDECIDED;
}

/* ---- the frame ---- */

static __always_inline bool is_vlan(__be16 type) {
  return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

/* Fills `packet`, which the caller has zeroed. ARP is decided here. */
__noinline int read_frame(struct xdp_md* ctx, struct packet* packet) {
  struct ethhdr* ethernet;
  __be16 type;
  int reason;

  if (!packet) return SP_UNREACHABLE;
  packet->length = (__u32)(ctx->data_end - ctx->data);
  packet->end = packet->length;
  ethernet = take(ctx, packet, sizeof(*ethernet));
  if (!ethernet) return SP_DROP_TRUNCATED_LINK;
  type = ethernet->h_proto;
  for (int tags = 0; tags <= SP_MAX_VLAN_TAGS && is_vlan(type); tags++) {
    struct vlan_tag* tag;

    if (tags == SP_MAX_VLAN_TAGS) return SP_DROP_VLAN_DEPTH;
    tag = take(ctx, packet, sizeof(*tag));
    if (!tag) return SP_DROP_TRUNCATED_LINK;
    if (packet->vlan == 0) packet->vlan = bpf_ntohs(tag->control) & (SP_VLAN_IDS - 1);
    type = tag->next_type;
  }

  if (type == bpf_htons(ETH_P_ARP))
    return bytes_left(packet) < ARP_BODY ? SP_DROP_TRUNCATED_LINK : SP_PASS_ARP;
  if (type == bpf_htons(ETH_P_IP))
    reason = read_ipv4(ctx, packet);
  else if (type == bpf_htons(ETH_P_IPV6))
    reason = read_ipv6(ctx, packet);
  else
    return SP_DROP_ETHERTYPE;
  return reason == SP_UNDECIDED ? read_transport(ctx, packet) : reason;
}

#endif
