// SPDX-License-Identifier: GPL-2.0-or-later
// Reading rows files; every fault names its line.
#include "tests/support/packet_rows.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

#include "compiler/driver/driver.h"
#include "compiler/source/diagnostics.h"

namespace sallyport {
namespace {

constexpr std::array<std::string_view, SP_REASON_COUNT> enumerators = {
#define SALLYPORT_REASON_NAME(name, words) #name,
    SP_REASONS(SALLYPORT_REASON_NAME)
#undef SALLYPORT_REASON_NAME
};

constexpr std::string_view pass_prefix = "SP_PASS_";
constexpr std::string_view drop_prefix = "SP_DROP_";

Error fault(std::string cause) {
  return Error{"read the rows", std::move(cause), {}};
}

std::vector<std::string> words_of(std::string text) {
  std::ranges::replace(text, ',', ' ');
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

Result<Program> program_of(const std::filesystem::path& policy) {
  auto compilation = compile(policy);
  if (!compilation) return std::unexpected(compilation.error());
  if (compilation->diagnostics.has_errors() || compilation->programs.size() != 1) {
    return std::unexpected(fault("not one policy in " + policy.string() + "\n" +
                                 render(compilation->diagnostics, false)));
  }
  return std::move(compilation->programs.front());
}

Result<std::set<Address>> addresses_of(const std::vector<std::string>& words, std::size_t first) {
  std::set<Address> addresses;
  for (std::size_t i = first; i < words.size(); ++i) {
    const auto address = Address::parse(words[i]);
    if (!address) return std::unexpected(fault("`" + words[i] + "` is no address"));
    addresses.insert(*address);
  }
  if (addresses.empty()) return std::unexpected(fault("expected an address"));
  return addresses;
}

std::optional<SpReason> reason_of(const std::string& verdict, const std::string& word) {
  std::string enumerator(verdict == "pass" ? pass_prefix : drop_prefix);
  for (const char c : word) {
    enumerator += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  const auto found = std::ranges::find(enumerators, enumerator);
  if (found == enumerators.end()) return std::nullopt;
  return static_cast<SpReason>(found - enumerators.begin());
}

Result<PacketRow> row_of(const std::string& text, std::size_t arrow) {
  auto frame = frame_of(std::string_view(text).substr(0, arrow));
  if (!frame) return std::unexpected(frame.error());
  const std::vector<std::string> outcome = words_of(text.substr(arrow + 4));
  if (outcome.size() < 2) return std::unexpected(fault("expected a verdict and its reason"));
  const auto reason = reason_of(outcome[0], outcome[1]);
  if (!reason) return std::unexpected(fault("there is no `" + outcome[0] + " " + outcome[1] + "`"));
  PacketRow row{.line = 0,
                .text = text,
                .frame = std::move(*frame),
                .verdict = outcome[0] == "pass" ? Verdict::pass : Verdict::drop,
                .reason = *reason,
                .rule_line = 0};
  if (outcome.size() == 4 && outcome[2] == "line") {
    row.rule_line = static_cast<std::uint32_t>(std::stoul(outcome[3]));
  } else if (outcome.size() != 2) {
    return std::unexpected(fault("expected `line N` or the end of the row"));
  }
  return row;
}

Result<CutRow> cut_of(const std::string& text) {
  const auto frame = frame_of(text);
  const auto whole = frame_of(std::string_view(text).substr(0, text.find(" pad ")));
  if (!frame || !whole) return std::unexpected((frame ? whole : frame).error());
  return CutRow{.line = 0, .text = text, .frame = *frame, .whole = whole->size()};
}

/// One line of the file into `rows`.
Result<void> read_line(const std::filesystem::path& folder, const std::string& text,
                       std::size_t line, PacketRows& rows) {
  const std::vector<std::string> words = words_of(text);
  if (words.empty() || words[0].starts_with('#')) return {};
  if (words[0] == "policy" && words.size() == 2) {
    auto program = program_of(folder / words[1]);
    if (!program) return std::unexpected(program.error());
    rows.program = std::move(*program);
  } else if (words[0] == "given" && words.size() > 3 && words[2] == "is") {
    const auto name = HostName::parse(words[1]);
    if (!name) return std::unexpected(fault(name.error()));
    auto addresses = addresses_of(words, 3);
    if (!addresses) return std::unexpected(addresses.error());
    rows.surroundings.bindings[*name] = std::move(*addresses);
  } else if (words[0] == "own") {
    auto addresses = addresses_of(words, 1);
    if (!addresses) return std::unexpected(addresses.error());
    rows.surroundings.own = std::move(*addresses);
  } else if (words[0] == "inward" && words.size() == 1) {
    rows.surroundings.direction = Direction::inward;
  } else if (words[0] == "each-cut") {
    auto cut = cut_of(text.substr(text.find("each-cut") + 8));
    if (!cut) return std::unexpected(cut.error());
    rows.cuts.push_back(std::move(*cut));
    rows.cuts.back().line = line;
  } else if (const std::size_t arrow = text.find(" -> "); arrow != std::string::npos) {
    auto row = row_of(text, arrow);
    if (!row) return std::unexpected(row.error());
    rows.rows.push_back(std::move(*row));
    rows.rows.back().line = line;
  } else {
    return std::unexpected(
        fault("expected a row, `policy`, `given`, `own`, `inward` or `each-cut`"));
  }
  return {};
}

}  // namespace

Result<PacketRows> PacketRows::read(const std::filesystem::path& file) {
  std::ifstream lines(file);
  if (!lines) return std::unexpected(Error{"open " + file.string(), "not readable", {}});
  PacketRows rows;
  std::string text;
  for (std::size_t line = 1; std::getline(lines, text); ++line) {
    const auto read = read_line(file.parent_path(), text, line, rows);
    if (read) continue;
    Error error = read.error();
    error.tried += " of " + file.filename().string() + ":" + std::to_string(line);
    return std::unexpected(std::move(error));
  }
  return rows;
}

std::string reason_word(SpReason reason) {
  std::string word(enumerators[reason].substr(pass_prefix.size()));
  std::ranges::transform(word, word.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return word;
}

}  // namespace sallyport
