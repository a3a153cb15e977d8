// SPDX-License-Identifier: GPL-2.0-or-later
// The excerpts in tests/unit/feeds/data, one or more for each format.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "compiler/feeds/formats.h"

namespace sallyport {

struct Excerpt {
  FeedFormat format;
  std::string file;
};

inline const std::vector<Excerpt>& excerpts() {
  static const std::vector<Excerpt> all = {
      {FeedFormat::azure_service_tags, "azure-service-tags.json"},
      {FeedFormat::aws, "aws.json"},
      {FeedFormat::gcp, "gcp.json"},
      {FeedFormat::gcp, "goog.json"},
      {FeedFormat::m365, "m365.json"},
      {FeedFormat::github_meta, "github-meta.json"},
      {FeedFormat::cloudflare, "cloudflare.txt"},
      {FeedFormat::cloudflare, "cloudflare.json"},
      {FeedFormat::fastly, "fastly.json"},
      {FeedFormat::oracle, "oracle.json"},
      {FeedFormat::atlassian, "atlassian.json"},
      {FeedFormat::datadog, "datadog.json"},
      {FeedFormat::okta, "okta.json"},
      {FeedFormat::salesforce, "salesforce.json"},
      {FeedFormat::zscaler, "zscaler.json"},
      {FeedFormat::snowflake, "snowflake.json"},
      {FeedFormat::geofeed, "geofeed.csv"},
      {FeedFormat::cidr_list, "cidr-list.txt"},
  };
  return all;
}

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline std::string excerpt(const std::string& file) {
  return bytes_of(std::filesystem::path(SALLYPORT_SOURCE_DIR) / "tests/unit/feeds/data" / file);
}

/// `192.0.2.0/24 region=eu-west-1 service=EC2`
inline std::string entry_text(const Feed& feed, const FeedEntry& entry) {
  std::string text;
  if (const auto* range = std::get_if<AddressRange>(&entry.remote)) text = range->text();
  if (const auto* name = std::get_if<HostName>(&entry.remote)) text = name->text();
  if (const auto* pattern = std::get_if<NamePattern>(&entry.remote)) text = pattern->text();
  for (const FeedAttribute& one : feed.attribute_sets[entry.attributes]) {
    text += " " + std::string(field_name(one.field)) + "=" + one.value;
  }
  return text;
}

}  // namespace sallyport
