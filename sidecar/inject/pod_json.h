// The JSON of a pod, read without surprises: what is missing or of another type is empty. The folder's one header with
// the JSON library in it; for its sources only.
//
// Threads: pure functions; any. What they return belongs to their argument.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace herdgate::inject {

using Json = nlohmann::json;

// Null if there is no such member, if it is null, or if `object` is no object.
const Json* Find(const Json& object, const char* name);
// Empty if it is no text.
std::string TextOf(const Json& object, const char* name);
// The elements of a list; none if there is no list.
const Json& ListOf(const Json& object, const char* name);
bool IsTrue(const Json& object, const char* name);
// The item of that name; null if there is none.
const Json* Named(const Json& list, const std::string& name);
// Whether `there` says all that `wanted` says: the API server adds defaults.
bool Covers(const Json& there, const Json& wanted);

// Its args; what is no text as JSON.
std::vector<std::string> ArgsOf(const Json& container);
// Who is the pod's whole network in a mesh, and no app.
bool IsMesh(const Json& container);
// An init container that keeps running.
bool IsNativeSidecar(const Json& container);
// Which part of a pod is not as Kubernetes has it; null if all that matters is. REQUIRES: it has metadata.
const char* Misunderstood(const Json& pod);

}  // namespace herdgate::inject
