#include "sidecar/inject/admission_review.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace herdgate::inject {
namespace {

using Json = nlohmann::json;
using base::ErrorCode;
using base::Status;

constexpr std::string_view kApiVersion = "admission.k8s.io/v1";
constexpr std::size_t kMaxUid = 256;

std::string TextAt(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  return json.contains(at) && json.at(at).is_string() ? json.at(at).get<std::string>() : "";
}

// Builds what is wanted of a document, within bounds: no deeper than kMaxReviewDepth, because what works on it
// recurses, and no more than kMaxReviewValues. nlohmann's own filter (parse with a callback) looks through the whole
// parent after each child, so that 3 MiB can take a minute.
class Reader final : public nlohmann::json_sax<Json> {
 public:
  Json Take() { return std::move(root_); }
  // Something wanted is missing, because it was beyond a bound.
  bool incomplete() const { return incomplete_; }

  bool null() override { return Value(nullptr); }
  bool boolean(bool value) override { return Value(value); }
  bool number_integer(number_integer_t value) override { return Value(value); }
  bool number_unsigned(number_unsigned_t value) override { return Value(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return Value(value); }
  bool string(string_t& value) override { return Value(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool key(string_t& value) override {
    if (skipped_ == 0) key_ = std::move(value);
    return true;
  }
  bool start_object(std::size_t /*size*/) override { return Open(Json::object()); }
  bool start_array(std::size_t /*size*/) override { return Open(Json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/, const Json::exception& /*error*/) override {
    return false;
  }

 private:
  // What a webhook of pods doesn't need, by its depth: members of the request, and of the object's metadata.
  bool IsUnwanted() const {
    if (open_.size() == 2) return key_ == "oldObject" || key_ == "options" || key_ == "userInfo";
    return open_.size() == 4 && key_ == "managedFields";
  }

  // Null beyond the bounds.
  Json* Place(Json&& value) {
    // An object that is too large must not cost the review what comes behind it.
    std::size_t& values = in_object_ ? object_values_ : other_values_;
    if (values >= kMaxReviewValues || open_.size() >= kMaxReviewDepth) {
      incomplete_ = true;
      return nullptr;
    }
    ++values;
    if (open_.empty()) return &(root_ = std::move(value));
    Json& parent = *open_.back();
    if (parent.is_object()) return &(parent[key_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }

  bool Value(Json&& value) {
    if (skipped_ == 0) (void)Place(std::move(value));
    return true;
  }

  bool Open(Json&& value) {
    in_object_ = in_object_ || (skipped_ == 0 && open_.size() == 2 && key_ == "object");
    Json* const placed = skipped_ > 0 || IsUnwanted() ? nullptr : Place(std::move(value));
    if (placed == nullptr) {
      ++skipped_;
    } else {
      open_.push_back(placed);
    }
    return true;
  }

  bool Close() {
    if (skipped_ > 0) {
      --skipped_;
    } else {
      open_.pop_back();
    }
    in_object_ = in_object_ && (skipped_ > 0 || open_.size() > 2);
    return true;
  }

  Json root_;
  std::vector<Json*> open_;  // the objects and lists that have not ended; a parent doesn't move while a child is open
  std::size_t skipped_ = 0;  // those that have not ended and are not kept
  bool in_object_ = false;
  std::size_t object_values_ = 0;  // kept so far
  std::size_t other_values_ = 0;
  std::string key_;
  bool incomplete_ = false;
};

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
  const auto dry_run = request.find("dryRun");
  review.dry_run = dry_run != request.end() && *dry_run == Json(true);
  const auto object = request.find("object");
  if (!review.creates_pod || object == request.end() || object->is_null()) return review;
  review.pod_name = NameOf(*object);
  review.object = object->dump();
  return review;
}

std::string Envelope(const Json& response) {
  const Json answer = {{"apiVersion", kApiVersion}, {"kind", "AdmissionReview"}, {"response", response}};
  return answer.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

base::Result<AdmissionReview> ParseReview(std::string_view text) {
  const auto refuse = [](const char* why) { return Status(ErrorCode::kInvalidArgument, why); };
  Reader reader;
  const bool whole = Json::sax_parse(text, &reader);
  const Json json = reader.Take();
  if (!whole || !json.is_object()) return refuse("the body is no JSON object");
  if (TextAt(json, "/kind") != "AdmissionReview" || TextAt(json, "/apiVersion") != kApiVersion)
    return refuse("the body is no AdmissionReview of admission.k8s.io/v1");
  const auto request = json.find("request");
  if (request == json.end() || !request->is_object()) return refuse("the AdmissionReview has no request");
  AdmissionReview review = ReadRequest(*request);
  if (review.uid.empty() || review.uid.size() > kMaxUid) return refuse("the request has no uid");
  review.incomplete = reader.incomplete();
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
  return Envelope(response);
}

std::string Denial(const AdmissionReview& review, const PodPatch& patch) {
  constexpr int kForbidden = 403;
  return Envelope({{"uid", review.uid},
                   {"allowed", false},
                   {"status", {{"code", kForbidden}, {"reason", "Forbidden"}, {"message", patch.warnings.front()}}},
                   {"auditAnnotations", {{"outcome", Name(patch.outcome)}}}});
}

}  // namespace herdgate::inject
