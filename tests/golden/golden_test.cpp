// SPDX-License-Identifier: GPL-2.0-or-later
// Golden cases: NAME.sally with the diagnostics (NAME.diag) and the canonical text of its programs
// (NAME.program) that compiling it must give; a file that is not there stands for nothing at all.
// Where there is a NAME.nft, it is the nftables script of the one program. UPDATE_GOLDEN=1 rewrites
// them. The files under policies/ and every example in policies/LANGUAGE.md are cases too. What has
// `test` blocks must pass them. codes_test.cpp has the cases of single diagnostics.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "compiler/driver/driver.h"
#include "compiler/label/labeler.h"
#include "compiler/nft/ruleset.h"
#include "compiler/nft/script.h"
#include "compiler/program/program_text.h"
#include "compiler/testing/run_test.h"
#include "tests/golden/expected_text.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;

const fs::path root = SALLYPORT_SOURCE_DIR;
const fs::path golden = root / "tests/golden";

/// Reads below `folder`, so that messages and origins show relative paths on every machine.
ReadFile reader_below(const fs::path& folder) {
  return [folder](const fs::path& path) { return read_file(folder / path); };
}

struct Case {
  std::string name;
  fs::path folder;    // paths are shown relative to this
  fs::path file;      // relative to the folder
  fs::path expected;  // without extension
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

std::string test_name(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return text;
}

void add_cases(const fs::path& folder, const fs::path& below, const fs::path& expected,
               const std::string& prefix, std::vector<Case>& cases) {
  for (const auto& entry : fs::directory_iterator(folder / below)) {
    if (entry.path().extension() != ".sally") continue;
    const fs::path stem = entry.path().stem();
    cases.push_back({test_name(prefix + stem.string()), folder, below / entry.path().filename(),
                     expected / stem});
  }
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  add_cases(golden, "", golden, "", cases);
  add_cases(root / "policies", "", golden / "policies", "policies_", cases);
  add_cases(root / "policies", "vendors", golden / "policies", "vendors_", cases);
  std::ranges::sort(cases, {}, &Case::name);
  return cases;
}

/// Every expectation of every test block holds.
void expect_tests_pass(const Compilation& compilation) {
  for (const TestCase& test : compilation.tests) {
    const auto program = std::ranges::find(compilation.programs, test.policy, &Program::policy);
    ASSERT_NE(program, compilation.programs.end()) << test.policy;
    const std::vector<Judgement> judgements = run_test(test, *program);
    for (std::size_t i = 0; i < judgements.size(); ++i) {
      EXPECT_TRUE(judgements[i].met)
          << test.expectations[i].place.text() << ": " << judgements[i].happened;
    }
  }
}

/// Outward through one device, with everything that conntrack adds.
std::string script_of(const std::vector<Program>& programs) {
  if (programs.size() != 1) return "not one program\n";
  nft::Options options;
  options.devices = {"lan0"};
  options.conntrack = true;
  const nft::Ruleset ruleset(make_image(programs.front()), options);
  return nft::script_of(ruleset.table(), ruleset.choices());
}

class Golden : public testing::TestWithParam<Case> {};

TEST_P(Golden, gives_what_is_recorded) {
  const Case& one = GetParam();
  const auto compilation = compile(one.file, reader_below(one.folder));
  ASSERT_TRUE(compilation) << compilation.error().text();

  const std::string diagnostics = render(compilation->diagnostics, false);
  expect_text(one.expected.string() + ".diag", diagnostics);
  EXPECT_EQ(diagnostics.contains(": error["), compilation->diagnostics.has_errors());

  std::string programs;
  for (const Program& program : compilation->programs) {
    const std::string text = program_text(program);
    const auto read = read_program(text);
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(*read, program);
    programs += text;
  }
  // Whoever ignores the errors of one policy would ship half of what was written.
  if (compilation->diagnostics.has_errors()) programs.clear();
  expect_text(one.expected.string() + ".program", programs);
  expect_tests_pass(*compilation);
  if (const fs::path script = one.expected.string() + ".nft"; fs::exists(script)) {
    expect_text(script, script_of(compilation->programs));
  }
}

INSTANTIATE_TEST_SUITE_P(cases, Golden, testing::ValuesIn(all_cases()),
                         [](const auto& each) { return each.param.name; });

/// What we ship is what people copy: nothing is said of it, or a comment allows it with a reason.
TEST(Policies, check_clean) {
  for (const Case& one : all_cases()) {
    if (one.folder != root / "policies") continue;
    const auto compilation = compile(one.file, reader_below(one.folder));
    ASSERT_TRUE(compilation) << compilation.error().text();
    EXPECT_EQ(render(compilation->diagnostics, false), "");
  }
}

TEST(GoldenFolder, expectations_belong_to_cases) {
  std::set<fs::path> stems;
  for (const Case& one : all_cases()) stems.insert(one.expected);
  for (const auto& entry : fs::recursive_directory_iterator(golden)) {
    const fs::path& path = entry.path();
    if (path.parent_path() == golden / "codes") continue;  // of codes_test.cpp
    const bool expects =
        path.extension() == ".diag" || path.extension() == ".program" || path.extension() == ".nft";
    if (!expects) continue;
    EXPECT_TRUE(stems.contains(path.parent_path() / path.stem())) << path << " has no case";
  }
}

// --- The language reference -----------------------------------------------------------------

struct Example {
  std::size_t line = 0;
  bool fails = false;
  std::string file;  // empty for policy text; else the name under which examples find the text
  std::string text;
};

/// The blocks of LANGUAGE.md fenced as `sally`, `sally error` or `file NAME`.
std::vector<Example> examples() {
  constexpr std::string_view file_fence = "```file ";
  std::vector<Example> found;
  std::istringstream text(slurp(root / "policies/LANGUAGE.md"));
  bool inside = false;
  std::size_t number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      found.back().text += line + "\n";
    } else if (line.starts_with("```sally")) {
      EXPECT_TRUE(line == "```sally" || line == "```sally error") << number << ": " << line;
      found.push_back({number, line == "```sally error", "", ""});
      inside = true;
    } else if (line.starts_with(file_fence)) {
      found.push_back({number, false, line.substr(file_fence.size()), ""});
      inside = true;
    }
  }
  EXPECT_FALSE(inside) << "the last block is not closed";
  return found;
}

TEST(LanguageReference, every_example_is_what_it_says) {
  const std::vector<Example> all = examples();
  EXPECT_GE(all.size(), 20u);
  EXPECT_TRUE(std::ranges::any_of(all, &Example::fails));
  std::map<fs::path, std::string> files;
  for (const Example& example : all) {
    if (!example.file.empty()) {
      files[example.file] = example.text;
      continue;
    }
    const ReadFile read = [&](const fs::path& path) -> Result<std::string> {
      if (path == "LANGUAGE.sally") return example.text;
      if (const auto file = files.find(path); file != files.end()) return file->second;
      return read_file(root / "policies" / path);
    };
    const auto compilation = compile("LANGUAGE.sally", read);
    ASSERT_TRUE(compilation);
    EXPECT_EQ(compilation->diagnostics.has_errors(), example.fails)
        << "policies/LANGUAGE.md:" << example.line << "\n"
        << render(compilation->diagnostics, false);
    expect_tests_pass(*compilation);
  }
}

}  // namespace
}  // namespace sallyport
