// ApiState: what the operations of the admin API share, and the lists of their routes.
//
// Threads: the admin listener's. Ownership: ApiServer's.
#pragma once

#include <vector>

#include "sidecar/admin/api_call.h"
#include "sidecar/admin/api_content.h"
#include "sidecar/admin/audit_log.h"
#include "sidecar/admin/figures.h"

namespace herdgate::admin {

struct ApiState {
  const ApiContent content;
  const base::Clock& clock;
  const base::SteadyTime started;
  const bool tokens_configured;
  Figures figures;
  AuditLog audit;
};

// Each appends its routes, whose handlers borrow the state.
void AddSnapshotRoutes(ApiState& state, std::vector<ApiRoute>& routes);
void AddPolicyRoutes(ApiState& state, std::vector<ApiRoute>& routes);
void AddStampedeRoutes(ApiState& state, std::vector<ApiRoute>& routes);
void AddKeyRoutes(ApiState& state, std::vector<ApiRoute>& routes);
void AddPodRoutes(ApiState& state, std::vector<ApiRoute>& routes);
void AddOperateRoutes(ApiState& state, std::vector<ApiRoute>& routes);
void AddInvalidationRoutes(ApiState& state, std::vector<ApiRoute>& routes);

// Parts of answers that several operations show.
void AddPolicyBrief(JsonWriter& json, const policy::Policy& policy, const Figures& figures);
void AddUpstream(JsonWriter& json, const ApiState& state);
void AddBypass(JsonWriter& json, const BypassView& bypass);

}  // namespace herdgate::admin
