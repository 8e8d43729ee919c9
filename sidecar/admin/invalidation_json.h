// Invalidations as the admin API writes them (openapi.json: InvalidationTarget, Preview, Invalidation).
//
// Threads: pure functions; any. Ownership: the texts are the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sidecar/admin/json_body.h"
#include "sidecar/admin/json_writer.h"
#include "sidecar/admin/scope.h"
#include "sidecar/pipeline/control.h"

namespace herdgate::admin {

// Nothing: the body's errors say why. What means every key is not confirmed by it (purge_all).
std::optional<pipeline::InvalidationRequest> ReadTarget(JsonBody& body);

// The scope that carrying it out needs.
Scope NeededScope(const pipeline::InvalidationRequest& request);

// As a member, or without a name as an element or the whole.
void AddTarget(JsonWriter& json, std::string_view name, const pipeline::InvalidationRequest& request);
std::string PreviewJson(const pipeline::InvalidationPreviewStatus& preview);
void AddInvalidation(JsonWriter& json, const pipeline::InvalidationStatus& status);
std::string InvalidationJson(const pipeline::InvalidationStatus& status);

// For the audit log, which is bounded: the target's first keys alone (`keys_left_out` says how many more there are),
// and the beginning of a long prefix, pattern or tag (then `cut` is true). `targets`: there were so many, of which a
// job that has ended keeps the first alone.
std::string AuditedTarget(const pipeline::InvalidationRequest& request, std::uint64_t targets = 0);
std::string AuditedInvalidation(const pipeline::InvalidationStatus& status);

}  // namespace herdgate::admin
