// SPDX-License-Identifier: GPL-2.0-or-later
// Views: who is asked for which names. Each view of the DNS has its own servers, its own questions
// under way and its own aliases; names without `via` have the view with the empty name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/label/labeler.h"
#include "compiler/values/error.h"
#include "runtime/alias_watch.h"
#include "runtime/refresh.h"

namespace sallyport {

/// The servers of each view, by its name.
using ViewServers = std::map<std::string, std::vector<Endpoint>>;

/// The views of which the image has names. A resolver that some rule names with `via` is asked for
/// the names of such rules only, unless there is no other; `given`, if any, replaces the servers of
/// names without `via`. Fails if there is nobody to ask.
Result<ViewServers> servers_of(const Image& image, const std::vector<Endpoint>& given);

class Views {
 public:
  using MakeLookup =
      std::function<Result<std::unique_ptr<Lookup>>(EventLoop&, const std::vector<Endpoint>&)>;
  struct Listener {
    std::function<void(const ViewedName&, Family, const Answer&)> answered;
    std::function<void()> moved;  // aliases() has changed
  };

  Views(EventLoop& loop, MakeLookup make_lookup, Refresh::Pace pace, Listener listener);
  ~Views();

  /// Lookups to the servers, none where those now asked are the same.
  struct Change {
    ViewServers servers;
    std::map<std::string, std::unique_ptr<Lookup>> lookups;
  };
  Result<Change> prepare(ViewServers servers);
  /// From now on these servers are asked. Names are to be set anew.
  void commit(Change change);

  /// From now on these names and the aliases of these derivations are asked for.
  void set_names(const std::vector<ImageName>& names,
                 const std::vector<ImageDerivation>& derivations);

  /// What an earlier run has found.
  void adopt(const Aliases& aliases) { adopted_ = aliases; }
  Aliases aliases() const;

  Refresh::Counts counts() const;

 private:
  struct View {
    std::vector<Endpoint> servers;
    std::unique_ptr<Lookup> lookup;
    std::unique_ptr<AliasWatch> aliases;
    std::unique_ptr<Refresh> refresh;
    ~View() {
      refresh.reset();  // before the lookup they ask
      aliases.reset();
    }
  };
  void start(const std::string& name, View& view);

  EventLoop& loop_;
  MakeLookup make_lookup_;
  Refresh::Pace pace_;
  Listener listener_;
  std::map<std::string, View> views_;
  Aliases adopted_;  // of views that have none of their own yet
};

}  // namespace sallyport
