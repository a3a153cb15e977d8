// SPDX-License-Identifier: GPL-2.0-or-later
// github-meta: the meta document of the API. Every array of it is a section of addresses but for
// the keys; `domains` holds the names, by section too.
#include <string>
#include <string_view>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/schema.h"

namespace sallyport {
namespace {

void set_section(std::string_view category, std::string_view section, FeedBuilder& feed) {
  feed.set_attributes(
      {{FeedField::category, std::string(category)}, {FeedField::section, std::string(section)}});
}

/// An array of names, or an object of such arrays; a lone string is a name, or empty.
void read_names(const JsonValue& value, FeedBuilder& feed) {
  if (value.kind == JsonValue::Kind::array) {
    for (const JsonValue& name : value.items) feed.add_name(name);
  } else if (value.kind == JsonValue::Kind::string) {
    if (!value.text.empty()) feed.add_name(value);
  } else {
    feed.fail(value,
              "expected an array of host names, found " + std::string(kind_name(value.kind)));
  }
}

void read_domains(const JsonValue& value, FeedBuilder& feed) {
  const JsonObject domains(value, feed);
  for (const std::string_view section : value.keys) {
    if (feed.failed()) return;
    set_section("domains", section, feed);
    const JsonValue& names = domains.member(section);
    if (names.kind != JsonValue::Kind::object) {
      read_names(names, feed);
      continue;
    }
    for (const JsonValue& some : names.items) read_names(some, feed);
  }
}

}  // namespace

void read_github_meta(const JsonValue& root, FeedBuilder& feed) {
  const JsonObject file(root, feed);
  for (const std::string_view key : {"hooks", "web", "api", "git"}) {
    if (!file.has(key)) feed.fail(root, "the member " + shown_word(key) + " is missing");
  }
  for (const std::string_view key : root.keys) {
    if (feed.failed()) return;
    if (key == "verifiable_password_authentication") {
      file.boolean(key);
    } else if (key == "ssh_key_fingerprints") {
      const JsonObject prints(file.member(key), feed);
      for (const std::string_view kind : file.member(key).keys) prints.text(kind);
    } else if (key == "ssh_keys") {
      file.texts(key);
    } else if (key == "domains") {
      read_domains(file.member(key), feed);
    } else {
      set_section("addresses", key, feed);
      add_addresses(file, key, feed);
    }
  }
}

}  // namespace sallyport
