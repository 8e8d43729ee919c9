// Fields: one row for each option, shared by the YAML loader and the command line.
//
// A row reads the option's text into Options; what is accepted and what an error says is therefore the same in the file
// and in a flag. Setters never repeat the text in an error: it may be a secret in the wrong place.
// Threads: any; the table is constant.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sidecar/base/result.h"
#include "sidecar/config/options.h"

namespace herdgate::config {

struct Field {
  std::string_view key;  // dotted, as in the YAML: "upstream.timeout"
  bool is_list = false;  // may be given several times; `clear` the option before the first
  bool is_live = false;  // a reload puts it into force; the others need a restart
  base::Status (*set)(std::string_view text, Options& options) = nullptr;
  // In a form that says all but a password.
  std::string (*show)(const Options& options) = nullptr;
  void (*clear)(Options& options) = nullptr;  // of lists
};

std::span<const Field> Fields();

// Nothing if no option has this key.
const Field* FindField(std::string_view key);

}  // namespace herdgate::config
