// As whom the sidecar itself speaks to the upstream: the user and password of the upstream's URL. Any thread.
#pragma once

#include <memory>

#include "sidecar/base/address.h"
#include "sidecar/upstream/identity.h"

namespace herdgate::app {

inline upstream::IdentityPtr UrlIdentity(const base::UpstreamUrl& url) {
  auto identity = std::make_shared<upstream::Identity>();
  if (!url.user.empty()) {
    identity->auth = {url.user, url.password};
    identity->user = url.user;
  } else if (!url.password.empty()) {
    identity->auth = {url.password};
  }
  return identity;
}

}  // namespace herdgate::app
