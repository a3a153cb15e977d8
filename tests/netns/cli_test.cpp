// SPDX-License-Identifier: GPL-2.0-or-later
// The commands as people and scripts use them: exit codes and what they print. The first half needs
// nothing; the second runs the daemon in a namespace (B1, B4, D14, S8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "tests/support/netns.h"
#include "tests/support/process.h"

namespace sallyport {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using test::CommandLine;
using test::eventually;
using test::Finished;
using test::Netns;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const char* const policy_text = R"(zone staff = 10.20.0.0/16, 2001:db8:20::/48
zone dmz   = 10.40.0.0/24

policy branch {
  from staff {
    allow tcp 443 to relay.example.net, 198.51.100.0/24
    allow udp 3478 to *.example.net
    allow icmp echo-request to 198.51.100.0/24
    allow gre to 198.51.100.9
  }
  from dmz allow tcp any to anywhere
  from any deny any to 198.51.100.66
}
)";

class Cli : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(SALLYPORT_BINARY))
      GTEST_SKIP() << "SKIP: there is no " << SALLYPORT_BINARY;
    ASSERT_NE(mkdtemp(folder_), nullptr);
    write("branch.sally", policy_text);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& file) const { return std::string(folder_) + '/' + file; }
  void write(const std::string& file, const std::string& text) const {
    std::ofstream(path(file), std::ios::binary) << text;
  }

  static CommandLine line(CommandLine words) {
    words.insert(words.begin(), SALLYPORT_BINARY);
    return words;
  }
  static Finished sallyport(CommandLine words) { return test::run(line(std::move(words))); }

  std::string build(const std::string& policy, const std::string& bundle) const {
    const Finished built = sallyport({"build", path(policy), "-o", path(bundle)});
    EXPECT_EQ(built.status, 0) << built.output;
    return path(bundle);
  }

  char folder_[32] = "/tmp/sallyport-cli.XXXXXX";
};

TEST_F(Cli, every_command_has_help_with_an_example) {
  for (const char* command :
       {"check", "build", "show", "explain", "run", "load", "rollback", "status", "unload"}) {
    const Finished help = sallyport({command, "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.output, HasSubstr(std::string("\n  sallyport ") + command)) << command;
  }
  EXPECT_EQ(sallyport({"--help"}).status, 0);
  EXPECT_THAT(sallyport({"--version"}).output, HasSubstr("sallyport 0."));
}

TEST_F(Cli, wrong_usage_is_2) {
  for (const CommandLine& words :
       {CommandLine{}, CommandLine{"frobnicate"}, CommandLine{"check"}, CommandLine{"build", "x"},
        CommandLine{"run", "x"}, CommandLine{"status", "--instance", "../main"},
        CommandLine{"unload", "--instance", "UPPER"}, CommandLine{"show", "a", "b"},
        CommandLine{"run", "x", "--xdp", "lan0", "--resolver", "dns.example.net"}}) {
    EXPECT_EQ(sallyport(words).status, 2) << testing::PrintToString(words);
  }
}

TEST_F(Cli, wrong_usage_says_what_was_found_or_is_missing) {
  const std::pair<CommandLine, const char*> rows[] = {
      {{}, "error: a command is missing\n"},
      {{"frobnicate"}, "error: The following argument was not expected: frobnicate\n"},
      {{"check"}, "error: FILE is required\n"},
  };
  for (const auto& [words, text] : rows) {
    const Finished wrong = sallyport(words);
    EXPECT_EQ(wrong.status, 2);
    EXPECT_THAT(wrong.output, AllOf(HasSubstr(text), HasSubstr("`sallyport --help`")));
  }
  const Finished eaten = sallyport({"run", "--xdp", "lan0", "branch.bundle"});
  EXPECT_EQ(eaten.status, 2);
  EXPECT_THAT(eaten.output, HasSubstr("BUNDLE is missing: it stands before --xdp"));
  EXPECT_EQ(sallyport({"run", "branch.bundle", "--xdp", "lan0", "--instance", "NC_A"}).status, 2);
  EXPECT_EQ(sallyport({"explain", path("branch.sally"), "tcp 10.20.1.1 -> 192.0.2.1:1",
                       "--instance", "../main"})
                .status,
            2);
}

TEST_F(Cli, zones_by_vlan_need_devices_in_a_script) {
  write("vlan.sally",
        "zone cameras = 10.40.0.0/16 vlan 40, 50-59\n"
        "policy vlan { from cameras allow tcp 443 to 192.0.2.1 }\n");
  const std::string script = path("vlan.nft");
  const Finished refused = sallyport({"build", path("vlan.sally"), "--nft", script});
  EXPECT_EQ(refused.status, 3);
  EXPECT_THAT(refused.output,
              HasSubstr("--vlan-device says which device stands for VLAN 40, 50-59"));
  EXPECT_FALSE(std::filesystem::exists(script));
  const Finished built =
      sallyport({"build", path("vlan.sally"), "--nft", script, "--vlan-device", "40=lan0.40",
                 "--vlan-device", "55=lan0.55", "--device", "lan0"});
  ASSERT_EQ(built.status, 0) << built.output;
  std::ostringstream text_stream;
  text_stream << std::ifstream(script).rdbuf();
  const std::string text = text_stream.str();
  EXPECT_THAT(text, HasSubstr("iifname \"lan0.40\" ip saddr vmap @g1_zones4_way1"));
  EXPECT_THAT(text, HasSubstr("iifname \"lan0.55\" ip saddr vmap @g1_zones4_way1"));

  for (const CommandLine& words :
       {CommandLine{"build", path("vlan.sally"), "--nft", script, "--vlan-device", "0=lan0"},
        CommandLine{"build", path("vlan.sally"), "--nft", script, "--vlan-device", "40=a",
                    "--vlan-device", "41=a"},
        CommandLine{"build", path("vlan.sally"), "-o", script, "--vlan-device", "40=a"},
        CommandLine{"run", "x", "--xdp", "lan0", "--vlan-device", "40=lan0.40"}}) {
    EXPECT_EQ(sallyport(words).status, 2) << testing::PrintToString(words);
  }
}

TEST_F(Cli, explain_knows_the_tag_of_a_packet) {
  write("vlan.sally",
        "zone cameras = 10.40.0.0/16 vlan 40\n"
        "policy vlan { from cameras allow tcp 443 to 192.0.2.1 }\n");
  const Finished passes =
      sallyport({"explain", path("vlan.sally"), "vlan 40 tcp 10.40.0.1 -> 192.0.2.1:443"});
  EXPECT_EQ(passes.status, 0) << passes.output;
  EXPECT_THAT(passes.output, HasSubstr("vlan 40 tcp 10.40.0.1 -> 192.0.2.1:443"));
  const Finished drops =
      sallyport({"explain", path("vlan.sally"), "tcp 10.40.0.1 -> 192.0.2.1:443"});
  EXPECT_EQ(drops.status, 4);
  EXPECT_THAT(drops.output, HasSubstr("allowed for cameras, which has 10.40.0.1 in VLAN 40 only"));
}

TEST_F(Cli, a_bundle_is_no_policy_and_a_policy_no_bundle) {
  const std::string bundle = build("branch.sally", "branch.bundle");
  for (const CommandLine& words :
       {CommandLine{"check", bundle}, CommandLine{"build", bundle, "-o", path("x")}}) {
    const Finished wrong = sallyport(words);
    EXPECT_EQ(wrong.status, 3);
    EXPECT_EQ(wrong.output, "error: cannot read " + bundle +
                                ": a bundle, not a policy (`sallyport show` tells what is "
                                "inside)\n");
  }
  const Finished text = sallyport({"show", path("branch.sally")});
  EXPECT_EQ(text.status, 3);
  EXPECT_THAT(text.output, HasSubstr("not a bundle (`sallyport build` makes one from a policy)"));
}

TEST_F(Cli, check_counts_or_complains) {
  const Finished good = sallyport({"check", path("branch.sally")});
  EXPECT_EQ(good.status, 0);
  EXPECT_THAT(good.output, HasSubstr(": 0 vendors, 1 policy, 6 rules; no errors"));

  write("bad.sally", "policy p { from nowhere allow tcp 443 to 192.0.2.1 }\n");
  const Finished bad = sallyport({"check", path("branch.sally"), path("bad.sally")});
  EXPECT_EQ(bad.status, 1);
  EXPECT_THAT(bad.output, AllOf(HasSubstr("bad.sally:1:17: error["), HasSubstr("`nowhere`"),
                                HasSubstr("1 error"), Not(HasSubstr("\x1b["))));
  const Finished as_json = sallyport({"check", "--json", path("bad.sally")});
  EXPECT_EQ(as_json.status, 1);
  const json list = json::parse(as_json.output, nullptr, false);
  ASSERT_TRUE(list.is_array() && list.size() == 1) << as_json.output;
  EXPECT_EQ(list[0]["line"], 1);
  EXPECT_EQ(list[0]["column"], 17);
  EXPECT_EQ(list[0]["severity"], "error");

  EXPECT_EQ(sallyport({"check", path("missing.sally")}).status, 3);
}

TEST_F(Cli, build_wants_exactly_one_policy_and_is_deterministic) {
  build("branch.sally", "one.bundle");
  build("branch.sally", "two.bundle");
  EXPECT_EQ(test::run({"cmp", path("one.bundle"), path("two.bundle")}).status, 0);

  write("none.sally", "zone staff = 10.20.0.0/16\n");
  EXPECT_EQ(sallyport({"build", path("none.sally"), "-o", path("x")}).status, 2);
  write("both.sally",
        "policy a { from any allow tcp 1 to 192.0.2.1 }\n"
        "policy b { from any allow tcp 2 to 192.0.2.1 }\n");
  const Finished vague = sallyport({"build", path("both.sally"), "-o", path("x")});
  EXPECT_EQ(vague.status, 2);
  EXPECT_THAT(vague.output, HasSubstr("--policy: a, b"));
  EXPECT_FALSE(std::filesystem::exists(path("x")));
  EXPECT_EQ(sallyport({"build", path("both.sally"), "-o", path("x"), "--policy", "c"}).status, 2);
  EXPECT_EQ(sallyport({"build", path("both.sally"), "-o", path("x"), "--policy", "b"}).status, 0);
  EXPECT_THAT(sallyport({"show", path("x")}).output, HasSubstr("tcp 2 to 192.0.2.1"));
  write("bad.sally", "policy p { allow }\n");
  EXPECT_EQ(sallyport({"build", path("bad.sally"), "-o", path("y")}).status, 1);
  EXPECT_FALSE(std::filesystem::exists(path("y")));
  EXPECT_EQ(sallyport({"build", path("branch.sally"), "-o", "/nowhere/z"}).status, 3);
}

TEST_F(Cli, show_tells_what_is_inside) {
  const std::string bundle = build("branch.sally", "branch.bundle");
  const Finished page = sallyport({"show", bundle, "--tables"});
  EXPECT_EQ(page.status, 0);
  for (const char* words :
       {"policy     branch", "zone       staff = 10.20.0.0/16, 2001:db8:20::/48",
        "relay.example.net  for rules 1, 2", "branch.sally:6:5", "DNS guard", "special ranges",
        "arena bytes: ", "removed from the program: inward rows (no inward rules)"}) {
    EXPECT_THAT(page.output, HasSubstr(words));
  }
  const Finished as_json = sallyport({"show", bundle, "--json"});
  const json object = json::parse(as_json.output, nullptr, false);
  ASSERT_TRUE(object.is_object()) << as_json.output;
  EXPECT_THAT(object["rules"], SizeIs(6));
  EXPECT_EQ(object["names"][0]["name"], "relay.example.net");
  EXPECT_EQ(object["bundle"].get<std::string>().size(), 64U);
  EXPECT_THAT(sallyport({"show", bundle, "--program"}).output, HasSubstr("branch"));
}

TEST_F(Cli, show_tells_which_feeds_were_read) {
  write("cloud.json",
        R"({"syncToken":"17","createDate":"2026-01-01-00-00-00","prefixes":[{"ip_prefix":)"
        R"("192.0.2.0/24","region":"GLOBAL","service":"EDGE","network_border_group":"GLOBAL"}],)"
        R"("ipv6_prefixes":[]})");
  write("feeds.sally",
        "feed cloud = \"cloud.json\" as aws\n"
        "policy p { allow tcp 443 to feed cloud where service = \"EDGE\" }\n");
  const std::string bundle = build("feeds.sally", "feeds.bundle");
  EXPECT_THAT(sallyport({"show", bundle}).output,
              HasSubstr("feed       cloud = cloud.json as aws: 1 entry, version 17, of "
                        "2026-01-01\n           sha256 "));
  const json object = json::parse(sallyport({"show", bundle, "--json"}).output, nullptr, false);
  ASSERT_TRUE(object.is_object());
  ASSERT_THAT(object["feeds"], SizeIs(1));
  EXPECT_EQ(object["feeds"][0]["file"], "cloud.json");
  EXPECT_EQ(object["feeds"][0]["sha256"].get<std::string>().size(), 64U);
  EXPECT_EQ(object["feeds"][0]["entries"], 1);
}

TEST_F(Cli, pages_shorten_long_lists_and_json_does_not) {
  write("long.sally", "policy p { from any allow tcp 443 to g{0..9}.example.net }\n");
  const std::string bundle = build("long.sally", "long.bundle");
  EXPECT_THAT(sallyport({"show", bundle}).output,
              HasSubstr("allow tcp 443 to g0.example.net, g1.example.net, g2.example.net and 7 "
                        "more\n"));
  EXPECT_THAT(sallyport({"show", bundle, "--json"}).output,
              HasSubstr("g8.example.net, g9.example.net"));
}

TEST_F(Cli, a_damaged_bundle_is_refused_everywhere) {
  const std::string bundle = build("branch.sally", "branch.bundle");
  std::filesystem::resize_file(bundle, std::filesystem::file_size(bundle) - 1);
  for (const CommandLine& words :
       {CommandLine{"show", bundle}, CommandLine{"explain", bundle, "tcp 10.20.1.1 -> 192.0.2.1:1"},
        CommandLine{"run", bundle, "--xdp", "lan0"}, CommandLine{"load", bundle}}) {
    const Finished refused = sallyport(words);
    EXPECT_EQ(refused.status, 3) << words[0];
    EXPECT_THAT(refused.output, testing::StartsWith("error: cannot ")) << words[0];
  }
}

TEST_F(Cli, explain_answers_from_text_and_from_bundle_alike) {
  const std::string bundle = build("branch.sally", "branch.bundle");
  struct Row {
    const char* packet;
    int status;
    std::vector<const char*> words;
  };
  const Row rows[] = {
      {"tcp 10.20.1.1 -> relay.example.net:443",
       0,
       {"pass: allowed by a rule", "tcp 10.20.1.1 -> 203.0.113.7:443", "branch.sally:6:5",
        "zone     staff", "name     relay.example.net"}},
      {"tcp 10.20.1.1 -> relay.example.net:444", 4, {"drop: no rule allows it"}},
      {"udp 10.20.1.1:5000 -> relay.example.net:3478", 0, {"name     relay.example.net"}},
      {"tcp 10.40.0.1 -> relay.example.net:443", 0, {"anywhere"}},
      {"tcp 10.40.0.1 -> 203.0.113.1:53", 4, {"no rule allows it"}},
      {"tcp 10.99.0.1 -> 198.51.100.1:443", 4, {"in no zone"}},
      {"tcp 10.20.1.1 -> 198.51.100.66:443", 4, {"denied by a rule", "branch.sally:12:12"}},
      {"icmp 10.20.1.1 -> 198.51.100.7 echo-request", 0, {"branch.sally:8:5"}},
      {"icmp 10.20.1.1 -> 198.51.100.7 8", 0, {"branch.sally:8:5"}},
      {"icmp 10.20.1.1 -> 198.51.100.7 13", 4, {"no rule allows it"}},
      {"gre 10.20.1.1 -> 198.51.100.9", 0, {"branch.sally:9:5"}},
      {"47 10.20.1.1 -> 198.51.100.9", 0, {"branch.sally:9:5"}},
      {"tcp 10.20.1.1 -> 10.20.0.254:22", 0, {"to the gateway itself"}},
      {"tcp 2001:db8:20::1 -> relay.example.net:443", 0, {"[2001:db8:f::7]:443"}},
      {"tcp 2001:db8:20::1 -> [2001:db8:f::8]:443", 4, {"no rule allows it"}},
      {"icmpv6 fe80::1 -> ff02::1:ff00:1 neighbor-solicitation", 0, {"neighbour discovery"}},
  };
  for (const auto& [packet, status, words] : rows) {
    for (const std::string& file : {path("branch.sally"), bundle}) {
      const Finished answer =
          sallyport({"explain", file, packet, "--given", "relay.example.net=203.0.113.7", "--given",
                     "relay.example.net=2001:db8:f::7", "--own", "10.20.0.254"});
      EXPECT_EQ(answer.status, status) << packet << '\n' << answer.output;
      for (const char* part : words) EXPECT_THAT(answer.output, HasSubstr(part)) << packet;
    }
  }
}

TEST_F(Cli, explain_shows_addresses_that_do_not_agree) {
  const CommandLine words{"explain",
                          path("branch.sally"),
                          "tcp 10.20.1.1 -> other.example.org:443",
                          "--given",
                          "other.example.org=198.51.100.1",
                          "--given",
                          "other.example.org=203.0.113.1"};
  const Finished answer = sallyport(words);
  EXPECT_EQ(answer.status, 4);
  EXPECT_THAT(answer.output, AllOf(HasSubstr("pass: "), HasSubstr("drop: "),
                                   HasSubstr("the addresses of other.example.org do not agree")));
  CommandLine with_json = words;
  with_json.push_back("--json");
  const json object = json::parse(sallyport(with_json).output, nullptr, false);
  ASSERT_TRUE(object.is_object());
  EXPECT_EQ(object["verdict"], "differs");
  EXPECT_THAT(object["packets"], SizeIs(2));
}

TEST_F(Cli, explain_says_how_a_packet_is_written) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "a packet is written"},
      {"tcp 10.20.1.1 198.51.100.1:443", "a packet is written"},
      {"tcp 10.20.1.1 -> 198.51.100.1:443 more", "a packet is written"},
      {"tpc 10.20.1.1 -> 198.51.100.1:443", "`tpc` is no protocol"},
      {"tcp 10.20.1 -> 198.51.100.1:443", "`10.20.1` is no address"},
      {"tcp client.example.net -> 198.51.100.1:443", "is no address"},
      {"tcp 10.20.1.1 -> 198.51.100.1", "has no port"},
      {"tcp 2001:db8::1 -> 2001:db8::2", "no port: `[2001:db8::2]:443` was expected\n"},
      {"tcp 2001:db8::1 -> [2001:db8::2]", "no port: `[2001:db8::2]:443` was expected\n"},
      {"tcp 10.20.1.1 -> 198.51.100.1:70000", "`70000` is no port"},
      {"tcp 10.20.1.1 -> 198.51.100.1:", "`` is no port"},
      {"tcp 10.20.1.1 -> bad_name:443", "neither an address nor a host name"},
      {"tcp 10.20.1.1 -> [2001:db8::1]:443", "two families"},
      {"gre 10.20.1.1 -> 198.51.100.1:443", "gre has no ports"},
      {"icmp 10.20.1.1 -> 198.51.100.1", "ICMP type is missing"},
      {"icmp 10.20.1.1 -> 198.51.100.1 knock", "`knock` is no type of icmp"},
      {"icmp 10.20.1.1 -> 198.51.100.1 3-5", "`3-5` is no type of icmp"},
      {"icmp 2001:db8::1 -> 2001:db8::2 128", "say `icmpv6`"},
      {"icmpv6 10.20.1.1 -> 198.51.100.1 8", "say `icmp`"},
      {"tcp 10.20.1.1 -> unknown.example.net:443", "--given unknown.example.net=ADDR"},
  };
  for (const auto& [packet, words] : rows) {
    const Finished answer = sallyport(
        {"explain", path("branch.sally"), packet, "--given", "relay.example.net=198.51.101.7"});
    EXPECT_EQ(answer.status, 2) << packet << '\n' << answer.output;
    EXPECT_THAT(answer.output, HasSubstr(words)) << packet;
  }
}

/// A gateway namespace with one device, and the daemon in it.
class CliDaemon : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (const std::string reason = test::why_no_kernel(); !reason.empty())
      GTEST_SKIP() << "SKIP: " << reason;
    gate_.emplace("cli");
    peer_.emplace("clipeer");
    test::connect(*gate_, "lan0", *peer_, "eth0");
    gate_->address("lan0", "10.20.0.254/16");
    peer_->address("eth0", "10.20.1.1/16");
    peer_->route("default", "10.20.0.254");
    write("first.sally", "policy gate {\n  from any allow udp 7 to 198.51.100.0/24\n}\n");
    write("second.sally",
          "policy gate {\n  from any allow udp 9 to 198.51.100.0/24\n"
          "  from any allow udp 7 to 198.51.100.0/24\n}\n");
  }
  void TearDown() override {
    daemon_.reset();
    if (gate_) in_gate({"unload", "--instance", instance_});
    Cli::TearDown();
  }

  Finished in_gate(CommandLine words) const { return gate_->run(line(std::move(words))); }
  json status() const {
    return json::parse(in_gate({"status", "--json", "--instance", instance_}).output, nullptr,
                       false);
  }
  bool running() const {
    const json now = status();
    return now.is_object() && now.value("running", false);
  }
  void start(const std::string& bundle) {
    daemon_.emplace(gate_->start(line({"run", bundle, "--xdp", "lan0", "--instance", instance_})));
    ASSERT_TRUE(eventually(seconds(15), [&] { return running(); })) << daemon_->output();
  }
  /// One datagram from the client; it need not arrive anywhere.
  void send_datagram(unsigned port) const {
    peer_->run({"bash", "-c", "echo x > /dev/udp/198.51.100.1/" + std::to_string(port)});
  }
  static std::uint64_t packets(const json& rows, const char* field, const std::string& value) {
    for (const json& row : rows) {
      if (row.at(field) == value) return row.at("packets").get<std::uint64_t>();
    }
    return 0;
  }

  const std::string instance_ = "cli-" + std::to_string(getpid());
  std::optional<Netns> gate_, peer_;
  std::optional<test::Process> daemon_;
};

TEST_F(CliDaemon, an_unknown_instance_is_an_error) {
  for (const char* command : {"status", "unload"}) {
    const Finished asked = in_gate({command, "--instance", instance_});
    EXPECT_EQ(asked.status, 3) << command;
    EXPECT_THAT(asked.output, HasSubstr(instance_)) << command;
  }
  const Finished loaded =
      in_gate({"load", build("first.sally", "first.bundle"), "--instance", instance_});
  EXPECT_EQ(loaded.status, 3);
  EXPECT_THAT(loaded.output, HasSubstr("no runtime is running"));
}

TEST_F(CliDaemon, a_busy_or_missing_device_is_told) {
  const Finished asked = in_gate(
      {"run", build("first.sally", "first.bundle"), "--xdp", "lan7", "--instance", instance_});
  EXPECT_EQ(asked.status, 3);
  EXPECT_THAT(asked.output, HasSubstr("error: cannot attach to lan7: no such device"));
  EXPECT_EQ(in_gate({"status", "--instance", instance_}).status, 3) << "no trace";
}

TEST_F(CliDaemon, status_names_what_is_filtered_and_what_is_not) {
  start(build("first.sally", "first.bundle"));
  gate_->ip("link add spare0 type veth peer name spare1");
  const json now = status();
  ASSERT_TRUE(now.is_object());
  EXPECT_EQ(now["policy"], "gate");
  EXPECT_EQ(now["generation"], 1);
  ASSERT_THAT(now["devices"], SizeIs(1));
  const json& device = now["devices"][0];
  EXPECT_EQ(device["device"], "lan0");
  EXPECT_EQ(device["hook"], "xdp");
  EXPECT_EQ(device["direction"], "outward");
  EXPECT_EQ(device["mode"], "native");
  EXPECT_EQ(device["alive"], true);
  EXPECT_GT(device["link_id"], 0);
  EXPECT_GT(device["program_id"], 0);
  EXPECT_EQ(device["program_tag"].get<std::string>().size(), 16U);
  EXPECT_THAT(now["not_filtered"].dump(), AllOf(HasSubstr("from the internet towards the clients"),
                                                HasSubstr("spare0"), Not(HasSubstr("lan0"))));
  EXPECT_THAT(now["tables"], Not(IsEmpty()));
  EXPECT_THAT(now["names"], IsEmpty());

  send_datagram(7);
  send_datagram(8);
  EXPECT_TRUE(eventually(seconds(5), [&] {
    const json then = status();
    return packets(then["reasons"], "reason", "pass-rule") > 0 &&
           packets(then["reasons"], "reason", "drop-no-rule") > 0;
  }));
  const Finished page = in_gate({"status", "--instance", instance_});
  EXPECT_EQ(page.status, 0);
  EXPECT_THAT(page.output,
              AllOf(HasSubstr("runtime       running"), HasSubstr("filtered      lan0: outward"),
                    HasSubstr("not filtered  packets"), HasSubstr("first.sally:2:12"),
                    HasSubstr("no rule allows it")));
}

TEST_F(CliDaemon, killing_it_leaves_the_enforcement_and_status_still_answers) {
  const std::string bundle = build("first.sally", "first.bundle");
  start(bundle);
  send_datagram(7);
  daemon_->signal(SIGKILL);
  EXPECT_EQ(daemon_->wait(seconds(5)), 128 + SIGKILL);
  send_datagram(7);
  send_datagram(8);
  const Finished page = in_gate({"status", "--instance", instance_});
  EXPECT_EQ(page.status, 0);
  EXPECT_THAT(page.output, HasSubstr("runtime       not running; enforcement is in place"));
  const json now = status();
  EXPECT_EQ(now["running"], false);
  EXPECT_EQ(now["policy"], "gate");
  EXPECT_EQ(now["devices"][0]["alive"], true);
  EXPECT_EQ(packets(now["rules"], "text", "allow udp 7 to 198.51.100.0/24"), 2U);

  start(bundle);
  const json after = status();
  EXPECT_EQ(after["generation"], 2);
  EXPECT_EQ(packets(after["rules"], "text", "allow udp 7 to 198.51.100.0/24"), 2U)
      << "counters are carried";
}

TEST_F(CliDaemon, a_signal_ends_it_and_says_what_stays) {
  start(build("first.sally", "first.bundle"));
  EXPECT_EQ(daemon_->stop(), 0);
  EXPECT_THAT(daemon_->output(), HasSubstr("stays enforced"));
  EXPECT_EQ(status()["running"], false);
  EXPECT_EQ(status()["devices"][0]["alive"], true);
}

TEST_F(CliDaemon, a_reader_of_its_log_that_goes_away_does_not_end_it) {
  const std::string command = std::string(SALLYPORT_BINARY) + " run " +
                              build("first.sally", "first.bundle") + " --xdp lan0 --instance " +
                              instance_ + " 2>&1 >/dev/null | head -c 1 >/dev/null";
  daemon_.emplace(gate_->start({"bash", "-c", command}));
  ASSERT_TRUE(eventually(seconds(15), [&] { return running(); })) << daemon_->output();
  const std::string second = build("second.sally", "second.bundle");
  for (int i = 0; i < 3; ++i)  // each load has something to say
    EXPECT_EQ(in_gate({"load", second, "--instance", instance_}).status, 0);
  EXPECT_TRUE(running());
}

TEST_F(CliDaemon, load_swaps_and_refuses_without_effect) {
  start(build("first.sally", "first.bundle"));
  send_datagram(7);
  const std::string second = build("second.sally", "second.bundle");
  const Finished loaded = in_gate({"load", second, "--instance", instance_});
  EXPECT_EQ(loaded.status, 0) << loaded.output;
  EXPECT_THAT(loaded.output, HasSubstr("policy gate is enforced (generation 2"));
  send_datagram(9);
  const json now = status();
  EXPECT_EQ(packets(now["rules"], "text", "allow udp 7 to 198.51.100.0/24"), 1U);
  EXPECT_EQ(packets(now["rules"], "text", "allow udp 9 to 198.51.100.0/24"), 1U);

  // Names, and nobody to ask.
  const Finished refused =
      in_gate({"load", build("branch.sally", "branch.bundle"), "--instance", instance_});
  EXPECT_EQ(refused.status, 3);
  EXPECT_THAT(refused.output, HasSubstr("there is no resolver to ask"));
  EXPECT_EQ(status()["generation"], 2);
  EXPECT_EQ(status()["bundle"], now["bundle"]);
}

TEST_F(CliDaemon, rollback_enforces_the_policy_before) {
  start(build("first.sally", "first.bundle"));
  const json first = status();
  const Finished none = in_gate({"rollback", "--instance", instance_});
  EXPECT_EQ(none.status, 3);
  EXPECT_THAT(none.output, HasSubstr("no policy was enforced before this one"));
  ASSERT_EQ(
      in_gate({"load", build("second.sally", "second.bundle"), "--instance", instance_}).status, 0);
  EXPECT_EQ(status()["earlier"][0]["generation"], 1);
  EXPECT_THAT(in_gate({"status", "--instance", instance_}).output,
              HasSubstr("before that   generation 1, policy gate"));

  const Finished unknown = in_gate({"rollback", "7", "--instance", instance_});
  EXPECT_EQ(unknown.status, 3);
  EXPECT_THAT(unknown.output, HasSubstr("generation 7: its policy is not kept (kept: 1)"));
  const Finished back = in_gate({"rollback", "1", "--instance", instance_});
  EXPECT_EQ(back.status, 0) << back.output;
  EXPECT_THAT(back.output,
              HasSubstr("policy gate of generation 1 is enforced again (generation 3"));
  EXPECT_EQ(status()["bundle"], first["bundle"]);
  const Finished forth = in_gate({"rollback", "--json", "--instance", instance_});
  EXPECT_EQ(json::parse(forth.output)["of_generation"], 2);
}

TEST_F(CliDaemon, explain_asks_the_running_runtime) {
  const std::string bundle = build("first.sally", "first.bundle");
  start(bundle);
  const Finished own =
      in_gate({"explain", bundle, "tcp 10.20.1.1 -> 10.20.0.254:22", "--instance", instance_});
  EXPECT_EQ(own.status, 0) << own.output;
  EXPECT_THAT(own.output, AllOf(HasSubstr("to the gateway itself"),
                                HasSubstr("as bound by the running instance " + instance_)));
  daemon_.reset();
  EXPECT_EQ(in_gate({"explain", bundle, "tcp 10.20.1.1 -> 10.20.0.254:22", "--instance", instance_})
                .status,
            3);
}

TEST_F(CliDaemon, unload_ends_the_runtime_and_leaves_nothing) {
  start(build("first.sally", "first.bundle"));
  const Finished unloaded = in_gate({"unload", "--instance", instance_});
  EXPECT_EQ(unloaded.status, 0) << unloaded.output;
  EXPECT_EQ(daemon_->wait(seconds(5)), 0) << daemon_->output();
  EXPECT_FALSE(std::filesystem::exists("/run/sallyport/" + instance_));
  EXPECT_FALSE(std::filesystem::exists("/sys/fs/bpf/sallyport/" + instance_));
  EXPECT_THAT(gate_->must_run({"ip", "link", "show", "lan0"}), Not(HasSubstr("xdp")));
}

}  // namespace
}  // namespace sallyport
