#include "sidecar/config/loader.h"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <optional>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>

#include "sidecar/config/fields.h"
#include "sidecar/config/nearest.h"

namespace herdgate::config {
namespace {

// Keys of the design that later versions have; saying so is kinder than "unknown".
constexpr std::array<std::string_view, 2> kLaterKeys = {"admin", "policies"};

Position At(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {mark.line + 1, mark.column + 1};
}

// Whether a key can be repeated in a message: a whole URL in the place of a key may hold a password.
bool IsKeyLike(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
}

std::string Join(std::string_view section, std::string_view name) {
  return section.empty() ? std::string(name) : std::string(section) + "." + std::string(name);
}

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
  return names;
}

// Walks the document along the field table. It descends only where the table does, so an alias that contains itself or
// a deep nesting costs nothing.
class Walker {
 public:
  explicit Walker(Loaded& loaded) : loaded_(loaded) {}

  void ReadSection(const YAML::Node& node, const std::string& section) {
    std::map<std::string, Position> seen;
    for (const auto& entry : node) {
      const Position at = At(entry.first.Mark());
      if (!entry.first.IsScalar()) {
        Add(at, "a key must be a plain name");
        continue;
      }
      const std::string& name = entry.first.Scalar();
      const auto [first, fresh] = seen.emplace(name, at);
      if (fresh) {
        ReadEntry(section, name, at, entry.second);
      } else if (IsKeyLike(name)) {
        Add(at, Join(section, name) + ": this key stands already in line " + std::to_string(first->second.line) +
                    "; keep one");
      } else {
        Add(at, "unknown key");
      }
    }
  }

  void Add(Position at, std::string message) { loaded_.problems.push_back({loaded_.file, at, std::move(message)}); }

 private:
  void ReadEntry(const std::string& section, const std::string& name, Position at, const YAML::Node& value) {
    const std::string key = Join(section, name);
    // The mark of an empty value is that of whatever follows it.
    const Position value_at = value.IsNull() ? at : At(value.Mark());
    if (const Field* const field = FindField(key)) {
      loaded_.given[key] = value_at;
      ReadField(*field, value, value_at);
    } else if (section.empty() && !NamesIn(name).empty()) {
      const std::string example = std::string(NamesIn(name).front());
      if (value.IsMap()) {
        ReadSection(value, name);
      } else {
        Add(value_at, name + ": expected a mapping, like " + name + ": {" + example + ": ...}");
      }
    } else {
      Add(at, UnknownKey(section, name));
    }
  }

  void ReadField(const Field& field, const YAML::Node& value, Position at) {
    const std::string key(field.key);
    if (field.is_list) {
      loaded_.options.listen.clear();
      if (value.IsSequence()) {
        if (value.size() == 0) Add(at, key + ": the list is empty; give at least one, or leave the key out");
        for (const YAML::Node& item : value) ReadScalar(field, item, item.IsNull() ? at : At(item.Mark()));
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

  static std::string UnknownKey(const std::string& section, const std::string& name) {
    if (!IsKeyLike(name)) return (section.empty() ? "" : section + ": ") + "unknown key";
    const std::string key = Join(section, name);
    if (std::find(kLaterKeys.begin(), kLaterKeys.end(), key) != kLaterKeys.end()) {
      return key + ": this version does not have it yet; remove it";
    }
    const std::vector<std::string_view> here = NamesIn(section);
    if (const std::string_view nearest = NearestName(name, here); !nearest.empty()) {
      return key + ": unknown key; did you mean " + std::string(nearest) + "?";
    }
    for (const Field& field : Fields()) {
      const std::size_t dot = field.key.find('.');
      if (dot == std::string_view::npos || field.key.substr(dot + 1) != name) continue;
      return key + ": unknown key; did you mean " + std::string(field.key) + "?";
    }
    std::string names;
    for (const std::string_view known : here) names += (names.empty() ? "" : ", ") + std::string(known);
    return key + ": unknown key; known here: " + names;
  }

  Loaded& loaded_;
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

base::Result<std::string> ReadWholeFile(const std::string& path) {
  const auto failed = [&] {
    return base::Status(base::ErrorCode::kIo, "cannot read the file: " + std::generic_category().message(errno));
  };
  if (path.empty()) return base::Status(base::ErrorCode::kInvalidArgument, "the configuration file has no name");
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return failed();
  std::string text;
  std::array<char, 16384> buffer{};
  ssize_t got = 0;
  while (text.size() <= kMaxFileBytes && (got = read(file, buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  if (got < 0) {
    const base::Status status = failed();
    close(file);
    return status;
  }
  close(file);
  return text;
}

std::string HashOf(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  const std::uint64_t hash = XXH64(text.data(), text.size(), 0);
  std::string out;
  for (unsigned shift = 64; shift > 0; shift -= 4) out += kHex[(hash >> (shift - 4)) & 0xfU];
  return out;
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
  loaded.options.file_hash = HashOf(text);
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
  return loaded;
}

Loaded LoadFile(const std::string& path) {
  const base::Result<std::string> text = ReadWholeFile(path);
  if (text.ok() && text.value().size() <= kMaxFileBytes) return LoadText(text.value(), path);
  Loaded loaded;
  loaded.file = path;
  loaded.problems.push_back(
      {path, {}, text.ok() ? "larger than 1 MiB: surely not a configuration" : text.status().message()});
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
  return problems;
}

}  // namespace herdgate::config
