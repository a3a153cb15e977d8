// SPDX-License-Identifier: GPL-2.0-or-later
// bundle_bytes() and read_bundle(): the bundle file, format version 5.
//
// All numbers are little-endian, without padding; u8 u32 u64 u128 say their width in bits. A text
// is a u32 length and that many bytes; a list is a u32 count and its elements; an optional is a u8
// (0 or 1) and, if 1, its value; a flag is a u8 (0 or 1).
//
//   bundle   = magic      8 bytes: "sallybnd"
//              version    u32: 5. A reader that knows another one stops here.
//              length     u64: bytes of the whole file
//              image      u64 length, then `Image`
//              program    u64 length, then the Program's canonical text (program_text.h)
//              digest     32 bytes: SHA-256 of everything before it
//
//   Image    = policy text, Lifetimes, NAT64 prefixes (list of (first and last Address)),
//              list of Resolver, zone names (list of text), zone sets (list of Numbers, by zone
//              label), zone labels by place and VLAN class (list of Numbers),
//              list of Group, list of Name, list of Derivation, list of Never, list of Rule,
//              service labels u32, list of Fragment,
//              zone4, zone6, vlan, remote4, remote6 and service Table, Labels
//   Lifetimes= ttl floor, optional grace, max stale: u64 seconds
//   Resolver = name text, list of (Address, port u16)
//   Address  = family u8 (4 or 6), number u128
//   Group    = private ok flag, patterns (list of text), via text
//   Name     = name text, via text, groups Numbers, absent ok flag, never flag
//   Derivation = alias text, prefixes (list of text), via text, list of (head, tail and unless
//              text, groups Numbers, absent ok flag)
//   Never    = optional name text, optional pattern text, reason text, Place
//   Rule     = action u8 (0 allow, 1 deny), direction u8 (0 outward, 1 inward), optional zone u32,
//              group u32, services Numbers, guarded services Numbers, resolver services Numbers,
//              identity text, text, Origin = vendor text, part text, rule Place, use Place,
//              first day and day behind the last: optional u32, in days since 0001-01-01, log flag
//   Place    = file text, line u32, column u32
//   Fragment = label u32, ports Numbers, guarded Numbers
//   Table    = starts (list of u32; of u128 in zone6 and remote6), labels Numbers
//   Labels   = groups, rows, verdicts: each a list of Numbers
//   Numbers  = list of u32
//
// The fields mean what image.h says. Equal bundles are equal bytes: there is no time, no host name
// and no freedom of order in them. A reader checks, in this order: magic, version, length, digest,
// sections, image_fault().
#include "compiler/image/bundle.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>

#include "compiler/image/byte_stream.h"
#include "compiler/image/image_codec.h"
#include "compiler/image/sha256.h"

namespace sallyport {
namespace {

constexpr std::string_view magic = bundle_magic;
constexpr std::uint32_t format_version = 5;
constexpr std::size_t header_size = 8 + 4 + 8;
constexpr std::size_t digest_size = std::tuple_size_v<Sha256>;
constexpr std::size_t smallest = header_size + 8 + 8 + digest_size;

std::unexpected<Error> refused(std::string cause, std::string detail = {}) {
  return std::unexpected(Error{"read bundle", std::move(cause), std::move(detail)});
}

std::unexpected<Error> truncated(std::size_t have, std::uint64_t want) {
  return refused("truncated", std::to_string(have) + " of " + std::to_string(want) + " bytes");
}

/// A file that is known to be intact.
struct Intact {
  std::span<const std::uint8_t> sections;  // what stands between the header and the digest
  Sha256 digest;                           // of the whole file
};

Result<Intact> checked(std::span<const std::uint8_t> bytes) {
  const auto begin = bytes.first(std::min(bytes.size(), magic.size()));
  if (!std::equal(begin.begin(), begin.end(), magic.begin()))
    return refused("not a bundle", "`sallyport build` makes one from a policy");
  if (bytes.size() < header_size) return truncated(bytes.size(), smallest);

  ByteReader header(bytes.subspan(magic.size()));
  const auto version = header.number<std::uint32_t>();
  const auto length = header.number<std::uint64_t>();
  if (version != format_version) {
    return refused("format version " + std::to_string(version) + ", this build reads " +
                   std::to_string(format_version));
  }
  if (bytes.size() < length) return truncated(bytes.size(), length);
  if (bytes.size() > length) {
    return refused("longer than it says",
                   std::to_string(bytes.size()) + " for " + std::to_string(length) + " bytes");
  }
  if (bytes.size() < smallest) return truncated(bytes.size(), smallest);

  const auto body = bytes.first(bytes.size() - digest_size);
  const auto digest = bytes.last(digest_size);
  const auto [of_body, of_file] = sha256_of_both(body, digest);
  if (!std::equal(digest.begin(), digest.end(), of_body.begin())) {
    return refused("checksum does not match: the file is damaged");
  }
  return Intact{body.subspan(header_size), of_file};
}

}  // namespace

std::vector<std::uint8_t> bundle_bytes(const Image& image, const std::string& program_text) {
  ByteWriter out;
  out.append(magic);
  out.number(format_version);
  const std::size_t length_at = out.size();
  out.number(std::uint64_t{0});
  const std::size_t image_length_at = out.size();
  out.number(std::uint64_t{0});
  const std::size_t image_at = out.size();
  write_image(out, image);
  const std::size_t image_size = out.size() - image_at;
  out.replace(length_at, std::uint64_t{smallest + image_size + program_text.size()});
  out.replace(image_length_at, std::uint64_t{image_size});
  out.number(std::uint64_t{program_text.size()});
  out.append(program_text);
  out.append(sha256(out.bytes()));
  return out.take();
}

Result<Bundle> read_bundle(std::span<const std::uint8_t> bytes) {
  const auto intact = checked(bytes);
  if (!intact) return std::unexpected(intact.error());

  ByteReader body(intact->sections);
  const auto image_section = body.take(body.number<std::uint64_t>());
  const auto text = body.take(body.number<std::uint64_t>());
  if (!body.ok() || body.left() != 0) return refused("malformed", "sections do not fit its length");

  ByteReader in(image_section);
  auto image = read_image(in);
  if (!image) return refused("malformed", "image section");
  if (auto fault = image_fault(*image)) return refused("inconsistent", std::move(*fault));
  return Bundle{std::move(*image), std::string(text.begin(), text.end()), hex(intact->digest)};
}

Result<Bundle> read_bundle_file(const std::filesystem::path& path) {
  const std::string tried = "read bundle " + path.string();
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rbe"), close);
  if (!file) return std::unexpected(Error::from_errno(tried, errno));

  std::vector<std::uint8_t> bytes;
  std::array<std::uint8_t, 65536> chunk;
  while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(got));
  }
  if (std::ferror(file.get()) != 0) return std::unexpected(Error::from_errno(tried, errno));

  auto bundle = read_bundle(bytes);
  if (!bundle) bundle.error().tried = tried;
  return bundle;
}

std::uint64_t claim_name(const std::string& name) {
  const Sha256 digest = sha256({reinterpret_cast<const std::uint8_t*>(name.data()), name.size()});
  return ByteReader(digest).number<std::uint64_t>();
}

}  // namespace sallyport
