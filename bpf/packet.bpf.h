/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-2-Clause) */
/* What the datapath knows of one packet, and the cursor that reads it. parse.bpf.h fills it in,
 * plumbing and verdict read it. Ports and numbers are in host order, addresses in network order. */
#ifndef SALLYPORT_BPF_PACKET_H
#define SALLYPORT_BPF_PACKET_H

#include <linux/bpf.h>
#include <linux/in6.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/abi.h"

/* What a step returns instead of an enum SpReason when the packet is not decided yet. */
#define SP_UNDECIDED (-1)

/* The reason of a NULL argument: the verifier demands the test, no caller does it. */
#define SP_UNREACHABLE SP_DROP_NO_GENERATION

/* Around the test of a bound: the compiler neither drops the test as superfluous nor computes a
 * pointer ahead of it, so that the verifier sees the test on the very register that is used. */
#define opaque(value) asm volatile("" : "+r"(value))

enum fragment_class { WHOLE, FIRST, LATER };

/* In network order, IPv4 addresses v4-mapped. Written and read as halves: what is stored byte by
 * byte and loaded as a whole waits for the stores. */
union address {
  struct {
    __be64 high;
    __be64 low;
  };
  __be32 words[4];
  __u8 bytes[16];
  struct SpKey6 key;
};

/* The packet that an ICMP error is about. */
struct quote {
  union address source;
  union address destination;
  __u16 source_port; /* or the ICMP type */
  __u16 destination_port;
  __u16 zero;
  __u8 protocol;
  __u8 readable; /* 0: there is no quote, or none that can be judged */
};

/* Without padding: the verifier lets no function see bytes that were never written. */
struct packet {
  union address source;
  union address destination;
  struct quote quote;
  __u32 length; /* bytes of the whole frame */
  __u32 at;     /* cursor: offset in the frame of the next byte to read */
  __u32 end;    /* offset of the first byte behind the packet; what follows is padding */
  __u32 rule;   /* the id of the deciding rule, 0 if none decided */
  __u16 source_port;
  __u16 destination_port; /* or the ICMP type; 0 for a later fragment or another protocol */
  __u16 vlan;             /* the id of the first tag that has one; 0: there is none */
  __u16 zero;
  __u8 family;           /* 4 or 6 */
  __u8 protocol;         /* while IPv6 extension headers are read: the number of the next one */
  __u8 fragment;         /* enum fragment_class */
  __u8 fragment_headers; /* IPv6 fragment headers seen */
  __u8 hop_limit;
  __u8 icmp_code;
  __u8 icmp_error; /* a whole ICMP error message */
  __u8 tcp_flags;
};
_Static_assert(sizeof(struct packet) == 64 + sizeof(struct quote), "struct packet has padding");
_Static_assert(sizeof(struct quote) == 40, "struct quote has padding");

/* No header begins behind this: the link header, 40 bytes of IPv6, six extension headers of 2048
 * bytes and an ICMP header end before. */
#define SP_FARTHEST_HEADER 0x3fff

static __always_inline __u32 bytes_left(const struct packet* packet) {
  return packet->end - packet->at;
}

/* The `size` bytes that begin `skip` bytes behind the cursor; NULL if the packet ends before. */
static __always_inline void* look(struct xdp_md* ctx, const struct packet* packet, __u32 skip,
                                  __u32 size) {
  void* frame = (void*)(long)ctx->data;
  void* frame_end = (void*)(long)ctx->data_end;
  __u64 at = (__u64)packet->at + skip;

  if (at + size > packet->end) return NULL;
  opaque(at);
  if (at > SP_FARTHEST_HEADER) return NULL;
  opaque(at);
  if (frame + at + size > frame_end) return NULL;
  return frame + at;
}

/* The next `size` bytes, and the cursor moves behind them; NULL if the packet ends before. */
static __always_inline void* take(struct xdp_md* ctx, struct packet* packet, __u32 size) {
  void* bytes = look(ctx, packet, 0, size);

  if (bytes) packet->at += size;
  return bytes;
}

static __always_inline void set_mapped(union address* address, __be32 ipv4) {
  address->high = 0;
  address->low = bpf_cpu_to_be64(0xffffULL << 32 | bpf_ntohl(ipv4));
}

static __always_inline void set_address(union address* address, const struct in6_addr* ipv6) {
  const __be32* words = ipv6->in6_u.u6_addr32;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  address->high = (__u64)words[1] << 32 | words[0];
  address->low = (__u64)words[3] << 32 | words[2];
#else
  address->high = (__u64)words[0] << 32 | words[1];
  address->low = (__u64)words[2] << 32 | words[3];
#endif
}

static __always_inline bool same_address(const union address* a, const union address* b) {
  return a->high == b->high && a->low == b->low;
}

/* The IPv4 address as a number. */
static __always_inline __u32 number4(const union address* mapped) {
  return (__u32)bpf_be64_to_cpu(mapped->low);
}

/* An IPv6 address as a number. */
struct halves {
  __u64 high;
  __u64 low;
};

static __always_inline struct halves number6(const union address* address) {
  return (struct halves){bpf_be64_to_cpu(address->high), bpf_be64_to_cpu(address->low)};
}

#endif
