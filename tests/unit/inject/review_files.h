// What the tests of the injector share: AdmissionReviews as an API server sends them (reviews/*.json), and the pod that
// it would store after an answer.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "sidecar/inject/injector.h"

namespace herdgate::inject {

using Json = nlohmann::json;

inline Json ReadReview(const std::string& name) {
  std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "reviews" / (name + ".json"));
  return Json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
}

inline std::string FromBase64(const std::string& text) {
  std::string out(text.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  const auto padding = static_cast<std::size_t>(text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0);
  out.resize(size < 0 ? 0 : static_cast<std::size_t>(size) - padding);
  return out;
}

// `object` after the answer's patch, by nlohmann's own JSON Patch.
inline Json Patched(const Json& object, const Json& answer) {
  const Json& response = answer.at("response");
  if (!response.contains("patch")) return object;
  EXPECT_EQ(response.at("patchType"), "JSONPatch");
  return object.patch(Json::parse(FromBase64(response.at("patch"))));
}

inline InjectorOptions TestOptions() {
  return {.pod = {.image = "herdgate:0.1.0", .policies = "default-policies"}, .skip_namespaces = {"herdgate"}};
}

// The answer of a new injector. A review that can't be answered is a failure of the test.
inline Json Ask(const Json& review, const InjectorOptions& options = TestOptions(),
                const SidecarTemplate& sidecar = SidecarTemplate::Default()) {
  const base::Result<std::string> answer = Injector(options, sidecar).Review(review.dump());
  if (!answer.ok()) {
    ADD_FAILURE() << answer.status().message();
    return {};
  }
  return Json::parse(answer.value());
}

// The stored pod of a review by name.
inline Json Stored(const std::string& name, const InjectorOptions& options = TestOptions()) {
  const Json review = ReadReview(name);
  return Patched(review["request"]["object"], Ask(review, options));
}

// The only warning of an answer without a patch.
inline std::string Warning(const Json& answer) {
  const Json& response = answer.at("response");
  EXPECT_EQ(response.at("allowed"), true);
  EXPECT_FALSE(response.contains("patch"));
  if (!response.contains("warnings") || response["warnings"].size() != 1) return "";
  return response["warnings"][0];
}

// Why the pod may not be made; nothing if it may.
inline std::string Denied(const Json& answer) {
  const Json& response = answer.at("response");
  EXPECT_EQ(response.at("allowed"), false);
  EXPECT_FALSE(response.contains("patch"));
  return response.value("/status/message"_json_pointer, "");
}

inline Json NamedIn(const Json& list, const std::string& name) {
  for (const Json& item : list) {
    if (item.value("name", "") == name) return item;
  }
  return nullptr;
}

}  // namespace herdgate::inject
