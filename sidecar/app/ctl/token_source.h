// FindToken: which token ctl brings: of --token-file, else of HERDGATE_TOKEN, else of the file that sidecar/run.sh
// made, if that is private and the sidecar is on this machine, so that it is sent nowhere else.
//
// Threads: any; reads a file. Errors are sentences that name the file and never its text.
#pragma once

#include <string>

#include "sidecar/app/ctl/ctl_request.h"
#include "sidecar/base/result.h"

namespace herdgate::app {

// Empty: there is none.
base::Result<std::string> FindCtlToken(const CtlRequest& request);

// Regular, of this user, and nobody else may read or write it.
bool IsPrivateFile(const std::string& path);

}  // namespace herdgate::app
