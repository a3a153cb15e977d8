// SPDX-License-Identifier: GPL-2.0-or-later
// The server over streams in memory, with files that are a map: JSON-RPC, life cycle and answers.
#include "compiler/lsp/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "compiler/lsp/messages.h"

namespace sallyport::lsp {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::SizeIs;

const char* const uri = "file:///p/main.sally";
const char* const vendor_uri = "file:///p/vendors/acme.sally";

const std::string vendor_text = R"(vendor acme "Acme Cloud" {
  source "Acme network requirements" seen 2024-05-17
  param tenant: label  # as on the invoice
  let domain = example.com
  part core "the core" { allow tcp 443 to {tenant}.{domain}, g{0..2}.{domain} }
}
)";

const std::string main_text = R"(import vendors/acme
zone staff = 10.20.0.0/16
resolver office = 10.0.0.53
policy office {
  from staff use acme.core(tenant = prod)
}
)";

json request(int id, const std::string& method, json params = json::object()) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
}

json note(const std::string& method, json params = json::object()) {
  return {{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}};
}

json opened(const std::string& which, const std::string& text) {
  return note("textDocument/didOpen",
              {{"textDocument",
                {{"uri", which}, {"languageId", "sallyport"}, {"version", 1}, {"text", text}}}});
}

json at(const std::string& which, unsigned line, unsigned character) {
  return {{"textDocument", {{"uri", which}}},
          {"position", {{"line", line}, {"character", character}}}};
}

struct Talk {
  int exit_code = 0;
  std::vector<json> messages;

  json answer(int id) const {
    for (const json& one : messages) {
      if (one.contains("id") && one["id"] == id) return one;
    }
    return nullptr;
  }
  json result(int id) const { return answer(id).value("result", json("no result")); }
  int error(int id) const { return answer(id).at("error").at("code").get<int>(); }
  /// The last ones published for a file; null if there are none.
  json diagnostics(const std::string& which) const {
    json last = nullptr;
    for (const json& one : messages) {
      if (one.value("method", "") == "textDocument/publishDiagnostics" &&
          one["params"]["uri"] == which) {
        last = one["params"]["diagnostics"];
      }
    }
    return last;
  }
};

Talk talk_raw(const std::string& input, Today today = {}) {
  std::istringstream in(input);
  std::ostringstream out;
  const std::map<std::string, std::string> files{{"/p/vendors/acme.sally", vendor_text}};
  const auto read = [&files](const std::filesystem::path& path) -> Result<std::string> {
    const auto found = files.find(path.string());
    if (found != files.end()) return found->second;
    return std::unexpected(Error{"read " + path.string(), "no such file or directory", ""});
  };
  Server server(in, out, "0", std::move(today), read);
  Talk talk;
  talk.exit_code = server.run();
  std::istringstream replies(out.str());
  for (Incoming one = read_message(replies); one.kind == Incoming::Kind::message;
       one = read_message(replies)) {
    talk.messages.push_back(json::parse(one.text));
  }
  return talk;
}

std::string framed(const std::vector<json>& messages) {
  std::ostringstream out;
  for (const json& one : messages) write_message(out, one.dump());
  return out.str();
}

/// Between `initialize` and the end of the input.
Talk talk(std::vector<json> messages, Today today = {}) {
  messages.insert(messages.begin(), {request(0, "initialize"), note("initialized")});
  return talk_raw(framed(messages), std::move(today));
}

TEST(Server, ends_as_the_protocol_says) {
  EXPECT_EQ(talk({request(1, "shutdown"), note("exit")}).exit_code, 0);
  EXPECT_EQ(talk({note("exit")}).exit_code, 1);
  EXPECT_EQ(talk({}).exit_code, 1) << "the editor went away";
  EXPECT_EQ(talk_raw(framed({note("exit")})).exit_code, 1);
  const Talk late = talk({request(1, "shutdown"), request(2, "textDocument/hover", at(uri, 0, 0))});
  EXPECT_EQ(late.result(1), nullptr);
  EXPECT_EQ(late.error(2), -32600);
}

TEST(Server, says_what_it_can) {
  const json result = talk({}).result(0);
  EXPECT_EQ(result["capabilities"]["positionEncoding"], "utf-16");
  EXPECT_EQ(result["capabilities"]["textDocumentSync"]["change"], 2);
  EXPECT_EQ(result["serverInfo"]["name"], "sallyport");
}

TEST(Server, refuses_by_the_rules_of_json_rpc) {
  EXPECT_EQ(talk_raw(framed({request(1, "textDocument/hover")})).error(1), -32002);
  const Talk one = talk({request(1, "initialize"),
                         request(2, "no/such"),
                         request(3, "textDocument/hover", {{"textDocument", 5}}),
                         request(4, "textDocument/hover", json::array({1})),
                         {{"jsonrpc", "1.0"}, {"id", 5}, {"method", "shutdown"}},
                         {{"jsonrpc", "2.0"}, {"id", 6}},
                         {{"jsonrpc", "2.0"}, {"id", 7}, {"method", "shutdown"}, {"params", 3}},
                         {{"jsonrpc", "2.0"}, {"id", 8}, {"result", nullptr}}});
  EXPECT_EQ(one.error(1), -32600);
  EXPECT_EQ(one.error(2), -32601);
  EXPECT_EQ(one.error(3), -32602);
  EXPECT_EQ(one.error(4), -32602);
  EXPECT_EQ(one.error(5), -32600);
  EXPECT_EQ(one.error(6), -32600);
  EXPECT_EQ(one.error(7), -32600);
  EXPECT_EQ(one.answer(8), nullptr) << "a response has no answer";
}

TEST(Server, goes_on_after_malformed_messages) {
  std::string input = "garbage\r\n\r\nContent-Length: 3\r\n\r\n{]}";
  input +=
      framed({json::array({1, 2}), "text", {{"jsonrpc", "2.0"}, {"id", {1}}, {"method", "x"}}});
  input += "Content-Length: 4\r\n\r\n\"\xFF\xFE\"";
  input += framed({request(0, "initialize"), note("textDocument/didOpen", {{"a", 1}}),
                   note("textDocument/didChange", at(uri, 0, 0)), note("$/unknown"),
                   request(1, "shutdown"), note("exit")});
  const Talk all = talk_raw(input);
  EXPECT_EQ(all.exit_code, 0);
  std::vector<int> codes;
  int logged = 0;
  for (const json& one : all.messages) {
    if (one.contains("error")) {
      EXPECT_EQ(one["id"], nullptr);
      codes.push_back(one["error"]["code"].get<int>());
    }
    if (one.value("method", "") == "window/logMessage") ++logged;
  }
  EXPECT_EQ(codes, (std::vector<int>{-32700, -32700, -32600, -32600, -32600, -32700}));
  EXPECT_EQ(logged, 2) << "notifications that were not understood";
}

TEST(Server, publishes_diagnostics_of_the_file_and_its_imports) {
  const Talk sound = talk({opened(uri, main_text)});
  EXPECT_EQ(sound.diagnostics(uri), json::array());
  const Talk broken =
      talk({opened(vendor_uri, "vendor acme { part core { allow tcp to a.example.com } }\n"),
            opened(uri, main_text)});
  const json list = broken.diagnostics(vendor_uri);
  ASSERT_THAT(list, SizeIs(1)) << "once, though two open files compile it";
  EXPECT_EQ(list[0]["code"], "missing-ports");
  EXPECT_EQ(list[0]["severity"], 1);
  EXPECT_EQ(list[0]["source"], "sallyport");
  EXPECT_EQ(list[0]["range"]["start"], (json{{"line", 0}, {"character", 32}}));
}

TEST(Server, positions_are_utf16) {
  // A title with a character beyond the basic plane: two units, four bytes.
  const std::string text =
      "vendor v \"\xF0\x9F\x98\x80\" { part p { allow tcp to a.example.com } }";
  const json list = talk({opened(uri, text)}).diagnostics(uri);
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0]["range"]["start"]["character"], 31);
  const std::string before =
      "vendor v \"\xF0\x9F\x98\x80\" { part p { allow tcp to a.example.com } }";
  const json change{
      {"range",
       {{"start", {{"line", 0}, {"character", 34}}}, {"end", {{"line", 0}, {"character", 34}}}}},
      {"text", " 443"}};
  const Talk mended =
      talk({opened(uri, before),
            note("textDocument/didChange", {{"textDocument", {{"uri", uri}, {"version", 2}}},
                                            {"contentChanges", {change}}})});
  EXPECT_EQ(mended.diagnostics(uri), json::array());
}

TEST(Server, follows_changes_and_closes) {
  const auto changed = [](json change) {
    return note("textDocument/didChange", {{"textDocument", {{"uri", uri}, {"version", 2}}},
                                           {"contentChanges", {std::move(change)}}});
  };
  const json bad{{"text", "policy p { alow }\n"}};
  EXPECT_THAT(talk({opened(uri, main_text), changed(bad)}).diagnostics(uri), SizeIs(1));
  const json good{{"text", "policy p { allow tcp 443 to a.example.com }\n"}};
  EXPECT_EQ(talk({opened(uri, "x"), changed(good)}).diagnostics(uri), json::array());
  const Talk closed =
      talk({opened(uri, "x"), request(1, "textDocument/hover", at(uri, 0, 0)),
            note("textDocument/didClose", {{"textDocument", {{"uri", uri}}}}),
            request(2, "textDocument/documentSymbol", {{"textDocument", {{"uri", uri}}}})});
  EXPECT_EQ(closed.result(2), nullptr);
}

TEST(Server, hover_shows_what_a_use_brings) {
  const Talk all = talk({opened(uri, main_text), request(1, "textDocument/hover", at(uri, 4, 23)),
                         request(2, "textDocument/hover", at(uri, 4, 28)),
                         request(3, "textDocument/hover", at(uri, 4, 8)),
                         request(4, "textDocument/hover", at(uri, 2, 10)),
                         request(5, "textDocument/hover", at(uri, 5, 0))});
  const auto text = [&all](int id) {
    return all.result(id)["contents"]["value"].get<std::string>();
  };
  EXPECT_THAT(text(1), HasSubstr("brings 1 rule"));
  EXPECT_THAT(text(1), HasSubstr("prod.example.com"));
  EXPECT_THAT(text(1), HasSubstr("g2.example.com"));
  EXPECT_THAT(text(1), HasSubstr("seen 2024-05-17"));
  EXPECT_THAT(text(1), HasSubstr("vendors/acme.sally:5"));
  EXPECT_THAT(text(2), HasSubstr("as on the invoice"));
  EXPECT_THAT(text(3), HasSubstr("zone staff = 10.20.0.0/16"));
  EXPECT_THAT(text(4), HasSubstr("resolver office = 10.0.0.53"));
  EXPECT_EQ(all.result(5), nullptr);
}

TEST(Server, hover_on_a_diagnostic_tells_its_meaning) {
  const Talk all = talk({opened(uri, "policy p { allow tcp to a.example.com }"),
                         request(1, "textDocument/hover", at(uri, 0, 18))});
  EXPECT_THAT(all.result(1)["contents"]["value"].get<std::string>(),
              HasSubstr("**missing-ports**"));
}

TEST(Server, definitions) {
  const Talk all = talk({opened(uri, main_text), opened(vendor_uri, vendor_text),
                         request(1, "textDocument/definition", at(uri, 0, 12)),
                         request(2, "textDocument/definition", at(uri, 4, 18)),
                         request(3, "textDocument/definition", at(uri, 4, 23)),
                         request(4, "textDocument/definition", at(uri, 4, 28)),
                         request(5, "textDocument/definition", at(uri, 4, 8)),
                         request(6, "textDocument/definition", at(vendor_uri, 4, 45)),
                         request(7, "textDocument/definition", at(vendor_uri, 4, 52)),
                         request(8, "textDocument/definition", at(uri, 3, 0))});
  const auto place = [&all](int id) {
    const json result = all.result(id);
    return result["uri"].get<std::string>() + ":" + result["range"]["start"]["line"].dump() + ":" +
           result["range"]["start"]["character"].dump();
  };
  const std::string vendors = vendor_uri;
  EXPECT_EQ(place(1), vendors + ":0:0");
  EXPECT_EQ(place(2), vendors + ":0:7");
  EXPECT_EQ(place(3), vendors + ":4:7");
  EXPECT_EQ(place(4), vendors + ":2:8");
  EXPECT_EQ(place(5), std::string(uri) + ":1:5");
  EXPECT_EQ(place(6), vendors + ":2:8");
  EXPECT_EQ(place(7), vendors + ":3:6");
  EXPECT_EQ(all.result(8), nullptr);
}

TEST(Server, definitions_of_what_rules_speak_of) {
  const std::string text = R"(feed ranges = "ranges.txt" as cidr-list
resolver vpn = 10.0.0.53
vendor v {
  param cloud: public | china
  part full { allow tcp 443 to a.example.com }
  part names when cloud public inside full {
    let d = first label of cname a.example.com
    either needs observed-dns { allow tcp 443 to *.example.com }
    or { allow tcp 443 to {d}.example.com unless d like "x*" via vpn }
  }
}
policy p {
  allow tcp 443 to feed ranges, 192.0.2.1 via vpn
  use v(cloud = public) via vpn
}
test "t" of p { expect drop tcp 10.0.0.1 -> 192.0.2.9:443 }
)";
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  struct Row {
    unsigned line;
    std::string word;  // its last occurrence in the line is asked about
    unsigned declared;
  };
  const Row rows[] = {{5, "cloud", 3},  {5, "full", 4},    {8, "{d}", 6},  {8, "d like", 6},
                      {8, "vpn", 1},    {12, "ranges", 0}, {12, "vpn", 1}, {13, "vpn", 1},
                      {13, "cloud", 3}, {15, "p {", 11}};
  std::vector<json> messages{opened(uri, text)};
  int id = 0;
  for (const Row& row : rows) {
    const auto column = static_cast<unsigned>(lines[row.line].rfind(row.word));
    messages.push_back(request(++id, "textDocument/definition", at(uri, row.line, column)));
  }
  const Talk all = talk(messages);
  id = 0;
  for (const Row& row : rows) {
    const json result = all.result(++id);
    ASSERT_TRUE(result.is_object()) << row.line << " " << row.word;
    EXPECT_EQ(result["range"]["start"]["line"], row.declared) << row.line << " " << row.word;
  }
}

TEST(Server, references_from_every_open_file) {
  json params = at(vendor_uri, 2, 9);
  params["context"] = {{"includeDeclaration", true}};
  const Talk all = talk({opened(uri, main_text), opened(vendor_uri, vendor_text),
                         request(1, "textDocument/references", params)});
  ASSERT_THAT(all.result(1), SizeIs(3));
  EXPECT_EQ(all.result(1)[0]["uri"], uri);
  EXPECT_EQ(all.result(1)[1]["range"]["start"]["line"], 2);
  EXPECT_EQ(all.result(1)[2]["range"]["start"]["line"], 4);
}

TEST(Server, outline_nests) {
  const Talk all =
      talk({opened(vendor_uri, vendor_text),
            request(1, "textDocument/documentSymbol", {{"textDocument", {{"uri", vendor_uri}}}})});
  const json top = all.result(1);
  ASSERT_THAT(top, SizeIs(1));
  EXPECT_EQ(top[0]["name"], "acme");
  ASSERT_THAT(top[0]["children"], SizeIs(3));
  EXPECT_EQ(top[0]["children"][2]["name"], "core");
  EXPECT_EQ(top[0]["children"][2]["detail"], "the core");
}

TEST(Server, formats) {
  const json params{{"textDocument", {{"uri", uri}}}, {"options", {{"tabSize", 8}}}};
  const Talk all = talk(
      {opened(uri, "import a\npolicy  p { }\n"), request(1, "textDocument/formatting", params)});
  ASSERT_THAT(all.result(1), SizeIs(1));
  EXPECT_EQ(all.result(1)[0]["newText"], "policy p {}\n");
  EXPECT_EQ(all.result(1)[0]["range"]["start"], (json{{"line", 1}, {"character", 0}}));
  const Talk wrong = talk({opened(uri, "policy {"), request(1, "textDocument/formatting", params)});
  EXPECT_EQ(wrong.result(1), nullptr);
}

TEST(Server, offers_the_fixes_of_diagnostics) {
  const std::string text =
      "zone staff = 10.20.0.0/16\npolicy p {\n  from staf allow tcp 443 to a.example.com\n}\n";
  const auto asked = [](unsigned line, json context) {
    const json place{{"line", line}, {"character", 8}};
    return json{{"textDocument", {{"uri", uri}}},
                {"range", {{"start", place}, {"end", place}}},
                {"context", std::move(context)}};
  };
  const json any{{"diagnostics", json::array()}};
  const json refactorings{{"diagnostics", json::array()}, {"only", {"refactor"}}};
  const Talk all = talk({opened(uri, text), request(1, "textDocument/codeAction", asked(2, any)),
                         request(2, "textDocument/codeAction", asked(0, any)),
                         request(3, "textDocument/codeAction", asked(2, refactorings))});
  const json actions = all.result(1);
  ASSERT_THAT(actions, SizeIs(1));
  EXPECT_EQ(actions[0]["kind"], "quickfix");
  EXPECT_EQ(actions[0]["diagnostics"][0]["code"], "unknown-zone");
  const json edit = actions[0]["edit"]["changes"][uri];
  ASSERT_THAT(edit, SizeIs(1));
  EXPECT_EQ(edit[0]["newText"], "staff");
  EXPECT_EQ(edit[0]["range"]["start"], (json{{"line", 2}, {"character", 7}}));
  EXPECT_EQ(all.result(2), json::array());
  EXPECT_EQ(all.result(3), json::array());
}

TEST(Server, judges_dates_on_the_day_that_it_is) {
  const std::string text = "policy office { allow tcp 443 to a.example.com until 2025-02-01 }\n";
  const auto codes = [&](Today today) {
    const Talk one = talk({opened(uri, text), request(1, "textDocument/hover", at(uri, 0, 3)),
                           request(2, "shutdown")},
                          std::move(today));
    std::string all;
    for (const json& diagnostic : one.diagnostics(uri))
      all += diagnostic["code"].get<std::string>();
    return all;
  };
  EXPECT_EQ(codes({}), "") << "without a clock";
  EXPECT_EQ(codes([] { return parse_day("2024-12-01").value(); }), "");
  EXPECT_EQ(codes([] { return parse_day("2025-01-20").value(); }), "expires-soon");
  EXPECT_EQ(codes([] { return parse_day("2025-02-01").value(); }), "expired");
  // Midnight passes between two messages: `initialize`, `initialized` and `didOpen` are before it.
  int asked = 0;
  EXPECT_EQ(
      codes([&asked] { return parse_day(++asked <= 3 ? "2025-01-31" : "2025-02-01").value(); }),
      "expired");
}

TEST(Server, renames_what_is_declared_wherever_it_is_spoken_of) {
  const auto renamed = [](unsigned line, unsigned character, const std::string& name) {
    json asked = at(uri, line, character);
    asked["newName"] = name;
    return talk({opened(uri, main_text), request(1, "textDocument/rename", asked)});
  };
  const auto places = [](const json& result, const std::string& which) {
    std::string text;
    for (const json& edit : result["changes"].value(which, json::array())) {
      const json& start = edit["range"]["start"];
      text += std::to_string(start["line"].get<int>()) + ":" +
              std::to_string(start["character"].get<int>()) + " " +
              edit["newText"].get<std::string>() + "\n";
    }
    return text;
  };
  EXPECT_EQ(places(renamed(1, 6, "people").result(1), uri), "1:5 people\n4:7 people\n");
  EXPECT_EQ(places(renamed(4, 19, "vendor2").result(1), uri), "4:17 vendor2\n");
  // A parameter of the imported vendor: the argument here, and in its own file in braces.
  const json tenant = renamed(4, 28, "customer").result(1);
  EXPECT_EQ(places(tenant, uri), "4:27 customer\n");
  EXPECT_NE(places(tenant, "file:///p/vendors/acme.sally").find(" {customer}\n"), std::string::npos)
      << tenant.dump(1);
  EXPECT_EQ(renamed(1, 6, "any").error(1), -32602);
  EXPECT_EQ(renamed(1, 6, "two words").error(1), -32602);
  EXPECT_EQ(renamed(4, 28, "domain").error(1), -32602) << "the vendor has a `let` of that name";
  EXPECT_EQ(renamed(3, 2, "x").result(1), nullptr) << "a keyword";
}

TEST(Server, completes_with_an_edit) {
  const Talk all = talk({opened(uri, "import vendors/acme\npolicy p { use acme.co }\n"),
                         request(1, "textDocument/completion", at(uri, 1, 22))});
  const json items = all.result(1)["items"];
  ASSERT_THAT(items, SizeIs(1));
  EXPECT_EQ(items[0]["label"], "core");
  EXPECT_EQ(items[0]["textEdit"]["range"]["start"]["character"], 20);
  EXPECT_EQ(items[0]["textEdit"]["range"]["end"]["character"], 22);
}

}  // namespace
}  // namespace sallyport::lsp
