// SPDX-License-Identifier: GPL-2.0-or-later
// Random frames aimed at the edges of one program: valid packets first, then fragments, header
// chains, options, quotes and tags, then damage. Entry: FrameDice::roll().
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "compiler/program/evaluator.h"
#include "compiler/program/program.h"
#include "tests/support/frame.h"

namespace sallyport {

class FrameDice {
 public:
  /// The generator is kept and must outlive the dice.
  FrameDice(std::mt19937_64& random, const Program& program, const Surroundings& surroundings);

  /// 14 to 3000 bytes: what BPF_PROG_TEST_RUN takes.
  Bytes roll();

 private:
  std::uint32_t below(std::size_t end) { return static_cast<std::uint32_t>(random_() % end); }
  bool one_in(std::uint32_t times) { return below(times) == 0; }
  template <class T>
  T pick(std::span<const T> choices) {
    return choices[below(choices.size())];
  }

  /// What one rule speaks of.
  struct Target {
    Direction direction = Direction::outward;
    std::vector<Address> locals;
    std::vector<Address> remotes;
    std::vector<Service> services;
  };
  Target target_of(const Program& program, const Rule& rule,
                   const Surroundings& surroundings) const;

  Address local(Family family);
  Service service(Family family);
  PacketParts packet();
  PacketParts aimed_packet(const Target& target);
  PacketParts plumbing();
  void place(PacketParts& packet, const Address& local, const Address& remote) const;
  Bytes body(const PacketParts& packet, const Service& service);
  Bytes answer(const Service& service);
  Bytes quote(const PacketParts& packet, const Service& answered);
  Bytes icmp_error(const PacketParts& packet, const Service& answered);
  void fragment(PacketParts& packet);
  void complicate(PacketParts& packet);
  void damage(Bytes& frame);

  std::mt19937_64& random_;
  Direction direction_;
  std::vector<Address> locals_;
  std::vector<Address> remotes_;
  std::vector<Service> services_;
  std::vector<std::uint16_t> vlans_;
  bool by_vlan_;                 // some zone has VLANs
  std::vector<Target> targets_;  // of the rules that can be met at all
};

}  // namespace sallyport
