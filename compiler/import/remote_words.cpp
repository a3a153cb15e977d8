// SPDX-License-Identifier: GPL-2.0-or-later
// See remote_words.h.
#include "compiler/import/remote_words.h"

#include <algorithm>
#include <charconv>

#include "compiler/import/draft.h"
#include "compiler/import/service_words.h"
#include "compiler/values/address.h"
#include "compiler/values/host_name.h"

namespace sallyport {
namespace {

/// Without what stands around a word in prose and tables; Markdown's bold too.
std::string_view trimmed(std::string_view word) {
  constexpr std::string_view around = "\"'`(),;:!";
  constexpr std::string_view behind = "\"'`(),;:!.?";
  while (!word.empty() && around.find(word.front()) != std::string_view::npos)
    word.remove_prefix(1);
  while (!word.empty() && behind.find(word.back()) != std::string_view::npos) word.remove_suffix(1);
  if (word.starts_with("**") && word.ends_with("**") && word.size() > 4)
    return trimmed(word.substr(2, word.size() - 4));
  return word;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, port);
  if (result.ec != std::errc{} || result.ptr != end || text.empty()) return std::nullopt;
  return port;
}

void set_port(RemoteWord& remote, std::uint16_t port) {
  const std::uint8_t protocol = remote.service ? remote.service->protocol : protocol_tcp;
  if (!remote.service) remote.remarks.emplace_back("no protocol was stated: tcp is assumed");
  if (port == 433) remote.remarks.emplace_back("port 433: is 443 meant?");
  remote.service = Service{protocol, port, port};
}

/// `<my_app>.x`, `[customer].x`, `{tenant}.x`: placeholders become `{my-app}`; the name with a
/// sample in their place is what must be valid.
struct Template {
  std::string text, sample;
  std::vector<std::string> labels;
};

Template read_template(std::string_view host) {
  Template result;
  for (std::size_t i = 0; i < host.size(); ++i) {
    const auto kind = std::string_view("<[{").find(host[i]);
    const auto end =
        kind == std::string_view::npos ? std::string_view::npos : host.find(">]}"[kind], i);
    if (end == std::string_view::npos) {
      result.text += host[i];
      result.sample += host[i];
      continue;
    }
    const std::string name = declared_name(host.substr(i + 1, end - i - 1), "label");
    result.text += '{' + name + '}';
    result.sample += "sample";
    if (std::ranges::find(result.labels, name) == result.labels.end())
      result.labels.push_back(name);
    i = end;
  }
  return result;
}

/// A top-level domain has letters: `v1.2` and `e.g` are no names.
bool ends_like_a_name(std::string_view host) {
  const auto dot = host.rfind('.');
  if (dot == std::string_view::npos || dot + 3 > host.size()) return false;
  const std::string_view last = host.substr(dot + 1);
  return std::ranges::all_of(last,
                             [](char c) {
                               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                      c == '-' || static_cast<unsigned char>(c) >= 0x80;
                             }) ||
         last.starts_with("xn--");
}

void read_host(RemoteWord& remote, std::string_view host) {
  Template written = read_template(host);
  if (NamePattern::looks_like_pattern(written.sample)) {
    const auto pattern = NamePattern::parse(written.sample);
    if (!pattern) {
      remote.fault = pattern.error();
      return;
    }
    if (written.sample.starts_with('*') && !written.sample.starts_with("*.")) {
      const auto dot = written.sample.find('.');
      const std::string tail = dot == std::string::npos ? "" : written.sample.substr(dot);
      if (std::ranges::count(written.sample, '.') == 1) {
        remote.remarks.push_back("`" + std::string(host) + "` covers evil" +
                                 written.sample.substr(1) + " too: is `*." +
                                 written.sample.substr(1) + "` meant?");
      }
    }
    remote.destination = written.labels.empty() ? pattern->text() : written.text;
  } else {
    const auto name = HostName::parse(written.sample);
    if (!name) {
      remote.fault = name.error();
      return;
    }
    remote.destination = written.labels.empty() ? name->text() : written.text;
  }
  remote.labels = std::move(written.labels);
}

/// An address, prefix or range, with `/` and `-`; false if the word has another form.
bool read_addresses(RemoteWord& remote, std::string_view word) {
  const auto cut = word.find_first_of("/-");
  const auto first = Address::parse(word.substr(0, cut));
  if (!first) return false;
  if (const auto range = AddressRange::parse(word)) {
    remote.destination = range->text();
    return true;
  }
  if (cut != std::string_view::npos && word[cut] == '/') {
    const std::string_view length = word.substr(cut + 1);
    const auto bits = read_port(length);
    if (bits && *bits <= width_of(first->family)) {
      remote.fault =
          "bits behind the length of the prefix: " + AddressRange::prefix(*first, *bits).text() +
          ", or " + first->text() + "?";
    } else {
      remote.fault = "the length of a prefix was expected, not `" + std::string(length) + "`";
    }
  } else {
    remote.fault = "the last address of a range must be written whole, and not before the first";
  }
  return true;
}

/// `host:port`, `[v6]:port`, `192.0.2.1:443`; what is left is the host.
std::string_view take_port(RemoteWord& remote, std::string_view word) {
  if (word.starts_with('[')) {
    const auto end = word.find(']');
    if (end != std::string_view::npos && Address::parse(word.substr(1, end - 1))) {
      const std::string_view rest = word.substr(end + 1);
      if (rest.starts_with(':')) {
        if (const auto port = read_port(rest.substr(1))) set_port(remote, *port);
      }
      return word.substr(1, end - 1);
    }
  }
  const auto colon = word.rfind(':');
  if (colon == std::string_view::npos || word.find(':') != colon) return word;
  const std::string_view behind = word.substr(colon + 1);
  if (const auto port = read_port(behind)) {
    set_port(remote, *port);
    return word.substr(0, colon);
  }
  if (behind == "*") {
    remote.remarks.emplace_back("`:*` stands for every port; none is taken from it");
    return word.substr(0, colon);
  }
  return word;
}

/// Takes `scheme://` off, also a mistyped one.
std::string_view take_scheme(RemoteWord& remote, std::string_view word) {
  auto end = word.find("://");
  std::size_t length = 3;
  if (end == std::string_view::npos) {  // `https//x`, `https:/x`
    for (const std::string_view broken : {":/", "//"}) {
      const auto at = word.find(broken);
      if (at == std::string_view::npos || at == 0 || !scheme_meant(word.substr(0, at))) continue;
      if (end == std::string_view::npos || at < end) {
        end = at;
        length = broken.size();
      }
    }
    if (end == std::string_view::npos) {
      if (word.starts_with("//")) word.remove_prefix(2);
      return word;
    }
    remote.remarks.push_back("`" + std::string(word.substr(0, end + length)) + "` is read as `" +
                             *scheme_meant(word.substr(0, end)) + "://`");
  }
  const std::string scheme(word.substr(0, end));
  remote.service = service_of_scheme(scheme);
  if (!remote.service) {
    const auto meant = scheme_meant(scheme);
    if (meant) {
      remote.service = service_of_scheme(*meant);
      if (length == 3)
        remote.remarks.push_back("`" + scheme + "://` is read as `" + *meant + "://`");
    } else {
      remote.remarks.push_back("the scheme `" + scheme + "` is not known here");
    }
  }
  return word.substr(end + length);
}

}  // namespace

std::optional<RemoteWord> read_remote(std::string_view word) {
  RemoteWord remote;
  word = trimmed(word);
  if (word.empty()) return std::nullopt;
  if (read_addresses(remote, word)) return remote;

  const bool with_scheme = word.find("://") != std::string_view::npos;
  std::string_view rest = take_scheme(remote, word);
  const bool is_url = with_scheme || !remote.remarks.empty() || remote.service.has_value();
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    if (!is_url) return std::nullopt;  // a mail address
    rest.remove_prefix(at + 1);
    remote.remarks.emplace_back("the user in the URL is left out");
  }
  std::string_view path;
  if (const auto slash = rest.find_first_of("/?#"); slash != std::string_view::npos && slash > 0) {
    path = rest.substr(slash);
    rest = rest.substr(0, slash);
  }
  rest = take_port(remote, rest);
  if (!path.empty() && path != "/" && path != "/*") {
    remote.remarks.push_back("the path `" + std::string(path) +
                             "` is not enforceable by a filter of "
                             "packets");
    if (const auto colon = path.rfind(':');
        colon != std::string_view::npos && read_port(path.substr(colon + 1))) {
      remote.remarks.push_back("`" + std::string(path.substr(colon)) +
                               "` behind the path is no port of the URL: is it meant as one?");
    }
  }
  if (read_addresses(remote, rest)) return remote;

  const bool like_a_name = ends_like_a_name(rest);
  const bool like_a_pattern =
      rest.find('*') != std::string_view::npos && rest.find('.') != std::string_view::npos;
  if (!is_url && !like_a_name && !like_a_pattern) return std::nullopt;
  read_host(remote, rest);
  return remote;
}

}  // namespace sallyport
