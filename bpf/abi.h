/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-2-Clause) */
/* The one contract between the datapath and user space: reasons, table layouts, map keys and
 * values. C and C++. Every integer is in host order unless it says "network order". Offsets count
 * bytes from the start of the arena. */
#ifndef SALLYPORT_BPF_ABI_H
#define SALLYPORT_BPF_ABI_H

#include <linux/types.h>

#define SP_ABI_VERSION 4
#define SP_ARENA_MAGIC 0x53414c59 /* "SALY" */

/* Why a packet passed or dropped. Every packet counts exactly one (D2). name, words for people. */
#define SP_REASONS(X)                                                                     \
  X(SP_PASS_RULE, "allowed by a rule")                                                    \
  X(SP_PASS_REPLY, "reply in a TCP flow that a rule of the other direction allows")       \
  X(SP_PASS_ICMP_ERROR, "ICMP error about an allowed flow")                               \
  X(SP_PASS_ARP, "ARP")                                                                   \
  X(SP_PASS_ND, "neighbour discovery")                                                    \
  X(SP_PASS_MLD, "multicast listener discovery")                                          \
  X(SP_PASS_DHCP, "DHCP")                                                                 \
  X(SP_PASS_OWN, "to the gateway itself")                                                 \
  X(SP_DROP_NO_RULE, "no rule allows it")                                                 \
  X(SP_DROP_DENIED, "denied by a rule")                                                   \
  X(SP_DROP_NO_GENERATION, "no valid policy is loaded")                                   \
  X(SP_DROP_TRUNCATED_LINK, "the frame ends inside its link header")                      \
  X(SP_DROP_VLAN_DEPTH, "more than two VLAN tags")                                        \
  X(SP_DROP_ETHERTYPE, "neither IPv4, IPv6 nor ARP")                                      \
  X(SP_DROP_TRUNCATED_IP, "the packet ends before its IP header or IP length says")       \
  X(SP_DROP_IP_HEADER, "contradictory IP header")                                         \
  X(SP_DROP_IP_OPTIONS, "malformed IPv4 options")                                         \
  X(SP_DROP_SOURCE_ROUTE, "source route")                                                 \
  X(SP_DROP_TRUNCATED_EXTENSION, "the packet ends inside an IPv6 extension header")       \
  X(SP_DROP_EXTENSION_ORDER, "IPv6 extension header out of place")                        \
  X(SP_DROP_EXTENSION_DEPTH, "more than six IPv6 extension headers")                      \
  X(SP_DROP_EXTENSION_UNKNOWN, "unknown IPv6 extension header")                           \
  X(SP_DROP_BAD_FRAGMENT, "contradictory fragment")                                       \
  X(SP_DROP_TINY_FRAGMENT, "first fragment without its whole transport header")           \
  X(SP_DROP_LATER_FRAGMENT, "later fragment where not every port of its protocol passes") \
  X(SP_DROP_TRUNCATED_TRANSPORT, "the packet ends inside its transport header")           \
  X(SP_DROP_TRANSPORT_HEADER, "contradictory transport header")                           \
  X(SP_DROP_BAD_SOURCE, "impossible source address")                                      \
  X(SP_DROP_BAD_DESTINATION, "impossible destination address")                            \
  X(SP_DROP_NO_FLOW, "UDP or echo reply to an allowed flow; flows are not recorded")      \
  X(SP_DROP_ICMP_ERROR, "ICMP error about a flow that no rule allows")

enum SpReason {
#define SP_REASON_ENUMERATOR(name, words) name,
  SP_REASONS(SP_REASON_ENUMERATOR)
#undef SP_REASON_ENUMERATOR
      SP_REASON_COUNT
};

/* The reasons of packets that pass come first. */
#define SP_PASSES(reason) ((reason) < SP_DROP_NO_RULE)

/* Where a packet is met. Outward: its source is local, its destination remote. Inward: the other
 * way round. */
#define SP_OUTWARD 0U
#define SP_INWARD 1U

/* Parsing bounds (D6, D7). */
#define SP_MAX_VLAN_TAGS 2
#define SP_VLAN_IDS 4096
#define SP_MAX_EXTENSIONS 6

/* Service keys: what the service table is searched for. Protocol in bits 16-23, port or ICMP type
 * in bits 0-15, and bit 24 set for a later fragment (its port bits are 0). */
#define SP_SERVICE_KEY(protocol, port) (((__u32)(protocol) << 16) | (__u32)(port))
#define SP_FRAGMENT_KEY(protocol) ((1U << 24) | ((__u32)(protocol) << 16))
#define SP_SERVICE_KEY_LAST ((1U << 25) - 1)

/* A verdict cell: 0 is "no rule"; else the rule's id (index + 1), with the top bit for a deny. */
#define SP_CELL_DENY 0x80000000U
#define SP_CELL_RULE(cell) ((cell) & ~SP_CELL_DENY)

/* A table of consecutive ranges that covers its whole domain. The ranges are sorted and the first
 * begins at 0; a key has the label of the last one that begins not above it. */
struct SpRange4 {
  __u32 start;
  __u32 label;
};
struct SpRange6 {
  __u64 high; /* the halves of an IPv6 address as a number */
  __u64 low;
  __u32 label;
  __u32 zero;
};

/* A step of the way from a key to its label; of an IPv6 address, the key is the high half. `form`
 * says what it is:
 *   SP_STEP_LABEL               `at` is the label
 *   SP_STEP_BRANCH(shift, bits) goes on at steps[at + n], n being the lowest `bits` bits of
 *                               key >> shift
 *   SP_STEP_PREFIX(shift)       steps[at] is a number of 64 bits, which key >> shift is compared
 *                               with: goes on at steps[at + 1] if it is equal, at steps[at + 2] if
 *                               it is below, at steps[at + 3] if it is above
 *   otherwise                   a count: the range is one of ranges[at] and the next ones */
struct SpStep {
  __u32 at;
  __u32 form;
};
#define SP_STEP_LABEL 0x80000000U
#define SP_STEP_BRANCH(shift, bits) (0x40000000U | (__u32)(shift) << 8 | (__u32)(bits))
#define SP_STEP_PREFIX(shift) (0x60000000U | (__u32)(shift) << 8)
#define SP_STEP_GOES_ON(form) ((form)&0x40000000U)
#define SP_STEP_IS_PREFIX(form) ((form)&0x20000000U)
#define SP_STEP_SHIFT(form) ((form) >> 8 & 63)
#define SP_STEP_BITS(form) ((form)&31)
/* No way is longer, the label or the count included. */
#define SP_MAX_STEPS 10

struct SpTable {
  __u32 ranges; /* offset of struct SpRange4[count], or of struct SpRange6[count] */
  __u32 count;  /* at least 1 */
  __u32 steps;  /* offset of struct SpStep[step_count] */
  __u32 step_count;
  struct SpStep root;
};

/* The labels of service keys, in three reads without a choice: table = protocols[key >> 16], page =
 * tables[table][key >> 8 & 255], label = pages[page][key & 255]. Equal tables and equal pages are
 * stored once. */
#define SP_PROTOCOLS 512 /* with the bit for a later fragment */
struct SpServices {
  __u32 protocols; /* offset of __u32[SP_PROTOCOLS] */
  __u32 tables;    /* offset of __u32[][256] */
  __u32 pages;     /* offset of __u32[][256] */
  __u32 zero;
};

/* The single value of the `arena` map: this header, then the tables it points at. Tables of ranges
 * never change while the arena lives; rows and verdicts only gain entries behind the ones in use.
 */
struct SpArenaHeader {
  __u32 magic;
  __u32 version;
  __u32 size;           /* bytes of the whole arena, a power of two */
  __u32 zones;          /* zone labels */
  __u32 remotes;        /* capacity of remote labels */
  __u32 services;       /* service labels */
  __u32 row_capacity;   /* rows that fit in `verdicts` */
  __u32 directions;     /* 1: no rule is inward; 2: rows has a second half, for SP_INWARD */
  struct SpTable zone4; /* local address -> place */
  struct SpTable zone6;
  struct SpTable remote4; /* remote address -> remote label, static destinations only */
  struct SpTable remote6;
  struct SpServices service;
  __u32 rows;     /* offset of __u32[directions][zones][remotes]: the row of a pair */
  __u32 verdicts; /* offset of __u32[row_capacity][services]: cells */
  /* From a place to its zone label, by the frame's VLAN. With one class of VLANs every place is its
   * own zone label, and the two tables are left out. */
  __u32 places;
  __u32 vlan_classes;
  __u32 vlans;       /* offset of __u16[SP_VLAN_IDS]: the class of an id */
  __u32 place_zones; /* offset of __u32[places][vlan_classes] */
  __u32 rules;       /* ids are 1 to this */
  __u32 log_slots;   /* offset of __u32[rules + 1]: the slot of a rule id in log_budgets, */
                     /* SP_NO_LOG_SLOT for a rule that does not log; 0: none does */
};

/* The datapath may read this far behind a masked offset; the arena map's value is `size` + this. */
#define SP_ARENA_SLACK 64
#define SP_ARENA_MIN_SIZE 4096U
#define SP_ARENA_MAX_SIZE (1U << 30)

/* Map keys. Addresses are in network order. */
struct SpKey4 {
  __u8 address[4];
};
struct SpKey6 {
  __u8 address[16]; /* an IPv4 address in `own` and `claims` is v4-mapped */
};

/* bound4, bound6: address -> __u32 remote label, for addresses bound to names; probed before the
 * static tables, whose groups the label already includes. own: SpKey6 -> __u8 1. */

/* A packet to an address whose bit is not set in the datapath's own_filter is not for the gateway.
 * The arguments are the halves of an SpKey6 as they lie in memory. */
#define SP_OWN_FILTER_WORDS 8
#define SP_OWN_BIT(high, low) ((((high) ^ (low)) * 0x9e3779b97f4a7c15ULL) >> 55)

/* rule_counters[rule id], reason_counters[reason]: per CPU. */
struct SpCounter {
  __u64 packets;
  __u64 bytes;
};

/* events: a ring buffer of struct SpEvent, for user space to read; a datapath of a policy in which
 * no rule logs has none. */
enum SpEventKind {
  SP_EVENT_LOG = 1, /* a rule that logs has decided */
};

#define SP_EVENT_HEADER 96 /* bytes of a frame that an event holds at most */

struct SpEvent {
  __u64 time;      /* nanoseconds of CLOCK_BOOTTIME */
  __u32 kind;      /* enum SpEventKind */
  __u32 rule;      /* the id of the deciding rule, 0 if none decided */
  __u32 reason;    /* enum SpReason, hence the verdict */
  __u32 direction; /* SP_OUTWARD or SP_INWARD */
  __u32 device;    /* the index of the device that the frame came in by */
  __u32 length;    /* bytes of the whole frame */
  __u16 source_port;
  __u16 destination_port; /* or the ICMP type; 0 for a later fragment or another protocol */
  __u8 family;            /* 4 or 6 */
  __u8 protocol;
  __u8 fragment;        /* 0: whole, 1: a first fragment, 2: a later one */
  __u8 captured;        /* bytes in header[]; the rest of it is 0 */
  struct SpKey6 source; /* IPv4 addresses are v4-mapped */
  struct SpKey6 destination;
  __u8 header[SP_EVENT_HEADER]; /* the frame from its beginning */
};

#define SP_EVENT_RING_SIZE (1U << 18)

/* How much a rule may log: so many events of each rule, on each CPU, in each interval. */
#define SP_LOG_INTERVAL 1000000000ULL /* nanoseconds */
#define SP_LOG_MOST 10
#define SP_NO_LOG_SLOT 0xffffffffU

/* log_budgets[slot], per CPU. */
struct SpLogBudget {
  __u64 interval; /* the number of the one that `told` counts in */
  __u64 told;     /* events of it */
  __u64 untold;   /* packets of all time of which nothing was told */
};

/* claims: which name opened an address, kept across generations and restarts of the runtime. */
struct SpClaimKey {
  __u64 name; /* first 8 bytes of the SHA-256 of the name, as a little-endian number */
  __u8 address[16];
};
struct SpClaim {
  __u64 expiry; /* nanoseconds of CLOCK_BOOTTIME; informative, adoption starts a new life */
};

/* Results of the XDP program are XDP_PASS and XDP_DROP only. */

#ifdef __cplusplus
#define SP_ASSERT static_assert
#else
#define SP_ASSERT _Static_assert
#endif
SP_ASSERT(sizeof(struct SpRange4) == 8, "SpRange4");
SP_ASSERT(sizeof(struct SpRange6) == 24, "SpRange6");
SP_ASSERT(sizeof(struct SpStep) == 8, "SpStep");
SP_ASSERT(sizeof(struct SpTable) == 24, "SpTable");
SP_ASSERT(sizeof(struct SpServices) == 16, "SpServices");
SP_ASSERT(sizeof(struct SpArenaHeader) == 176, "SpArenaHeader");
SP_ASSERT(__builtin_offsetof(struct SpArenaHeader, zone4) == 32, "zone4");
SP_ASSERT(__builtin_offsetof(struct SpArenaHeader, remote4) == 80, "remote4");
SP_ASSERT(__builtin_offsetof(struct SpArenaHeader, service) == 128, "service");
SP_ASSERT(__builtin_offsetof(struct SpArenaHeader, rows) == 144, "rows");
SP_ASSERT(__builtin_offsetof(struct SpArenaHeader, vlans) == 160, "vlans");
SP_ASSERT(__builtin_offsetof(struct SpArenaHeader, log_slots) == 172, "log_slots");
SP_ASSERT(sizeof(struct SpEvent) == 72 + SP_EVENT_HEADER, "SpEvent");
SP_ASSERT(__builtin_offsetof(struct SpEvent, source) == 40, "source");
SP_ASSERT(sizeof(struct SpLogBudget) == 24, "SpLogBudget");
SP_ASSERT(sizeof(struct SpKey4) == 4, "SpKey4");
SP_ASSERT(sizeof(struct SpKey6) == 16, "SpKey6");
SP_ASSERT(sizeof(struct SpCounter) == 16, "SpCounter");
SP_ASSERT(sizeof(struct SpClaimKey) == 24, "SpClaimKey");
SP_ASSERT(sizeof(struct SpClaim) == 8, "SpClaim");
#undef SP_ASSERT

#endif
