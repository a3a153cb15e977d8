// SPDX-License-Identifier: GPL-2.0-or-later
// The writer of JUnit XML; see junit.h.
#include "tools/junit.h"

#include <algorithm>
#include <cerrno>
#include <fstream>

namespace sallyport {
namespace {

/// For content and attributes. Controls, which XML 1.0 cannot say, become question marks.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\n') {
      out += "&#10;";
    } else {
      out += byte < 0x20 || byte == 0x7F ? '?' : c;
    }
  }
  return out;
}

std::string attribute(const std::string& name, const std::string& value) {
  return ' ' + name + "=\"" + escaped(value) + '"';
}

std::string counts(std::size_t tests, std::size_t failures) {
  return attribute("tests", std::to_string(tests)) +
         attribute("failures", std::to_string(failures)) + attribute("errors", "0");
}

std::size_t failed(const JunitSuite& suite) {
  return static_cast<std::size_t>(std::ranges::count_if(
      suite.cases, [](const JunitCase& one) { return !one.failures.empty(); }));
}

std::string case_text(const JunitCase& one) {
  std::string out =
      "    <testcase" + attribute("classname", one.group) + attribute("name", one.name);
  if (one.failures.empty()) return out + "/>\n";
  out += ">\n";
  for (const std::string& failure : one.failures) {
    out += "      <failure" + attribute("message", failure.substr(0, failure.find('\n'))) + ">" +
           escaped(failure) + "</failure>\n";
  }
  return out + "    </testcase>\n";
}

}  // namespace

std::string junit_text(const std::vector<JunitSuite>& suites) {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::string body;
  for (const JunitSuite& suite : suites) {
    tests += suite.cases.size();
    failures += failed(suite);
    body += "  <testsuite" + attribute("name", suite.file) +
            counts(suite.cases.size(), failed(suite)) + ">\n";
    for (const JunitCase& one : suite.cases) body += case_text(one);
    body += "  </testsuite>\n";
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts(tests, failures) +
         ">\n" + body + "</testsuites>\n";
}

Result<void> write_junit(const std::string& path, const std::vector<JunitSuite>& suites) {
  errno = 0;
  std::ofstream stream(path, std::ios::binary);
  stream << junit_text(suites);
  stream.close();
  if (stream) return {};
  return std::unexpected(Error::from_errno("write " + path, errno ? errno : EIO));
}

}  // namespace sallyport
