// SPDX-License-Identifier: GPL-2.0-or-later
// Random programs, random packets: the tables give the verdict and the rule of the evaluator.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "compiler/label/labeler.h"
#include "compiler/program/evaluator.h"
#include "tests/support/random_program.h"

namespace sallyport {
namespace {

constexpr std::uint64_t seeds = 400;
constexpr int packets_per_program = 2500;

Packet packet_of(const Address& source, const Address& destination, const Service& service,
                 bool later) {
  Packet packet;
  packet.source = source;
  packet.destination = destination;
  packet.protocol = service.protocol;
  packet.hop_limit = 64;
  packet.fragment = later ? FragmentClass::later : FragmentClass::whole;
  if (!later) {
    packet.source_port = has_ports(service.protocol) ? 40000 : 0;
    packet.destination_port = service.first;
  }
  return packet;
}

/// The cell that an outcome calls for; empty where plumbing or the source decided, not the rules.
std::optional<std::uint32_t> wanted_cell(const Outcome& outcome) {
  switch (outcome.reason) {
    case SP_PASS_RULE:
      return *outcome.rule + 1;
    case SP_DROP_DENIED:
      return (*outcome.rule + 1) | SP_CELL_DENY;
    case SP_DROP_NO_RULE:
    case SP_DROP_LATER_FRAGMENT:
    case SP_DROP_ICMP_ERROR:
    case SP_DROP_NO_FLOW:
      return 0;
    default:
      return std::nullopt;
  }
}

std::vector<ViewedName> names_bound_to(const Bindings& bindings, const Address& address) {
  std::vector<ViewedName> names;
  for (const auto& [name, addresses] : bindings) {
    if (addresses.contains(address)) names.push_back(name);
  }
  return names;
}

/// One program, its tables as a runtime would have extended them, and the dice.
class Trial {
 public:
  explicit Trial(std::uint64_t seed)
      : random_(seed),
        program_(with_directions(random_program(random_))),
        surroundings_{random_bindings(random_),
                      {},
                      Direction::outward,
                      random_day(random_),
                      random_aliases(random_)},
        at_(program_at(program_, surroundings_.day, surroundings_.aliases)),
        plain_{surroundings_.bindings, {}},
        image_(make_image(program_, surroundings_.day)),
        tables_(image_.labels),
        labeler_(image_, tables_),
        locals_(local_boundaries(program_)),
        remotes_(remote_boundaries(program_, surroundings_.bindings)),
        services_(service_boundaries(program_)),
        vlans_(vlan_boundaries(program_)) {
    for (const std::uint8_t other : std::initializer_list<std::uint8_t>{0, 58, 99, 255}) {
      services_.push_back({other, 0, 0});
    }
    labeler_.know(names_with(image_, surroundings_.aliases));
  }

  const Image& image() const { return image_; }
  /// How often each reason was compared.
  const std::map<SpReason, int>& compared() const { return compared_; }

  testing::AssertionResult agrees_on_one_packet() {
    const Address& local = pick(locals_);
    const Address& remote = pick(remotes_);
    const Service& service = pick(services_);
    const bool later = random_() % 4 == 0;
    const bool inward = random_() % 2 == 0;
    surroundings_.direction = inward ? Direction::inward : Direction::outward;
    plain_.direction = surroundings_.direction;
    Packet packet = packet_of(inward ? remote : local, inward ? local : remote, service, later);
    packet.vlan = pick(vlans_);
    const Outcome outcome = evaluate(program_, packet, surroundings_);
    auto wanted = wanted_cell(outcome);
    // The packet answers a flow of the other direction: no rule of its own has a say.
    if (outcome.rule && program_.rules[*outcome.rule].direction != surroundings_.direction) {
      wanted = 0;
    }
    if (evaluate(at_, packet, plain_) != outcome)
      return testing::AssertionFailure() << "program_at() means something else";
    if (!wanted) return testing::AssertionSuccess();
    ++compared_[outcome.reason];

    const std::uint32_t key =
        later ? SP_FRAGMENT_KEY(service.protocol) : SP_SERVICE_KEY(service.protocol, service.first);
    const auto names = names_bound_to(surroundings_.bindings, remote);
    const std::uint32_t label =
        names.empty() ? static_label(image_, remote) : labeler_.label_for(remote, names);
    const std::uint32_t cell =
        cell_of(image_, tables_, local, label, key, surroundings_.direction, packet.vlan);
    if (cell == *wanted) return testing::AssertionSuccess();
    return testing::AssertionFailure()
           << (inward ? "in " : "") << "vlan " << packet.vlan << " " << local.text() << " and "
           << remote.text() << " " << service.text() << (later ? " later fragment" : "")
           << ": cell " << cell << ", wanted " << *wanted;
  }

 private:
  /// Half of the programs have inward rules.
  Program with_directions(Program program) {
    if (random_() % 2 == 0) return program;
    for (Rule& rule : program.rules) {
      if (random_() % 2 == 0) rule.direction = Direction::inward;
    }
    return program;
  }
  template <class T>
  const T& pick(const std::vector<T>& choices) {
    return choices[random_() % choices.size()];
  }

  std::mt19937_64 random_;
  Program program_;
  Surroundings surroundings_;
  Program at_;          // means the same to whoever knows
  Surroundings plain_;  // neither day nor aliases
  Image image_;
  LabelTables tables_;
  Labeler labeler_;
  std::vector<Address> locals_;
  std::vector<Address> remotes_;
  std::vector<Service> services_;
  std::vector<std::uint16_t> vlans_;
  std::map<SpReason, int> compared_;
};

TEST(LabelDifferential, TablesAgreeWithTheEvaluator) {
  std::map<SpReason, int> compared;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Trial trial(seed);
    ASSERT_EQ(image_fault(trial.image()), std::nullopt);
    for (int i = 0; i < packets_per_program; ++i) ASSERT_TRUE(trial.agrees_on_one_packet());
    for (const auto& [reason, count] : trial.compared()) compared[reason] += count;
  }
  // The dice must have reached every kind of cell often, or the agreement says little.
  for (const SpReason reason :
       {SP_PASS_RULE, SP_DROP_DENIED, SP_DROP_NO_RULE, SP_DROP_LATER_FRAGMENT}) {
    EXPECT_GT(compared[reason], 10'000) << reason;
  }
}

}  // namespace
}  // namespace sallyport
