// SPDX-License-Identifier: GPL-2.0-or-later
// Pins: the folder of one instance under bpffs. Entry points: Pins::open() and Pins::find().
#include "runtime/bpffs.h"

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace sallyport {
namespace {

namespace fs = std::filesystem;

const char* const bpffs_root = "/sys/fs/bpf";
const char* const sallyport_root = "/sys/fs/bpf/sallyport";
constexpr std::string_view link_prefixes[] = {"link-", "inward-"};  // by Direction
constexpr std::string_view generation_prefix = "gen-";
constexpr std::string_view escaped_dot = "%2e";
constexpr std::size_t longest_instance = 32;

Result<fs::path> directory_of(const std::string& instance) {
  if (!is_instance_name(instance)) {
    return std::unexpected(Error{"use instance name `" + instance + "`", "invalid name",
                                 "1 to 32 of a-z, 0-9 and `-`"});
  }
  return fs::path(sallyport_root) / instance;
}

bool is_bpffs(const char* path) {
  struct statfs found {};
  return statfs(path, &found) == 0 && found.f_type == BPF_FS_MAGIC;
}

Result<void> mount_bpffs() {
  if (is_bpffs(bpffs_root)) return {};
  if (mount("bpf", bpffs_root, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0) {
    return std::unexpected(Error::from_errno(std::string("mount bpffs on ") + bpffs_root, errno));
  }
  return {};
}

Result<void> make_directory(const fs::path& path) {
  if (mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return std::unexpected(Error::from_errno("make " + path.string(), errno));
  }
  return {};
}

Result<void> remove_pin(const fs::path& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return std::unexpected(Error::from_errno("remove " + path.string(), errno));
  }
  return {};
}

// No device's name has a `%` that is not replaced by a number, so the two are inverse.
std::string escaped(std::string device) {
  for (std::size_t at = 0; (at = device.find('.', at)) != std::string::npos;) {
    device.replace(at, 1, escaped_dot);
  }
  return device;
}

std::string unescaped(std::string name) {
  for (std::size_t at = 0; (at = name.find(escaped_dot, at)) != std::string::npos; ++at) {
    name.replace(at, escaped_dot.size(), ".");
  }
  return name;
}

std::optional<std::uint64_t> generation_number(std::string_view name) {
  if (!name.starts_with(generation_prefix)) return std::nullopt;
  name.remove_prefix(generation_prefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::vector<std::string> entries(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  return names;
}

}  // namespace

bool is_instance_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_instance &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

const char* program_pin(Direction direction) {
  return direction == Direction::outward ? "xdp" : "xdp_in";
}

Result<Pins> Pins::open(const std::string& instance) {
  auto directory = directory_of(instance);
  if (!directory) return std::unexpected(directory.error());
  if (auto mounted = mount_bpffs(); !mounted) return std::unexpected(mounted.error());
  for (const fs::path& path : {fs::path(sallyport_root), *directory}) {
    if (auto made = make_directory(path); !made) return std::unexpected(made.error());
  }
  return Pins(std::move(*directory));
}

Result<Pins> Pins::find(const std::string& instance) {
  auto directory = directory_of(instance);
  if (!directory) return std::unexpected(directory.error());
  struct stat found {};
  if (stat(directory->c_str(), &found) != 0) {
    const std::string tried = "find instance " + instance;
    if (errno != ENOENT) return std::unexpected(Error::from_errno(tried, errno));
    return std::unexpected(
        Error{tried, "nothing is enforced under that name", "there is no " + directory->string()});
  }
  return Pins(std::move(*directory));
}

fs::path Pins::link(const std::string& device, Direction direction) const {
  const std::string_view prefix = link_prefixes[static_cast<std::size_t>(direction)];
  return directory_ / (std::string(prefix) + escaped(device));
}

Direction Pins::direction_of(const std::string& device) const {
  struct stat found {};
  const bool inward = stat(link(device, Direction::inward).c_str(), &found) == 0;
  return inward ? Direction::inward : Direction::outward;
}

std::vector<std::uint64_t> Pins::generations() const {
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : entries(directory_)) {
    if (const auto number = generation_number(name)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<std::string> Pins::linked_devices() const {
  std::vector<std::string> devices;
  for (const std::string& name : entries(directory_)) {
    for (const std::string_view prefix : link_prefixes) {
      if (name.starts_with(prefix)) devices.push_back(unescaped(name.substr(prefix.size())));
    }
  }
  std::sort(devices.begin(), devices.end());
  return devices;
}

Result<void> Pins::remove_link(const std::string& device) const {
  if (auto removed = remove_pin(link(device, Direction::outward)); !removed) return removed;
  return remove_pin(link(device, Direction::inward));
}

Result<void> Pins::remove_generation(std::uint64_t number) const {
  const fs::path directory = generation(number);
  std::error_code error;
  fs::remove_all(directory, error);
  if (error) {
    return std::unexpected(Error::from_errno("remove " + directory.string(), error.value()));
  }
  return {};
}

Result<void> Pins::remove_all() const {
  for (const std::string& device : linked_devices()) {
    if (auto removed = remove_link(device); !removed) return removed;
  }
  for (const std::uint64_t number : generations()) {
    if (auto removed = remove_generation(number); !removed) return removed;
  }
  if (auto removed = remove_pin(claims()); !removed) return removed;
  if (rmdir(directory_.c_str()) != 0 && errno != ENOENT) {
    return std::unexpected(Error::from_errno("remove " + directory_.string(), errno));
  }
  return {};
}

}  // namespace sallyport
