#include "sidecar/config/loader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <set>
#include <sstream>
#include <tuple>
#include <utility>

#include "sidecar/config/fields.h"
#include "sidecar/config/policy_reader.h"
#include "sidecar/config/read_file.h"
#include "sidecar/config/yaml_map.h"

namespace herdgate::config {
namespace {

constexpr std::string_view kPolicies = "policies";

// The names that may stand directly in `section`, which is "" for the whole file. No section lies in another.
std::vector<std::string_view> NamesIn(std::string_view section) {
  std::vector<std::string_view> names;
  for (const Field& field : Fields()) {
    const std::size_t dot = field.key.find('.');
    const bool nested = dot != std::string_view::npos;
    std::string_view name;
    if (section.empty()) {
      name = field.key.substr(0, dot);
    } else if (nested && field.key.substr(0, dot) == section) {
      name = field.key.substr(dot + 1);
    }
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  if (section.empty()) names.push_back(kPolicies);
  return names;
}

// Walks the document along the field table. It descends only where the table does, so an alias that contains itself or
// a deep nesting costs nothing.
class Walker {
 public:
  explicit Walker(Loaded& loaded) : loaded_(loaded) {}

  void ReadSection(const YAML::Node& node, const std::string& section) {
    ReadMap(node, {"", section}, report_, [&](const std::string& name, Position at, const YAML::Node& value) {
      ReadEntry(section, name, at, value);
    });
  }

  void Add(Position at, std::string message) { loaded_.problems.push_back({loaded_.file, at, std::move(message)}); }

 private:
  void ReadEntry(const std::string& section, const std::string& name, Position at, const YAML::Node& value) {
    const std::string key = Join(section, name);
    const Position value_at = ValueAt(value, at);
    if (const Field* const field = FindField(key)) {
      loaded_.given[key] = value_at;
      ReadField(*field, value, value_at);
    } else if (key == kPolicies) {
      loaded_.given[key] = value_at;
      loaded_.options.policies = ReadPolicies(value, value_at, report_);
    } else if (section.empty() && !NamesIn(name).empty()) {
      const std::string example = std::string(NamesIn(name).front());
      if (value.IsMap()) {
        ReadSection(value, name);
      } else {
        Add(value_at, name + ": expected a mapping, like " + name + ": {" + example + ": ...}");
      }
    } else {
      Add(at, UnknownKey({"", section}, name, NamesIn(section), {}, Elsewhere(name)));
    }
  }

  void ReadField(const Field& field, const YAML::Node& value, Position at) {
    const std::string key(field.key);
    if (field.is_list) {
      field.clear(loaded_.options);
      if (value.IsSequence()) {
        if (value.size() == 0) Add(at, key + ": the list is empty; give at least one, or leave the key out");
        for (const YAML::Node& item : value) ReadScalar(field, item, ValueAt(item, at));
        return;
      }
    }
    ReadScalar(field, value, at);
  }

  void ReadScalar(const Field& field, const YAML::Node& value, Position at) {
    const std::string key(field.key);
    if (value.IsNull()) {
      Add(at, key + ": the value is missing");
    } else if (!value.IsScalar()) {
      Add(at, key + (field.is_list ? ": expected a text or a list of texts" : ": expected a single value"));
    } else if (const base::Status status = field.set(value.Scalar(), loaded_.options); !status.ok()) {
      Add(at, key + ": " + status.message());
    }
  }

  // The full name of an option that stands in another section.
  static std::string_view Elsewhere(std::string_view name) {
    for (const Field& field : Fields()) {
      const std::size_t dot = field.key.find('.');
      if (dot != std::string_view::npos && field.key.substr(dot + 1) == name) return field.key;
    }
    return {};
  }

  Loaded& loaded_;
  const Report report_ = [this](Position at, std::string message) { Add(at, std::move(message)); };
};

// Counts documents and ignores what is in them.
class DocumentCounter final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2) second_ = At(mark);
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

  const std::optional<Position>& second() const { return second_; }

 private:
  int documents_ = 0;
  std::optional<Position> second_;
};

// Where a second document starts. Not YAML::LoadAll: on text like "," it makes documents without end.
std::optional<Position> SecondDocument(std::string_view text) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  DocumentCounter counter;
  if (parser.HandleNextDocument(counter)) parser.HandleNextDocument(counter);
  return counter.second();
}

std::string EndpointKey(const base::ListenAddress& address) {
  return address.ToString();
}

std::string EndpointKey(const base::UpstreamUrl& url) {
  using Kind = base::UpstreamUrl::Kind;
  if (url.kind == Kind::kMemory) return "";
  const bool unix_socket = url.kind == Kind::kUnix;
  return base::ListenAddress{unix_socket ? base::ListenAddress::Kind::kUnix : base::ListenAddress::Kind::kTcp, url.host,
                             url.port, url.path}
      .ToString();
}

bool IsLoopbackHost(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

using AddConflict = std::function<void(const std::string& key, const std::string& other, const std::string& message)>;

// `taken`: the addresses for clients.
void FindAdminConflicts(const Options& options, const std::set<std::string>& taken, const AddConflict& add) {
  const std::optional<base::ListenAddress>& admin = options.admin.listen;
  if (!admin) {
    if (!options.admin.tokens_file.empty()) {
      add("admin.tokens_file", "admin.listen", "nothing listens for the tokens; give admin.listen too");
    }
    return;
  }
  const std::optional<base::ListenAddress>& telemetry = options.telemetry.listen;
  if (admin->port != 0 && taken.contains(EndpointKey(*admin))) {
    add("admin.listen", "listen", admin->ToString() + " is also an address for clients; give it another port");
  }
  if (admin->port != 0 && telemetry && EndpointKey(*telemetry) == EndpointKey(*admin)) {
    add("admin.listen", "telemetry.listen", admin->ToString() + " is also that of telemetry; give it another port");
  }
  if (options.admin.tokens_file.empty() && !IsLoopbackHost(admin->host)) {
    add("admin.listen", "admin.tokens_file",
        admin->ToString() + " can be reached from elsewhere; give a tokens_file, or listen on 127.0.0.1");
  }
}

}  // namespace

std::string Problem::ToString() const {
  std::string out;
  if (!file.empty()) out += file + ":";
  if (!file.empty() && at.line > 0) out += std::to_string(at.line) + ":" + std::to_string(at.column) + ":";
  return out + (out.empty() ? "" : " ") + message;
}

Loaded LoadText(std::string_view text, std::string name) {
  Loaded loaded;
  loaded.file = std::move(name);
  Walker walker(loaded);
  // The one border to yaml-cpp: its exceptions end here.
  try {
    if (const std::optional<Position> second = SecondDocument(text)) {
      walker.Add(*second,
                 "a second document, or text outside the mapping, starts here; a configuration is one mapping");
      return loaded;
    }
    const YAML::Node document = YAML::Load(std::string(text));
    if (document.IsMap()) {
      walker.ReadSection(document, "");
    } else if (!document.IsNull()) {
      walker.Add(At(document.Mark()), "expected a mapping of options, like listen: tcp://127.0.0.1:6380");
    }
  } catch (const YAML::Exception& error) {
    // Behind a colon yaml-cpp repeats what it found in the file.
    walker.Add(At(error.mark), "not valid YAML: " + error.msg.substr(0, error.msg.find(':')));
  } catch (const std::exception&) {
    walker.Add({}, "not valid YAML");
  }
  // What is missing from a mapping is known only at its end.
  std::stable_sort(loaded.problems.begin(), loaded.problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.at.line, a.at.column) < std::tie(b.at.line, b.at.column);
  });
  return loaded;
}

Loaded LoadFile(const std::string& path) {
  const base::Result<std::string> text = ReadFile(path);
  if (text.ok()) return LoadText(text.value(), path);
  Loaded loaded;
  loaded.file = path;
  loaded.problems.push_back({path, {}, text.status().message()});
  return loaded;
}

std::vector<Problem> FindConflicts(const Loaded& loaded) {
  std::vector<Problem> problems;
  // The place is that of the first of the two keys that the file gives: the other one may be a default or a flag.
  const auto add = [&](const std::string& key, const std::string& other, const std::string& message) {
    const auto own = loaded.given.find(key);
    const auto given = own != loaded.given.end() ? own : loaded.given.find(other);
    const bool in_file = given != loaded.given.end();
    problems.push_back({in_file ? loaded.file : "", in_file ? given->second : Position{}, key + ": " + message});
  };
  const Options& options = loaded.options;
  std::set<std::string> taken;
  for (const base::ListenAddress& address : options.listen) {
    const bool any_port = address.kind == base::ListenAddress::Kind::kTcp && address.port == 0;
    if (!any_port && !taken.insert(EndpointKey(address)).second) {
      add("listen", "listen", address.ToString() + " is given twice; keep one");
    }
  }
  if (taken.contains(EndpointKey(options.upstream.url))) {
    add("upstream.url", "listen",
        options.upstream.url.ToString() + " is an address that the sidecar itself listens on");
  }
  const std::optional<base::ListenAddress>& telemetry = options.telemetry.listen;
  if (telemetry && telemetry->port != 0 && taken.contains(EndpointKey(*telemetry))) {
    add("telemetry.listen", "listen", telemetry->ToString() + " is also an address for clients; give it another port");
  }
  FindAdminConflicts(options, taken, add);
  return problems;
}

}  // namespace herdgate::config
