// SPDX-License-Identifier: GPL-2.0-or-later
// Three engines beside the evaluator: the BPF program, nftables without connection tracking, and
// nftables with it, which is asked about ICMP errors once the flow that they are about exists.
#include "runtime/verify.h"

#include <linux/bpf.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>

#include "compiler/values/service.h"
#include "runtime/atoms.h"

namespace sallyport {
namespace {

constexpr std::size_t most_examples = 20;
constexpr std::size_t most_tracked_flows = 20'000;
constexpr int attempts = 5;
constexpr std::size_t most_doubtful = 10'000;  // atoms of a batch that are asked again,
constexpr std::size_t doubtful_at_once = 500;  // so many at a time
constexpr auto pause = std::chrono::milliseconds(20);
constexpr std::uint16_t client_port = 40000;  // of the answers that error probes quote

NftProof::Bindings by_address(const Bindings& bindings) {
  NftProof::Bindings names;
  for (const auto& [name, addresses] : bindings) {
    for (const Address& address : addresses) names[address].push_back(name);
  }
  return names;
}

double seconds_between(Moment from, Moment to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

class Verification::Engine {
 public:
  explicit Engine(std::string name) { found_.name = std::move(name); }
  virtual ~Engine() = default;
  virtual Result<void> ask(std::span<const Atom> atoms) = 0;

  VerifiedEngine& found() { return found_; }

 protected:
  void disagree(const Atom& atom, const std::string& what) {
    ++found_.disagreements;
    if (found_.examples.size() >= most_examples) return;
    const bool passes = atom.outcome.verdict == Verdict::pass;
    found_.examples.push_back(atom.text() + ": the evaluator " + (passes ? "passes" : "drops") +
                              " it, " + found_.name + ' ' + what);
  }
  void compare(const Atom& atom, bool passed) {
    ++found_.atoms;
    if (passed != (atom.outcome.verdict == Verdict::pass)) {
      disagree(atom, passed ? "passes it" : "drops it");
    }
  }

  VerifiedEngine found_;
};

class Verification::BpfEngine : public Engine {
 public:
  BpfEngine(std::string name, Datapath datapath)
      : Engine(std::move(name)), datapath_(std::move(datapath)) {}

  Result<void> ask(std::span<const Atom> atoms) override {
    for (const Atom& atom : atoms) {
      const auto action = datapath_.test_run(atom.frame, atom.probe.direction);
      if (!action) return std::unexpected(action.error());
      compare(atom, *action == XDP_PASS);
    }
    return {};
  }

 private:
  Datapath datapath_;
};

class Verification::NftEngine : public Engine {
 public:
  NftEngine(std::string name, NftProof proof, Direction direction = Direction::outward)
      : Engine(std::move(name)),
        proof_(std::make_unique<NftProof>(std::move(proof))),
        direction_(direction) {}

  Result<void> ask(std::span<const Atom> all) override {
    std::vector<Atom> atoms;
    std::ranges::copy_if(all, std::back_inserter(atoms),
                         [this](const Atom& atom) { return atom.probe.direction == direction_; });
    if (atoms.empty()) return {};
    const auto fates = ask_surely(atoms, [](const Atom& atom, Fate fate) {
      return alike(atom, fate) || stricter(atom, fate);
    });
    if (!fates) return std::unexpected(fates.error());
    for (std::size_t i = 0; i < atoms.size(); ++i) judge(atoms[i], (*fates)[i]);
    return {};
  }

 protected:
  static bool alike(const Atom& atom, Fate fate) {
    if (fate == Fate::unseen) return is_refused(atom) && atom.outcome.verdict == Verdict::drop;
    return (fate == Fate::passed) == (atom.outcome.verdict == Verdict::pass);
  }
  /// As VerifiedEngine::stricter declares it.
  static bool stricter(const Atom& atom, Fate fate) {
    if (fate == Fate::unseen) return is_refused(atom);
    return fate == Fate::dropped && atom.outcome.reason == SP_PASS_ICMP_ERROR;
  }
  static bool is_refused(const Atom& atom) {
    return never_received(atom.probe.source, atom.probe.destination);
  }

  /// A busy machine may lose a packet, or the note that it passed: what is not `right` is asked
  /// again, a few at a time. What is really wrong stays so.
  Result<std::vector<Fate>> ask_surely(std::span<const Atom> atoms,
                                       bool (*right)(const Atom&, Fate)) {
    std::vector<NftProof::Frame> frames;
    for (const Atom& atom : atoms) frames.push_back(atom.frame);
    auto fates = proof_->run(frames);
    for (int attempt = 1; fates && attempt < attempts; ++attempt) {
      std::vector<std::size_t> doubtful;
      for (std::size_t i = 0; i < atoms.size() && doubtful.size() < most_doubtful; ++i) {
        if (!right(atoms[i], (*fates)[i])) doubtful.push_back(i);
      }
      if (doubtful.empty()) break;
      std::this_thread::sleep_for(pause);
      for (std::size_t from = 0; from < doubtful.size(); from += doubtful_at_once) {
        const std::size_t count = std::min(doubtful_at_once, doubtful.size() - from);
        const auto some = std::span(doubtful).subspan(from, count);
        if (auto asked = ask_again(atoms, some, *fates); !asked)
          return std::unexpected(asked.error());
      }
    }
    return fates;
  }

 private:
  Result<void> ask_again(std::span<const Atom> atoms, std::span<const std::size_t> which,
                         std::vector<Fate>& fates) {
    std::vector<NftProof::Frame> frames;
    for (const std::size_t i : which) frames.push_back(atoms[i].frame);
    const auto again = proof_->run(frames);
    if (!again) return std::unexpected(again.error());
    for (std::size_t k = 0; k < which.size(); ++k) fates[which[k]] = (*again)[k];
    return {};
  }

  void judge(const Atom& atom, Fate fate) {
    ++found_.atoms;
    if (alike(atom, fate)) return;
    if (stricter(atom, fate)) {
      ++found_.stricter;
    } else {
      disagree(atom, fate == Fate::unseen   ? "never saw it"
                     : fate == Fate::passed ? "passes it"
                                            : "drops it");
    }
  }

 protected:
  std::unique_ptr<NftProof> proof_;

 private:
  Direction direction_;
};

/// Asked about ICMP errors only, each after the flow that its quote belongs to was made.
class Verification::TrackedEngine : public NftEngine {
 public:
  TrackedEngine(std::string name, NftProof proof, const Program& program)
      : NftEngine(std::move(name), std::move(proof)), program_(program) {}

  Result<void> ask(std::span<const Atom> atoms) override {
    std::vector<Atom> errors;
    for (const Atom& atom : atoms) {
      if (atom.probe.shape != ProbeShape::icmp_error || is_refused(atom)) continue;
      if (atom.probe.direction != Direction::outward) continue;
      if (atom.outcome.reason == SP_DROP_BAD_SOURCE) continue;
      errors.push_back(atom);
      if (errors.size() == most_tracked_flows) {
        if (auto asked = ask_tracked(errors); !asked) return asked;
        errors.clear();
      }
    }
    return errors.empty() ? Result<void>{} : ask_tracked(errors);
  }

 private:
  Result<void> ask_tracked(const std::vector<Atom>& atoms) {
    if (auto cleared = proof_->flows().clear(); !cleared) return cleared;
    for (const Atom& atom : atoms) {
      if (auto added = add_flow(atom.probe); !added) return added;
    }
    const auto fates = ask_surely(atoms, alike);
    if (!fates) return std::unexpected(fates.error());
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      const bool passed = (*fates)[i] == Fate::passed;
      if (!passed && is_about_inward_flow(atoms[i])) {
        ++found_.atoms;
        ++found_.stricter;
      } else {
        compare(atoms[i], passed);
      }
    }
    return {};
  }

  /// As VerifiedEngine::stricter declares it.
  bool is_about_inward_flow(const Atom& atom) const {
    return atom.outcome.reason == SP_PASS_ICMP_ERROR && atom.outcome.rule &&
           program_.rules[*atom.outcome.rule].direction == Direction::inward;
  }

  /// Of a protocol that is not tracked by ports or echoes there is no flow to make.
  Result<void> add_flow(const Probe& probe) {
    const bool v4 = probe.source.family == Family::v4;
    Flow flow{.source = probe.source,
              .destination = probe.destination,
              .protocol = probe.protocol,
              .source_port = client_port,
              .port = probe.port};
    if (probe.protocol == (v4 ? protocol_icmp : protocol_icmpv6)) {
      if (probe.port != (v4 ? 0 : 129)) return {};  // only an echo reply answers a request
      flow.source_port = 0;                         // the identifier in the probe's frame
    } else if (!has_ports(probe.protocol)) {
      return {};
    }
    return proof_->flows().add(flow);
  }

  const Program& program_;
};

std::uint64_t VerifyReport::disagreements() const {
  std::uint64_t sum = 0;
  for (const VerifiedEngine& engine : engines) sum += engine.disagreements;
  return sum;
}

Bindings bindings_to_try(const Program& program) {
  constexpr std::uint32_t most_names = 4096;
  constexpr std::uint32_t first_v4 = 0xc6120000;       // 198.18.0.0/15, RFC 2544
  constexpr std::uint32_t first_private = 0x0afffa00;  // 10.255.250.0
  const Uint128 first_v6 = Address::parse("2001:db8:5a11:1::").value().number;
  Bindings bindings;
  std::uint32_t number = 0;
  for (const ViewedName& name : bound_names(program)) {
    if (++number > most_names) break;
    std::set<Address>& addresses = bindings[name];
    addresses.insert(Address::v4(first_v4 + 4 * number));
    addresses.insert({Family::v6, first_v6 + 4 * number});
    // Names that share an address, and names whose address is private.
    if (number % 8 < 2) addresses.insert(Address::v4(first_v4 + 0x10000 + number / 8));
    if (number <= 8) addresses.insert(Address::v4(first_private + 2 * number));
  }
  // A forbidden name shares the addresses of some others, and takes them away.
  const auto some = bindings;
  for (const Never& never : program.nevers) {
    if (!never.name) continue;
    bindings[*never.name];
    for (const auto& [name, addresses] : some) {
      if (number++ % 4 == 0) bindings[*never.name].insert(*addresses.begin());
    }
  }
  return bindings;
}

Aliases aliases_to_try(const Program& program) {
  Aliases aliases;
  std::uint32_t number = 0;
  for (const Derivation& derivation : program.derivations) {
    const std::string prefix = derivation.prefixes.empty() ? "" : derivation.prefixes.front();
    const std::string text = prefix + "try-" + std::to_string(++number) + ".example.net";
    const auto target = HostName::parse(text);
    if (!target) continue;
    aliases.emplace(derivation.alias, *target);
    for (const Rule& rule : program.rules) {
      aliases.emplace(ViewedName(derivation.alias, rule.via), *target);
    }
  }
  return aliases;
}

bool never_received(const Address& source, const Address& destination) {
  if (source.family == Family::v4) return false;
  const auto is_loopback = [](const Address& address) { return address.number == 1; };
  const std::uint32_t first = static_cast<std::uint32_t>(destination.number >> 112);
  const bool to_interface = (first & 0xff0f) == 0xff01 || (first & 0xff0f) == 0xff00;  // RFC 4291
  const bool from_many = source.number >> 120 == 0xff;
  const bool from_mapped = source.number >> 32 == 0xffff;
  return is_loopback(source) || is_loopback(destination) || to_interface || from_many ||
         from_mapped;
}

// ---- the pass ----

Verification::Verification(const Program& program, const VerifyOptions& options, const Clock& clock)
    : program_(program),
      options_(options),
      clock_(clock),
      bindings_(bindings_to_try(program)),
      names_(by_address(bindings_)) {}

Verification::~Verification() = default;

void Verification::add(std::string name, Datapath datapath) {
  engines_.push_back(std::make_unique<BpfEngine>(std::move(name), std::move(datapath)));
}

void Verification::add(std::string name, NftProof proof, Direction direction) {
  engines_.push_back(std::make_unique<NftEngine>(std::move(name), std::move(proof), direction));
}

void Verification::add_tracked(std::string name, NftProof proof) {
  engines_.push_back(std::make_unique<TrackedEngine>(std::move(name), std::move(proof), program_));
}

void Verification::skip(std::string name, const Error& reason) {
  VerifiedEngine skipped;
  skipped.name = std::move(name);
  skipped.skipped = reason.text();
  report_.engines.push_back(std::move(skipped));
}

Result<VerifyReport> Verification::run(const Told& told) {
  const Moment begun = clock_.now();
  const Atoms atoms(program_, bindings_, options_.most, options_.seed);
  report_.total = atoms.total();
  const auto asked = atoms.for_each_batch([&](std::span<const Atom> batch) -> Result<void> {
    for (const auto& engine : engines_) {
      const Moment from = clock_.now();
      if (auto done = engine->ask(batch); !done) return done;
      engine->found().seconds += seconds_between(from, clock_.now());
    }
    report_.tried += batch.size();
    report_.passing += static_cast<std::uint64_t>(std::ranges::count_if(
        batch, [](const Atom& atom) { return atom.outcome.verdict == Verdict::pass; }));
    told(report_.tried, atoms.to_try());
    return {};
  });
  if (!asked) return std::unexpected(asked.error());
  for (const auto& engine : engines_) report_.engines.push_back(std::move(engine->found()));
  report_.seconds = seconds_between(begun, clock_.now());
  return std::move(report_);
}

namespace {

/// A loaded engine, bound like at run time: by changes of what is live.
template <class Loaded>
Result<Loaded> bound(Result<Loaded> loaded, const NftProof::Bindings& bindings) {
  if (!loaded) return loaded;
  for (const auto& [address, names] : bindings) {
    if (auto done = loaded->bind(address, names); !done) return std::unexpected(done.error());
  }
  return loaded;
}

}  // namespace

Result<VerifyReport> verify(const Program& program, const Image& image,
                            const VerifyOptions& options, const Clock& clock,
                            const Verification::Told& told) {
  Verification verification(program, options, clock);
  const NftProof::Bindings& bindings = verification.bindings();
  if (options.bpf) {
    auto datapath =
        bound(Datapath::load(image, static_cast<std::uint32_t>(bindings.size())), bindings);
    if (datapath) {
      verification.add("bpf", std::move(*datapath));
    } else {
      verification.skip("bpf", datapath.error());
    }
  }
  if (options.nft) {
    auto plain = bound(NftProof::make(image, false), bindings);
    if (plain) {
      verification.add("nftables", std::move(*plain));
    } else {
      verification.skip("nftables", plain.error());
    }
    if (has_inward_rules(image)) {
      auto inward = bound(NftProof::make(image, false, {}, Direction::inward), bindings);
      if (inward) {
        verification.add("nftables inward", std::move(*inward), Direction::inward);
      } else {
        verification.skip("nftables inward", inward.error());
      }
    }
    auto tracked = NftProof::make(image, true, bindings);
    if (tracked) {
      verification.add_tracked("nftables with conntrack", std::move(*tracked));
    } else {
      verification.skip("nftables with conntrack", tracked.error());
    }
  }
  return verification.run(told);
}

}  // namespace sallyport
