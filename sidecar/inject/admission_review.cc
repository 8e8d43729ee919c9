#include "sidecar/inject/admission_review.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace herdgate::inject {
namespace {

using Json = nlohmann::json;
using base::ErrorCode;
using base::Status;

constexpr std::string_view kApiVersion = "admission.k8s.io/v1";
constexpr std::size_t kMaxUid = 256;
// Depths of keys: those of the review are 1.
constexpr int kRequestKeys = 2;
constexpr int kMetadataKeys = 4;

std::string TextAt(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  return json.contains(at) && json.at(at).is_string() ? json.at(at).get<std::string>() : "";
}

// Null if it isn't JSON. Never deeper than kMaxReviewDepth, because what works on it recurses.
Json ParseBounded(std::string_view text, bool& too_deep) {
  const auto keep = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > static_cast<int>(kMaxReviewDepth)) {
      too_deep = true;
      return false;
    }
    if (event != Json::parse_event_t::key) return true;
    const std::string& key = value.get_ref<const std::string&>();
    if (depth == kRequestKeys) return key != "oldObject" && key != "options" && key != "userInfo";
    return depth != kMetadataKeys || key != "managedFields";
  };
  Json json = Json::parse(text, keep, false);
  return json.is_discarded() ? Json() : json;
}

// metadata.name, or the beginning that the API server will end.
std::string NameOf(const Json& object) {
  std::string name = TextAt(object, "/metadata/name");
  if (name.empty()) name = TextAt(object, "/metadata/generateName");
  const std::string bare = name.ends_with('-') ? name.substr(0, name.size() - 1) : name;
  return IsObjectName(bare) ? name : "";
}

bool CreatesPod(const Json& request) {
  return TextAt(request, "/kind/group").empty() && TextAt(request, "/kind/version") == "v1" &&
         TextAt(request, "/kind/kind") == "Pod" && TextAt(request, "/resource/resource") == "pods" &&
         TextAt(request, "/subResource").empty() && TextAt(request, "/operation") == "CREATE";
}

std::string Base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

AdmissionReview ReadRequest(const Json& request) {
  AdmissionReview review;
  review.uid = TextAt(request, "/uid");
  review.namespace_name = TextAt(request, "/namespace");
  review.creates_pod = CreatesPod(request);
  review.dry_run = request.value("dryRun", Json()) == Json(true);
  const auto object = request.find("object");
  if (!review.creates_pod || object == request.end() || object->is_null()) return review;
  review.pod_name = NameOf(*object);
  review.object = object->dump();
  return review;
}

}  // namespace

base::Result<AdmissionReview> ParseReview(std::string_view text) {
  const auto refuse = [](const char* why) { return Status(ErrorCode::kInvalidArgument, why); };
  bool too_deep = false;
  const Json json = ParseBounded(text, too_deep);
  if (!json.is_object()) return refuse("the body is no JSON object");
  if (TextAt(json, "/kind") != "AdmissionReview" || TextAt(json, "/apiVersion") != kApiVersion)
    return refuse("the body is no AdmissionReview of admission.k8s.io/v1");
  const auto request = json.find("request");
  if (request == json.end() || !request->is_object()) return refuse("the AdmissionReview has no request");
  AdmissionReview review = ReadRequest(*request);
  if (review.uid.empty() || review.uid.size() > kMaxUid) return refuse("the request has no uid");
  review.too_deep = too_deep;
  return review;
}

std::string Answer(const AdmissionReview& review, const PodPatch& patch) {
  Json response = {{"uid", review.uid}, {"allowed", true}};
  if (!patch.patch.empty()) {
    response["patchType"] = "JSONPatch";
    response["patch"] = Base64(patch.patch);
  }
  if (!patch.warnings.empty()) response["warnings"] = patch.warnings;
  if (patch.outcome != Outcome::kNotAsked) response["auditAnnotations"] = {{"outcome", Name(patch.outcome)}};
  const Json answer = {{"apiVersion", kApiVersion}, {"kind", "AdmissionReview"}, {"response", response}};
  return answer.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace herdgate::inject
