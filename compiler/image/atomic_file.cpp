// SPDX-License-Identifier: GPL-2.0-or-later
// write_file_atomically(): a temporary file beside the target, made durable, then renamed over it.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "compiler/image/bundle.h"

namespace sallyport {
namespace {

/// Removes the file unless it was renamed away.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& beside)
      : path_(beside.string() + ".XXXXXX"), fd_(::mkostemp(path_.data(), O_CLOEXEC)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    if (!renamed_) ::unlink(path_.c_str());
  }

  bool open() const { return fd_ >= 0; }

  bool write(std::span<const std::uint8_t> bytes, ::mode_t mode) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return ::fchmod(fd_, mode) == 0 && ::fsync(fd_) == 0;
  }

  bool rename_to(const std::filesystem::path& target) {
    renamed_ = ::rename(path_.c_str(), target.c_str()) == 0;
    return renamed_;
  }

 private:
  std::string path_;
  int fd_;
  bool renamed_ = false;
};

/// So that the new name survives a power failure. Some file systems cannot; the file is whole
/// either way.
void sync_directory_of(const std::filesystem::path& path) {
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
  const int fd = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

Result<void> write_file_atomically(const std::filesystem::path& path,
                                   std::span<const std::uint8_t> bytes, std::uint32_t mode) {
  TemporaryFile file(path);
  if (!file.open() || !file.write(bytes, mode) || !file.rename_to(path)) {
    return std::unexpected(Error::from_errno("write " + path.string(), errno));
  }
  sync_directory_of(path);
  return {};
}

}  // namespace sallyport
