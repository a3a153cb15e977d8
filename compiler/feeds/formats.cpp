// SPDX-License-Identifier: GPL-2.0-or-later
// The table. What a field is in each format stands beside its row.
#include "compiler/feeds/formats.h"

#include <algorithm>
#include <cassert>

namespace sallyport {
namespace {

using enum FeedField;

constexpr FeedField azure_fields[] = {
    tag,      // the name, `AzureCloud.westeurope`
    region,   // `westeurope`; absent for tags of the whole cloud
    service,  // the system service, `AzureStorage`
};
constexpr FeedField aws_fields[] = {
    tag,      // the network border group
    region,   // `eu-west-1`, `GLOBAL`
    service,  // `EC2`, `CLOUDFRONT`; `AMAZON` holds all of them
};
constexpr FeedField gcp_fields[] = {
    region,   // the scope, `europe-west3`
    service,  // `Google Cloud`; goog.json has neither
};
constexpr FeedField m365_fields[] = {
    tag,       // `required` or `optional`
    service,   // the service area, `Exchange`
    category,  // `Optimize`, `Allow`, `Default`
    section,   // the id of the endpoint set, `11`
    port,
};
constexpr FeedField github_fields[] = {
    category,  // `addresses` or `domains`
    section,   // the key, `actions`
};
constexpr FeedField cloudflare_fields[] = {
    section,  // `jdcloud` for the list of that network
};
constexpr FeedField oracle_fields[] = {
    tag,     // `OCI`, `OSN`, `OBJECT_STORAGE`; an entry may have several
    region,  // `us-ashburn-1`
};
constexpr FeedField atlassian_fields[] = {
    tag,        // the perimeter, `commercial`
    region,     // an entry may have several
    direction,  // `ingress`, `egress`: seen from the vendor
    product,    // `jira`; an entry may have several
};
constexpr FeedField datadog_fields[] = {
    region,   // the location of synthetic tests, `aws:eu-central-1`
    section,  // `agents`, `logs`, `webhooks`
};
constexpr FeedField okta_fields[] = {
    section,  // the cell, `us_cell_1`
};
constexpr FeedField salesforce_fields[] = {
    region,
    service,  // the provider, `aws`
};
constexpr FeedField zscaler_fields[] = {
    tag,      // the type
    section,  // the cloud's name, `zscaler.net`
};
constexpr FeedField snowflake_fields[] = {
    category,  // the type, `STAGE`
    port,
};
constexpr FeedField geofeed_fields[] = {
    region,   // the country, `NL`, and the region within it, `NL-NH`
    section,  // the city
};

constexpr FormatRow table[] = {
    {FeedFormat::azure_service_tags, "azure-service-tags", read_azure_service_tags, nullptr,
     azure_fields},
    {FeedFormat::aws, "aws", read_aws, nullptr, aws_fields},
    {FeedFormat::gcp, "gcp", read_gcp, nullptr, gcp_fields},
    {FeedFormat::m365, "m365", read_m365, nullptr, m365_fields},
    {FeedFormat::github_meta, "github-meta", read_github_meta, nullptr, github_fields},
    {FeedFormat::cloudflare, "cloudflare", read_cloudflare, read_cidr_list, cloudflare_fields},
    {FeedFormat::fastly, "fastly", read_fastly, nullptr, {}},
    {FeedFormat::oracle, "oracle", read_oracle, nullptr, oracle_fields},
    {FeedFormat::atlassian, "atlassian", read_atlassian, nullptr, atlassian_fields},
    {FeedFormat::datadog, "datadog", read_datadog, nullptr, datadog_fields},
    {FeedFormat::okta, "okta", read_okta, nullptr, okta_fields},
    {FeedFormat::salesforce, "salesforce", read_salesforce, nullptr, salesforce_fields},
    {FeedFormat::zscaler, "zscaler", read_zscaler, nullptr, zscaler_fields},
    {FeedFormat::snowflake, "snowflake", read_snowflake, nullptr, snowflake_fields},
    {FeedFormat::geofeed, "geofeed", nullptr, read_geofeed, geofeed_fields},
    {FeedFormat::cidr_list, "cidr-list", nullptr, read_cidr_list, {}},
};

}  // namespace

std::span<const FormatRow> feed_formats() {
  return table;
}

const FormatRow& row_of(FeedFormat format) {
  const FormatRow& row = table[static_cast<std::size_t>(format)];
  assert(row.format == format);
  return row;
}

std::optional<FeedFormat> format_of(std::string_view name) {
  const auto row = std::ranges::find(table, name, &FormatRow::name);
  if (row == std::end(table)) return {};
  return row->format;
}

bool has_field(FeedFormat format, FeedField field) {
  const auto fields = row_of(format).fields;
  return field == FeedField::family || std::ranges::find(fields, field) != fields.end();
}

}  // namespace sallyport
