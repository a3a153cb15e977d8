// SPDX-License-Identifier: GPL-2.0-or-later
// Links, pins, claims and generations against the real kernel: what survives the process, the
// device and other programs (B1, B4, B5, B6), and that a failure leaves no trace.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <optional>

#include "compiler/label/labeler.h"
#include "compiler/program/program_text.h"
#include "runtime/attachment.h"
#include "runtime/bpffs.h"
#include "runtime/claim_store.h"
#include "runtime/generation.h"
#include "tests/support/netns.h"

namespace sallyport {
namespace {

using std::chrono::milliseconds;
using test::eventually;
using test::Netns;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A program that returns one verdict, whatever the packet.
Fd constant_program(int verdict) {
  const std::array<bpf_insn, 2> code{
      bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, verdict},
      bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  bpf_prog_load_opts options{};
  options.sz = sizeof(options);
  options.expected_attach_type = BPF_XDP;  // a link takes only a program of the same kind
  Fd program{
      bpf_prog_load(BPF_PROG_TYPE_XDP, "sp_constant", "GPL", code.data(), code.size(), &options)};
  EXPECT_TRUE(program) << "cannot load a program";
  return program;
}

std::uint32_t id_of(int program_fd) {
  bpf_prog_info facts{};
  __u32 size = sizeof(facts);
  return bpf_obj_get_info_by_fd(program_fd, &facts, &size) == 0 ? facts.id : 0;
}

/// Two namespaces with a veth pair: `gate` has the filtered devices, `peer` sends to them.
class Lifecycle : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = test::why_no_kernel();
    if (!reason.empty()) GTEST_SKIP() << "SKIP: " << reason;
    pass_ = constant_program(XDP_PASS);
    drop_ = constant_program(XDP_DROP);
    gate_.emplace("gate");
    peer_.emplace("peer");
    wire("lan0", "192.0.2", "");
    auto pins = Pins::open(instance_);
    ASSERT_TRUE(pins) << pins.error().text();
    pins_ = *pins;
  }

  void TearDown() override {
    if (!pins_) return;
    EXPECT_TRUE(pins_->remove_all());
    EXPECT_FALSE(Pins::find(instance_));
  }

  /// `device` in the gate has .1 of the network, its peer, named the same, has .2.
  void wire(const std::string& device, const std::string& network, const std::string& extra) {
    gate_->ip("link add " + device + extra + " address 02:00:00:00:00:01 type veth peer name " +
              device + " netns " + peer_->name());
    gate_->address(device, network + ".1/24");
    peer_->address(device, network + ".2/24");
    // Without ARP a packet that arrives late cannot be the fault of one that was dropped before.
    peer_->ip("neigh add " + network + ".1 dev " + device + " lladdr 02:00:00:00:00:01");
  }

  /// Sends a few datagrams from the peer to the gate; true if one arrives.
  bool delivers(const std::string& network = "192.0.2") {
    const std::uint16_t port = htons(7777);
    Fd receiver;
    Fd sender;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = port;
    inet_pton(AF_INET, (network + ".1").c_str(), &to.sin_addr);
    const auto* address = reinterpret_cast<const sockaddr*>(&to);
    gate_->inside([&] {
      receiver = Fd{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
      ASSERT_EQ(bind(receiver.get(), address, sizeof(to)), 0);
    });
    peer_->inside([&] { sender = Fd{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)}; });
    return eventually(milliseconds(300), [&] {
      char byte = 'x';
      sendto(sender.get(), &byte, 1, 0, address, sizeof(to));
      return recv(receiver.get(), &byte, 1, 0) == 1;
    });
  }

  Result<Attachment> open(int program, const std::string& device = "lan0") {
    Result<Attachment> opened = std::unexpected(Error{});
    gate_->inside([&] { opened = Attachment::open(*pins_, device, program); });
    return opened;
  }

  Attachment::State state(const std::string& device = "lan0") {
    Attachment::State found;
    gate_->inside([&] {
      auto state = Attachment::state_of(*pins_, device);
      ASSERT_TRUE(state) << state.error().text();
      found = *state;
    });
    return found;
  }

  /// What XDP program the device runs, whoever attached it; 0 for none.
  std::uint32_t program_on(const std::string& device) {
    std::uint32_t id = 0;
    gate_->inside(
        [&] { bpf_xdp_query_id(static_cast<int>(if_nametoindex(device.c_str())), 0, &id); });
    return id;
  }

  std::string instance_ = "test-" + std::to_string(getpid());
  std::optional<Netns> gate_;
  std::optional<Netns> peer_;
  std::optional<Pins> pins_;
  Fd pass_, drop_;
};

TEST_F(Lifecycle, B1_killing_the_process_leaves_the_enforcement) {
  struct Case {
    int program;
    bool delivers;
  };
  for (const Case& c : {Case{drop_.get(), false}, Case{pass_.get(), true}}) {
    std::array<int, 2> ready{};
    ASSERT_EQ(pipe(ready.data()), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto attachment = open(c.program);
      auto replaced = attachment ? attachment->replace(c.program) : Result<void>{};
      const char outcome = attachment && replaced ? 'y' : 'n';
      if (write(ready[1], &outcome, 1) == 1) pause();
      _exit(0);
    }
    close(ready[1]);  // so that a child that dies early ends the wait
    char outcome = 0;
    ASSERT_EQ(read(ready[0], &outcome, 1), 1);
    ASSERT_EQ(outcome, 'y');
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(ready[0]);

    EXPECT_EQ(delivers(), c.delivers);
    EXPECT_TRUE(state().alive);
    EXPECT_EQ(state().program_id, id_of(c.program));
    EXPECT_EQ(program_on("lan0"), id_of(c.program));
  }
}

TEST_F(Lifecycle, a_restart_adopts_the_link_and_keeps_its_program_until_replaced) {
  {
    auto first = open(drop_.get());
    ASSERT_TRUE(first) << first.error().text();
    EXPECT_FALSE(first->adopted());
  }
  auto second = open(pass_.get());
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_TRUE(second->adopted());
  EXPECT_FALSE(delivers());
  ASSERT_TRUE(second->replace(pass_.get()));
  EXPECT_TRUE(delivers());
}

TEST_F(Lifecycle, state_tells_what_runs_where) {
  auto attachment = open(drop_.get());
  ASSERT_TRUE(attachment) << attachment.error().text();
  gate_->inside([&] {
    const auto found = attachment->state();
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(found->device, "lan0");
    EXPECT_EQ(found->ifindex, static_cast<int>(if_nametoindex("lan0")));
    EXPECT_EQ(found->program_id, id_of(drop_.get()));
    EXPECT_EQ(found->mode, "native");
    EXPECT_EQ(found->program_tag.size(), 16U);
    EXPECT_TRUE(found->alive);
  });
}

TEST_F(Lifecycle, a_stale_expectation_is_refused) {
  auto ours = open(drop_.get());
  auto theirs = open(drop_.get());
  ASSERT_TRUE(ours && theirs);
  ASSERT_TRUE(theirs->replace(pass_.get()));
  const auto refused = ours->replace(drop_.get());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text(),
            "cannot replace the program on lan0: another process has replaced it meanwhile");
  EXPECT_EQ(state().program_id, id_of(pass_.get()));
}

TEST_F(Lifecycle, B4_xdp_off_and_down_and_up_do_not_detach) {
  ASSERT_TRUE(open(drop_.get()));
  gate_->run({"ip", "link", "set", "dev", "lan0", "xdp", "off"});
  gate_->run({"ip", "link", "set", "dev", "lan0", "xdpdrv", "off"});
  EXPECT_EQ(program_on("lan0"), id_of(drop_.get()));
  gate_->ip("link set lan0 down");
  gate_->ip("link set lan0 up");
  EXPECT_EQ(program_on("lan0"), id_of(drop_.get()));
  EXPECT_FALSE(delivers());
}

TEST_F(Lifecycle, B5_a_zombie_pin_is_seen_and_replaced) {
  for (const bool same_index : {false, true}) {
    ASSERT_TRUE(open(drop_.get()));
    const int before = state().ifindex;
    gate_->ip("link del lan0");
    EXPECT_FALSE(state().alive);
    EXPECT_EQ(state().mode, "none");
    wire("lan0", "192.0.2", same_index ? " index " + std::to_string(before) : "");
    EXPECT_FALSE(state().alive);
    EXPECT_TRUE(delivers()) << "a re-created device is not filtered until it is attached again";

    auto again = open(drop_.get());
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_FALSE(again->adopted());
    EXPECT_TRUE(state().alive);
    EXPECT_FALSE(delivers());
    EXPECT_THAT(pins_->linked_devices(), ElementsAre("lan0"));
  }
}

TEST_F(Lifecycle, a_link_that_filters_a_renamed_device_is_not_thrown_away) {
  ASSERT_TRUE(open(drop_.get()));
  gate_->ip("link set lan0 down");
  gate_->ip("link set lan0 name lan1");
  peer_->ip("link set lan0 name lan1");
  gate_->ip("link set lan1 up");
  wire("lan0", "198.51.100", "");
  const auto refused = open(drop_.get());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("its pinned link filters another device"));
  EXPECT_EQ(program_on("lan1"), id_of(drop_.get()));
}

TEST_F(Lifecycle, B6_a_foreign_program_is_refused_and_left_alone) {
  gate_->inside([&] {
    ASSERT_EQ(bpf_xdp_attach(static_cast<int>(if_nametoindex("lan0")), pass_.get(),
                             XDP_FLAGS_DRV_MODE, nullptr),
              0);
  });
  const auto refused = open(drop_.get());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text(), "cannot attach to lan0: device busy (another XDP program, id " +
                                        std::to_string(id_of(pass_.get())) + ")");
  EXPECT_EQ(program_on("lan0"), id_of(pass_.get()));
  EXPECT_THAT(pins_->linked_devices(), IsEmpty());
}

TEST_F(Lifecycle, B6_a_foreign_generic_program_is_refused_and_left_alone) {
  gate_->inside([&] {
    ASSERT_EQ(bpf_xdp_attach(static_cast<int>(if_nametoindex("lan0")), pass_.get(),
                             XDP_FLAGS_SKB_MODE, nullptr),
              0);
  });
  const auto refused = open(drop_.get());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("device busy (another XDP program, id "));
  EXPECT_EQ(program_on("lan0"), id_of(pass_.get()));
}

TEST_F(Lifecycle, what_cannot_be_attached_is_said_in_words) {
  const auto missing = open(drop_.get(), "nodev0");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().text(), "cannot attach to nodev0: no such device");

  peer_->ip("link set lan0 mtu 9000");
  const auto large = open(drop_.get());
  ASSERT_FALSE(large);
  EXPECT_THAT(large.error().text(), HasSubstr("MTU"));

  if (gate_->run({"ip", "link", "add", "br0", "type", "bridge"}).status == 0) {
    const auto generic = open(drop_.get(), "br0");
    ASSERT_FALSE(generic);
    EXPECT_THAT(generic.error().text(), HasSubstr("its driver has no native XDP"));
  }
  EXPECT_THAT(pins_->linked_devices(), IsEmpty());
}

TEST_F(Lifecycle, what_cannot_be_pinned_is_not_attached) {
  // A pin of something else blocks the path, as a link that cannot be pinned would.
  ASSERT_EQ(mkdir(pins_->link("lan0").c_str(), 0700), 0);
  EXPECT_FALSE(open(drop_.get()));
  EXPECT_EQ(program_on("lan0"), 0U);
  EXPECT_TRUE(delivers());
  ASSERT_EQ(rmdir(pins_->link("lan0").c_str()), 0);
}

TEST_F(Lifecycle, devices_with_dots_are_pinned_too) {
  for (const std::string device : {"lan0.100", "a.b.c"}) {
    wire(device, "198.51.100", "");
    auto attachment = open(drop_.get(), device);
    ASSERT_TRUE(attachment) << attachment.error().text();
    EXPECT_THAT(pins_->linked_devices(), ElementsAre(device));
    EXPECT_TRUE(state(device).alive);
    ASSERT_TRUE(pins_->remove_link(device));
    gate_->ip("link del " + device);
  }
}

TEST_F(Lifecycle, removing_the_pins_detaches) {
  ASSERT_TRUE(open(drop_.get()));
  ASSERT_TRUE(ClaimStore::open(*pins_));
  ASSERT_TRUE(pins_->remove_all());
  EXPECT_EQ(program_on("lan0"), 0U);
  EXPECT_TRUE(delivers());
  const auto gone = Pins::find(instance_);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().text(), "cannot find instance " + instance_ +
                                     ": nothing is enforced under that name (there is no "
                                     "/sys/fs/bpf/sallyport/" +
                                     instance_ + ")");
}

TEST(Pins, instance_names_cannot_leave_their_folder) {
  for (const std::string name :
       {"", "..", "a/b", "Main", "a.b", "a b", std::string(33, 'a').c_str()}) {
    EXPECT_FALSE(Pins::open(name)) << name;
    EXPECT_FALSE(Pins::find(name)) << name;
  }
}

HostName host(const std::string& text) {
  return HostName::parse(text).value();
}
Address address(const std::string& text) {
  return Address::parse(text).value();
}

TEST_F(Lifecycle, claims_are_found_again) {
  const HostName one = host("one.example.com");
  const HostName two = host("two.example.com");
  const Address v4 = address("192.0.2.9");
  const Address v6 = address("2001:db8::9");
  {
    auto store = ClaimStore::open(*pins_);
    ASSERT_TRUE(store) << store.error().text();
    EXPECT_TRUE(store->put(one, v4, Moment(1)));
    EXPECT_TRUE(store->put(one, v4, Moment(7)));
    EXPECT_TRUE(store->put(one, v6, Moment(2)));
    EXPECT_TRUE(store->put(two, v4, Moment(3)));
    EXPECT_TRUE(store->remove(claim_name(two.text()), v4));
    EXPECT_TRUE(store->remove(claim_name(two.text()), v4)) << "what is gone may be removed again";
  }
  auto store = ClaimStore::open(*pins_);
  ASSERT_TRUE(store) << store.error().text();
  auto rows = store->rows();
  ASSERT_TRUE(rows) << rows.error().text();
  std::sort(rows->begin(), rows->end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].name, claim_name(one.text()));
  EXPECT_EQ((*rows)[0].address, v4);
  EXPECT_EQ((*rows)[0].expiry, Moment(7));
  EXPECT_EQ((*rows)[1].address, v6);
}

TEST_F(Lifecycle, claims_of_another_layout_are_refused) {
  const Fd other{bpf_map_create(BPF_MAP_TYPE_HASH, "other", 8, 8, 4, nullptr)};
  ASSERT_EQ(bpf_obj_pin(other.get(), pins_->claims().c_str()), 0);
  const auto refused = ClaimStore::open(*pins_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("it was made by another version (keys of 8"));
}

/// `allow udp 7777 to 192.0.2.1`, or a program that allows nothing.
Bundle bundle(bool open) {
  Program program;
  program.policy = "lifecycle";
  if (open) {
    Rule rule;
    rule.services.push_back(Service{protocol_udp, 7777, 7777});
    rule.remote.ranges.push_back(AddressRange::single(address("192.0.2.1")));
    program.rules.push_back(rule);
  }
  Bundle made;
  made.image = make_image(program);
  made.program_text = program_text(program);
  return made;
}

TEST_F(Lifecycle, a_generation_that_is_not_committed_leaves_no_pins) {
  {
    auto generation = Generation::prepare(*pins_, bundle(true), {});
    ASSERT_TRUE(generation) << generation.error().text();
    EXPECT_EQ(generation->number(), 1U);
    EXPECT_THAT(pins_->generations(), ElementsAre(1U));
    Generation moved = std::move(*generation);
    EXPECT_THAT(pins_->generations(), ElementsAre(1U));
  }
  EXPECT_THAT(pins_->generations(), IsEmpty());
}

TEST_F(Lifecycle, a_generation_that_does_not_load_leaves_no_pins) {
  // The kernel loads nothing for this user.
  ASSERT_EQ(seteuid(65534), 0);
  const auto refused = Generation::prepare(*pins_, bundle(true), {});
  ASSERT_EQ(seteuid(0), 0);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("cannot load the XDP program"));
  EXPECT_THAT(pins_->generations(), IsEmpty());
}

TEST_F(Lifecycle, a_generation_whose_tables_are_not_its_program_leaves_no_pins) {
  Bundle doctored = bundle(false);
  doctored.image = bundle(true).image;
  const auto refused = Generation::prepare(*pins_, doctored, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text(),
            "cannot use generation 1: the tables of its bundle are not what its program means "
            "(build the bundle again with this version)");
  doctored.program_text.clear();
  EXPECT_FALSE(Generation::prepare(*pins_, doctored, {}));
  EXPECT_THAT(pins_->generations(), IsEmpty());
}

TEST_F(Lifecycle, D2_the_self_test_of_a_generation_leaves_no_counts) {
  const auto generation = Generation::prepare(*pins_, bundle(true), {});
  ASSERT_TRUE(generation) << generation.error().text();
  const auto counters = pinned_counters(pins_->generation(1).string());
  ASSERT_TRUE(counters) << counters.error().text();
  EXPECT_THAT(counters->rules, Each(Counter{}));
  EXPECT_THAT(counters->reasons, Each(Counter{}));
}

TEST_F(Lifecycle, a_generation_that_cannot_be_pinned_leaves_no_pins) {
  // The folder is gone, as if another process had unloaded the instance meanwhile.
  ASSERT_EQ(rmdir(pins_->directory().c_str()), 0);
  EXPECT_FALSE(Generation::prepare(*pins_, bundle(true), {}));
  EXPECT_FALSE(std::filesystem::exists(pins_->directory()));
}

TEST_F(Lifecycle, commit_moves_the_devices_and_outlives_the_process) {
  std::vector<Attachment> attachments;
  std::uint64_t live = 0;
  {
    auto closed = Generation::prepare(*pins_, bundle(false), {});
    ASSERT_TRUE(closed) << closed.error().text();
    auto attachment = open(closed->program_fd());
    ASSERT_TRUE(attachment) << attachment.error().text();
    attachments.push_back(std::move(*attachment));
    ASSERT_TRUE(closed->commit(attachments, {}));
    EXPECT_FALSE(delivers());
    live = closed->number();
  }
  EXPECT_THAT(pins_->generations(), ElementsAre(live));
  EXPECT_EQ(live_generation(*pins_), live);
  EXPECT_FALSE(delivers());
  {
    auto open_one = Generation::prepare(*pins_, bundle(true), {});
    ASSERT_TRUE(open_one) << open_one.error().text();
    EXPECT_EQ(open_one->number(), live + 1);
    EXPECT_EQ(live_generation(*pins_), live) << "preparing touches nothing live";
    const auto previous = pinned_program(*pins_, live);
    ASSERT_TRUE(previous) << previous.error().text();
    ASSERT_TRUE(open_one->commit(attachments, {previous->get()}));
    ASSERT_TRUE(pins_->remove_generation(live));
  }
  attachments.clear();
  EXPECT_EQ(live_generation(*pins_), live + 1);
  EXPECT_TRUE(delivers());
  const auto counters = pinned_counters(pins_->generation(live + 1).string());
  ASSERT_TRUE(counters) << counters.error().text();
  EXPECT_GT(counters->rules.at(0).packets, 0U);
  EXPECT_EQ(state().program_tag.size(), 16U);
}

TEST_F(Lifecycle, a_commit_that_fails_on_the_second_device_rolls_the_first_back) {
  wire("lan1", "198.51.100", "");
  std::vector<Attachment> attachments;
  for (const std::string device : {"lan0", "lan1"}) {
    auto attachment = open(pass_.get(), device);
    ASSERT_TRUE(attachment) << attachment.error().text();
    attachments.push_back(std::move(*attachment));
  }
  gate_->ip("link del lan1");
  {
    auto generation = Generation::prepare(*pins_, bundle(false), {});
    ASSERT_TRUE(generation) << generation.error().text();
    const auto failed = generation->commit(attachments, {pass_.get()});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().text(), "cannot replace the program on lan1: the device is gone");
  }
  EXPECT_EQ(state("lan0").program_id, id_of(pass_.get()));
  EXPECT_TRUE(delivers());
  EXPECT_THAT(pins_->generations(), IsEmpty());
  EXPECT_EQ(live_generation(*pins_), std::nullopt);
}

}  // namespace
}  // namespace sallyport
