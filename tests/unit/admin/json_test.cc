// What JsonWriter writes, JsonBody and any parser read.
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "sidecar/admin/json_body.h"
#include "sidecar/admin/json_writer.h"

namespace herdgate::admin {
namespace {

TEST(JsonWriterTest, NestsObjectsAndArrays) {
  JsonWriter json;
  json.Object().Add("a", 1).Array("b").Value(2).Value("x").Object().Add("c", true).End().End().Object("d").End();
  json.Add("e", std::optional<int>()).Null("f").Raw("g", "[1]").Add("h", 0.5);
  EXPECT_EQ(json.End().Take(), R"({"a":1,"b":[2,"x",{"c":true}],"d":{},"e":null,"f":null,"g":[1],"h":0.5})");
}

TEST(JsonWriterTest, AnyBytesMakeTextThatParses) {
  for (int first = 0; first < 256; ++first) {
    for (const char* rest : {"", "a", "\x80", "\xff\xfe"}) {
      const std::string bytes = std::string(1, static_cast<char>(first)) + rest;
      const std::string text = JsonWriter().Object().Add("k", bytes).End().Take();
      EXPECT_TRUE(nlohmann::json::accept(text)) << text;
    }
  }
}

TEST(JsonWriterTest, MarkupIsEscaped) {
  EXPECT_EQ(JsonWriter().Object().Add("k", "</script>&\"\\\n").End().Take(),
            R"({"k":"\u003c/script\u003e\u0026\"\\\u000a"})");
}

TEST(JsonWriterTest, WhatIsNoNumberIsNull) {
  JsonWriter json;
  json.Object().Add("a", std::numeric_limits<double>::infinity()).Add("b", std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(json.End().Take(), R"({"a":null,"b":null})");
}

TEST(JsonWriterTest, KeysAreTextOrBase64) {
  const auto shown = [](std::string_view key, bool cut) {
    JsonWriter json;
    json.Object();
    AddKey(json, key, cut);
    return json.End().Take();
  };
  EXPECT_EQ(shown("user:1", false), R"({"key":"user:1","encoding":"utf8","cut":false})");
  EXPECT_EQ(shown(std::string("\0\xff", 2), false), R"({"key":"AP8=","encoding":"base64","cut":false})");
  // A cut within a character does not make text binary.
  EXPECT_EQ(shown("gr\xc3", true), R"({"key":"gr","encoding":"utf8","cut":true})");
}

TEST(JsonWriterTest, TimesAreRfc3339) {
  EXPECT_EQ(TimeText(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(TimeText(1'763'680'000'123), "2025-11-20T23:06:40.123Z");
}

TEST(JsonBodyTest, MembersAreRead) {
  JsonBody body(R"({"t":"x","n":7,"b":true,"l":["a","b"]})");
  EXPECT_EQ(body.Text("t", {.required = true}), "x");
  EXPECT_EQ(body.Integer("n", {.most = 7}), 7);
  EXPECT_EQ(body.Bool("b", true), true);
  EXPECT_EQ(body.Texts("l", 2), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(body.Text("missing", {}));
  body.RefuseOthers();
  EXPECT_TRUE(body.ok());
}

TEST(JsonBodyTest, EachMistakeIsTold) {
  constexpr std::array<std::string_view, 2> kChoices = {"x", "y"};
  JsonBody body(R"({"t":1,"c":"z","n":1.5,"big":18446744073709551615,"b":"true","l":[1],"other":0})");
  EXPECT_FALSE(body.Text("t", {}));
  EXPECT_FALSE(body.Text("c", {.choices = kChoices}));
  EXPECT_FALSE(body.Integer("n", {}));
  EXPECT_FALSE(body.Integer("big", {}));
  EXPECT_FALSE(body.Bool("b", false));
  EXPECT_TRUE(body.Texts("l", 2).empty());
  EXPECT_FALSE(body.Text("gone", {.required = true}));
  body.RefuseOthers();
  std::string pointers;
  for (const FieldError& error : body.errors()) pointers += error.pointer + " ";
  EXPECT_EQ(pointers, "/t /c /n /big /b /l /gone  ");
}

TEST(JsonBodyTest, OnlyAnObjectIsABody) {
  for (const char* text : {"", "{", "[", "nonsense", "{\"a\":}", "{} {}"}) {
    EXPECT_TRUE(JsonBody(text).malformed()) << text;
    EXPECT_FALSE(JsonBody(text).ok()) << text;
  }
  for (const char* text : {"[]", "1", "null", "\"a\""}) {
    EXPECT_FALSE(JsonBody(text).malformed()) << text;
    EXPECT_FALSE(JsonBody(text).ok()) << text;
  }
}

TEST(JsonBodyTest, DeepNestingIsNoTrouble) {
  JsonBody body("{\"a\":" + std::string(30'000, '[') + std::string(30'000, ']') + "}");
  EXPECT_FALSE(body.Text("a", {}));
  EXPECT_FALSE(JsonBody(std::string(60'000, '[')).ok());
}

}  // namespace
}  // namespace herdgate::admin
