# SPDX-License-Identifier: GPL-2.0-or-later
# A large policy in text, and the same rules without their names for nft: n prefixes in n/10 rules, each with a name of
# its own as well. Variables: n, text, nft (a file each; nft may be empty), changed (every so many rules one is other).
BEGIN {
  print "zone staff = 10.20.0.0/16\npolicy large {\n  from any {" > text
  if (nft) print "table inet large {\n  chain forward {\n    type filter hook forward priority 0; policy drop;" > nft
  for (rule = 0; rule < n / 10; rule++) {
    list = ""
    for (i = 0; i < 10; i++) {  # every other address: no two join to one range
      k = 2 * (rule * 10 + i)
      list = list (i ? ", " : "") sprintf("%d.%d.%d.%d", 45 + int(k / 16777216), int(k / 65536) % 256, int(k / 256) % 256, k % 256)
    }
    port = 1000 + rule % 20
    name = "n" rule
    if (changed && rule % changed == changed - 1) {
      if (int(rule / changed) % 2) name = "m" rule
      else sub(/, [^,]*$/, ", 203.0." int(rule / 256) % 256 "." rule % 256, list)
    }
    printf "    allow tcp %d to %s.example.com, %s\n", port, name, list > text
    if (nft) printf "    ip daddr { %s } tcp dport %d counter accept\n", list, port > nft
  }
  print "  }\n}" > text
  if (nft) print "  }\n}" > nft
}
