// SPDX-License-Identifier: GPL-2.0-or-later
// compile(): which files are read, how they are shown, and what happens where one is not there.
#include "compiler/driver/driver.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <map>

namespace sallyport {
namespace {

namespace fs = std::filesystem;

using Texts = std::map<std::string, std::string>;

/// Files that exist only in the test, with a count of reads.
class Files {
 public:
  explicit Files(Texts texts) : texts_(std::move(texts)) {}

  ReadFile reader() {
    return [this](const fs::path& path) -> Result<std::string> {
      ++reads_[path.string()];
      const auto found = texts_.find(path.string());
      if (found == texts_.end()) {
        return std::unexpected(Error::from_errno("read " + path.string(), ENOENT));
      }
      return found->second;
    };
  }
  const std::map<std::string, int>& reads() const { return reads_; }

 private:
  Texts texts_;
  std::map<std::string, int> reads_;
};

std::vector<std::string> names_of(const Compilation& compilation) {
  std::vector<std::string> names;
  for (const Module& module : compilation.modules) names.push_back(module.source->name());
  return names;
}

const std::string vendor = "vendor v { part p { allow tcp 443 to 192.0.2.1 } }";

TEST(Compile, fails_only_if_the_root_cannot_be_read) {
  Files files({});
  const auto compilation = compile("missing.sally", files.reader());
  ASSERT_FALSE(compilation);
  EXPECT_NE(compilation.error().text().find("missing.sally"), std::string::npos);
}

TEST(Compile, C3_programs_do_not_depend_on_where_the_files_lie) {
  const auto programs_below = [](const std::string& root) {
    Files files({{root + "site/root.sally", "import ../lib/a policy p { use v.p }"},
                 {root + "lib/a.sally", vendor}});
    return compile(root + "site/root.sally", files.reader())->programs;
  };
  const auto programs = programs_below("");
  ASSERT_EQ(programs.size(), 1U);
  EXPECT_EQ(programs[0].rules[0].origin.rule.file, "../lib/a.sally");
  EXPECT_EQ(programs[0].rules[0].origin.use.file, "root.sally");
  EXPECT_EQ(programs_below("/srv/policies/"), programs);
  EXPECT_EQ(programs_below("../elsewhere/"), programs);
}

TEST(Compile, messages_come_in_the_order_of_the_text) {
  // Zones are checked before policies, and duplicates before either.
  Files files({{"root.sally",
                "import other\n"
                "policy p { from nowhere allow tcp 443 to 192.0.2.1 }\n"
                "zone a = 192.0.2.1/24\n"
                "policy p { }\n"},
               {"other.sally", "zone b = nonsense"}});
  const auto compilation = compile("root.sally", files.reader());
  ASSERT_TRUE(compilation);
  std::vector<std::string> places;
  for (const Diagnostic& one : compilation->diagnostics.all()) {
    const Place place = one.span.place();
    places.push_back(place.file + ":" + std::to_string(place.line));
  }
  EXPECT_EQ(places, (std::vector<std::string>{"root.sally:2", "root.sally:3", "root.sally:4",
                                              "other.sally:1"}));
}

TEST(Compile, imports_are_relative_to_the_importing_file) {
  Files files({{"site/root.sally", "import lib/a, ../common/b, /etc/c policy p { use v.p }"},
               {"site/lib/a.sally", "import deeper/d"},
               {"site/lib/deeper/d.sally", vendor},
               {"common/b.sally", ""},
               {"/etc/c.sally", ""}});
  const auto compilation = compile("site/root.sally", files.reader(), {.lint = false});
  ASSERT_TRUE(compilation);
  EXPECT_EQ(render(compilation->diagnostics, false), "");
  EXPECT_EQ(names_of(*compilation), (std::vector<std::string>{"site/root.sally", "site/lib/a.sally",
                                                              "site/lib/deeper/d.sally",
                                                              "common/b.sally", "/etc/c.sally"}));
  EXPECT_EQ(compilation->programs.size(), 1u);
}

TEST(Compile, each_file_is_read_once) {
  Files files({{"root.sally", "import a, b, ./a, x/../a"},
               {"a.sally", "import shared"},
               {"b.sally", "import shared"},
               {"shared.sally", vendor}});
  const auto compilation = compile("root.sally", files.reader());
  ASSERT_TRUE(compilation);
  EXPECT_EQ(render(compilation->diagnostics, false), "");
  EXPECT_EQ(compilation->modules.size(), 4u);
  for (const auto& [path, count] : files.reads()) EXPECT_EQ(count, 1) << path;
}

TEST(Compile, missing_import_names_the_path_tried) {
  Files files(
      Texts{{"site/root.sally", "import lib/nowhere\npolicy p { allow tcp 443 to 192.0.2.1 }"}});
  const auto compilation = compile("site/root.sally", files.reader(), {.lint = false});
  ASSERT_TRUE(compilation);
  ASSERT_EQ(compilation->diagnostics.errors(), 1u);
  const Diagnostic& missing = compilation->diagnostics.all()[0];
  EXPECT_EQ(missing.code, "missing-import");
  EXPECT_EQ(missing.span.text(), "lib/nowhere");
  EXPECT_NE(missing.message.find("`site/lib/nowhere.sally`"), std::string::npos) << missing.message;
  EXPECT_TRUE(compilation->programs.empty());
}

TEST(Compile, a_cycle_is_told_with_its_chain) {
  Files files({{"root.sally", "import a"}, {"a.sally", "import b"}, {"b.sally", "import a"}});
  const auto compilation = compile("root.sally", files.reader());
  ASSERT_TRUE(compilation);
  ASSERT_EQ(compilation->diagnostics.errors(), 1u);
  const Diagnostic& cycle = compilation->diagnostics.all()[0];
  EXPECT_EQ(cycle.code, "import-cycle");
  EXPECT_EQ(cycle.span.place().file, "b.sally");
  ASSERT_EQ(cycle.notes.size(), 1u) << "the root is not part of the ring";
  EXPECT_EQ(cycle.notes[0].span.place().file, "a.sally");
}

TEST(Compile, a_diamond_is_no_cycle) {
  Files files({{"root.sally", "import a, b"},
               {"a.sally", "import c"},
               {"b.sally", "import c, a"},
               {"c.sally", ""}});
  const auto compilation = compile("root.sally", files.reader());
  ASSERT_TRUE(compilation);
  EXPECT_FALSE(compilation->diagnostics.has_errors());
}

TEST(Compile, several_errors_in_one_run) {
  Files files({{"root.sally",
                "import a, nowhere\npolicy p { alow tcp 443 to 192.0.2.1\n allow 443 to x.y }"},
               {"a.sally", "zone = 10.0.0.0/8"}});
  const auto compilation = compile("root.sally", files.reader());
  ASSERT_TRUE(compilation);
  EXPECT_EQ(compilation->diagnostics.errors(), 4u) << render(compilation->diagnostics, false);
}

TEST(Compile, a_vendor_file_needs_no_arguments) {
  Files files(Texts{
      {"v.sally", "vendor v { param t: label part p { allow tcp 443 to {t}.example.net } }"}});
  const auto compilation = compile("v.sally", files.reader());
  ASSERT_TRUE(compilation);
  EXPECT_FALSE(compilation->diagnostics.has_errors());
  EXPECT_TRUE(compilation->programs.empty());
}

TEST(Compile, spans_stay_valid_when_the_compilation_moves) {
  Files files(
      {{"root.sally", "import a\npolicy p { allow tcp to 192.0.2.1 }"}, {"a.sally", vendor}});
  auto compilation = compile("root.sally", files.reader());
  ASSERT_TRUE(compilation);
  const Compilation moved = std::move(*compilation);
  EXPECT_EQ(moved.diagnostics.all().at(0).span.text(), "tcp");
  EXPECT_EQ(moved.modules.at(1).source->text(), vendor);
}

TEST(ReadFile, gives_bytes_or_the_reason) {
  const fs::path folder =
      fs::temp_directory_path() / ("sallyport-driver-" + std::to_string(getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "a.sally", std::ios::binary) << "a\r\n";
  EXPECT_EQ(read_file(folder / "a.sally").value_or("?"), "a\r\n");
  const auto missing = read_file(folder / "b.sally");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().cause, Error::from_errno("", ENOENT).cause);
  const auto directory = read_file(folder);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().cause, Error::from_errno("", EISDIR).cause);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace sallyport
