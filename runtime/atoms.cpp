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
  constexpr std::size_t ip = 14;
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
  for (const Family family : {Family::v4, Family::v6}) {
    edges_.push_back(probe_edges(program, family, bindings));
    const ProbeEdges& last = edges_.back();
    const auto bad = std::ranges::count_if(last.aims, [](const Aim& aim) {
      return bad_piece_of(aim.protocol, aim.shape) != BadPiece::none;
    });
    total_ += std::uint64_t{last.locals.size()} * last.remotes.size() *
              (last.aims.size() + static_cast<std::uint64_t>(bad));
  }
  std::set<Aim> plain;
  for (const Rule& rule : program.rules) {
    for (const Service& service : rule.services) plain.insert({service.protocol, service.first});
  }
  plain_aims_.assign(plain.begin(), plain.end());
}

std::uint64_t Atoms::draws() const {
  if (total_ <= most_) return 0;
  std::uint64_t remotes = 0;
  for (const ProbeEdges& edges : edges_) remotes += edges.remotes.size();
  return std::max<std::uint64_t>(most_ / remotes, 1);
}

std::uint64_t Atoms::to_try() const {
  if (draws() == 0) return total_;
  return draws() * (edges_[0].remotes.size() + edges_[1].remotes.size());
}

/// Half of the draws are what rules open, which is where an edge that is off by one shows.
void Atoms::draw(std::mt19937_64& random, const ProbeEdges& edges, const Address& remote,
                 std::vector<Probe>& probes) const {
  for (std::uint64_t i = 0; i < draws(); ++i) {
    Aim aim = pick(random, edges.aims);
    if (i % 2 == 0 && !plain_aims_.empty()) {
      const Aim& plain = pick(random, plain_aims_);
      if (belongs_to(plain, remote.family)) aim = plain;
    }
    probes.push_back({pick(random, edges.locals), remote, aim.protocol, aim.port, aim.shape});
  }
}

Result<void> Atoms::for_each_batch(
    const std::function<Result<void>(std::span<const Atom>)>& take) const {
  std::mt19937_64 random(seed_);
  ProgramSlice slice(program_, bindings_);
  std::vector<Atom> batch;
  std::vector<Probe> probes;
  for (const ProbeEdges& edges : edges_) {
    for (const Address& remote : edges.remotes) {
      slice.move_to(remote);
      probes.clear();
      if (draws() > 0) {
        draw(random, edges, remote, probes);
      } else {
        for (const Address& local : edges.locals) {
          for (const Aim& aim : edges.aims) {
            probes.push_back({local, remote, aim.protocol, aim.port, aim.shape});
          }
        }
      }
      const auto add = [&](const Probe& probe, BadPiece bad_piece) {
        Atom& atom = batch.emplace_back(Atom{probe, bad_piece, frame_of(probe), {}});
        if (bad_piece != BadPiece::none) spoil(atom.frame, atom);
        atom.outcome = slice.judge(atom.frame);
      };
      for (const Probe& probe : probes) {
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
