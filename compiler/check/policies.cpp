// SPDX-License-Identifier: GPL-2.0-or-later
// Policies: settings, and rules under the zones from which they hold.
#include "compiler/check/policies.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <set>
#include <variant>

#include "compiler/check/rules.h"
#include "compiler/check/vendors.h"
#include "compiler/check/written.h"
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
               Reporter& reporter)
      : policy_(policy), module_(module), declarations_(declarations), reporter_(reporter) {}

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

  void read_settings();
  void read_setting(const SettingStatement& setting);
  void read_item(const RuleStatement& rule, const Standing& standing);
  void read_item(const UseStatement& use, const Standing& standing);
  void read_block(const DirectionBlock& block);
  void demand_zone(const Span& span, std::string_view what);
  void refuse_direction(const Span& span, const Standing& standing, const Rule* through_use);
  void note_feeds(const std::vector<const LoadedFeed*>& feeds) {
    used_feeds_.insert(feeds.begin(), feeds.end());
  }
  void fail(const Span& span, const Complaint& complaint, std::vector<Note> notes = {});

  const PolicyStatement& policy_;
  std::size_t module_;
  const Declarations& declarations_;
  Reporter& reporter_;
  Program program_;
  std::set<const LoadedFeed*> used_feeds_;
  bool sound_ = true;
};

std::optional<Program> PolicyReader::run() {
  program_.policy = policy_.name.text;
  program_.zones = declarations_.zones();
  program_.resolvers = declarations_.resolvers();
  read_settings();
  for (const auto& item : policy_.items) {
    if (const auto* block = std::get_if<DirectionBlock>(&item)) {
      read_block(*block);
    } else if (const auto* rule = std::get_if<RuleStatement>(&item)) {
      // An inward rule is told more by the check of its direction.
      if (!program_.zones.empty() && !rule->inward) demand_zone(rule->span, "rule");
      read_item(*rule, {});
    } else {
      const auto& use = std::get<UseStatement>(item);
      if (!program_.zones.empty()) demand_zone(use.span, "use");
      read_item(use, {});
    }
  }
  for (const LoadedFeed* feed : declarations_.feeds().all()) {
    if (used_feeds_.contains(feed)) program_.feeds.push_back(feed->source);
  }
  if (!sound_ || !declarations_.are_sound()) return {};
  return std::move(program_);
}

void PolicyReader::fail(const Span& span, const Complaint& complaint, std::vector<Note> notes) {
  sound_ = false;
  reporter_.error(span, complaint, std::move(notes));
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
  RuleReading read = read_rule(statement, nothing, declarations_.feeds(), reporter_);
  sound_ = sound_ && read.sound;
  note_feeds(read.feeds);
  if (!read.rule) return;
  read.rule->zone = standing.zone;
  read.rule->origin.rule = statement.span.place();
  program_.rules.push_back(std::move(*read.rule));
}

void PolicyReader::read_item(const UseStatement& use, const Standing& standing) {
  const std::string& name = use.vendor.text;
  const VendorStatement* vendor = declarations_.vendor(module_, name);
  if (!vendor) {
    Hint hint = did_you_mean(name, declarations_.vendor_names(module_));
    std::vector<Note> notes;
    if (const VendorStatement* unseen = declarations_.unseen_vendor(name)) {
      notes.push_back(
          {unseen->name.span, "it is declared in a file that this one does not import"});
      hint.clear();
    }
    return fail(use.vendor.span, {"unknown-vendor", "there is no vendor " + quote(name), hint},
                std::move(notes));
  }
  if (declarations_.is_broken(*vendor)) {
    sound_ = false;
    return;
  }
  UseReading read = read_use(use, *vendor, declarations_.feeds(), reporter_);
  sound_ = sound_ && read.sound;
  note_feeds(read.feeds);
  const auto misplaced = std::ranges::find_if(
      read.rules, [&](const Rule& rule) { return rule.direction != standing.direction(); });
  if (misplaced != read.rules.end()) refuse_direction(use.span, standing, &*misplaced);
  for (Rule& rule : read.rules) {
    rule.zone = standing.zone;
    program_.rules.push_back(std::move(rule));
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
  for (const auto& item : block.items) {
    std::visit([&](const auto& statement) { read_item(statement, standing); }, item);
  }
}

}  // namespace

std::optional<Program> read_policy(const PolicyStatement& policy, std::size_t module,
                                   const Declarations& declarations, Reporter& reporter) {
  return PolicyReader(policy, module, declarations, reporter).run();
}

}  // namespace sallyport
