// SPDX-License-Identifier: GPL-2.0-or-later
// Child processes for tests. Entry points: Process::start(), run(), eventually().
#include "tests/support/process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace sallyport::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds poll_pause{10};
constexpr milliseconds patience{5000};
constexpr milliseconds longest_run{30000};

[[noreturn]] void throw_errno(const std::string& tried) {
  throw std::system_error(errno, std::generic_category(), tried);
}

std::string search_path() {
  const char* path = std::getenv("PATH");
  return std::string(path == nullptr ? "" : path) + ":/usr/sbin:/sbin:/usr/bin:/bin";
}

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return access(name.c_str(), X_OK) == 0 ? name : "";
  std::istringstream folders(search_path());
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string path = folder + "/" + name;
    if (!folder.empty() && access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

[[noreturn]] void become(const char* path, char** words, int capture, const BeforeExec& before) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(capture, STDOUT_FILENO) < 0 ||
      dup2(capture, STDERR_FILENO) < 0 || (before && !before())) {
    _exit(126);
  }
  execv(path, words);
  _exit(127);
}

}  // namespace

Process Process::start(const CommandLine& words, const BeforeExec& before_exec) {
  const std::string path = find_program(words.at(0));
  if (path.empty()) throw std::runtime_error("no such program: " + words[0]);
  Fd capture{memfd_create("output", MFD_CLOEXEC)};
  // Appending keeps the writes of the child whole beside our reads.
  if (!capture || fcntl(capture.get(), F_SETFL, O_APPEND) != 0) throw_errno("capture output");
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) throw_errno("fork");
  if (pid == 0) become(path.c_str(), arguments.data(), capture.get(), before_exec);
  return Process(pid, std::move(capture));
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      capture_(std::move(other.capture_)) {}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    status_ = other.status_;
    capture_ = std::move(other.capture_);
  }
  return *this;
}

Process::~Process() {
  end();
}

void Process::end() {
  if (pid_ > 0 && !status_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  pid_ = -1;
}

bool Process::running() {
  return !wait(milliseconds(0));
}

void Process::signal(int number) {
  if (!status_) kill(pid_, number);
}

std::optional<int> Process::wait(milliseconds most) {
  eventually(most, [this] {
    int raw = 0;
    if (!status_ && waitpid(pid_, &raw, WNOHANG) == pid_) {
      status_ = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
    }
    return status_.has_value();
  });
  return status_;
}

int Process::stop() {
  signal(SIGTERM);
  if (const auto status = wait(patience)) return *status;
  signal(SIGKILL);
  return wait(patience).value_or(-1);
}

std::string Process::output() const {
  std::string text;
  std::array<char, 4096> buffer;
  off_t offset = 0;
  ssize_t got = 0;
  while ((got = pread(capture_.get(), buffer.data(), buffer.size(), offset)) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
    offset += got;
  }
  return text;
}

Finished run(const CommandLine& words, const BeforeExec& before_exec) {
  Process process = Process::start(words, before_exec);
  const auto status = process.wait(longest_run);
  return {status.value_or(124), process.output()};
}

std::string must_run(const CommandLine& words, const BeforeExec& before_exec) {
  Finished finished = run(words, before_exec);
  if (finished.status == 0) return std::move(finished.output);
  std::string line;
  for (const std::string& word : words) line += word + " ";
  throw std::runtime_error(line + "ended with " + std::to_string(finished.status) + ": " +
                           finished.output);
}

bool eventually(milliseconds most, const std::function<bool()>& holds) {
  const auto deadline = steady_clock::now() + most;
  while (!holds()) {
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(poll_pause);
  }
  return true;
}

bool has_program(const std::string& name) {
  return !find_program(name).empty();
}

}  // namespace sallyport::test
