// SPDX-License-Identifier: GPL-2.0-or-later
// The script of `build --nft` on a host without us: `nft -f` loads it once and not twice, it
// enforces the policy, and it is the table that `run --nft` keeps.
#include <gmock/gmock.h>

#include <set>

#include "tests/netns/nft_gateway.h"

namespace sallyport {
namespace {

using nlohmann::json;
using test::CommandLine;
using test::Crossing;
using test::Crossings;
using testing::HasSubstr;

struct Example {
  const char* file;
  std::vector<std::string> options;  // of both build --nft and run --nft
  std::vector<Crossing> rows;        // the first always crosses
  const char* name;
};

const Example examples[] = {
    {"demo.sally",
     {"--device", "lan0"},
     {{"ip4 10.20.1.1 > 198.51.100.70 tcp 40000 > 443", true},
      {"ip4 10.20.1.1 > 198.51.100.70 tcp 40000 > 444", false},
      {"ip4 10.20.1.1 > 198.51.100.80 tcp 40000 > 443", false},
      {"ip4 10.20.1.1 > 198.51.100.70 icmp echo-request", true},
      {"ip4 10.20.1.1 > 198.51.100.66 tcp 40000 > 443", false},
      {"ip4 10.40.0.1 > 198.51.100.99 tcp 40000 > 8443", true},
      {"ip4 10.20.1.1 > 198.51.100.99 tcp 40000 > 8443", false},
      {"ip4 10.9.1.2 > 198.51.100.70 tcp 40000 > 443", false},
      {"ip4 10.9.1.2 > 203.0.113.53 udp 40000 > 53", true}},
     "demo"},
    {"gateway.sally",
     {"--device", "lan0", "--conntrack"},
     {{"ip4 10.9.1.2 > 10.0.0.53 udp 40000 > 53", true},
      {"ip4 10.9.1.2 > 10.0.0.54 udp 40000 > 53", false},
      {"ip4 10.40.0.9 > 192.0.2.9 tcp 40000 > 8443", true},
      {"ip4 10.40.0.9 > 192.0.2.66 tcp 40000 > 8443", false},
      {"ip4 10.40.0.9 > 192.0.2.9 tcp 40000 > 8444", false},
      {"ip4 10.20.0.9 > 192.0.2.9 tcp 40000 > 443", false},
      {"ip4 10.20.0.9 > 192.0.2.9 icmp echo-request", true},
      {"ip6 2001:db8:40::9 > 2001:db8:192::9 tcp 40000 > 443", true},
      {"ip6 2001:db8:40::9 > 2001:db8:192::66 tcp 40000 > 443", false},
      {"ip6 2001:db8:20::9 > 2001:db8:192::9 tcp 40000 > 443", false}},
     "gateway"},
    {"../tests/packets/vlans.sally",
     {"--device", "lan0", "--vlan-device", "40=lan0.40", "--vlan-device", "41=lan0.41",
      "--vlan-device", "50=lan0.50", "--vlan-device", "60=lan0.60", "--vlan-device", "1=lan0.1",
      "--vlan-device", "4094=lan0.4094", "--conntrack"},
     {{"ip4 10.41.1.1 > 198.51.100.7 udp 40000 > 443", true},
      {"ip4 10.40.1.1 > 198.51.100.7 tcp 40000 > 443", false},
      {"ip4 10.40.1.1 > 198.51.100.9 udp 40000 > 123", true},
      {"ip4 10.42.1.1 > 198.51.100.7 tcp 40000 > 25", false}},
     "vlans"},
    {"demo.sally",
     {"--host"},
     {{"ip4 10.9.1.2 > 203.0.113.53 udp 40000 > 53", true},
      {"ip4 10.20.1.1 > 198.51.100.70 tcp 40000 > 444", false}},
     "demo_host"},
};

void PrintTo(const Example& example, std::ostream* out) {
  *out << example.name;
}

/// Takes out what is not of the policy: handles, what counters counted, the owner.
void strip(json& value) {
  if (value.is_object()) {
    for (const char* field : {"handle", "packets", "bytes"}) value.erase(field);
  }
  if (value.is_structured()) {
    for (json& part : value) strip(part);
  }
}

class NftScript : public test::NftGateway, public testing::WithParamInterface<Example> {
 protected:
  void SetUp() override {
    NftGateway::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    gateway_->route("default", "203.0.113.2");
    gateway_->route("default", "2001:db8:fff::2");
    // Devices that stand for VLANs: whether they are 802.1Q devices makes no difference here.
    for (const std::string& option : GetParam().options) {
      const std::size_t equals = option.find('=');
      if (equals == std::string::npos) continue;
      gateway_->ip("link add name " + option.substr(equals + 1) + " type veth peer name other" +
                   option.substr(0, equals));
    }
  }

  std::string policy() const {
    return std::string(SALLYPORT_SOURCE_DIR) + "/policies/" + GetParam().file;
  }
  CommandLine with_options(CommandLine words) const {
    words.insert(words.end(), GetParam().options.begin(), GetParam().options.end());
    return words;
  }

  /// Its rules by chain, in order, and everything else.
  std::pair<std::map<std::string, std::vector<std::string>>, std::multiset<std::string>> content(
      const std::string& name) const {
    std::string text = gateway_->must_run({"nft", "-j", "list", "table", "inet", name});
    for (std::size_t at = 0; (at = text.find(name, at)) != text.npos;) {
      text.replace(at, name.size(), "NAME");
    }
    std::map<std::string, std::vector<std::string>> rules;
    std::multiset<std::string> rest;
    json list = json::parse(text);
    for (json& object : list.at("nftables")) {
      if (object.contains("metainfo")) continue;
      strip(object);
      if (object.contains("rule")) {
        rules[object["rule"]["chain"]].push_back(object.dump());
      } else {
        if (object.contains("table")) object["table"].erase("flags");
        rest.insert(object.dump());
      }
    }
    return {rules, rest};
  }

  void expect_crossings() {
    Crossings(*client_, *internet_).expect(GetParam().rows, GetParam().rows.front().frame);
  }
};

TEST_P(NftScript, enforces_loads_once_and_is_the_table_of_run) {
  const std::string script = (folder_ / "script").string();
  const test::Finished built = sallyport(with_options({"build", policy(), "--nft", script}));
  ASSERT_EQ(built.status, 0) << built.output;
  const std::string name = "sallyport-main";
  EXPECT_THAT(built.output, HasSubstr("table inet " + name));
  const test::Finished loaded = gateway_->run({"nft", "-f", script});
  ASSERT_EQ(loaded.status, 0) << loaded.output;
  expect_crossings();

  const std::string before = listing(name);
  const test::Finished twice = gateway_->run({"nft", "-f", script});
  EXPECT_NE(twice.status, 0);
  EXPECT_THAT(twice.output, HasSubstr("File exists"));
  EXPECT_EQ(listing(name), before);
  const auto [rules, rest] = content(name);
  gateway_->must_run({"nft", "delete", "table", "inet", name});

  const std::string bundle = (folder_ / "bundle").string();
  ASSERT_EQ(sallyport({"build", policy(), "-o", bundle}).status, 0);
  // Nobody answers there, so that no name is bound.
  start_bundle(bundle, with_options({"--resolver", "203.0.113.53", "--nft"}));
  if (HasFatalFailure()) return;
  const auto [run_rules, run_rest] = content(table());
  EXPECT_EQ(rules, run_rules);
  EXPECT_EQ(rest, run_rest);
  expect_crossings();
}

INSTANTIATE_TEST_SUITE_P(Policies, NftScript, testing::ValuesIn(examples),
                         [](const auto& example) { return std::string(example.param.name); });

}  // namespace
}  // namespace sallyport
