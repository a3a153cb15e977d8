// SPDX-License-Identifier: GPL-2.0-or-later
// Versions, sources and notes, from the statements to the records.
#include "compiler/check/vendor_records.h"

#include <algorithm>
#include <string>

#include "compiler/check/named.h"

namespace sallyport {
namespace {

std::vector<std::string> texts_of(const std::vector<Remark>& remarks) {
  std::vector<std::string> texts;
  for (const Remark& remark : remarks) texts.push_back(remark.text);
  return texts;
}

VendorRecord record_of(const VendorStatement& vendor) {
  VendorRecord record;
  record.name = vendor.name.text;
  record.title = vendor.title;
  record.version = vendor.version;
  if (vendor.owner) record.owner = vendor.owner->text;
  for (const VendorStatement::Provenance& source : vendor.sources) {
    record.sources.push_back({source.text, source.seen});
  }
  record.notes = texts_of(vendor.notes);
  return record;
}

}  // namespace

std::vector<VendorRecord> vendor_records(const std::vector<Rule>& rules,
                                         const Declarations& declarations) {
  std::vector<VendorRecord> records;
  for (const Rule& rule : rules) {
    const VendorStatement* vendor = declarations.vendor_anywhere(rule.origin.vendor);
    if (!vendor) continue;
    auto record = std::ranges::find(records, rule.origin.vendor, &VendorRecord::name);
    if (record == records.end()) record = records.insert(record, record_of(*vendor));
    const auto part = std::ranges::find(record->parts, rule.origin.part, &VendorRecord::Part::name);
    if (part != record->parts.end()) continue;
    if (const PartStatement* statement = find_named(vendor->parts, rule.origin.part)) {
      record->parts.push_back({statement->name.text, statement->title, texts_of(statement->notes)});
    }
  }
  return records;
}

}  // namespace sallyport
