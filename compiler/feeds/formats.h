// SPDX-License-Identifier: GPL-2.0-or-later
// The table of feed formats: the name of each, its reader, and the fields it has. One reader for
// each family of formats, in a file of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "compiler/feeds/builder.h"
#include "compiler/feeds/feed.h"

namespace sallyport {

enum class FeedFormat : std::uint8_t {
  azure_service_tags,
  aws,
  gcp,
  m365,
  github_meta,
  cloudflare,
  fastly,
  oracle,
  atlassian,
  datadog,
  okta,
  salesforce,
  zscaler,
  snowflake,
  geofeed,
  cidr_list,
};

struct FormatRow {
  FeedFormat format;
  std::string_view name;                                   // as in `feed x = "..." as NAME`
  void (*json)(const JsonValue& root, FeedBuilder& feed);  // null if the format is no JSON
  void (*text)(FeedBuilder& feed);                         // null if it is never plain text
  std::span<const FeedField> fields;                       // beside `family`
};

/// In the order of FeedFormat.
std::span<const FormatRow> feed_formats();
const FormatRow& row_of(FeedFormat format);
std::optional<FeedFormat> format_of(std::string_view name);
bool has_field(FeedFormat format, FeedField field);

void read_azure_service_tags(const JsonValue& root, FeedBuilder& feed);
void read_aws(const JsonValue& root, FeedBuilder& feed);
void read_gcp(const JsonValue& root, FeedBuilder& feed);
void read_m365(const JsonValue& root, FeedBuilder& feed);
void read_github_meta(const JsonValue& root, FeedBuilder& feed);
void read_cloudflare(const JsonValue& root, FeedBuilder& feed);
void read_fastly(const JsonValue& root, FeedBuilder& feed);
void read_oracle(const JsonValue& root, FeedBuilder& feed);
void read_atlassian(const JsonValue& root, FeedBuilder& feed);
void read_datadog(const JsonValue& root, FeedBuilder& feed);
void read_okta(const JsonValue& root, FeedBuilder& feed);
void read_salesforce(const JsonValue& root, FeedBuilder& feed);
void read_zscaler(const JsonValue& root, FeedBuilder& feed);
void read_snowflake(const JsonValue& root, FeedBuilder& feed);
void read_geofeed(FeedBuilder& feed);
void read_cidr_list(FeedBuilder& feed);

}  // namespace sallyport
