// SPDX-License-Identifier: GPL-2.0-or-later
// What a message says about a name: honest answers in every order, and everything else (N4, N6,
// N7).
#include "runtime/dns_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "tests/support/dns_message.h"
#include "tests/unit/runtime/fakes.h"

namespace sallyport {
namespace {

using namespace test;
using Outcome = Answer::Outcome;
using testing::HasSubstr;

Answer decode(const Bytes& bytes, Family family = Family::v4) {
  return decode_answer(bytes, name("www.example.com"), family);
}
Answer decode(const DnsMessage& message, Family family = Family::v4) {
  return decode(message.bytes(), family);
}
DnsMessage answer() {
  return {"www.example.com", dns::type_a};
}

/// "198.51.100.1/300 198.51.100.2/60", "no data 60", "no name 0", "failure: SERVFAIL"
std::string text(const Answer& answer) {
  switch (answer.outcome) {
    case Outcome::no_data:
      return "no data " + std::to_string(answer.negative_ttl.count());
    case Outcome::no_name:
      return "no name " + std::to_string(answer.negative_ttl.count());
    case Outcome::failure:
      return "failure: " + answer.failure;
    case Outcome::addresses:
      break;
  }
  std::string words;
  for (const auto& [answered, ttl] : answer.addresses)
    words += (words.empty() ? "" : " ") + answered.text() + "/" + std::to_string(ttl.count());
  return words;
}

TEST(DnsAnswerTest, N4_N6_chains) {
  struct Row {
    const char* what;
    DnsMessage message;
    std::string expected;
  };
  const std::vector<Row> rows = {
      {"one address", answer().a("www.example.com", "198.51.100.1"), "198.51.100.1/300"},
      {"sorted, each with its own TTL",
       answer().a("www.example.com", "198.51.100.2", 60).a("www.example.com", "198.51.100.1", 90),
       "198.51.100.1/90 198.51.100.2/60"},
      {"the same address twice: the smaller TTL",
       answer().a("www.example.com", "198.51.100.1", 60).a("www.example.com", "198.51.100.1", 50),
       "198.51.100.1/50"},
      {"an alias with a shorter TTL",
       answer().cname("www.example.com", "x.example.net", 5).a("x.example.net", "198.51.100.1"),
       "198.51.100.1/5"},
      {"an alias with a longer TTL",
       answer().cname("www.example.com", "x.example.net", 500).a("x.example.net", "198.51.100.1"),
       "198.51.100.1/300"},
      {"address before alias",
       answer().a("x.example.net", "198.51.100.1").cname("www.example.com", "x.example.net", 5),
       "198.51.100.1/5"},
      {"names differ in case",
       answer().cname("WWW.Example.com", "X.example.NET", 5).a("x.EXAMPLE.net", "198.51.100.1"),
       "198.51.100.1/5"},
      {"the same alias twice",
       answer()
           .cname("www.example.com", "x.example.net", 50)
           .cname("www.example.com", "X.example.net", 40)
           .a("x.example.net", "198.51.100.1"),
       "198.51.100.1/40"},
      {"TTL with the highest bit: 0", answer().a("www.example.com", "198.51.100.1", 0x80000001U),
       "198.51.100.1/0"},
      {"the greatest TTL", answer().a("www.example.com", "198.51.100.1", 0x7fffffffU),
       "198.51.100.1/2147483647"},
      {"alias TTL with the highest bit: 0",
       answer()
           .cname("www.example.com", "x.example.net", 0xffffffffU)
           .a("x.example.net", "198.51.100.1"),
       "198.51.100.1/0"},
      {"an address of another owner", answer().a("victim.example.org", "198.51.100.66"),
       "no data 0"},
      {"a chain of another owner",
       answer()
           .cname("unrelated.example.org", "victim.example.org")
           .a("victim.example.org", "198.51.100.66"),
       "no data 0"},
      {"another owner beside the right one",
       answer().a("victim.example.org", "198.51.100.66").a("www.example.com", "198.51.100.1"),
       "198.51.100.1/300"},
      {"an address beside the alias belongs to no one",
       answer()
           .cname("www.example.com", "x.example.net")
           .a("www.example.com", "198.51.100.66")
           .a("x.example.net", "198.51.100.1"),
       "198.51.100.1/300"},
      {"two aliases of one name",
       answer().cname("www.example.com", "x.example.net").cname("www.example.com", "y.example.net"),
       "failure: malformed answer: a bad record"},
      {"an alias of itself", answer().cname("www.example.com", "www.example.com"),
       "failure: CNAME loop"},
      {"a loop that does not include the name",
       answer()
           .cname("www.example.com", "x.example.net")
           .cname("x.example.net", "y.example.net")
           .cname("y.example.net", "X.example.net")
           .a("y.example.net", "198.51.100.1"),
       "failure: CNAME loop"},
      {"a loop elsewhere is ignored",
       answer().cname("x.example.net", "x.example.net").a("www.example.com", "198.51.100.1"),
       "198.51.100.1/300"},
      {"an alias without an address at its end",
       answer().cname("www.example.com", "x.example.net").soa("example.net", 60, 30), "no data 30"},
      {"no data", answer().soa("example.com", 20, 30), "no data 20"},
      {"no data, SOA with the highest bit", answer().soa("example.com", 20, 0x80000000U),
       "no data 0"},
      {"no data and no SOA", answer(), "no data 0"},
      {"no name", answer().rcode(3).soa("example.com", 600, 30), "no name 30"},
      {"no name behind an alias",
       answer().rcode(3).cname("www.example.com", "x.example.net").soa("example.net", 60, 30),
       "no name 30"},
      {"no name, and an address all the same",
       answer().rcode(3).a("www.example.com", "198.51.100.1"), "no name 0"},
      {"an address of the other family",
       answer().aaaa("www.example.com", "2001:db8::1").soa("example.com", 60, 30), "no data 30"},
      {"an address in another class",
       answer().record(dns::wire_name("www.example.com"), dns::type_a, dns::class_chaos, 300,
                       {198, 51, 100, 1}),
       "no data 0"},
      {"records of other types",
       answer()
           .record(dns::wire_name("www.example.com"), dns::type_txt, dns::class_in, 1,
                   {2, 'h', 'i'})
           .record(dns::wire_name("www.example.com"), 65280, dns::class_in, 1, {1, 2, 3})
           .a("www.example.com", "198.51.100.1"),
       "198.51.100.1/300"},
  };
  for (const Row& row : rows) EXPECT_EQ(text(decode(row.message)), row.expected) << row.what;
}

TEST(DnsAnswerTest, the_other_family) {
  const DnsMessage message = DnsMessage("www.example.com", dns::type_aaaa)
                                 .a("www.example.com", "198.51.100.1")
                                 .aaaa("www.example.com", "2001:db8::1", 60);
  EXPECT_EQ(text(decode(message, Family::v6)), "2001:db8::1/60");
}

TEST(DnsAnswerTest, N2_N7_messages_that_say_nothing_about_the_name) {
  struct Row {
    const char* what;
    Bytes bytes;
    std::string why;
  };
  const DnsMessage good = answer().a("www.example.com", "198.51.100.1");
  const auto with = [&](auto change) { return change(DnsMessage(good)).bytes(); };
  const auto with_rcode = [&](unsigned code) {
    return with([&](auto m) { return m.rcode(code); });
  };
  const std::vector<Row> rows = {
      {"nothing", {}, "malformed"},
      {"a query", with([](auto m) { return m.flags(0x0100); }), "not an answer: a query"},
      {"another opcode", with([](auto m) { return m.flags(0xa980); }), "another opcode"},
      {"FORMERR", with_rcode(1), "FORMERR"},
      {"SERVFAIL", with_rcode(2), "SERVFAIL"},
      {"NOTIMP", with_rcode(4), "NOTIMP"},
      {"REFUSED", with_rcode(5), "REFUSED"},
      {"NOTAUTH", with_rcode(9), "rcode 9"},
      {"rcode 15", with_rcode(15), "rcode 15"},
      {"truncated", with([](auto m) { return m.flags(dns::answer_flags | dns::truncated); }),
       "truncated over TCP"},
      {"another name",
       DnsMessage("wwx.example.com", dns::type_a).a("www.example.com", "198.51.100.1").bytes(),
       "another question"},
      {"a name below",
       DnsMessage("www.example.com.evil.org", dns::type_a)
           .a("www.example.com", "198.51.100.1")
           .bytes(),
       "another question"},
      {"a dot inside a label",
       [] {
         DnsMessage m("www.example.com", dns::type_a);
         Bytes bytes = m.bytes();
         bytes[12] = 11;  // one label "www.example" in place of two
         bytes[16] = '.';
         return bytes;
       }(),
       "another question"},
      {"another type",
       DnsMessage("www.example.com", dns::type_aaaa).a("www.example.com", "198.51.100.1").bytes(),
       "another question"},
      {"another class",
       DnsMessage("www.example.com", dns::type_a, dns::class_chaos)
           .a("www.example.com", "198.51.100.1")
           .bytes(),
       "another question"},
      {"no question", with([](auto m) { return m.count(0, 0); }), "single question"},
      {"two questions", with([](auto m) { return m.count(0, 2); }), "single question"},
      {"more records counted than there are", with([](auto m) { return m.count(1, 2); }),
       "malformed"},
      {"absurd counts", with([](auto m) { return m.count(3, 0xffff); }), "4096 records"},
      {"an address of three bytes",
       answer()
           .record(dns::wire_name("www.example.com"), dns::type_a, dns::class_in, 1, {198, 51, 100})
           .bytes(),
       "malformed"},
      {"an address of five bytes",
       answer()
           .record(dns::wire_name("www.example.com"), dns::type_a, dns::class_in, 1,
                   {198, 51, 100, 1, 1})
           .bytes(),
       "malformed"},
      {"a record hidden behind an alias, inside its content",
       [] {
         Bytes content = dns::wire_name("x.example.net");
         const Bytes hidden =
             DnsMessage("x", dns::type_a).a("x.example.net", "198.51.100.66").bytes();
         content.insert(content.end(), hidden.begin() + 19, hidden.end());
         return answer()
             .record(dns::wire_name("www.example.com"), dns::type_cname, dns::class_in, 1, content)
             .count(1, 2)
             .bytes();
       }(),
       "malformed"},
      {"an alias with a byte behind its target",
       [] {
         Bytes content = dns::wire_name("x.example.net");
         content.push_back(0);
         return answer()
             .record(dns::wire_name("www.example.com"), dns::type_cname, dns::class_in, 1, content)
             .a("x.example.net", "198.51.100.66")
             .bytes();
       }(),
       "malformed"},
      {"an alias whose target reaches beyond its content",
       answer()
           .record(dns::wire_name("www.example.com"), dns::type_cname, dns::class_in, 1, {1})
           .a("x.example.net", "198.51.100.66")
           .bytes(),
       "malformed"},
      {"an address of no bytes",
       answer()
           .record(dns::wire_name("www.example.com"), dns::type_a, dns::class_in, 1, {})
           .bytes(),
       "malformed"},
      {"an alias of no bytes",
       answer()
           .record(dns::wire_name("www.example.com"), dns::type_cname, dns::class_in, 1, {})
           .bytes(),
       "malformed"},
      {"an owner that points at itself",
       // header 12 + question 21 = 33, where this owner begins
       answer().record({0xc0, 33}, dns::type_a, dns::class_in, 1, {198, 51, 100, 1}).bytes(),
       "malformed"},
      {"owners that point at each other",
       answer()
           .record({0xc0, 35, 0xc0, 33}, dns::type_a, dns::class_in, 1, {198, 51, 100, 1})
           .bytes(),
       "malformed"},
      {"an owner that grows around a loop",
       answer()
           .record({1, 'a', 0xc0, 33}, dns::type_a, dns::class_in, 1, {198, 51, 100, 1})
           .bytes(),
       "malformed"},
      {"a pointer behind the end",
       answer().record({0xff, 0xff}, dns::type_a, dns::class_in, 1, {198, 51, 100, 1}).bytes(),
       "malformed"},
      {"a label of 64 bytes",
       [] {
         Bytes owner(66, 'a');
         owner[0] = 64;
         owner[65] = 0;
         return answer().record(owner, dns::type_a, dns::class_in, 1, {198, 51, 100, 1}).bytes();
       }(),
       "malformed"},
  };
  EXPECT_EQ(text(decode(good)), "198.51.100.1/300") << "what the rows are made from";
  for (const Row& row : rows) {
    const Answer decoded = decode(row.bytes);
    EXPECT_EQ(decoded.outcome, Outcome::failure) << row.what << ": " << text(decoded);
    EXPECT_THAT(decoded.failure, HasSubstr(row.why)) << row.what;
    EXPECT_TRUE(decoded.addresses.empty()) << row.what;
  }
}

DnsMessage chain_of(unsigned aliases, bool backwards) {
  DnsMessage message = answer();
  const auto link = [](unsigned i) {
    return i == 0 ? std::string("www.example.com") : "x" + std::to_string(i) + ".example.net";
  };
  if (backwards) message.a(link(aliases), "198.51.100.1");
  for (unsigned i = 0; i < aliases; ++i) {
    const unsigned at = backwards ? aliases - 1 - i : i;
    message.cname(link(at), link(at + 1), 1000 - at);
  }
  if (!backwards) message.a(link(aliases), "198.51.100.1", 5000);
  return message;
}

TEST(DnsAnswerTest, N6_sixteen_aliases_and_no_more) {
  EXPECT_EQ(text(decode(chain_of(16, false))), "198.51.100.1/985");
  EXPECT_EQ(text(decode(chain_of(16, true))), "198.51.100.1/300");
  EXPECT_EQ(text(decode(chain_of(17, false))), "failure: more than 16 CNAMEs in a row");
  EXPECT_EQ(text(decode(chain_of(17, true))), "failure: more than 16 CNAMEs in a row");
}

TEST(DnsAnswerTest, N6_every_order_of_records_means_the_same) {
  std::vector<int> order = {0, 1, 2, 3, 4};
  do {
    DnsMessage message = answer();
    for (const int record : order) {
      switch (record) {
        case 0:
          message.cname("www.example.com", "x.example.net", 50);
          break;
        case 1:
          message.cname("x.example.net", "y.example.net", 40);
          break;
        case 2:
          message.a("y.example.net", "198.51.100.1", 60);
          break;
        case 3:
          message.a("y.example.net", "198.51.100.2", 30);
          break;
        default:
          message.a("x.example.net", "198.51.100.66", 30);
      }
    }
    ASSERT_EQ(text(decode(message)), "198.51.100.1/40 198.51.100.2/30");
  } while (std::ranges::next_permutation(order).found);
}

TEST(DnsAnswerTest, N11_at_most_256_addresses) {
  DnsMessage message = answer();
  for (int i = 299; i >= 0; --i)
    message.a("www.example.com",
              "198.51." + std::to_string(i / 256) + "." + std::to_string(i % 256));
  const Answer decoded = decode(message);
  ASSERT_EQ(decoded.addresses.size(), 256U);
  EXPECT_EQ(decoded.addresses.front().address, address("198.51.0.0"));
  EXPECT_EQ(decoded.addresses.back().address, address("198.51.0.255"));
}

TEST(DnsAnswerTest, N18_a_message_cut_anywhere_is_a_failure) {
  const Bytes whole = answer()
                          .cname("www.example.com", "x.example.net")
                          .a("x.example.net", "198.51.100.1")
                          .soa("example.net", 60, 30)
                          .bytes();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    // A buffer of exactly that size, so that the sanitizer sees a read behind its end.
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(decode(cut).outcome, Outcome::failure) << length << " bytes";
  }
  EXPECT_EQ(text(decode(whole)), "198.51.100.1/300");
}

TEST(DnsAnswerTest, N18_any_byte_may_change) {
  const Bytes whole = answer()
                          .cname("www.example.com", "x.example.net")
                          .a("x.example.net", "198.51.100.1")
                          .soa("example.net", 60, 30)
                          .bytes();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (unsigned value = 0; value < 256; ++value) {
      Bytes changed = whole;
      changed[at] = static_cast<std::uint8_t>(value);
      const Answer decoded = decode(changed);
      ASSERT_EQ(decoded.outcome == Outcome::addresses, !decoded.addresses.empty());
      ASSERT_EQ(decoded.outcome == Outcome::failure, !decoded.failure.empty());
    }
  }
}

/// An answer whose address has an owner that is reached over so many pointers.
Bytes pointers_before_owner(unsigned pointers) {
  DnsMessage message = answer();
  const auto start =
      static_cast<unsigned>(message.bytes().size()) + 11;  // the content of the first
  const auto pointer = [](unsigned target) {
    return Bytes{static_cast<std::uint8_t>(0xc0U | target >> 8), static_cast<std::uint8_t>(target)};
  };
  Bytes chain;
  unsigned last = 12;  // the name in the question
  for (unsigned i = 0; i + 1 < pointers; ++i) {
    const Bytes next = pointer(last);
    last = start + static_cast<unsigned>(chain.size());
    chain.insert(chain.end(), next.begin(), next.end());
  }
  message.record({0}, 65280, dns::class_in, 1, chain);
  message.record(pointer(last), dns::type_a, dns::class_in, 1, {198, 51, 100, 1});
  return message.bytes();
}

TEST(DnsAnswerTest, N18_pointers_are_followed_127_times) {
  EXPECT_EQ(text(decode(pointers_before_owner(1))), "198.51.100.1/1");
  EXPECT_EQ(text(decode(pointers_before_owner(127))), "198.51.100.1/1");
  EXPECT_EQ(decode(pointers_before_owner(128)).outcome, Outcome::failure);
  EXPECT_EQ(decode(pointers_before_owner(8000)).outcome, Outcome::failure);
}

TEST(DnsAnswerTest, N6_only_the_answer_section_answers) {
  // The address is in the authority section: the counts say so.
  const DnsMessage message = answer().a("www.example.com", "198.51.100.66").count(1, 0).count(2, 1);
  EXPECT_EQ(text(decode(message)), "no data 0");
}

TEST(DnsAnswerTest, an_independent_library_reads_the_messages_of_this_test_alike) {
  const DnsMessage message = answer()
                                 .cname("www.example.com", "x.example.net", 50)
                                 .a("x.example.net", "198.51.100.1", 60)
                                 .soa("example.net", 60, 30);
  ldns_pkt* packet = nullptr;
  ASSERT_EQ(ldns_wire2pkt(&packet, message.bytes().data(), message.bytes().size()), LDNS_STATUS_OK);
  const std::unique_ptr<ldns_pkt, decltype(&ldns_pkt_free)> owner(packet, ldns_pkt_free);
  const std::unique_ptr<char, decltype(&std::free)> printed(
      ldns_rr_list2str(ldns_pkt_answer(packet)), std::free);
  EXPECT_STREQ(printed.get(),
               "www.example.com.\t50\tIN\tCNAME\tx.example.net.\n"
               "x.example.net.\t60\tIN\tA\t198.51.100.1\n");
  EXPECT_EQ(ldns_pkt_nscount(packet), 1);
}

TEST(DnsAnswerTest, compressed_answers_of_an_independent_library) {
  ldns_pkt* packet = ldns_pkt_query_new(ldns_dname_new_frm_str("www.example.com."), LDNS_RR_TYPE_A,
                                        LDNS_RR_CLASS_IN, LDNS_RD);
  ldns_pkt_set_qr(packet, true);
  for (const char* record : {"www.example.com. 60 IN CNAME edge.www.example.com.",
                             "edge.www.example.com. 40 IN A 198.51.100.1",
                             "EDGE.www.example.com. 40 IN A 198.51.100.2"}) {
    ldns_rr* parsed = nullptr;
    ASSERT_EQ(ldns_rr_new_frm_str(&parsed, record, 0, nullptr, nullptr), LDNS_STATUS_OK);
    ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER, parsed);
  }
  std::uint8_t* wire = nullptr;
  std::size_t size = 0;
  ASSERT_EQ(ldns_pkt2wire(&wire, packet, &size), LDNS_STATUS_OK);
  const Bytes bytes(wire, wire + size);
  std::free(wire);
  ldns_pkt_free(packet);
  ASSERT_LT(size, 12 + 21 + 3 * 33) << "the library did compress";
  EXPECT_EQ(text(decode(bytes)), "198.51.100.1/40 198.51.100.2/40");
}

/// "ns-1.example.net/60", "none 30", "failure: SERVFAIL"
std::string alias_text(const DnsMessage& message) {
  const AliasAnswer answer = decode_alias(message.bytes(), name("www.example.com"));
  if (answer.outcome == AliasAnswer::Outcome::failure) return "failure: " + answer.failure;
  const std::string ttl = std::to_string(answer.ttl.count());
  return answer.target ? answer.target->text() + "/" + ttl : "none " + ttl;
}

TEST(DnsAnswerTest, an_alias_is_the_names_own_record) {
  const auto asked = [] { return DnsMessage("www.example.com", dns::type_cname); };
  EXPECT_EQ(alias_text(asked().cname("www.example.com", "NS-1.Example.net", 60)),
            "ns-1.example.net/60");
  // The rest of a chain does not matter, nor does an alias of another name.
  EXPECT_EQ(alias_text(asked()
                           .cname("ns-1.example.net", "x.example.net", 5)
                           .cname("www.example.com", "ns-1.example.net", 60)),
            "ns-1.example.net/60");
  EXPECT_EQ(alias_text(asked().cname("other.example.com", "ns-1.example.net")), "none 0");
  EXPECT_EQ(alias_text(asked().soa("example.com", 300, 30)), "none 30");
  EXPECT_EQ(alias_text(asked().rcode(3)), "none 0");
  EXPECT_EQ(alias_text(asked().rcode(2)), "failure: SERVFAIL");
  EXPECT_EQ(alias_text(asked().cname("www.example.com", "a_b.example.net")),
            "failure: an alias of what is no host name");
  EXPECT_EQ(
      alias_text(
          DnsMessage("www.example.com", dns::type_a).cname("www.example.com", "ns-1.example.net")),
      "failure: an answer to another question");
}

}  // namespace
}  // namespace sallyport
