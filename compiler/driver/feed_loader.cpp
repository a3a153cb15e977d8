// SPDX-License-Identifier: GPL-2.0-or-later
// From a statement to a feed, or to the place where its file is none.
#include "compiler/driver/feed_loader.h"

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/check/feeds.h"
#include "compiler/check/reporter.h"
#include "compiler/feeds/read_feed.h"
#include "compiler/image/sha256.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

std::string digest_of(const std::string& bytes) {
  return hex(sha256({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}));
}

}  // namespace

std::optional<LoadedFeed> FeedLoader::load(const FeedStatement& statement) const {
  Reporter reporter(diagnostics);
  const auto format = read_format(statement.format, reporter);
  if (!format) return {};
  const std::filesystem::path path = (beside / statement.file.text).lexically_normal();
  const auto bytes = read(path);
  if (!bytes) {
    diagnostics.error("missing-feed", statement.file.span,
                      "cannot read " + quote(path.string()) + ": " + bytes.error().cause);
    return {};
  }
  auto feed = read_feed(*format, *bytes);
  if (!feed) {
    diagnostics
        .error("bad-feed", statement.file.span,
               quote(path.string()) + " is no feed in the format " + quote(statement.format.text))
        .notes = {{{}, feed.error().text()}};
    return {};
  }
  FeedSource source;
  source.name = statement.name.text;
  source.file = named_from(root, path);
  source.format = statement.format.text;
  source.version = feed->version;
  source.date = feed->date;
  source.digest = digest_of(*bytes);
  source.entries = feed->entries.size();
  return LoadedFeed{*format, std::move(*feed), std::move(source)};
}

std::string named_from(const std::filesystem::path& folder, const std::filesystem::path& path) {
  if (folder.empty()) return path.string();
  const std::filesystem::path relative = path.lexically_relative(folder);
  return relative.empty() ? path.string() : relative.string();
}

}  // namespace sallyport
