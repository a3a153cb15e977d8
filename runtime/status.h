// SPDX-License-Identifier: GPL-2.0-or-later
// Status: what an instance enforces and what it does not, for people and scripts. Read from the
// pins alone when no runtime is alive; a runtime adds what only it knows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/abi.h"
#include "runtime/attachment.h"
#include "runtime/bpffs.h"
#include "runtime/datapath.h"
#include "runtime/history.h"
#include "runtime/nft_wall.h"
#include "runtime/refresh.h"
#include "runtime/run_directory.h"

namespace sallyport {

struct NameStatus {
  ViewedName name;
  Family family = Family::v4;
  std::string failing;  // why the last lookup failed; empty if it did not
  struct Bound {
    Address address;
    Seconds left{0};
    bool adopted = false;
  };
  std::vector<Bound> addresses;
};

/// Of a policy with windows of validity.
struct WindowStatus {
  Day today;
  std::optional<Day> next_edge;  // the day on which rules come into force or go out of it
  std::string trouble;           // why the rules of today are not enforced; empty if they are
};

/// What only a living runtime knows.
struct RuntimeStatus {
  int process = 0;
  std::size_t names = 0, bound_names = 0, addresses = 0;
  std::uint64_t changes = 0, refused = 0;
  std::vector<NameStatus> per_name;
  Refresh::Counts lookups;
  std::optional<WindowStatus> windows;
  std::vector<Datapath::Size> tables;
  std::vector<Enforced> earlier;  // what can be rolled back to, the latest first
};

struct Status {
  std::string instance;
  std::uint64_t generation = 0;  // 0: none is live
  std::optional<Bundle> bundle;  // of the generation; empty if its file is gone
  std::vector<Attachment::State> devices;
  Counters counters;  // of BPF; empty without it
  std::optional<NftStatus> nft;
  std::optional<RuntimeStatus> runtime;
};

/// The state of an instance as its pins and files tell it.
Result<Status> pinned_status(const std::string& instance, const Pins& pins,
                             const RunDirectory& files);

/// `drop-no-rule`, for scripts.
std::string reason_word(SpReason reason);
/// `no rule allows it`, for people.
std::string_view reason_text(SpReason reason);

/// One JSON object; the fields are those of tests/netns/cli_test.cpp.
std::string status_json(const Status& status);

}  // namespace sallyport
