// SPDX-License-Identifier: GPL-2.0-or-later
// `sallyport lsp` as an editor drives it: the real binary over its standard input and output, with
// files on the disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "tests/support/lsp_client.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::seconds;
using test::LspClient;
using testing::HasSubstr;
using testing::SizeIs;

class Lsp : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(SALLYPORT_BINARY)) GTEST_SKIP() << "SKIP: there is no " << SALLYPORT_BINARY;
    ASSERT_NE(mkdtemp(folder_), nullptr);
    fs::create_directory(path("vendors"));
    client_.emplace(test::CommandLine{SALLYPORT_BINARY, "lsp", "--stdio"});
  }
  void TearDown() override {
    client_.reset();
    fs::remove_all(folder_);
  }

  std::string path(const std::string& file) const { return std::string(folder_) + '/' + file; }
  std::string uri(const std::string& file) const { return "file://" + path(file); }
  void write(const std::string& file, const std::string& text) const {
    std::ofstream(path(file), std::ios::binary) << text;
  }

  void initialize() {
    const json answer = client_->request(
        "initialize",
        {{"processId", nullptr}, {"rootUri", nullptr}, {"capabilities", json::object()}});
    ASSERT_TRUE(answer.contains("result")) << answer;
    client_->notify("initialized", json::object());
  }
  void open(const std::string& file, const std::string& text) {
    client_->notify(
        "textDocument/didOpen",
        {{"textDocument",
          {{"uri", uri(file)}, {"languageId", "sallyport"}, {"version", 1}, {"text", text}}}});
  }
  void change(const std::string& file, int version, json changes) {
    client_->notify("textDocument/didChange",
                    {{"textDocument", {{"uri", uri(file)}, {"version", version}}},
                     {"contentChanges", std::move(changes)}});
  }
  json at(const std::string& file, unsigned line, unsigned character) const {
    return {{"textDocument", {{"uri", uri(file)}}},
            {"position", {{"line", line}, {"character", character}}}};
  }
  int finish() {
    EXPECT_EQ(client_->request("shutdown", nullptr)["result"], nullptr);
    client_->notify("exit", nullptr);
    return client_->process().wait(seconds(10)).value_or(-1);
  }

  char folder_[32] = "/tmp/sallyport-lsp.XXXXXX";
  std::optional<LspClient> client_;
};

json insertion(unsigned line, unsigned character, const std::string& text) {
  const json place{{"line", line}, {"character", character}};
  return {{"range", {{"start", place}, {"end", place}}}, {"text", text}};
}

TEST_F(Lsp, lives_and_ends_as_the_protocol_says) {
  initialize();
  EXPECT_EQ(finish(), 0);
}

TEST_F(Lsp, an_exit_without_shutdown_is_a_failure) {
  initialize();
  client_->notify("exit", nullptr);
  EXPECT_EQ(client_->process().wait(seconds(10)), 1);
}

TEST_F(Lsp, the_end_of_the_input_is_the_end) {
  initialize();
  client_->close_input();
  EXPECT_EQ(client_->process().wait(seconds(10)), 1);
}

TEST_F(Lsp, diagnostics_come_while_typing) {
  initialize();
  open("main.sally", "policy p {\n}\n");
  EXPECT_EQ(client_->diagnostics(uri("main.sally")), json::array());
  change("main.sally", 2, {insertion(0, 10, "\n  allow tcp to a.example.com")});
  const json list = client_->diagnostics(uri("main.sally"));
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0]["code"], "missing-ports");
  EXPECT_EQ(list[0]["range"]["start"], (json{{"line", 1}, {"character", 8}}));
  change("main.sally", 3, {insertion(1, 11, " 443"), insertion(1, 15, ", 8443")});
  EXPECT_EQ(client_->diagnostics(uri("main.sally")), json::array());
  EXPECT_EQ(finish(), 0);
}

TEST_F(Lsp, open_buffers_hide_files) {
  write("vendors/acme.sally", "vendor acme { part core { allow tcp to a.example.com } }\n");
  initialize();
  open("main.sally", "import vendors/acme\npolicy p { use acme.core }\n");
  ASSERT_THAT(client_->diagnostics(uri("vendors/acme.sally")), SizeIs(1)) << "from the disk";
  open("vendors/acme.sally", "vendor acme { part core { allow tcp 443 to a.example.com } }\n");
  EXPECT_EQ(client_->diagnostics(uri("vendors/acme.sally")), json::array()) << "from the editor";
  client_->notify("textDocument/didClose",
                  {{"textDocument", {{"uri", uri("vendors/acme.sally")}}}});
  EXPECT_THAT(client_->diagnostics(uri("vendors/acme.sally")), SizeIs(1)) << "from the disk again";
  write("vendors/acme.sally", "vendor acme { part core { allow tcp 443 to a.example.com } }\n");
  client_->notify("textDocument/didSave", {{"textDocument", {{"uri", uri("main.sally")}}}});
  EXPECT_EQ(client_->diagnostics(uri("vendors/acme.sally")), json::array()) << "mended on the disk";
}

TEST_F(Lsp, leads_from_a_use_into_the_vendor) {
  write("vendors/acme.sally",
        "# a comment\nvendor acme {\n  part core { allow gre to 192.0.2.1 }\n}\n");
  initialize();
  open("main.sally", "import vendors/acme\npolicy p { use acme.core }\n");
  const json definition = client_->request("textDocument/definition", at("main.sally", 1, 22));
  EXPECT_EQ(definition["result"]["uri"], uri("vendors/acme.sally"));
  EXPECT_EQ(definition["result"]["range"]["start"], (json{{"line", 2}, {"character", 7}}));
  const json import = client_->request("textDocument/definition", at("main.sally", 0, 9));
  EXPECT_EQ(import["result"]["uri"], uri("vendors/acme.sally"));
  const json hover = client_->request("textDocument/hover", at("main.sally", 1, 22));
  EXPECT_THAT(hover["result"]["contents"]["value"].get<std::string>(),
              HasSubstr("allow gre to 192.0.2.1"));
}

TEST_F(Lsp, completes_paths_of_imports) {
  write("vendors/acme.sally", "");
  write("vendors/notes.txt", "");
  initialize();
  open("main.sally", "import vendors/\n");
  const json answer = client_->request("textDocument/completion", at("main.sally", 0, 15));
  ASSERT_THAT(answer["result"]["items"], SizeIs(1));
  EXPECT_EQ(answer["result"]["items"][0]["label"], "acme");
}

TEST_F(Lsp, nothing_malformed_ends_it) {
  initialize();
  client_->send_bytes("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
  EXPECT_EQ(client_->next()["error"]["code"], -32700);
  client_->send_bytes("Content-Length: 7\r\n\r\n[1, 2, ");
  EXPECT_EQ(client_->next()["error"]["code"], -32700);
  client_->send_bytes("Content-Length: 2000\r\n\r\n" + std::string(2000, '['));
  EXPECT_EQ(client_->next()["error"]["code"], -32700);
  client_->send({{"jsonrpc", "2.0"}, {"id", 9}, {"method", "no/such"}});
  EXPECT_EQ(client_->next()["error"]["code"], -32601);
  client_->notify("textDocument/didOpen", {{"textDocument", {{"uri", 7}}}});
  EXPECT_EQ(client_->next()["method"], "window/logMessage");
  EXPECT_EQ(finish(), 0);
}

/// Every policy of the tree, as an editor would open it: no errors, all requests answered.
TEST_F(Lsp, serves_the_policies_of_this_tree) {
  initialize();
  const fs::path policies = fs::path(SALLYPORT_SOURCE_DIR) / "policies";
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(policies)) {
    if (entry.path().extension() != ".sally") continue;
    ++files;
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const std::string file = "file://" + entry.path().string();
    client_->notify(
        "textDocument/didOpen",
        {{"textDocument",
          {{"uri", file}, {"languageId", "sallyport"}, {"version", 1}, {"text", text}}}});
    for (const json& one : client_->diagnostics(file)) EXPECT_NE(one["severity"], 1) << one;
    const json document{{"uri", file}};
    EXPECT_EQ(client_->request("textDocument/formatting", {{"textDocument", document}})["result"],
              json::array());
    const json outline =
        client_->request("textDocument/documentSymbol", {{"textDocument", document}});
    EXPECT_GT(outline["result"].size(), 0u) << file;
  }
  EXPECT_GE(files, 7u);
  EXPECT_EQ(finish(), 0);
}

}  // namespace
}  // namespace sallyport
