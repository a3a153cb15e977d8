/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-2-Clause) */
/* What verdict_bench and its BPF programs share. C and C++. */
#ifndef SALLYPORT_TESTS_BENCH_VERDICT_BENCH_H
#define SALLYPORT_TESTS_BENCH_VERDICT_BENCH_H

#include <linux/types.h>

/* Different packets, in turn. */
#define BENCH_FLOWS 65536U

/* Addresses in network order, IPv4 ones v4-mapped; the port in network order. */
struct BenchFlow {
  __u8 source[16];
  __u8 destination[16];
  __u16 port;
  __u16 zero[3];
};

/* The key of a prefix trie; of an IPv4 address, the first four bytes. */
struct BenchPrefix {
  __u32 length;
  __u8 address[16];
};

struct BenchRight {
  __u32 zone;
  __u32 set;
  __u16 port; /* host order; 0: every port */
  __u8 protocol;
  __u8 zero;
};

#endif
