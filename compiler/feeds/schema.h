// SPDX-License-Identifier: GPL-2.0-or-later
// JsonObject: one object of a feed, held against the members that its schema has. Whatever does not
// fit becomes the builder's fault, and the answer is then empty.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/feeds/builder.h"
#include "compiler/feeds/json.h"

namespace sallyport {

/// All members that may be there: a member outside of both lists is a fault, because it may hold
/// what the vendor now wants open.
struct Members {
  std::initializer_list<std::string_view> required;
  std::initializer_list<std::string_view> optional = {};
};

class JsonObject {
 public:
  /// Any members, for objects whose keys are data.
  JsonObject(const JsonValue& value, FeedBuilder& feed);
  JsonObject(const JsonValue& value, FeedBuilder& feed, const Members& members);

  bool has(std::string_view key) const { return value_->find(key) != nullptr; }
  /// The member; a null value if there is none.
  const JsonValue& member(std::string_view key) const;

  // Empty also if the member is optional and absent.
  std::string_view text(std::string_view key) const;
  /// A whole number from 0 on, as written.
  std::string_view number(std::string_view key) const;
  const std::vector<JsonValue>& array(std::string_view key) const;
  std::vector<std::string_view> texts(std::string_view key) const;
  /// Checks that the member, if it is there, is true or false.
  void boolean(std::string_view key) const;
  /// The same for an array of strings or null, of which nothing is kept.
  void texts_or_null(std::string_view key) const;

 private:
  const JsonValue* expect(std::string_view key, JsonValue::Kind kind) const;

  const JsonValue* value_;
  FeedBuilder* feed_;
};

/// The elements of a file that is an array; empty after a fault.
const std::vector<JsonValue>& elements(const JsonValue& value, FeedBuilder& feed);

/// Adds every element of the member as an address.
void add_addresses(const JsonObject& object, std::string_view key, FeedBuilder& feed,
                   std::optional<Family> family = {});

/// One attribute for each text.
void append(std::vector<FeedAttribute>& attributes, FeedField field,
            const std::vector<std::string_view>& values);

}  // namespace sallyport
