// SPDX-License-Identifier: GPL-2.0-or-later
// What people paste, and the draft that comes of it: it compiles, and nothing of it is lost.
#include "compiler/import/pasted.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "compiler/driver/driver.h"

namespace sallyport {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Draft draft_of(const std::string& text, std::vector<Service> services = {}) {
  return read_pasted(
      text, {.vendor = "acme", .source = "page.txt", .seen = "", .services = std::move(services)});
}

/// `tcp 443: a.example.com b.example.com`, a line for each rule.
std::vector<std::string> rules_of(const Draft& draft) {
  std::vector<std::string> lines;
  for (const DraftRule& rule : draft.rules) {
    std::string line = rule.inward ? "in " : "";
    for (const Service& service : rule.services)
      line += (&service == &rule.services.front() ? "" : ", ") + service.text();
    line += ":";
    for (const std::string& destination : rule.destinations) line += ' ' + destination;
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> rules_of(const std::string& text) {
  return rules_of(draft_of(text));
}

std::string remarks_of(const Draft& draft) {
  std::string text;
  for (const DraftRule& rule : draft.rules) {
    for (const DraftRemark& remark : rule.remarks)
      text += std::to_string(remark.line) + " " + remark.text + '\n';
  }
  return text;
}

std::string unread_of(const Draft& draft) {
  std::string text;
  for (const DraftRemark& remark : draft.unread)
    text += std::to_string(remark.line) + " " + remark.text + '\n';
  return text;
}

/// The diagnostics of the draft as a vendor file; empty if it is accepted.
std::string errors_in(const Draft& draft) {
  const std::string text = draft_text(draft);
  const auto compilation = compile("acme.sally", [&](const auto&) { return text; });
  if (!compilation) return compilation.error().text();
  return compilation->diagnostics.has_errors() ? render(compilation->diagnostics, false) + text
                                               : std::string();
}

// --- Forms ----------------------------------------------------------------------------------

TEST(Pasted, schemes_decide_ports_and_paths_are_told) {
  const Draft draft = draft_of(
      "https://a.example.com/path:8443\n"
      "http://b.example.com\n"
      "wss://c.example.com:8443/socket\n"
      "https://*.example.net/\n");
  EXPECT_THAT(rules_of(draft), ElementsAre("tcp 443: a.example.com *.example.net",
                                           "tcp 80: b.example.com", "tcp 8443: c.example.com"));
  EXPECT_THAT(remarks_of(draft), HasSubstr("1 a.example.com: the path `/path:8443` is not "
                                           "enforceable"));
  EXPECT_THAT(remarks_of(draft), HasSubstr("`:8443` behind the path is no port of the URL"));
  EXPECT_THAT(remarks_of(draft), HasSubstr("3 c.example.com: the path `/socket`"));
}

TEST(Pasted, mistyped_schemes_are_told) {
  const Draft draft = draft_of(
      "hhttps://a.example.com\nhttps//b.example.com\nhtttp://c.example.com\nhttps:/d.example.com\n"
      "gopher://e.example.com:70\n");
  EXPECT_THAT(rules_of(draft), ElementsAre("tcp 443: a.example.com b.example.com d.example.com",
                                           "tcp 80: c.example.com", "tcp 70: e.example.com"));
  EXPECT_THAT(remarks_of(draft), HasSubstr("1 a.example.com: `hhttps://` is read as `https://`"));
  EXPECT_THAT(remarks_of(draft), HasSubstr("2 b.example.com: `https//` is read as `https://`"));
  EXPECT_THAT(remarks_of(draft), HasSubstr("5 e.example.com: the scheme `gopher` is not known"));
}

TEST(Pasted, hosts_with_ports_addresses_prefixes_and_ranges) {
  const Draft draft = draft_of(
      "a.example.com:8443\n"
      "198.51.100.7:443\n"
      "[2001:db8::1]:443\n"
      "198.51.100.0/24 443\n"
      "192.0.2.1 - 192.0.2.9 tcp 443\n"
      "192.0.2.16-192.0.2.20 udp 3478\n"
      "203.0.113.1;203.0.113.128/25 tcp 443\n");
  EXPECT_THAT(rules_of(draft),
              ElementsAre("tcp 8443: a.example.com",
                          "tcp 443: 198.51.100.7 2001:db8::1 198.51.100.0/24 192.0.2.1-192.0.2.9 "
                          "203.0.113.1 203.0.113.128/25",
                          "udp 3478: 192.0.2.16-192.0.2.20"));
  EXPECT_THAT(draft.unread, IsEmpty());
  EXPECT_THAT(remarks_of(draft), HasSubstr("4 198.51.100.0/24: no protocol was stated"));
}

TEST(Pasted, services_in_many_words) {
  const auto service = [](const std::string& words) {
    return rules_of("a.example.com " + words).front();
  };
  EXPECT_EQ(service("TCP 443"), "tcp 443: a.example.com");
  EXPECT_EQ(service("443/tcp"), "tcp 443: a.example.com");
  EXPECT_EQ(service("TCP/443"), "tcp 443: a.example.com");
  EXPECT_EQ(service("443 (TCP)"), "tcp 443: a.example.com");
  EXPECT_EQ(service("TCP/UDP 3478"), "tcp 3478, udp 3478: a.example.com");
  EXPECT_EQ(service("UDP 10000-60000"), "udp 10000-60000: a.example.com");
  EXPECT_EQ(service("TCP 80, 443"), "tcp 80, tcp 443: a.example.com");
  EXPECT_EQ(service("443/tcp, 3478/udp"), "tcp 443, udp 3478: a.example.com");
  EXPECT_EQ(service("TCP 443, UDP 3478-3481"), "tcp 443, udp 3478-3481: a.example.com");
  EXPECT_EQ(service("HTTPS"), "tcp 443: a.example.com");
  EXPECT_EQ(service("HTTPS 8443"), "tcp 8443: a.example.com");
  EXPECT_EQ(service("QUIC"), "udp 443: a.example.com");
  EXPECT_EQ(service("UDP any"), "udp 0-65535: a.example.com");
  EXPECT_THAT(remarks_of(draft_of("a.example.com tcp 433")), HasSubstr("is 443 meant?"));
  EXPECT_THAT(remarks_of(draft_of("a.example.com udp 60000-10000")), HasSubstr("backwards"));
}

TEST(Pasted, nothing_is_implied_where_nothing_is_stated) {
  const Draft draft = draft_of("a.example.com\n*.example.net\n");
  EXPECT_THAT(rules_of(draft), ElementsAre(": a.example.com *.example.net"));
  const std::string text = draft_text(draft);
  EXPECT_THAT(text, HasSubstr("#   a.example.com\n"));
  EXPECT_EQ(text.find("allow"), std::string::npos);
  EXPECT_EQ(errors_in(draft), "");
  EXPECT_THAT(rules_of(draft_of("a.example.com\n", {{protocol_tcp, 443, 443}})),
              ElementsAre("tcp 443: a.example.com"));
}

TEST(Pasted, tables_in_any_order_of_columns) {
  EXPECT_THAT(rules_of("Host\tProtocol\tPort\n"
                       "a.example.com\tTCP\t443\n"
                       "b.example.com\tUDP\t3478-3481\n"),
              ElementsAre("tcp 443: a.example.com", "udp 3478-3481: b.example.com"));
  EXPECT_THAT(rules_of("| Port | Protocol | Destination | Purpose |\n"
                       "|-----:|:--------:|-------------|---------|\n"
                       "| 443  | TCP/UDP  | `*.example.net` | calls |\n"),
              ElementsAre("tcp 443, udp 443: *.example.net"));
  EXPECT_THAT(rules_of("protocol,domain,ports\n"
                       "tcp,\"a.example.com, b.example.com\",\"80, 443\"\n"),
              ElementsAre("tcp 80, tcp 443: a.example.com b.example.com"));
  const Draft draft = draft_of(
      "Direction | FQDN | Port\n"
      "Inbound | hooks.example.com | TCP 443\n"
      "Outbound | api.example.com | TCP 443\n");
  EXPECT_THAT(rules_of(draft),
              ElementsAre("in tcp 443: hooks.example.com", "tcp 443: api.example.com"));
}

TEST(Pasted, tables_say_who_begins) {
  const auto rules = [](const std::string& rows) {
    const Draft draft = draft_of("Direction | Source | Destination | Port\n" + rows);
    EXPECT_EQ(errors_in(draft), "") << rows;
    return rules_of(draft);
  };
  EXPECT_THAT(rules("inbound | 198.51.100.0/24 | your server | TCP 8443\n"),
              ElementsAre("in tcp 8443: 198.51.100.0/24"));
  EXPECT_THAT(rules("Outbound | your clients | api.example.com | TCP 443\n"),
              ElementsAre("tcp 443: api.example.com"));
  EXPECT_THAT(rules("Inbound/Outbound | | relay.example.com | UDP 3478\n"),
              ElementsAre("udp 3478: relay.example.com", "in udp 3478: relay.example.com"));
  EXPECT_THAT(rules("Both | | relay.example.com | UDP 3478\n"), SizeIs(2));
  EXPECT_THAT(rules_of("Source IP\tPort\n198.51.100.0/24\tTCP 443\n"),
              ElementsAre("in tcp 443: 198.51.100.0/24"));
  const Draft draft = draft_of(
      "Direction | FQDN | Port\n"
      "Inbound | hooks.example.com | TCP 443\n"
      "Outbound | api.example.com | TCP 443\n");
  const std::string text = draft_text(draft);
  EXPECT_THAT(text, HasSubstr("part inbound {\n    allow in tcp 443 from hooks.example.com\n"));
  EXPECT_THAT(text, HasSubstr("part core {\n    allow tcp 443 to api.example.com\n"));
  EXPECT_EQ(errors_in(draft), "");
}

TEST(Pasted, headings_become_parts) {
  const Draft draft = draft_of(
      "first.example.com tcp 443\n"
      "\n"
      "CDN endpoint\n"
      "\n"
      "  \u2022 cdn.example.net tcp 443\n"
      "\n"
      "Ports to open\n"
      "\n"
      "  \u2022 443 (TCP)\n"
      "\n"
      "STUN/TURN Redundancies\n"
      "In the unlikely event that the servers go offline, add these.\n"
      "  \u2022 turn.example.com udp 3478\n"
      "## CDN endpoint\n"
      "more.example.net tcp 443\n"
      "\n"
      "Was this article helpful?\n"
      "\n"
      "That is all\n");
  const std::string text = draft_text(draft);
  EXPECT_THAT(text, HasSubstr("part core {\n    allow tcp 443 to first.example.com\n"));
  EXPECT_THAT(text, HasSubstr("part cdn-endpoint \"CDN endpoint\" {\n    allow tcp 443 to "
                              "cdn.example.net, more.example.net\n"));
  EXPECT_THAT(text, HasSubstr("part stun-turn-redundancies \"STUN/TURN Redundancies\" {\n"));
  EXPECT_EQ(errors_in(draft), "");
  EXPECT_EQ(unread_of(draft),
            "7 Ports to open\n9 443 (TCP)\n"
            "12 In the unlikely event that the servers go offline, add these.\n"
            "17 Was this article helpful?\n19 That is all\n");
}

TEST(Pasted, purposes_stay_as_remarks) {
  const Draft draft = draft_of(
      "Host\tPort\tPurpose\n"
      "a.example.com\tTCP 443\tlicence server\n");
  EXPECT_EQ(remarks_of(draft), "2 licence server\n");
}

TEST(Pasted, placeholders_become_parameters) {
  const Draft draft =
      draft_of("https://[customerid].example.com\nhttps://<my_production>.{region}.example.net\n");
  EXPECT_THAT(
      rules_of(draft),
      ElementsAre("tcp 443: {customerid}.example.com {my-production}.{region}.example.net"));
  EXPECT_THAT(draft.parameters, ElementsAre("customerid", "my-production", "region"));
  EXPECT_EQ(errors_in(draft), "");
}

TEST(Pasted, what_means_to_be_a_destination_and_is_none_says_why) {
  const Draft draft = draft_of(
      "192.0.2.7/24 tcp 443\n"
      "192.0.2.9-192.0.2.1 tcp 443\n"
      "192.0.2.1-20 tcp 443\n"
      "https://localhost/\n"
      "*.example.* tcp 443\n"
      "*example.com tcp 443\n");
  EXPECT_THAT(unread_of(draft), HasSubstr("1 `192.0.2.7/24`: bits behind the length"));
  EXPECT_THAT(unread_of(draft), HasSubstr("2 `192.0.2.9-192.0.2.1`: "));
  EXPECT_THAT(unread_of(draft), HasSubstr("3 `192.0.2.1-20`: "));
  EXPECT_THAT(unread_of(draft), HasSubstr("4 `https://localhost/`: has only one label"));
  EXPECT_THAT(unread_of(draft), HasSubstr("5 `*.example.*`: "));
  EXPECT_THAT(remarks_of(draft),
              HasSubstr("6 *example.com: `*example.com` covers evilexample.com"));
}

TEST(Pasted, prose_gives_its_names_and_keeps_its_words) {
  const Draft draft = draft_of(
      "To allow traffic using a wildcard domain, add *.servicebus.windows.net to the firewall "
      "rules permitting port 443 outbound.\n"
      "Up to 20% of the IP address can change in the span of a month.\n"
      "Mail help@example.com about version 2.0.33, e.g. on Mondays.\n");
  EXPECT_THAT(rules_of(draft), ElementsAre("tcp 443: *.servicebus.windows.net"));
  EXPECT_THAT(remarks_of(draft), HasSubstr("1 To allow traffic using a wildcard domain"));
  EXPECT_THAT(unread_of(draft), HasSubstr("2 Up to 20%"));
  EXPECT_THAT(unread_of(draft), HasSubstr("3 Mail help@example.com"));
}

// --- Pages ----------------------------------------------------------------------------------

const char* const pages[] = {
    "https://login.example.com/oauth2\nhttps://*.example.net:8443\nrelay.example.org:5061\n",
    "Ports to open\n\n  \u2022 443 (TCP)\n  \u2022 3478 (TCP/UDP)\n\nCDN endpoint\n\n  \u2022 "
    "cdn.example.net\n\nSTUN/TURN Redundancies\n  \u2022 turn.example.com\n",
    "| Name | IP range | Ports |\n|---|---|---|\n| EU | 198.51.100.0/24 | UDP 10000\u201360000 |\n"
    "| US | 203.0.113.0/25 | any |\n| bad | 203.0.113.300 | 443 |\n",
    "host,protocol,port\na.example.com,tcp,443\nb.example.com,udp,\nc.example.com,,8443\n",
    "192.0.2.1;192.0.2.128/25;198.51.100.0/24\n2001:db8::/32\n",
    "\"quotes\" and \\backslashes\\ and { braces } # and hashes\nhttps://q.example.com/a\"b\n",
    "https://b\xc3\xbc"
    "cher.example.com/\nhttps://xn--bcher-kva.example.com/\r\n\r\n",
    "*.example.com\nexample.com\n.example.net\n?.example.org\nx.*.example.com tcp 443\n",
};

TEST(Pasted, drafts_of_whole_pages_compile) {
  for (const char* page : pages) {
    for (const bool with_service : {false, true}) {
      const Draft draft =
          draft_of(page, with_service ? std::vector<Service>{{protocol_tcp, 443, 443}}
                                      : std::vector<Service>{});
      EXPECT_EQ(errors_in(draft), "") << page;
    }
  }
}

/// Every line that is not blank and no frame or header is a destination, a remark or unread.
TEST(Pasted, no_line_is_lost) {
  const std::string page =
      "a.example.com tcp 443\nnothing here\nb.example.com 8443 some words\n\n192.0.2.300\n";
  const std::string text = draft_text(draft_of(page));
  for (const char* part : {"a.example.com", "line 2: nothing here", "b.example.com",
                           "line 3: b.example.com 8443 some words", "line 5: 192.0.2.300"})
    EXPECT_THAT(text, HasSubstr(part));
}

/// Whatever is pasted, the draft compiles.
TEST(Pasted, drafts_of_shuffled_pieces_compile) {
  const char* const pieces[] = {"https://",
                                "a.example.com",
                                "*.",
                                "443",
                                "tcp",
                                "udp",
                                "/",
                                ":",
                                "192.0.2.1",
                                "-",
                                "|",
                                "\t",
                                ",",
                                " ",
                                "\n",
                                "<x>",
                                "[",
                                "}",
                                "\"",
                                "\\",
                                "#",
                                "Host",
                                "Port",
                                "::",
                                "2001:db8::1",
                                "..",
                                "any",
                                "\xff",
                                "b\xc3\xbc",
                                "?",
                                "0-99999999999",
                                "@",
                                "example.com"};
  std::mt19937_64 random(4);
  for (int round = 0; round < 2000; ++round) {
    std::string page;
    for (std::uint64_t count = 1 + random() % 20; count > 0; --count)
      page += pieces[random() % std::size(pieces)];
    ASSERT_EQ(errors_in(draft_of(page, {{protocol_tcp, 443, 443}})), "") << page;
  }
}

TEST(Draft, names_are_declarable) {
  EXPECT_EQ(declared_name("STUN/TURN Redundancies", "part"), "stun-turn-redundancies");
  EXPECT_EQ(declared_name("365 apps", "part"), "part-365-apps");
  EXPECT_EQ(declared_name("...", "part"), "part");
}

}  // namespace
}  // namespace sallyport
