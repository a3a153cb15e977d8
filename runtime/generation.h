// SPDX-License-Identifier: GPL-2.0-or-later
// Generation: one Image alive in the kernel. prepare -> commit -> retire (DESIGN section 8):
// preparing touches nothing live, committing is one atomic link update per attachment, retiring
// removes the old pins last.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/image/bundle.h"
#include "compiler/values/error.h"
#include "runtime/attachment.h"
#include "runtime/bpffs.h"
#include "runtime/datapath.h"

namespace sallyport {

class Generation {
 public:
  struct Wanted {
    bool bpf = true;              // without it nothing is loaded or pinned: nftables enforces alone
    std::uint64_t number = 1;     // the least that it may have
    std::uint32_t addresses = 0;  // as for Datapath::load()
    Day day = earliest_day;       // on which it is to be in force
  };
  /// Loads the datapath from the bundle, tests it against the evaluator (self_test.h) and pins it
  /// under the next free number. Refuses a bundle whose image is not that of its program. A
  /// generation that is destroyed without having been committed removes its pins; `pins` must
  /// outlive it.
  static Result<Generation> prepare(const Pins& pins, Bundle bundle, const Wanted& wanted);
  Generation(Generation&&) noexcept;
  Generation& operator=(Generation&& other) noexcept;
  ~Generation();

  std::uint64_t number() const { return number_; }
  const Bundle& bundle() const { return bundle_; }
  const Program& program() const { return program_; }
  /// The program with what is in force on its day, and the image of that.
  const Program& judged() const { return judged_; }
  const Image& image() const { return dated_ ? *dated_ : bundle_.image; }
  /// True if on this day the same rules are in force.
  bool holds_on(Day day) const;
  /// Null without BPF.
  Datapath* datapath() { return datapath_ ? &*datapath_ : nullptr; }
  const Datapath* datapath() const { return datapath_ ? &*datapath_ : nullptr; }

  /// Its program, for attachments; below zero without BPF.
  int program_fd(Direction direction = Direction::outward) const {
    return datapath_ ? datapath_->program_fd(direction) : -1;
  }
  /// The programs of a generation, as descriptors; below zero: there is none.
  struct Programs {
    int outward = -1;
    int inward = -1;
    int of(Direction direction) const { return direction == Direction::outward ? outward : inward; }
  };
  Programs programs() const {
    return {program_fd(Direction::outward), program_fd(Direction::inward)};
  }
  /// Moves every attachment to this generation's program, in order. If one refuses, those already
  /// moved go back to the previous program, and nothing has changed.
  Result<void> commit(std::vector<Attachment>& attachments, const Programs& previous);

 private:
  Generation(const Pins& pins, std::uint64_t number, Bundle bundle, Program program);

  const Pins* pins_;  // null: moved from
  std::uint64_t number_ = 0;
  Bundle bundle_;
  Program program_;
  Program judged_;
  Day day_ = earliest_day;
  std::optional<Image> dated_;  // of a program with windows: that of the bundle is of no day
  std::optional<Datapath> datapath_;
  bool keeps_pins_ = false;
};

/// The image of what is in force on the day.
Result<Image> image_on(const Bundle& bundle, Day day);

/// The pinned generation whose program the attachment of any device runs; empty if none is found.
std::optional<std::uint64_t> live_generation(const Pins& pins);
/// Descriptor of a pinned generation's program.
Result<Fd> pinned_program(const Pins& pins, std::uint64_t number,
                          Direction direction = Direction::outward);

/// Counters of `from`, a generation with the rules of `old_rules`, in the order of `new_rules`:
/// rules meet by identity, reasons by number. Rules that are gone are dropped, new ones start at
/// zero.
Counters carried_counters(const Counters& from, const std::vector<ImageRule>& old_rules,
                          const std::vector<ImageRule>& new_rules);

}  // namespace sallyport
