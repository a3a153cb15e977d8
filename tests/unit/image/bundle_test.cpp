// SPDX-License-Identifier: GPL-2.0-or-later
// The bundle file: round trips, and every kind of damage refused in words.
#include "compiler/image/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <random>

#include "compiler/image/byte_stream.h"
#include "compiler/image/sha256.h"
#include "compiler/label/labeler.h"
#include "tests/support/build_rules.h"
#include "tests/support/random_program.h"

namespace sallyport {
namespace {

using Bytes = std::vector<std::uint8_t>;
using testing::HasSubstr;
using testing::StartsWith;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Every kind of field is in use.
Program small_program() {
  Program program = program_of(
      {in_zone(0, allow({"tcp 0-65535"}, {"a.example.com", "2001:db8::/32"})),
       allow({"udp 53"}, {".example.net", "192.0.2.0/24"}), deny_every_service({"192.0.2.66"})});
  program.lifetimes.grace = Seconds{30};
  program.zones = {{"staff", {AddressRange::parse("10.20.0.0/16").value()}}};
  program.resolvers = {{"office", {{address("10.0.0.53"), 5353}}}};
  program.rules[0].origin = {"vendor", "part", {"v.sally", 3, 5}, {"p.sally", 7, 1}};
  return program;
}

Bytes small_bundle() {
  return bundle_bytes(make_image(small_program()), "program text\n");
}

std::string refusal(std::span<const std::uint8_t> bytes) {
  const auto bundle = read_bundle(bytes);
  return bundle ? "accepted" : bundle.error().text();
}

/// The bundle with its digest made to fit, so that the checks behind it are reached.
Bytes resealed(Bytes bytes) {
  const Sha256 digest = sha256(std::span(bytes).first(bytes.size() - 32));
  std::copy(digest.begin(), digest.end(), bytes.end() - 32);
  return bytes;
}

class BundleFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "bundle.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path directory_;
};

TEST(Bundle, RoundTrip) {
  const Image image = make_image(small_program());
  const Bytes bytes = bundle_bytes(image, "program text\n");
  const auto bundle = read_bundle(bytes);
  ASSERT_TRUE(bundle) << bundle.error().text();
  EXPECT_EQ(bundle->image, image);
  EXPECT_EQ(bundle->program_text, "program text\n");
  EXPECT_EQ(bundle->digest, hex(sha256(bytes)));
}

TEST(Bundle, C3RandomImagesRoundTripToEqualBytes) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Image image = make_image(random_program(random));
    const Bytes bytes = bundle_bytes(image, {});
    const auto bundle = read_bundle(bytes);
    ASSERT_TRUE(bundle) << bundle.error().text();
    ASSERT_EQ(bundle->image, image);
    ASSERT_EQ(bundle_bytes(bundle->image, bundle->program_text), bytes);
  }
}

TEST(Bundle, EveryTruncationIsRefused) {
  const Bytes bytes = small_bundle();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(refusal(std::span(bytes).first(size)), HasSubstr("truncated")) << size;
  }
  EXPECT_EQ(refusal(std::span(bytes).first(60)),
            "cannot read bundle: truncated (60 of " + std::to_string(bytes.size()) + " bytes)");
}

TEST(Bundle, EverySingleBitFlipIsRefused) {
  Bytes bytes = small_bundle();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
    bytes[bit / 8] ^= mask;
    ASSERT_FALSE(read_bundle(bytes)) << "bit " << bit;
    bytes[bit / 8] ^= mask;
  }
  EXPECT_TRUE(read_bundle(bytes));
}

TEST(Bundle, TheRefusalSaysWhatIsWrong) {
  const Bytes good = small_bundle();
  Bytes other_version = good;
  other_version[8] = 6;
  Bytes longer = good;
  longer.push_back(0);
  Bytes flipped = good;
  flipped[100] ^= 1;
  EXPECT_EQ(refusal(bytes_of("#!/bin/sh\n")),
            "cannot read bundle: not a bundle (`sallyport build` makes one from a policy)");
  EXPECT_EQ(refusal(other_version), "cannot read bundle: format version 6, this build reads 5");
  EXPECT_THAT(refusal(longer), StartsWith("cannot read bundle: longer than it says"));
  EXPECT_EQ(refusal(flipped), "cannot read bundle: checksum does not match: the file is damaged");
}

TEST(Bundle, AForgedSectionLengthIsRefused) {
  Bytes bytes = small_bundle();
  bytes[20] ^= 1;
  EXPECT_EQ(refusal(resealed(bytes)),
            "cannot read bundle: malformed (sections do not fit its length)");
  bytes[20] ^= 1;
  bytes[27] = 0xff;
  EXPECT_EQ(refusal(resealed(bytes)),
            "cannot read bundle: malformed (sections do not fit its length)");
}

TEST(Bundle, AHugeCountIsRefusedBeforeAnythingIsMade) {
  Bytes bytes = small_bundle();
  // Behind the policy's name "test", the lifetimes and no NAT64 prefix: the number of resolvers.
  const std::size_t resolvers = 28 + 4 + 4 + 8 + 1 + 8 + 8 + 4;
  ASSERT_EQ(bytes[resolvers], 1);
  std::fill_n(bytes.begin() + resolvers, 4, std::uint8_t{0xff});
  EXPECT_EQ(refusal(resealed(bytes)), "cannot read bundle: malformed (image section)");
}

TEST(Bundle, ANameInAnotherSpellingIsRefused) {
  Bytes bytes = small_bundle();
  const std::string_view name = "a.example.com";
  *std::search(bytes.begin(), bytes.end(), name.begin(), name.end()) = 'A';
  EXPECT_EQ(refusal(resealed(bytes)), "cannot read bundle: malformed (image section)");
}

TEST(Bundle, AnyResealedBitFlipIsRefusedOrIsAnotherSoundBundle) {
  // A forger can fix the digest; what is then accepted must still be safe to index.
  Bytes bytes = small_bundle();
  int refused = 0;
  for (std::size_t bit = 0; bit < (bytes.size() - 32) * 8; ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
    bytes[bit / 8] ^= mask;
    const Bytes forged = resealed(bytes);
    const auto bundle = read_bundle(forged);
    if (bundle) {
      ASSERT_EQ(image_fault(bundle->image), std::nullopt) << "bit " << bit;
      ASSERT_EQ(bundle_bytes(bundle->image, bundle->program_text), forged) << "bit " << bit;
    } else {
      ++refused;
    }
    bytes[bit / 8] ^= mask;
  }
  EXPECT_GT(refused, 1000);
}

TEST(Bundle, AnInconsistentImageIsRefused) {
  Image image = make_image(small_program());
  image.labels.rows[0][0] = 1000;
  EXPECT_EQ(refusal(bundle_bytes(image, {})),
            "cannot read bundle: inconsistent (rows: no such verdict row)");
}

TEST_F(BundleFile, WrittenAndRead) {
  const auto path = directory_ / "gw.bundle";
  const Bytes bytes = small_bundle();
  ASSERT_TRUE(write_file_atomically(path, bytes));
  const auto bundle = read_bundle_file(path);
  ASSERT_TRUE(bundle) << bundle.error().text();
  EXPECT_EQ(bundle->program_text, "program text\n");
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644U);
}

TEST_F(BundleFile, AWriteReplacesTheWholeFileAndLeavesNothingBeside) {
  const auto path = directory_ / "gw.bundle";
  ASSERT_TRUE(write_file_atomically(path, bytes_of("a longer content that must go")));
  ASSERT_TRUE(write_file_atomically(path, bytes_of("short")));
  std::ifstream file(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "short");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

TEST_F(BundleFile, AFailedWriteLeavesTheTargetAndNothingBeside) {
  const auto target = directory_ / "is-a-directory";
  std::filesystem::create_directories(target / "full");
  const auto written = write_file_atomically(target, bytes_of("x"));
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().text(), StartsWith("cannot write " + target.string() + ": "));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

TEST_F(BundleFile, ErrorsNameTheFile) {
  const auto missing = read_bundle_file(directory_ / "none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().text(),
            "cannot read bundle " + (directory_ / "none").string() + ": no such file or directory");
  const auto directory = read_bundle_file(directory_);
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error().text(), HasSubstr("directory"));
}

TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256(bytes_of("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(claim_name("abc"), 0xeacf018fbf1678baU);
}

}  // namespace
}  // namespace sallyport
