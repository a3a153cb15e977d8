// SPDX-License-Identifier: GPL-2.0-or-later
// `explain`, `query`, `diff`, `graph`, `export` and `import` as people and scripts use them, over
// source and over bundles (C6, S8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/process.h"

namespace sallyport {
namespace {

using nlohmann::json;
using test::CommandLine;
using test::Finished;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;

const char* const old_text = R"(zone staff = 10.20.0.0/16
policy branch {
  from staff {
    allow tcp 443 to *.example.net, 198.51.100.0/24
    allow udp 3478 to relay.example.net
  }
  from any deny any to 198.51.100.66
}
)";

const char* const new_text = R"(zone staff = 10.20.0.0/16
policy branch {
  from staff {
    allow tcp 443 to a.example.net, 198.51.100.0/24
    allow udp 3478-3480 to relay.example.net
  }
}
)";

class AnalysisCommands : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(SALLYPORT_BINARY))
      GTEST_SKIP() << "SKIP: there is no " << SALLYPORT_BINARY;
    ASSERT_NE(mkdtemp(folder_), nullptr);
    write("old.sally", old_text);
    write("new.sally", new_text);
    const Finished built = sallyport({"build", path("old.sally"), "-o", path("old.bundle")});
    ASSERT_EQ(built.status, 0) << built.output;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& file) const { return std::string(folder_) + '/' + file; }
  void write(const std::string& file, const std::string& text) const {
    std::ofstream(path(file), std::ios::binary) << text;
  }
  static Finished sallyport(CommandLine words) {
    words.insert(words.begin(), SALLYPORT_BINARY);
    return test::run(words);
  }

  char folder_[32] = "/tmp/sallyport-cli.XXXXXX";
};

TEST_F(AnalysisCommands, have_help_with_an_example) {
  for (const char* command : {"query", "diff", "graph", "export", "import"}) {
    const Finished help = sallyport({command, "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.output, HasSubstr(std::string("\n  sallyport ") + command)) << command;
  }
}

TEST_F(AnalysisCommands, explain_tells_near_misses_from_source_and_bundle) {
  for (const char* file : {"old.sally", "old.bundle"}) {
    const Finished drop = sallyport({"explain", path(file), "udp 10.20.1.1 -> 198.51.100.7:443",
                                     "--given", "relay.example.net=203.0.113.1"});
    EXPECT_EQ(drop.status, 4);
    EXPECT_THAT(drop.output, AllOf(HasSubstr("allowed on tcp 443, you asked udp 443"),
                                   HasSubstr("old.sally:4:5: allow tcp 443")));
    const Finished as_json = sallyport({"explain", path(file), "tcp 10.20.1.1 -> 198.51.100.66:443",
                                        "--json", "--given", "relay.example.net=203.0.113.1"});
    const auto packet = json::parse(as_json.output).at("packets").at(0);
    ASSERT_THAT(packet.at("near_misses"), SizeIs(1));
    EXPECT_EQ(packet.at("near_misses").at(0).at("why"),
              "allowed, but the deny at old.sally:7:12 wins");
  }
}

TEST_F(AnalysisCommands, explain_asks_about_what_comes_in_from_source_and_bundle) {
  write("in.sally", R"(zone dmz = 10.40.0.0/24, 2001:db8:40::/64
zone lab = 10.50.0.0/24
policy branch {
  to dmz allow in tcp 443 from fe1.example.net, 198.51.100.0/24
  to any deny in any from 198.51.100.66
  from dmz allow tcp 25 to 198.51.100.0/24
}
)");
  const Finished built = sallyport({"build", path("in.sally"), "-o", path("in.bundle")});
  ASSERT_EQ(built.status, 0) << built.output;
  struct Row {
    const char* packet;
    int status;
    std::vector<const char*> words;
  };
  const Row rows[] = {
      {"tcp fe1.example.net -> 10.40.0.5:443",
       0,
       {"tcp 203.0.113.9 -> 10.40.0.5:443", "receiver dmz", "in.sally:4:10", "fe1.example.net"}},
      {"tcp fe1.example.net:5000 -> 10.50.0.5:443",
       4,
       {"tcp 203.0.113.9:5000 -> 10.50.0.5:443", "allowed for dmz; 10.50.0.5 is in lab"}},
      {"tcp fe1.example.net -> [2001:db8:40::5]:443", 4, {"has no IPv6 address"}},
      {"udp 198.51.100.7 -> 10.40.0.5:443", 4, {"allowed on tcp 443, you asked udp 443"}},
      {"tcp 198.51.100.66 -> 10.40.0.5:443", 4, {"the deny at in.sally:5:10 wins"}},
      {"tcp 198.51.100.7 -> 10.40.0.5:25", 4, {"only for flows that begin on our side"}},
      {"tcp 10.50.0.1 -> 10.40.0.5:443", 4, {"drop: "}},
      {"tcp 198.51.100.7 -> fe1.example.net:443", 2, {"the destination of what comes in is one"}},
      {"tcp gate.example.net -> 10.40.0.5:443", 2, {"--given gate.example.net=ADDR"}},
  };
  for (const auto& [packet, status, words] : rows) {
    for (const char* file : {"in.sally", "in.bundle"}) {
      const Finished answer = sallyport({"explain", path(file), "--in", packet, "--given",
                                         "fe1.example.net=203.0.113.9", "--own", "10.40.0.254"});
      EXPECT_EQ(answer.status, status) << packet << '\n' << answer.output;
      for (const char* part : words) EXPECT_THAT(answer.output, HasSubstr(part)) << packet;
    }
  }
  const Finished as_json =
      sallyport({"explain", path("in.bundle"), "--in", "--json",
                 "tcp fe1.example.net -> 10.50.0.5:443", "--given", "fe1.example.net=203.0.113.9"});
  const auto packet = json::parse(as_json.output).at("packets").at(0);
  EXPECT_EQ(packet.at("direction"), "inward");
  EXPECT_EQ(packet.at("destination_zones"), "lab");
  EXPECT_FALSE(packet.contains("source_zones"));
  EXPECT_THAT(packet.at("near_misses"), SizeIs(1));
}

TEST_F(AnalysisCommands, query_answers_from_source_and_bundle) {
  for (const char* file : {"old.sally", "old.bundle"}) {
    const Finished reach = sallyport({"query", path(file), "--from", "staff", "--on", "tcp/443"});
    EXPECT_EQ(reach.status, 0);
    EXPECT_THAT(reach.output,
                AllOf(HasSubstr("staff -> *.example.net, 198.51.100.0/24 on tcp 443"),
                      HasSubstr("except at 198.51.100.66"), HasSubstr("old.sally:4:5")));
    const Finished whom = sallyport({"query", path(file), "--to", "relay.example.net", "--json"});
    EXPECT_EQ(whom.status, 0);
    EXPECT_THAT(json::parse(whom.output).at("cells"), SizeIs(2));
  }
}

TEST_F(AnalysisCommands, query_with_an_empty_answer_is_4_and_a_wrong_question_2) {
  const auto status = [&](CommandLine words) {
    words.insert(words.begin(), {"query", path("old.sally")});
    return sallyport(words).status;
  };
  EXPECT_EQ(status({"--on", "tcp/22"}), 4);
  EXPECT_EQ(status({"--to", "198.51.100.66"}), 4);
  EXPECT_EQ(status({"--from", "any", "--on", "tcp/443"}), 4);
  EXPECT_EQ(status({"--on", "tcp/70000"}), 2);
  EXPECT_EQ(status({"--from", "nowhere", "--to", "198.51.100.7"}), 2);
  EXPECT_EQ(status({"--protocol", "frog"}), 2);
  EXPECT_EQ(status({"--protocol", "udp", "--on", "tcp/443"}), 2);
}

TEST_F(AnalysisCommands, C6_diff_says_what_opens_and_what_closes) {
  for (const char* old_file : {"old.sally", "old.bundle"}) {
    const Finished diff = sallyport({"diff", path(old_file), path("new.sally")});
    EXPECT_EQ(diff.status, 0);
    EXPECT_THAT(diff.output,
                AllOf(HasSubstr("+ staff -> relay.example.net on udp 3479-3480"),
                      HasSubstr("+ staff -> 198.51.100.66 on tcp 443"),
                      HasSubstr("closed before by old.sally:7:12: deny any to 198.51.100.66"),
                      HasSubstr("- staff -> *.example.net on tcp 443"),
                      EndsWith("newly allowed, 1 newly denied\n")));
  }
}

TEST_F(AnalysisCommands, C6_diff_requires_no_widening) {
  const auto diff = [&](const char* before, const char* now) {
    return sallyport({"diff", path(before), path(now), "--require-no-widening"});
  };
  EXPECT_EQ(diff("old.sally", "new.sally").status, 4);
  EXPECT_EQ(diff("old.sally", "old.bundle").status, 0);
  EXPECT_THAT(diff("old.sally", "old.bundle").output, HasSubstr("the two pass the same"));
  write("narrow.sally", R"(zone staff = 10.20.0.0/24
policy branch {
  from staff allow tcp 443 to b.example.net, ?.c.example.net, 198.51.100.8
  from any deny any to 198.51.100.66
})");
  const Finished narrow = diff("old.sally", "narrow.sally");
  EXPECT_EQ(narrow.status, 0) << narrow.output;
  EXPECT_THAT(narrow.output, HasSubstr("0 cells newly allowed"));
}

TEST_F(AnalysisCommands, diff_has_json) {
  const Finished diff = sallyport({"diff", path("old.sally"), path("new.sally"), "--json"});
  const auto object = json::parse(diff.output);
  EXPECT_EQ(object.at("widening"), true);
  const auto& first = object.at("newly_allowed").at(0);
  EXPECT_EQ(first.at("zone"), "staff");
  EXPECT_EQ(first.at("direction"), "outward");
  EXPECT_EQ(object.at("newly_denied").at(0).at("place"), "old.sally:4:5");
}

TEST_F(AnalysisCommands, graph_is_text_and_with_graphviz_a_picture) {
  for (const char* file : {"old.sally", "old.bundle"}) {
    const Finished text = sallyport({"graph", path(file)});
    EXPECT_EQ(text.status, 0);
    EXPECT_THAT(text.output, AllOf(HasSubstr("digraph \"branch\""), HasSubstr("*.example.net")));
  }
  const Finished picture = sallyport({"graph", path("old.sally"), "--format", "svg"});
  if (test::has_program("dot")) {
    EXPECT_EQ(picture.status, 0) << picture.output;
    EXPECT_THAT(picture.output, AllOf(HasSubstr("<svg"), HasSubstr("relay.example.net")));
  } else {
    EXPECT_EQ(picture.status, 3);
    EXPECT_THAT(picture.output, HasSubstr("`dot` is not installed"));
  }
}

TEST_F(AnalysisCommands, export_refuses_to_lose_silently) {
  const auto exported = [&](CommandLine words) {
    words.insert(words.begin(), {"export", path("new.sally")});
    return sallyport(words);
  };
  const Finished mixed = exported({});
  EXPECT_EQ(mixed.status, 4);
  EXPECT_THAT(mixed.output, HasSubstr("services, which differ between entries"));
  const Finished one = exported({"--on", "tcp/443"});
  EXPECT_EQ(one.status, 0);
  EXPECT_THAT(one.output, AllOf(HasSubstr("198.51.100.0/24\na.example.net\n"),
                                HasSubstr("every entry holds from staff"),
                                HasSubstr("every entry holds on tcp 443")));
  EXPECT_EQ(exported({"--allow-loss"}).status, 0);
  EXPECT_EQ(exported({"--on", "tcp/22"}).status, 4);
  EXPECT_EQ(exported({"--zone", "nowhere"}).status, 2);
  EXPECT_EQ(exported({"--format", "edl"}).status, 2);
  const Finished semicolon =
      exported({"--format", "semicolon", "--on", "tcp/443", "--kind", "addresses"});
  EXPECT_THAT(semicolon.output, HasSubstr("198.51.100.0/24\n"));
  EXPECT_EQ(exported({"--format", "semicolon", "--on", "tcp/443"}).status, 4) << "names";
  const Finished as_json = exported({"--format", "json"});
  EXPECT_THAT(json::parse(as_json.output).at("entries"), SizeIs(3));
}

TEST_F(AnalysisCommands, import_makes_a_vendor_file_that_check_accepts) {
  write("urls.txt",
        "https://a.example.com/path\n*.example.net tcp 443\nsome words\nb.example.org\n");
  const Finished draft = sallyport({"import", "--name", "acme", path("urls.txt")});
  EXPECT_EQ(draft.status, 0);
  EXPECT_THAT(draft.output, AllOf(HasSubstr("allow tcp 443 to a.example.com, *.example.net"),
                                  HasSubstr("# line 3: some words"),
                                  HasSubstr("1 destination without protocol and port")));
  write("acme.sally", draft.output.substr(0, draft.output.find("2 destinations in 1 rule")));
  EXPECT_EQ(sallyport({"check", path("acme.sally")}).status, 0);
  EXPECT_EQ(sallyport({"import", "--name", "Acme!", path("urls.txt")}).status, 2);
  EXPECT_EQ(sallyport({"import", path("urls.txt")}).status, 2);
  write("empty.txt", "no names in here\n");
  EXPECT_EQ(sallyport({"import", "--name", "acme", path("empty.txt")}).status, 4);
}

TEST_F(AnalysisCommands, import_reads_feeds_strictly) {
  write("list.txt", "198.51.100.0/24\n203.0.113.0/25\n");
  const CommandLine words{"import",    "--name",         "acme", "--feed",
                          "cidr-list", path("list.txt"), "--on", "tcp/443"};
  const Finished draft = sallyport(words);
  EXPECT_EQ(draft.status, 0) << draft.output;
  EXPECT_THAT(draft.output, HasSubstr("allow tcp 443 to 198.51.100.0/24, 203.0.113.0/25"));
  write("list.txt", "198.51.100.0/24\nnot an address\n");
  EXPECT_EQ(sallyport(words).status, 1);
  EXPECT_EQ(sallyport({"import", "--name", "acme", "--feed", "frog", path("list.txt")}).status, 2);
}

}  // namespace
}  // namespace sallyport
