// SPDX-License-Identifier: GPL-2.0-or-later
// Policies: settings, and rules under the zones from which they hold.
#include "compiler/check/policies.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <map>
#include <set>
#include <type_traits>
#include <variant>

#include "compiler/check/parts.h"
#include "compiler/check/rules.h"
#include "compiler/check/vendor_records.h"
#include "compiler/check/written.h"
#include "compiler/program/capabilities.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

constexpr std::size_t most_zones_offered = 3;

std::string list_of(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + quote(word);
  return text;
}

class PolicyReader {
 public:
  PolicyReader(const PolicyStatement& policy, std::size_t module, const Declarations& declarations,
               const Capabilities& declared, Reporter& reporter)
      : policy_(policy),
        module_(module),
        declarations_(declarations),
        declared_(declared),
        reporter_(reporter) {}

  std::optional<Program> run();

 private:
  /// Where an item stands.
  struct Standing {
    std::optional<std::uint32_t> zone;      // empty: every local address
    const DirectionBlock* block = nullptr;  // null: directly in the policy

    Direction direction() const {
      const bool to = block && block->direction == DirectionBlock::Direction::to;
      return to ? Direction::inward : Direction::outward;
    }
  };

  void sort_derivations();
  void read_capabilities();
  void read_nevers();
  void add_need(const std::string& need);
  void demand_zone(const RuleStatement& rule) {
    // An inward rule is told more by the check of its direction.
    if (!rule.inward) demand_zone(rule.span, "rule");
  }
  void demand_zone(const UseStatement& use) { demand_zone(use.span, "use"); }
  void demand_zone(const EitherStatement& either) { demand_zone(either.span, "`either`"); }
  void read_settings();
  void read_setting(const SettingStatement& setting);
  void read_item(const RuleStatement& rule, const Standing& standing);
  void read_item(const UseStatement& use, const Standing& standing);
  void read_item(const EitherStatement& either, const Standing& standing);
  void read_block(const DirectionBlock& block);
  void demand_zone(const Span& span, std::string_view what);
  void refuse_direction(const Span& span, const Standing& standing, const Rule* through_use);
  void note_feeds(std::vector<FeedChoice> choices, const Span& through);
  void judge_feeds();
  void fail(const Span& span, const Complaint& complaint, std::vector<Note> notes = {});

  const PolicyStatement& policy_;
  std::size_t module_;
  const Declarations& declarations_;
  Capabilities declared_;
  Reporter& reporter_;
  Program program_;
  std::vector<std::pair<FeedChoice, Span>> feed_choices_;  // and the `use` that brought each
  Referents referents_;
  const ReadingScope scope_{declarations_, declared_, referents_};
  std::vector<Span> rule_spans_;  // of each rule of the program
  std::vector<NeverReading> nevers_;
  std::vector<UnfitFeed> unfit_;
  bool sound_ = true;
};

std::optional<Program> PolicyReader::run() {
  program_.policy = policy_.name.text;
  program_.nat64 = declarations_.nat64();
  program_.zones = declarations_.zones();
  program_.resolvers = declarations_.resolvers();
  referents_.resolvers = &program_.resolvers;
  referents_.nat64 = program_.nat64;
  if (policy_.owner) program_.owner = policy_.owner->text;
  for (const Remark& note : policy_.notes) program_.notes.push_back(note.text);
  read_capabilities();
  read_settings();
  for (const auto& item : policy_.items) {
    if (const auto* block = std::get_if<DirectionBlock>(&item)) {
      read_block(*block);
      continue;
    }
    std::visit(
        [&](const auto& statement) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(statement)>, DirectionBlock>) {
            if (!program_.zones.empty()) demand_zone(statement);
            read_item(statement, {});
          }
        },
        item);
  }
  judge_feeds();
  read_nevers();
  if (!sound_ || !declarations_.are_sound()) return {};
  program_.vendors = vendor_records(program_.rules, declarations_);
  sort_derivations();
  return std::move(program_);
}

void PolicyReader::fail(const Span& span, const Complaint& complaint, std::vector<Note> notes) {
  sound_ = false;
  reporter_.error(span, complaint, std::move(notes));
}

/// Derivations in the order that a Program promises, and the derived names with them.
void PolicyReader::sort_derivations() {
  program_.derivations = referents_.derivations;
  std::ranges::sort(program_.derivations);
  for (Rule& rule : program_.rules) {
    for (DerivedName& name : rule.remote.derived) {
      const auto at =
          std::ranges::lower_bound(program_.derivations, referents_.derivations[name.derivation]);
      name.derivation = static_cast<std::uint32_t>(at - program_.derivations.begin());
    }
    std::ranges::sort(rule.remote.derived);
  }
}

// --- Settings -------------------------------------------------------------------------------

void PolicyReader::read_settings() {
  std::map<std::string, Span> given;
  for (const SettingStatement& setting : policy_.settings) {
    const auto [first, fresh] = given.try_emplace(setting.name.text, setting.name.span);
    if (!fresh) {
      fail(setting.name.span, {"duplicate-name", quote(setting.name.text) + " is set twice"},
           {{first->second, "it was set here first"}});
      continue;
    }
    read_setting(setting);
  }
  const Lifetimes& lifetimes = program_.lifetimes;
  if (sound_ && lifetimes.grace && *lifetimes.grace > lifetimes.max_stale) {
    const auto max_stale = given.find("max-stale");
    const Span& shown = max_stale == given.end() ? given.at("grace") : max_stale->second;
    fail(shown, {"bad-setting", "`max-stale` (" + std::to_string(lifetimes.max_stale.count()) +
                                    " s) is shorter than `grace` (" +
                                    std::to_string(lifetimes.grace->count()) + " s)"});
  }
}

void PolicyReader::read_setting(const SettingStatement& setting) {
  const std::string& name = setting.name.text;
  const auto duration = read_duration(setting.value.span.text());
  if (!duration) return fail(setting.value.span, duration.error());
  if (name == "ttl-floor") {
    if (*duration < Seconds{1}) {
      return fail(setting.value.span, {"bad-setting", "`ttl-floor` is at least 1s"});
    }
    program_.lifetimes.ttl_floor = *duration;
  } else if (name == "grace") {
    program_.lifetimes.grace = *duration;
  } else {
    assert(name == "max-stale");
    program_.lifetimes.max_stale = *duration;
  }
}

// --- Rules ----------------------------------------------------------------------------------

void PolicyReader::demand_zone(const Span& span, std::string_view what) {
  const std::string written(span.text());
  std::vector<Rewrite> rewrites;
  for (const std::string& zone : declarations_.zone_names()) {
    if (rewrites.size() == most_zones_offered) break;
    rewrites.push_back(
        {written, "from " + zone + " " + written, "write `from " + zone + "` in front"});
  }
  rewrites.push_back({written, "from any " + written, "write `from any` in front"});
  fail(span, {"missing-zone",
              "this " + std::string(what) + " stands under no zone",
              {"say `from any`, or from which zone: " + list_of(declarations_.zone_names()),
               std::move(rewrites)}});
}

/// For a rule that is not of the direction in which it stands; given if a `use` brought it.
void PolicyReader::refuse_direction(const Span& span, const Standing& standing,
                                    const Rule* through_use) {
  std::string found = "this rule is";
  std::vector<Note> notes;
  if (through_use) {
    const Origin& origin = through_use->origin;
    found = quote(origin.vendor + "." + origin.part) + " has rules that are";
    notes.push_back({{}, "the first of them is at " + origin.rule.text()});
  }
  const bool outward = standing.direction() == Direction::inward;  // what stands here is the other
  const std::string zone = standing.block ? standing.block->zone.text : "any";
  const std::string right = quote((outward ? "from " : "to ") + zone);
  const std::string hint = outward ? "outward rules stand under " + right
                                   : "inward rules stand under " + right + ": `to " + zone +
                                         " { allow in tcp 443 from SOURCE }`";
  const std::string where =
      standing.block ? "under " + quote((outward ? "to " : "from ") + zone) : "under no `to ZONE`";
  fail(span,
       {"wrong-direction",
        found + (outward ? " outward: " : " inward: ") + where +
            " that would open the wrong direction",
        hint},
       std::move(notes));
}

void PolicyReader::read_item(const RuleStatement& statement, const Standing& standing) {
  const Direction direction = statement.inward ? Direction::inward : Direction::outward;
  if (direction != standing.direction()) refuse_direction(statement.span, standing, nullptr);
  const Terms nothing;
  RuleReading read = read_rule(statement, nothing, declarations_.feeds(), referents_, reporter_);
  sound_ = sound_ && read.sound;
  note_feeds(std::move(read.feeds), {});
  if (!read.rule) return;
  read.rule->zone = standing.zone;
  read.rule->origin.rule = statement.span.place();
  program_.rules.push_back(std::move(*read.rule));
  rule_spans_.push_back(statement.span);
}

void PolicyReader::read_item(const UseStatement& use, const Standing& standing) {
  PartReading read = read_use(use, module_, Terms(), use.span, scope_, reporter_);
  sound_ = sound_ && read.sound;
  note_feeds(std::move(read.feeds), use.span);
  const auto misplaced = std::ranges::find_if(
      read.rules, [&](const Rule& rule) { return rule.direction != standing.direction(); });
  if (misplaced != read.rules.end()) refuse_direction(use.span, standing, &*misplaced);
  for (Rule& rule : read.rules) {
    rule.zone = standing.zone;
    program_.rules.push_back(std::move(rule));
    rule_spans_.push_back(use.span);
  }
  std::ranges::move(read.nevers, std::back_inserter(nevers_));
  std::ranges::move(read.unfit, std::back_inserter(unfit_));
  std::ranges::move(read.choices, std::back_inserter(program_.choices));
  for (const std::string& need : read.needs) add_need(need);
}

void PolicyReader::read_item(const EitherStatement& either, const Standing& standing) {
  check_either(either, reporter_);
  Chosen chosen = choose(either, declared_, reporter_);
  if (!chosen.alternative) {
    sound_ = false;
    return;
  }
  program_.choices.push_back(std::move(chosen.choice));
  if (chosen.alternative->needs) add_need(chosen.alternative->needs->text);
  for (const auto& item : chosen.alternative->items) {
    std::visit([&](const auto& statement) { read_item(statement, standing); }, item);
  }
}

/// Needs stand in the program sorted, each once.
void PolicyReader::add_need(const std::string& need) {
  const auto at = std::ranges::lower_bound(program_.needs, need);
  if (at == program_.needs.end() || *at != need) program_.needs.insert(at, need);
}

void PolicyReader::read_capabilities() {
  for (const Name& name : policy_.capabilities) {
    if (is_capability(name.text)) {
      declared_.insert(name.text);
      continue;
    }
    const std::vector<std::string> known(capabilities.begin(), capabilities.end());
    fail(name.span, {"unknown-capability", "there is no capability " + quote(name.text),
                     did_you_mean(name.text, known)});
  }
}

/// Those of the policy, and of every vendor and part that it uses.
void PolicyReader::read_nevers() {
  for (const NeverStatement& never : policy_.nevers) {
    sound_ = sallyport::read_nevers(never, Terms(), reporter_, nevers_) && sound_;
  }
  sound_ = check_nevers(nevers_, program_.rules, rule_spans_, reporter_) && sound_;
  for (const NeverReading& one : nevers_) {
    // Two uses of one vendor bring the same twice.
    const auto known = std::ranges::find(program_.nevers, one.never);
    if (known == program_.nevers.end()) program_.nevers.push_back(one.never);
  }
}

void PolicyReader::note_feeds(std::vector<FeedChoice> choices, const Span& through) {
  for (FeedChoice& choice : choices) feed_choices_.emplace_back(std::move(choice), through);
}

/// Which feeds the program has entries of, and which of them it should not.
void PolicyReader::judge_feeds() {
  for (const LintStatement& lint : policy_.lints) {
    sound_ = read_lint(lint, Terms(), reporter_, unfit_) && sound_;
  }
  std::set<const LoadedFeed*> used;
  for (const auto& [choice, through] : feed_choices_) {
    used.insert(choice.feed);
    warn_of_unfit_feeds(unfit_, choice, through, reporter_);
  }
  for (const LoadedFeed* feed : declarations_.feeds().all()) {
    if (used.contains(feed)) program_.feeds.push_back(feed->source);
  }
}

void PolicyReader::read_block(const DirectionBlock& block) {
  Standing standing;
  standing.block = &block;
  if (block.zone.text != "any") {
    standing.zone = declarations_.zone(block.zone.text);
    if (!standing.zone) {
      fail(block.zone.span, {"unknown-zone", "there is no zone " + quote(block.zone.text),
                             did_you_mean(block.zone.text, declarations_.zone_names())});
    }
  }
  if (block.items.size() > program_.rules.size())
    program_.rules.reserve(program_.rules.size() + block.items.size());
  for (const auto& item : block.items) {
    std::visit([&](const auto& statement) { read_item(statement, standing); }, item);
  }
}

}  // namespace

std::optional<Program> read_policy(const PolicyStatement& policy, std::size_t module,
                                   const Declarations& declarations, const Capabilities& declared,
                                   Reporter& reporter) {
  return PolicyReader(policy, module, declarations, declared, reporter).run();
}

}  // namespace sallyport
