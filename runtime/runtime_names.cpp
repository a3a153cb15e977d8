// SPDX-License-Identifier: GPL-2.0-or-later
// Which names the runtime keeps: those of the live image, those that its aliases lead to, and those
// that they led to before; and which rules are in force.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/runtime.h"

namespace sallyport {
namespace {

/// Aliases of before, of which names may still have addresses.
constexpr std::size_t most_former = 8;
/// The calendar may jump: windows are compared with it this often.
constexpr Moment window_pause = std::chrono::seconds(10);
/// What has expired must not stay open: a swap that failed is tried again after this long.
constexpr Moment window_retry = std::chrono::seconds(1);

nlohmann::ordered_json aliases_json(const Aliases& aliases) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& [alias, target] : aliases) {
    list.push_back({{"name", alias.name.text()}, {"via", alias.via}, {"target", target.text()}});
  }
  return list;
}

/// Whatever is no alias is left out: the file may be anybody's.
Aliases read_aliases(const nlohmann::json& list) {
  Aliases aliases;
  if (!list.is_array()) return aliases;
  for (const auto& entry : list) {
    if (!entry.is_object()) continue;
    const auto text = [&](const char* key) {
      const auto found = entry.find(key);
      return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const auto name = HostName::parse(text("name"));
    const auto target = HostName::parse(text("target"));
    if (name && target) aliases.emplace(ViewedName(*name, text("via")), *target);
  }
  return aliases;
}

}  // namespace

void Runtime::make_views() {
  Refresh::Pace pace;
  pace.clamp = [this](Seconds ttl) { return binder_->table().clamp(ttl); };
  pace.seed =
      static_cast<std::uint64_t>(world_.clock.now().count()) ^ static_cast<std::uint64_t>(getpid());
  Views::Listener listener;
  listener.answered = [this](const ViewedName& name, Family family, const Answer& answer) {
    answered(name, family, answer);
  };
  listener.moved = [this] { alias_moved(); };
  views_ = std::make_unique<Views>(loop_, world_.make_lookup, pace, std::move(listener));
}

/// What an earlier run knew, so that its bindings are known as the names they belong to.
void Runtime::recall_aliases() {
  const auto stored = nlohmann::json::parse(files_.stored_aliases(), nullptr, false);
  if (!stored.is_array() || stored.empty()) return;
  aliases_ = read_aliases(stored.front());
  for (std::size_t i = 1; i < stored.size() && i <= most_former; ++i) {
    former_.push_back(read_aliases(stored[i]));
  }
  views_->adopt(aliases_);
}

void Runtime::store_aliases() {
  nlohmann::ordered_json all = nlohmann::ordered_json::array({aliases_json(aliases_)});
  for (const Aliases& aliases : former_) all.push_back(aliases_json(aliases));
  if (auto stored = files_.store_aliases(all.dump()); !stored) world_.log(stored.error().text());
}

/// The names of the image with what its aliases lead to; with those of before if `claimed` has
/// addresses for them, or in any case if it is null.
std::vector<ImageName> Runtime::names_for(const Image& image, const NameTable* claimed) const {
  std::vector<ImageName> names = names_with(image, aliases_);
  if (former_.empty() || image.derivations.empty()) return names;
  std::map<ViewedName, ImageName> all;
  for (ImageName& name : names) all.emplace(name.name, std::move(name));
  for (const Aliases& aliases : former_) {
    for (ImageName& name : names_with(image, aliases)) {
      if (!claimed || claimed->has_claims(name.name)) all.emplace(name.name, std::move(name));
    }
  }
  names.clear();
  for (auto& [key, name] : all) names.push_back(std::move(name));
  return names;
}

void Runtime::ask_names() {
  const Image& image = generation_->image();
  views_->set_names(names_with(image, aliases_), image.derivations);
}

/// The names of before are asked no more: what they have bound expires, as if they had left the
/// DNS.
void Runtime::alias_moved() {
  Aliases now = views_->aliases();
  if (now == aliases_) return;
  for (const auto& [alias, target] : now) {
    const auto before = aliases_.find(alias);
    if (before != aliases_.end() && before->second == target) continue;
    world_.log(alias.text() + " is an alias of " + target.text());
  }
  if (!aliases_.empty()) former_.insert(former_.begin(), std::move(aliases_));
  aliases_ = std::move(now);
  if (former_.size() > most_former) former_.resize(most_former);
  names_changed();
}

void Runtime::names_changed() {
  const Image& image = generation_->image();
  const NameTable& table = binder_->table();
  const auto current = names_with(image, aliases_);
  std::erase_if(former_, [&](const Aliases& aliases) {
    return std::ranges::none_of(names_with(image, aliases), [&](const ImageName& name) {
      return !std::ranges::binary_search(current, name.name, {}, &ImageName::name) &&
             table.has_claims(name.name);
    });
  });
  names_ = names_for(image, &table);
  store_aliases();  // before anything is bound to a name that only they explain
  if (nft_) nft_->know(names_);
  if (Datapath* datapath = generation_->datapath()) datapath->know(names_);
  binder_->set_names(live_walls(), image, names_);
  ask_names();
  after_change();
}

// --- Windows --------------------------------------------------------------------------------

Day Runtime::today() const {
  return std::chrono::floor<std::chrono::days>(world_.wall_time());
}

/// The next look at the calendar: at the next edge, and often enough that a clock that was set is
/// noticed.
void Runtime::plan_windows() {
  loop_.cancel(std::exchange(window_timer_, 0));
  if (!next_edge(generation_->program(), earliest_day)) return;
  Moment wait = window_pause;
  if (!window_trouble_.empty()) wait = window_retry;
  if (const auto edge = next_edge(generation_->program(), today())) {
    wait = std::min<Moment>(wait, WallTime(*edge) - world_.wall_time());
  }
  window_timer_ = loop_.at(world_.clock.now() + wait, [this] {
    window_timer_ = 0;
    follow_windows();
  });
}

/// A swap like that of any load. Until it succeeds the rules of before are in force, which is told
/// and shown: it is tried every second.
void Runtime::follow_windows() {
  if (generation_->holds_on(today())) {
    window_trouble_.clear();
    return plan_windows();
  }
  world_.log("windows have opened or closed: the rules of " + day_text(today()) + " are due");
  const auto loaded = load(generation_->bundle());
  if (loaded) return;
  const std::string before = std::exchange(window_trouble_, loaded.error().text());
  if (window_trouble_ != before) {
    world_.log("ALARM: rules that are out of force are still enforced: " + window_trouble_);
  }
  plan_windows();
}

std::optional<WindowStatus> Runtime::window_status() const {
  if (!next_edge(generation_->program(), earliest_day)) return std::nullopt;
  return WindowStatus{today(), next_edge(generation_->program(), today()), window_trouble_};
}

}  // namespace sallyport
