// SPDX-License-Identifier: GPL-2.0-or-later
// Members and their types.
#include "compiler/feeds/schema.h"

#include <algorithm>

namespace sallyport {
namespace {

const JsonValue nothing;

bool lists(std::initializer_list<std::string_view> keys, std::string_view key) {
  return std::ranges::find(keys, key) != keys.end();
}

/// The first member that the schema does not have; null if none.
const std::string_view* stranger(const JsonValue& object, const Members& members) {
  for (const std::string_view& key : object.keys) {
    if (!lists(members.required, key) && !lists(members.optional, key)) return &key;
  }
  return nullptr;
}

bool is_object(const JsonValue& value, FeedBuilder& feed) {
  if (value.kind == JsonValue::Kind::object) return true;
  feed.fail(value, "expected an object, found " + std::string(kind_name(value.kind)));
  return false;
}

}  // namespace

JsonObject::JsonObject(const JsonValue& value, FeedBuilder& feed) : value_(&value), feed_(&feed) {
  if (!is_object(value, feed)) value_ = &nothing;
}

JsonObject::JsonObject(const JsonValue& value, FeedBuilder& feed, const Members& members)
    : JsonObject(value, feed) {
  if (feed.failed()) return;
  const std::string_view* unknown = stranger(value, members);
  for (const std::string_view key : members.required) {
    if (has(key)) continue;
    const std::string other = unknown ? ", and " + shown_word(*unknown) + " is unknown" : "";
    feed.fail(value, "the member " + shown_word(key) + " is missing" + other);
    return;
  }
  if (unknown) feed.fail(member(*unknown), "the member " + shown_word(*unknown) + " is unknown");
}

const JsonValue& JsonObject::member(std::string_view key) const {
  const JsonValue* found = value_->find(key);
  return found ? *found : nothing;
}

const JsonValue* JsonObject::expect(std::string_view key, JsonValue::Kind kind) const {
  const JsonValue* found = value_->find(key);
  if (!found) return nullptr;
  if (found->kind == kind) return found;
  feed_->fail(*found, "expected " + std::string(kind_name(kind)) + ", found " +
                          std::string(kind_name(found->kind)));
  return nullptr;
}

std::string_view JsonObject::text(std::string_view key) const {
  const JsonValue* found = expect(key, JsonValue::Kind::string);
  return found ? found->text : std::string_view{};
}

std::string_view JsonObject::number(std::string_view key) const {
  const JsonValue* found = expect(key, JsonValue::Kind::number);
  if (!found) return {};
  if (found->text.find_first_not_of("0123456789") != std::string_view::npos) {
    feed_->fail(*found, "expected a whole number, found " + shown_word(found->text));
  }
  return found->text;
}

const std::vector<JsonValue>& JsonObject::array(std::string_view key) const {
  const JsonValue* found = expect(key, JsonValue::Kind::array);
  return found ? found->items : nothing.items;
}

std::vector<std::string_view> JsonObject::texts(std::string_view key) const {
  std::vector<std::string_view> texts;
  for (const JsonValue& one : array(key)) {
    if (one.kind != JsonValue::Kind::string) {
      feed_->fail(one, "expected a string, found " + std::string(kind_name(one.kind)));
    }
    texts.push_back(one.text);
  }
  return texts;
}

void JsonObject::boolean(std::string_view key) const {
  expect(key, JsonValue::Kind::boolean);
}

void JsonObject::texts_or_null(std::string_view key) const {
  if (member(key).kind != JsonValue::Kind::null) texts(key);
}

const std::vector<JsonValue>& elements(const JsonValue& value, FeedBuilder& feed) {
  if (value.kind == JsonValue::Kind::array) return value.items;
  feed.fail(value, "expected an array, found " + std::string(kind_name(value.kind)));
  return nothing.items;
}

void add_addresses(const JsonObject& object, std::string_view key, FeedBuilder& feed,
                   std::optional<Family> family) {
  for (const JsonValue& one : object.array(key)) feed.add_address(one, family);
}

void append(std::vector<FeedAttribute>& attributes, FeedField field,
            const std::vector<std::string_view>& values) {
  for (const std::string_view value : values) attributes.push_back({field, std::string(value)});
}

}  // namespace sallyport
