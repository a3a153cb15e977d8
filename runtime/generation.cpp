// SPDX-License-Identifier: GPL-2.0-or-later
// Generation: prepare, commit, retire. Entry point: Generation::prepare().
#include "runtime/generation.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "compiler/label/labeler.h"
#include "compiler/program/derivation.h"
#include "compiler/program/program_text.h"
#include "runtime/capabilities.h"
#include "runtime/self_test.h"

namespace sallyport {
namespace {

std::uint32_t program_id(int program_fd) {
  bpf_prog_info facts{};
  __u32 size = sizeof(facts);
  return bpf_obj_get_info_by_fd(program_fd, &facts, &size) == 0 ? facts.id : 0;
}

/// Puts the first `count` attachments back; returns what could not be put back, in words.
std::string roll_back(std::vector<Attachment>& attachments, std::size_t count,
                      const Generation::Programs& previous) {
  std::string stuck;
  for (std::size_t i = 0; i < count; ++i) {
    const int program_fd = previous.of(attachments[i].direction());
    if (program_fd < 0) continue;
    if (auto back = attachments[i].replace(program_fd); !back) {
      stuck += (stuck.empty() ? "" : "; ") + back.error().text();
    }
  }
  return stuck;
}

}  // namespace

Generation::Generation(const Pins& pins, std::uint64_t number, Bundle bundle, Program program)
    : pins_(&pins), number_(number), bundle_(std::move(bundle)), program_(std::move(program)) {}

Generation::Generation(Generation&& other) noexcept
    : pins_(std::exchange(other.pins_, nullptr)),
      number_(other.number_),
      bundle_(std::move(other.bundle_)),
      program_(std::move(other.program_)),
      judged_(std::move(other.judged_)),
      day_(other.day_),
      dated_(std::move(other.dated_)),
      datapath_(std::move(other.datapath_)),
      keeps_pins_(other.keeps_pins_) {}

Generation& Generation::operator=(Generation&& other) noexcept {
  if (this == &other) return *this;
  const Generation replaced(std::move(*this));
  pins_ = std::exchange(other.pins_, nullptr);
  number_ = other.number_;
  bundle_ = std::move(other.bundle_);
  program_ = std::move(other.program_);
  judged_ = std::move(other.judged_);
  day_ = other.day_;
  dated_ = std::move(other.dated_);
  datapath_ = std::move(other.datapath_);
  keeps_pins_ = other.keeps_pins_;
  return *this;
}

Generation::~Generation() {
  if (pins_ == nullptr || keeps_pins_ || !datapath_) return;
  // Nothing depends on these pins; the next prepare() takes another number if they stay.
  (void)pins_->remove_generation(number_);
}

Result<Generation> Generation::prepare(const Pins& pins, Bundle bundle, const Wanted& wanted) {
  const std::vector<std::uint64_t> existing = pins.generations();
  const std::uint64_t number = std::max(wanted.number, existing.empty() ? 1 : existing.back() + 1);
  const std::string subject = "generation " + std::to_string(number);
  auto program = read_program(bundle.program_text);
  if (!program) return std::unexpected(program.error());
  if (const auto missing = missing_capability(*program)) {
    return std::unexpected(Error{"prepare " + subject, *missing, {}});
  }
  if (auto same = check_image(subject, *program, bundle.image); !same) {
    return std::unexpected(same.error());
  }
  if (!program->needs.empty()) {
    return std::unexpected(Error{"use " + subject,
                                 "its policy needs `" + program->needs.front() + "`",
                                 "this version cannot do that"});
  }
  Generation made(pins, number, std::move(bundle), std::move(*program));
  made.day_ = wanted.day;
  made.judged_ = program_on(made.program_, wanted.day);
  if (next_edge(made.program_, earliest_day)) made.dated_ = make_image(made.program_, wanted.day);
  if (!wanted.bpf) return made;
  auto datapath = Datapath::load(made.image(), wanted.addresses);
  if (!datapath) return std::unexpected(datapath.error());
  if (auto tested = self_test(subject, made.judged_, *datapath); !tested) {
    return std::unexpected(tested.error());
  }
  if (auto pinned = datapath->pin(pins.generation(number).string()); !pinned) {
    return std::unexpected(pinned.error());
  }
  made.datapath_ = std::move(*datapath);
  return made;
}

bool Generation::holds_on(Day day) const {
  return std::ranges::all_of(program_.rules, [&](const Rule& rule) {
    return in_force(rule, day) == in_force(rule, day_);
  });
}

Result<void> Generation::commit(std::vector<Attachment>& attachments, const Programs& previous) {
  for (std::size_t moved = 0; moved < attachments.size(); ++moved) {
    auto replaced = attachments[moved].replace(program_fd(attachments[moved].direction()));
    if (replaced) continue;
    Error error = replaced.error();
    const std::string stuck = roll_back(attachments, moved, previous);
    if (!stuck.empty()) {
      // A device still runs this program: its pins must stay reachable.
      keeps_pins_ = true;
      error.detail += (error.detail.empty() ? "and " : "; and ") + stuck;
    }
    return std::unexpected(std::move(error));
  }
  keeps_pins_ = true;
  return {};
}

Result<Image> image_on(const Bundle& bundle, Day day) {
  const auto program = read_program(bundle.program_text);
  if (!program) return std::unexpected(program.error());
  if (!next_edge(*program, earliest_day)) return bundle.image;
  return make_image(*program, day);
}

std::optional<std::uint64_t> live_generation(const Pins& pins) {
  std::set<std::uint32_t> running;
  for (const std::string& device : pins.linked_devices()) {
    const auto state = Attachment::state_of(pins, device);
    if (state && state->alive) running.insert(state->program_id);
  }
  const std::vector<std::uint64_t> numbers = pins.generations();
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    for (const Direction direction : {Direction::outward, Direction::inward}) {
      const auto program = pinned_program(pins, *number, direction);
      if (program && running.contains(program_id(program->get()))) return *number;
    }
  }
  return std::nullopt;
}

Result<Fd> pinned_program(const Pins& pins, std::uint64_t number, Direction direction) {
  const std::string pin = (pins.generation(number) / program_pin(direction)).string();
  Fd program{bpf_obj_get(pin.c_str())};
  if (!program) return std::unexpected(Error::from_errno("open " + pin, errno));
  return program;
}

Counters carried_counters(const Counters& from, const std::vector<ImageRule>& old_rules,
                          const std::vector<ImageRule>& new_rules) {
  std::map<std::string_view, Counter> by_identity;
  const std::size_t counted = std::min(from.rules.size(), old_rules.size());
  for (std::size_t i = 0; i < counted; ++i) {
    by_identity.emplace(old_rules[i].identity, from.rules[i]);
  }
  Counters carried;
  carried.reasons = from.reasons;
  carried.rules.reserve(new_rules.size());
  for (const ImageRule& rule : new_rules) {
    const auto found = by_identity.find(rule.identity);
    carried.rules.push_back(found == by_identity.end() ? Counter{} : found->second);
  }
  return carried;
}

}  // namespace sallyport
