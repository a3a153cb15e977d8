// SPDX-License-Identifier: GPL-2.0-or-later
// The remote address is the outer dimension, so that the evaluator is asked with a slice of the
// program that moves only upwards.
#include "runtime/atoms.h"

#include <algorithm>
#include <set>

#include "compiler/values/service.h"
#include "runtime/program_slice.h"

namespace sallyport {
namespace {

constexpr std::size_t batch_size = 50'000;

template <class T>
const T& pick(std::mt19937_64& random, const std::vector<T>& from) {
  return from[random() % from.size()];
}

BadPiece bad_piece_of(std::uint8_t protocol, ProbeShape shape) {
  if (protocol != protocol_tcp) return BadPiece::none;
  if (shape == ProbeShape::first_fragment) return BadPiece::tiny;
  if (shape == ProbeShape::later_fragment) return BadPiece::overwriting;
  return BadPiece::none;
}

void put16(std::vector<std::uint8_t>& frame, std::size_t at, std::size_t value) {
  frame[at] = static_cast<std::uint8_t>(value >> 8);
  frame[at + 1] = static_cast<std::uint8_t>(value);
}

/// Makes the bad piece out of the good one.
void spoil(std::vector<std::uint8_t>& frame, const Atom& atom) {
  const std::size_t ip = 14 + 4 * atom.probe.tags.size();
  constexpr std::size_t tiny = 16;
  const bool v4 = atom.probe.source.family == Family::v4;
  const std::size_t body = ip + (v4 ? 20 : 48);
  if (atom.bad_piece == BadPiece::overwriting) {
    put16(frame, v4 ? ip + 6 : ip + 42, v4 ? 1 : 1 << 3);
  } else {
    frame.resize(body + tiny);
    put16(frame, v4 ? ip + 2 : ip + 4, v4 ? 20 + tiny : 8 + tiny);
  }
}

bool belongs_to(const Aim& aim, Family family) {
  return aim.protocol != (family == Family::v4 ? protocol_icmpv6 : protocol_icmp);
}

}  // namespace

std::string Atom::text() const {
  switch (bad_piece) {
    case BadPiece::none:
      break;
    case BadPiece::tiny:
      return "tiny " + probe.text();
    case BadPiece::overwriting:
      return "overwriting " + probe.text();
  }
  return probe.text();
}

Atoms::Atoms(const Program& program, const Bindings& bindings, std::uint64_t most,
             std::uint64_t seed)
    : program_(program), bindings_(bindings), most_(most), seed_(seed) {
  sides_ = {{Direction::outward, {}}};
  if (std::ranges::any_of(program.rules,
                          [](const Rule& rule) { return rule.direction == Direction::inward; })) {
    sides_.push_back({Direction::inward, {}});
  }
  for (Side& side : sides_) {
    for (const Family family : {Family::v4, Family::v6}) add_edges(side, family);
    std::set<Aim> plain;
    for (const Rule& rule : program.rules) {
      const auto shape = rule.direction == side.direction ? ProbeShape::whole : ProbeShape::answer;
      for (const Service& service : rule.services) {
        plain.insert({service.protocol, service.first, shape});
      }
    }
    side.plain_aims.assign(plain.begin(), plain.end());
  }
}

void Atoms::add_edges(Side& side, Family family) {
  side.edges.push_back(probe_edges(program_, family, bindings_, side.direction));
  const ProbeEdges& last = side.edges.back();
  const auto bad = std::ranges::count_if(last.aims, [](const Aim& aim) {
    return bad_piece_of(aim.protocol, aim.shape) != BadPiece::none;
  });
  total_ += std::uint64_t{last.locals.size()} * last.remotes.size() *
            (last.aims.size() + static_cast<std::uint64_t>(bad));
}

std::uint64_t Atoms::remotes() const {
  std::uint64_t remotes = 0;
  for (const Side& side : sides_) {
    for (const ProbeEdges& edges : side.edges) remotes += edges.remotes.size();
  }
  return remotes;
}

std::uint64_t Atoms::draws() const {
  if (total_ <= most_) return 0;
  return std::max<std::uint64_t>(most_ / remotes(), 1);
}

std::uint64_t Atoms::to_try() const {
  return draws() == 0 ? total_ : draws() * remotes();
}

/// Half of the draws are what rules open, which is where an edge that is off by one shows.
void Atoms::draw(std::mt19937_64& random, const Side& side, const ProbeEdges& edges,
                 const Address& remote, std::vector<Probe>& probes) const {
  for (std::uint64_t i = 0; i < draws(); ++i) {
    Aim aim = pick(random, edges.aims);
    if (i % 2 == 0 && !side.plain_aims.empty()) {
      const Aim& plain = pick(random, side.plain_aims);
      if (belongs_to(plain, remote.family)) aim = plain;
    }
    probes.push_back(probe_of(pick(random, edges.locals), remote, aim, side.direction));
  }
}

std::vector<Probe> Atoms::probes_of(std::mt19937_64& random, std::size_t family,
                                    const Address& remote) const {
  std::vector<Probe> probes;
  for (const Side& side : sides_) {
    const ProbeEdges& edges = side.edges[family];
    if (draws() > 0) {
      draw(random, side, edges, remote, probes);
      continue;
    }
    for (const ProbeEdges::Local& local : edges.locals) {
      for (const Aim& aim : edges.aims) {
        probes.push_back(probe_of(local, remote, aim, side.direction));
      }
    }
  }
  return probes;
}

Result<void> Atoms::for_each_batch(
    const std::function<Result<void>(std::span<const Atom>)>& take) const {
  std::mt19937_64 random(seed_);
  ProgramSlice slice(program_, bindings_);
  std::vector<Atom> batch;
  for (std::size_t family = 0; family < sides_[0].edges.size(); ++family) {
    for (const Address& remote : sides_[0].edges[family].remotes) {
      slice.move_to(remote);
      const auto add = [&](const Probe& probe, BadPiece bad_piece) {
        Atom& atom = batch.emplace_back(Atom{probe, bad_piece, frame_of(probe), {}});
        if (bad_piece != BadPiece::none) spoil(atom.frame, atom);
        atom.outcome = slice.judge(atom.frame, probe.direction);
      };
      for (const Probe& probe : probes_of(random, family, remote)) {
        add(probe, BadPiece::none);
        const BadPiece bad_piece = bad_piece_of(probe.protocol, probe.shape);
        if (draws() == 0 && bad_piece != BadPiece::none) add(probe, bad_piece);
      }
      if (batch.size() < batch_size) continue;
      if (auto taken = take(batch); !taken) return taken;
      batch.clear();
    }
  }
  return batch.empty() ? Result<void>{} : take(batch);
}

}  // namespace sallyport
