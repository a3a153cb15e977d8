// SPDX-License-Identifier: GPL-2.0-or-later
// libbpf reports through one callback for the whole process; here it fills the log of the thread
// that asked, or nothing. Entry points: LibbpfLog, load_error().
#include "runtime/libbpf_log.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <vector>

namespace sallyport {
namespace {

thread_local std::string* log_of_thread = nullptr;

__attribute__((format(printf, 2, 0))) int collect(libbpf_print_level level, const char* format,
                                                  va_list arguments) {
  if (log_of_thread == nullptr || level == LIBBPF_DEBUG) return 0;
  va_list again;
  va_copy(again, arguments);
  const int length = std::vsnprintf(nullptr, 0, format, again);
  va_end(again);
  if (length <= 0) return 0;
  std::string line(static_cast<std::size_t>(length) + 1, '\0');
  std::vsnprintf(line.data(), line.size(), format, arguments);
  line.pop_back();
  *log_of_thread += line;
  return 0;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// Frames, summaries and the consequences of what the other lines tell.
bool is_noise(std::string_view line) {
  constexpr std::array<std::string_view, 7> noise = {"-- BEGIN",
                                                     "-- END",
                                                     "processed ",
                                                     "verification time",
                                                     "failed to load obj",
                                                     "stack depth ",
                                                     "failed to load BPF skeleton"};
  return std::ranges::any_of(
      noise, [&](std::string_view words) { return line.find(words) != std::string_view::npos; });
}

}  // namespace

LibbpfLog::LibbpfLog() {
  assert(log_of_thread == nullptr);
  libbpf_set_print(collect);
  log_of_thread = &text_;
}

LibbpfLog::~LibbpfLog() {
  log_of_thread = nullptr;
}

std::string last_words(std::string_view log) {
  constexpr std::string_view speaker = "libbpf: ";
  constexpr std::ptrdiff_t verifier_lines = 3;
  std::string_view subject;
  std::vector<std::string_view> verifier;
  for (std::string_view line : lines_of(log)) {
    if (is_noise(line)) continue;
    if (!line.starts_with(speaker)) {
      verifier.push_back(line);
    } else if (subject.empty()) {
      subject = line.substr(speaker.size());
    }
  }
  std::string words(subject);
  const auto begin = verifier.end() - std::min(verifier_lines, std::ssize(verifier));
  for (auto line = begin; line != verifier.end(); ++line) {
    if (!words.empty()) words += "; ";
    words += *line;
  }
  return words;
}

Error load_error(std::string tried, int number, std::string_view log) {
  // Without CAP_PERFMON the verifier lets no program add a variable to a packet pointer, as every
  // reader of IPv4 options must.
  const bool lacks_perfmon = number == EACCES && log.find("prohibited") != std::string_view::npos;
  if (number == EPERM || lacks_perfmon) {
    return {std::move(tried), "permission denied", "needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"};
  }
  return Error::from_errno(std::move(tried), number, last_words(log));
}

}  // namespace sallyport
