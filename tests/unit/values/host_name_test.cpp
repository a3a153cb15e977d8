// SPDX-License-Identifier: GPL-2.0-or-later
// Host names are strict (C9) and each pattern means one thing (C8).
#include "compiler/values/host_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

TEST(HostName, C9_ReadsToItsCanonicalForm) {
  struct Row {
    std::string written;
    std::string text;
  };
  const Row rows[] = {
      {"example.com", "example.com"},
      {"WWW.Example.COM", "www.example.com"},
      {"example.com.", "example.com"},
      {"a-b.c--d.example", "a-b.c--d.example"},
      {"r3---sn-5hne6n6l.googlevideo.com", "r3---sn-5hne6n6l.googlevideo.com"},
      {"1.2.example", "1.2.example"},
      {"0x7f.example", "0x7f.example"},
      {"3com.com", "3com.com"},
      {"bücher.example", "xn--bcher-kva.example"},
      {"Bücher.Example", "xn--bcher-kva.example"},
      {"xn--bcher-kva.example", "xn--bcher-kva.example"},
      {"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
      {"faß.de", "xn--fa-hia.de"},  // IDNA 2008: not fass.de
      {"例え.jp", "xn--r8jz45g.jp"},
      {"bu\u0308cher.example", "xn--bcher-kva.example"},  // composed first
      {"a.xn--p1ai", "a.xn--p1ai"},
      {std::string(63, 'a') + ".example", std::string(63, 'a') + ".example"},
  };
  for (const Row& row : rows) {
    const auto name = HostName::parse(row.written);
    ASSERT_TRUE(name) << row.written << ": " << name.error();
    EXPECT_EQ(name->text(), row.text);
    EXPECT_EQ(HostName::parse(name->text())->text(), row.text);
  }
}

TEST(HostName, C9_RefusesInPlainWords) {
  struct Row {
    std::string written;
    std::string words;
  };
  const std::string long_label(64, 'a');
  std::string long_name = "example";
  while (long_name.size() <= 253) long_name = "abcdefghi." + long_name;
  const Row rows[] = {
      {"", "empty"},
      {".", "empty"},
      {"a..example", "empty"},
      {".example.com", "empty"},
      {"example.com..", "empty"},
      {"localhost", "only one label"},
      {"com.", "only one label"},
      {long_label + ".example", "longer than 63"},
      {long_name, "longer than 253"},
      {std::string(100000, 'a'), "longer than 253"},
      {"-a.example", "begins with a hyphen"},
      {"a-.example", "ends with a hyphen"},
      {"_dmarc.example.com", "underscore"},
      {"a b.example", "space"},
      {"a\t.example", "space"},
      {"a.exam\0ple"s, "control"},
      {"https://example.com", "`:`"},
      {"example.com/path", "`/`"},
      {"*.example.com", "`*`"},
      {"192.0.2.1", "is an address"},
      {"2001:db8::1", "is an address"},
      {"::ffff:192.0.2.1", "is an address"},
      {"192.0.2.1.", "number"},
      {"10.1", "number"},
      {"example.123", "number"},
      {"192.0.2.0x1", "number"},
      {"1.0x", "number"},
      {"xn--a.example", "international"},  // no valid Punycode
      {"xn--abc-.example", "ends with a hyphen"},
      {"xn--i-7iq.ws", "international"},  // an emoji: not in IDNA 2008
      {"xn--BCHER-KVA9.example", "international"},
      {"i❤.ws", "international"},
      {"ｅxample.com", "only look like ASCII"},  // full width e
      {"example。com", "only look like ASCII"},  // ideographic full stop
      {"a\xff.example", "international"},        // no UTF-8
      {"bücher_x.example", "underscore"},
      {"bücher x.example", "space"},
      {"bücher/x.example", "`/`"},
  };
  for (const Row& row : rows) {
    const auto name = HostName::parse(row.written);
    ASSERT_FALSE(name) << row.written << " became " << name->text();
    EXPECT_THAT(name.error(), HasSubstr(row.words)) << row.written;
  }
}

TEST(HostName, C9_LongestNamePasses) {
  std::string name = std::string(61, 'z');
  for (int i = 0; i < 3; ++i) name = std::string(63, 'a') + "." + name;
  ASSERT_EQ(name.size(), 253U);
  EXPECT_TRUE(HostName::parse(name));
  EXPECT_TRUE(HostName::parse(name + "."));
  EXPECT_FALSE(HostName::parse(name + "z"));
}

TEST(HostName, KnowsALabel) {
  for (const char* label : {"a", "a-b", "0", "xn--x", "A"}) EXPECT_TRUE(HostName::is_label(label));
  for (const char* label : {"", "-", "a-", "a.b", "a_b", "é", "a*"}) {
    EXPECT_FALSE(HostName::is_label(label)) << label;
  }
  EXPECT_TRUE(HostName::is_label(std::string(63, 'a')));
  EXPECT_FALSE(HostName::is_label(std::string(64, 'a')));
}

TEST(NamePattern, C8_EachSpellingMeansOneThing) {
  struct Row {
    const char* pattern;
    const char* name;
    bool matches;
  };
  const Row rows[] = {
      {"*.example.com", "a.example.com", true},
      {"*.example.com", "a.b.c.example.com", true},
      {"*.example.com", "example.com", false},
      {"*.example.com", "evilexample.com", false},
      {"*.example.com", "a.example.com.evil.net", false},
      {"*.example.com", "a.example.org", false},
      {"?.example.com", "a.example.com", true},
      {"?.example.com", "a.b.example.com", false},
      {"?.example.com", "example.com", false},
      {".example.com", "example.com", true},
      {".example.com", "a.b.example.com", true},
      {".example.com", "evilexample.com", false},
      {"*.net", "example.net", true},
      {"*.net", "a.example.net", true},
      {"?.net", "a.example.net", false},
      {"master*.teamviewer.com", "master1.teamviewer.com", true},
      {"master*.teamviewer.com", "master.teamviewer.com", true},  // zero characters
      {"master*.teamviewer.com", "master.x.teamviewer.com", false},
      {"master*.teamviewer.com", "a.master1.teamviewer.com", false},
      {"g*-eu.example.net", "g2-eu.example.net", true},
      {"g*-eu.example.net", "g2-us.example.net", false},
      {"*a*b*.example.com", "xxaxxbxx.example.com", true},
      {"*a*b*.example.com", "bbbaaa.example.com", false},
      {"*aab.example.com", "aaab.example.com", true},
      {"a.*.example.com", "a.b.example.com", true},
      {"a.*.example.com", "a.example.com", false},
      {"a.*.example.com", "a.b.c.example.com", false},
      {"*.*.example.com", "a.b.example.com", true},
      {"*.*.example.com", "a.b.c.example.com", true},
      {"*.*.example.com", "a.example.com", false},
      {"?.*.example.com", "a.b.example.com", true},
      {"?.*.example.com", "a.b.c.example.com", false},
      {"*.g*.example.com", "x.g1.example.com", true},
      {"*.g*.example.com", "g1.example.com", false},
      {".g*.example.com", "g1.example.com", true},
  };
  for (const Row& row : rows) {
    const auto pattern = NamePattern::parse(row.pattern);
    ASSERT_TRUE(pattern) << row.pattern << ": " << pattern.error();
    EXPECT_EQ(pattern->text(), row.pattern);
    EXPECT_EQ(pattern->matches(HostName::parse(row.name).value()), row.matches)
        << row.pattern << " and " << row.name;
  }
}

TEST(NamePattern, C8_RefusesInPlainWords) {
  struct Row {
    std::string written;
    const char* words;
  };
  const Row rows[] = {
      {"", "empty"},
      {"example.com", "exact name"},
      {"*", "every domain"},
      {"*.*", "every domain"},
      {"example.*", "every domain"},
      {"*.", "every domain"},
      {".", "empty"},
      {"..example.com", "empty"},
      {"*..com", "empty"},
      {"a*.b*", "without `*`"},
      {"**.example.com", "`**`"},
      {"a**b.example.com", "`**`"},
      {"?", "whole first label"},
      {"a?.example.com", "whole first label"},
      {"a.?.example.com", "whole first label"},
      {"??.example.com", "whole first label"},
      {"*.exa_mple.com", "underscore"},
      {"*-.example.com", "ends with a hyphen"},
      {"*.192", "number"},
      {"*.0.0.127", "number"},
      {"bü*.example.com", "outside ASCII"},
      {"*." + std::string(64, 'a') + ".com", "longer than 63"},
  };
  for (const Row& row : rows) {
    const auto pattern = NamePattern::parse(row.written);
    ASSERT_FALSE(pattern) << row.written << " became " << pattern->text();
    EXPECT_THAT(pattern.error(), HasSubstr(row.words)) << row.written;
  }
}

TEST(NamePattern, ConvertsAsNamesDo) {
  EXPECT_EQ(NamePattern::parse("*.Bücher.Example.")->text(), "*.xn--bcher-kva.example");
  EXPECT_EQ(NamePattern::parse(".EXAMPLE.com")->text(), ".example.com");
}

TEST(NamePattern, LooksLikeOne) {
  for (const char* text : {"*.x.y", "?.x.y", ".x.y", "a*b.c", "a.*.b"}) {
    EXPECT_TRUE(NamePattern::looks_like_pattern(text)) << text;
  }
  for (const char* text : {"x.y", "", "x.y.", "192.0.2.1"}) {
    EXPECT_FALSE(NamePattern::looks_like_pattern(text)) << text;
  }
}

}  // namespace
}  // namespace sallyport
