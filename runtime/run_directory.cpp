// SPDX-License-Identifier: GPL-2.0-or-later
// RunDirectory: see the header. A lock taken on a file that was meanwhile removed is taken again.
#include "runtime/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <sstream>
#include <system_error>

#include "runtime/bpffs.h"

namespace sallyport {
namespace {

/// True if `fd` is still the file at `path`.
bool is_file_at(int fd, const std::filesystem::path& path) {
  struct stat held {
  }, found{};
  return fstat(fd, &held) == 0 && stat(path.c_str(), &found) == 0 && held.st_ino == found.st_ino &&
         held.st_dev == found.st_dev;
}

std::string holder_of(int fd) {
  char text[32] = {};
  const ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
  return length > 0 ? "process " + std::string(text, static_cast<std::size_t>(length)) : "";
}

Result<void> write_holder(int fd) {
  const std::string pid = std::to_string(getpid());
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0)
    return std::unexpected(Error::from_errno("write the lock file", errno));
  return {};
}

std::uint64_t this_network() {
  struct stat facts {};
  return stat("/proc/thread-self/ns/net", &facts) == 0 ? facts.st_ino : 0;
}

}  // namespace

RunDirectory::RunDirectory(const std::string& instance)
    : instance_(instance), directory_("/run/sallyport/" + instance) {}

Result<RunDirectory> RunDirectory::of(const std::string& instance) {
  if (!is_instance_name(instance)) {
    return std::unexpected(Error{"use `" + instance + "` as the name of an instance",
                                 "it must be 1 to 32 of the characters a-z, 0-9 and -", ""});
  }
  return RunDirectory(instance);
}

Result<RunDirectory> RunDirectory::open(const std::string& instance) {
  auto run = of(instance);
  if (!run) return run;
  std::error_code failed;
  std::filesystem::create_directories(run->directory_, failed);
  if (!failed) {
    std::filesystem::permissions(run->directory_, std::filesystem::perms::owner_all, failed);
  }
  if (failed) {
    const char* rights = failed.value() == EACCES ? "are you root?" : "";
    return std::unexpected(
        Error::from_errno("make " + run->directory_.string(), failed.value(), rights));
  }
  return run;
}

bool RunDirectory::exists() const {
  std::error_code ignored;
  return std::filesystem::is_directory(directory_, ignored);
}

Result<Fd> RunDirectory::lock() const {
  const std::filesystem::path path = directory_ / "lock";
  for (;;) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return std::unexpected(Error::from_errno("open " + path.string(), errno));
    if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) {
        return std::unexpected(Error{"take over instance " + instance_, "another runtime has it",
                                     holder_of(fd.get())});
      }
      return std::unexpected(Error::from_errno("lock " + path.string(), errno));
    }
    if (!is_file_at(fd.get(), path)) continue;  // an unload removed it before we had the lock
    if (auto written = write_holder(fd.get()); !written) return std::unexpected(written.error());
    return fd;
  }
}

std::filesystem::path RunDirectory::bundle(std::uint64_t generation) const {
  return directory_ / ("gen-" + std::to_string(generation) + ".bundle");
}

Result<void> RunDirectory::store_bundle(std::uint64_t generation,
                                        std::span<const std::uint8_t> bytes) const {
  return write_file_atomically(bundle(generation), bytes);
}

Result<Bundle> RunDirectory::stored_bundle(std::uint64_t generation) const {
  return read_bundle_file(bundle(generation));
}

void RunDirectory::remove_bundle(std::uint64_t generation) const {
  std::error_code ignored;
  std::filesystem::remove(bundle(generation), ignored);
}

std::uint64_t RunDirectory::newest_bundle() const {
  const std::vector<std::uint64_t> numbers = bundles();
  return numbers.empty() ? 0 : numbers.back();
}

std::vector<std::uint64_t> RunDirectory::bundles() const {
  constexpr std::string_view before = "gen-", behind = ".bundle";
  std::vector<std::uint64_t> numbers;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(before) || !name.ends_with(behind)) continue;
    std::uint64_t number = 0;
    const char* end = name.data() + name.size() - behind.size();
    const auto [stopped, failed] = std::from_chars(name.data() + before.size(), end, number);
    if (failed == std::errc() && stopped == end) numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

Result<void> RunDirectory::store_aliases(const std::string& text) const {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  return write_file_atomically(directory_ / "aliases", {bytes, text.size()});
}

std::string RunDirectory::stored_aliases() const {
  std::ifstream file(directory_ / "aliases");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<void> RunDirectory::store_network() const {
  const std::string text = std::to_string(this_network());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  return write_file_atomically(directory_ / "network", {bytes, text.size()});
}

bool RunDirectory::notes_network() const {
  std::error_code ignored;
  return std::filesystem::exists(directory_ / "network", ignored);
}

bool RunDirectory::is_of_another_network() const {
  std::ifstream note(directory_ / "network");
  std::uint64_t network = 0;
  return note >> network && network != this_network();
}

Result<void> RunDirectory::remove_all() const {
  std::error_code failed;
  std::filesystem::remove_all(directory_, failed);
  if (failed) {
    return std::unexpected(Error::from_errno("remove " + directory_.string(), failed.value()));
  }
  std::filesystem::remove(directory_.parent_path(), failed);  // only if it was the last instance
  return {};
}

}  // namespace sallyport
