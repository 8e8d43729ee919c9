// Families: a metric's name, help and kind, checked against the naming law at compile time (README.md in this folder).
//
//   inline constexpr CounterFamily kReceived{"herdgate_client_received_bytes_total", "Bytes read from clients."};
//
// A name that breaks the law, a help with a line break (the text format can't carry it) or a bad label name does not
// compile. Threads: immutable. Lifetime: families are constants that live as long as the program; the views in them
// point at string literals.
#pragma once

#include <string_view>

#include "sidecar/metrics/buckets.h"

namespace herdgate::metrics {

enum class MetricKind : unsigned char { kCounter, kGauge, kHistogram };

// [a-z][a-z0-9_]*, no doubled and no trailing underscore.
constexpr bool IsLawfulWord(std::string_view word) {
  if (word.empty() || word.front() < 'a' || word.front() > 'z' || word.back() == '_') return false;
  char previous = 0;
  for (const char c : word) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
    if (c == '_' && previous == '_') return false;
    previous = c;
  }
  return true;
}

constexpr bool IsLawfulMetricName(MetricKind kind, std::string_view name) {
  if (!IsLawfulWord(name)) return false;
  if (!name.starts_with("herdgate_") && !name.starts_with("process_")) return false;
  if (name.ends_with("_total") != (kind == MetricKind::kCounter)) return false;
  // The suffixes that the text format itself appends to a histogram's name.
  return !name.ends_with("_bucket") && !name.ends_with("_sum") && !name.ends_with("_count");
}

constexpr bool IsLawfulHelp(std::string_view help) {
  return !help.empty() && help.find_first_of("\r\n\\") == std::string_view::npos;
}

constexpr bool IsLawfulLabelName(std::string_view name) {
  return IsLawfulWord(name) && name != "le" && name != "quantile";
}

struct Family {
  std::string_view name;
  std::string_view help;
  MetricKind kind;

 protected:
  consteval Family(MetricKind k, std::string_view n, std::string_view h) : name(n), help(h), kind(k) {
    if (!IsLawfulMetricName(k, n)) throw "the metric's name breaks the naming law";
    if (!IsLawfulHelp(h)) throw "the metric's help is empty or has a line break";
  }
};

// Only goes up; the name ends in _total.
struct CounterFamily : Family {
  consteval CounterFamily(std::string_view n, std::string_view h) : Family(MetricKind::kCounter, n, h) {}
};
// Goes up and down, or states a fact (value 1 and the fact in labels: *_info).
struct GaugeFamily : Family {
  consteval GaugeFamily(std::string_view n, std::string_view h) : Family(MetricKind::kGauge, n, h) {}
};
// All its series have one layout: this one, or that which an operator has chosen in its place.
struct HistogramFamily : Family {
  consteval HistogramFamily(std::string_view n, std::string_view h, const BucketLayout& l)
      : Family(MetricKind::kHistogram, n, h), layout(&l) {}
  const BucketLayout* layout;
};

// A label's name, checked at compile time.
struct LabelName {
  consteval LabelName(const char* literal) : text(literal) {  // NOLINT(google-explicit-constructor)
    if (!IsLawfulLabelName(text)) throw "the label's name breaks the naming law";
  }
  std::string_view text;
};

// One label of a sample. The value must come from a closed set: never a key, an address or anything a client sent.
// The view needs to live for the call only.
struct Label {
  LabelName name;
  std::string_view value;
};

}  // namespace herdgate::metrics
