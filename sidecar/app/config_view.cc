#include "sidecar/app/config_view.h"

#include "sidecar/config/diff.h"
#include "sidecar/config/fields.h"

namespace herdgate::app {

admin::ConfigView ViewOfOptions(const config::Options& options) {
  admin::ConfigView view;
  view.hash = config::HashOptions(options);
  for (const config::Field& field : config::Fields()) view.options.emplace_back(field.key, field.show(options));
  return view;
}

}  // namespace herdgate::app
