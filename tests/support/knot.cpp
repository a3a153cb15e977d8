// SPDX-License-Identifier: GPL-2.0-or-later
// A DNS server for tests. Entry points: the constructor and Knot::set().
#include "tests/support/knot.h"

#include <fstream>
#include <set>
#include <stdexcept>
#include <utility>

namespace sallyport::test {
namespace {

const char* const record_ttl = "1";

std::string write_configuration(const std::filesystem::path& folder, const std::string& zone,
                                const std::string& address) {
  std::ofstream(folder / "zone") << "$ORIGIN " << zone << ".\n"
                                 << "@ 1 SOA ns hostmaster 1 3600 600 86400 1\n"
                                 << "@ 1 NS ns\n"
                                 << "ns 1 A " << address << "\n";
  const std::filesystem::path file = folder / "knot.conf";
  std::ofstream(file) << "server:\n"
                      << "  rundir: \"" << folder.string() << "\"\n"
                      << "  listen: " << address << "@53\n"
                      << "  udp-workers: 1\n"
                      << "  tcp-workers: 1\n"
                      << "  background-workers: 1\n"
                      << "control:\n"
                      << "  listen: \"" << (folder / "knot.sock").string() << "\"\n"
                      << "database:\n"
                      << "  storage: \"" << folder.string() << "\"\n"
                      << "log:\n"
                      << "  - target: stderr\n"
                      << "    any: warning\n"
                      << "zone:\n"
                      << "  - domain: " << zone << "\n"
                      << "    file: \"" << (folder / "zone").string() << "\"\n"
                      << "    zonefile-sync: -1\n"
                      << "    journal-content: none\n";
  return file.string();
}

}  // namespace

Knot::Knot(const Netns& where, std::filesystem::path folder, const std::string& zone,
           const std::string& address)
    : where_(where),
      folder_(std::move(folder)),
      zone_(zone),
      server_(where.start({"knotd", "-c", write_configuration(folder_, zone, address)})) {
  const CommandLine status{"knotc", "-s", (folder_ / "knot.sock").string(), "zone-read", zone_};
  const bool ready = eventually(std::chrono::seconds(10), [&] {
    return where_.run(status).status == 0 || !server_.running();
  });
  if (!ready || !server_.running()) throw std::runtime_error("knotd: " + server_.output());
}

void Knot::control(const CommandLine& words) const {
  CommandLine line{"knotc", "-s", (folder_ / "knot.sock").string()};
  line.insert(line.end(), words.begin(), words.end());
  where_.must_run(line);
}

void Knot::set(const std::vector<Record>& records) {
  control({"zone-begin", zone_});
  std::set<std::pair<std::string, std::string>> replaced;
  for (const Record& record : records) {
    if (replaced.emplace(record.name, record.type).second) {
      // There may be none yet.
      where_.run({"knotc", "-s", (folder_ / "knot.sock").string(), "zone-unset", zone_,
                  record.name + ".", record.type});
    }
    control({"zone-set", zone_, record.name + ".", record_ttl, record.type, record.value});
  }
  control({"zone-commit", zone_});
}

std::string Knot::why_not() {
  return has_program("knotd") && has_program("knotc") ? "" : "needs knotd and knotc (knot)";
}

}  // namespace sallyport::test
