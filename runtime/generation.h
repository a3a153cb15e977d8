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
  /// Loads the datapath from the bundle, tests it against the evaluator (self_test.h) and pins it
  /// under the next free number. Refuses a bundle whose image is not that of its program. A
  /// generation that is destroyed without having been committed removes its pins; `pins` must
  /// outlive it.
  static Result<Generation> prepare(const Pins& pins, Bundle bundle, std::uint32_t addresses = 0);
  Generation(Generation&&) noexcept;
  Generation& operator=(Generation&& other) noexcept;
  ~Generation();

  std::uint64_t number() const { return number_; }
  const Bundle& bundle() const { return bundle_; }
  Datapath& datapath() { return datapath_; }
  const Datapath& datapath() const { return datapath_; }

  /// Moves every attachment to this generation's program, in order. If one refuses, those already
  /// moved go back to the previous program (a descriptor; below zero: there is none), and nothing
  /// has changed.
  Result<void> commit(std::vector<Attachment>& attachments, int previous_program_fd);

 private:
  Generation(const Pins& pins, std::uint64_t number, Bundle bundle, Datapath datapath);

  const Pins* pins_;  // null: moved from
  std::uint64_t number_ = 0;
  Bundle bundle_;
  Datapath datapath_;
  bool keeps_pins_ = false;
};

/// The pinned generation whose program the attachment of any device runs; empty if none is found.
std::optional<std::uint64_t> live_generation(const Pins& pins);
/// Descriptor of a pinned generation's program.
Result<Fd> pinned_program(const Pins& pins, std::uint64_t number);

/// Counters of `from`, a generation with the rules of `old_rules`, in the order of `new_rules`:
/// rules meet by identity, reasons by number. Rules that are gone are dropped, new ones start at
/// zero.
Counters carried_counters(const Counters& from, const std::vector<ImageRule>& old_rules,
                          const std::vector<ImageRule>& new_rules);

}  // namespace sallyport
