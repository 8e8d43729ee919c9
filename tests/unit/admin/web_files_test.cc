#include "sidecar/admin/web_files.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace herdgate::admin {
namespace {

TEST(WebFilesTest, TheEmptyPathIsTheIndexPage) {
  const auto page = FindWebFile("");
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->path, "index.html");
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_FALSE(page->immutable);
}

TEST(WebFilesTest, OnlyWholeNamesAreFound) {
  for (const std::string_view path :
       {"index.htm", "index.html/", "/index.html", "../index.html", "assets", "assets/", "./index.html"}) {
    EXPECT_FALSE(FindWebFile(path).has_value()) << path;
  }
}

TEST(WebFilesTest, EachIsFoundByItsPathAndHasContentAndAnEntityTagOfItsOwn) {
  std::set<std::string_view> tags;
  for (const WebFile& file : WebFiles()) {
    const auto found = FindWebFile(file.path);
    ASSERT_TRUE(found.has_value()) << file.path;
    EXPECT_EQ(found->bytes.data(), file.bytes.data());
    EXPECT_FALSE(file.bytes.empty());
    EXPECT_TRUE(tags.insert(file.etag).second) << file.path;
    EXPECT_EQ(file.etag.front(), '"');
    EXPECT_EQ(file.etag.back(), '"');
    EXPECT_GT(file.etag.size(), 10U);
  }
  EXPECT_FALSE(tags.empty());
}

TEST(WebFilesTest, WhatIsSaidToBeGzipIs) {
  for (const WebFile& file : WebFiles()) {
    const bool is_gzip = file.bytes.substr(0, 3) == "\x1f\x8b\x08";
    EXPECT_EQ(file.content_encoding, is_gzip ? "gzip" : "") << file.path;
  }
}

}  // namespace
}  // namespace herdgate::admin
