// SPDX-License-Identifier: GPL-2.0-or-later
// Any bytes as an answer (N18). First byte: the family, 4 or anything else. The rest: the message.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "runtime/dns_answer.h"

namespace {

using namespace sallyport;

void must(bool holds) {
  if (!holds) std::abort();
}

void check(const Answer& answer, Family family) {
  const bool bound = answer.outcome == Answer::Outcome::addresses;
  must(bound != answer.addresses.empty());
  must((answer.outcome == Answer::Outcome::failure) != answer.failure.empty());
  must(answer.addresses.size() <= 256);
  must(std::ranges::is_sorted(answer.addresses, {}, &AnsweredAddress::address));
  must(std::ranges::adjacent_find(answer.addresses, {}, &AnsweredAddress::address) ==
       answer.addresses.end());
  const auto plausible = [](Seconds ttl) { return ttl.count() >= 0 && ttl.count() < 1LL << 31; };
  must(plausible(answer.negative_ttl));
  for (const auto& [address, ttl] : answer.addresses) {
    must(address.family == family);
    must(plausible(ttl));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const Family family = bytes[0] == 4 ? Family::v4 : Family::v6;
  static const HostName name = HostName::parse("www.example.com").value();
  // A buffer of exactly that size, so that the sanitizer sees a read behind its end.
  const std::vector<std::uint8_t> message(bytes + 1, bytes + size);
  check(decode_answer(message, name, family), family);
  return 0;
}
