#include "sidecar/pipeline/invalidation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace herdgate::pipeline {
namespace {

void Merge(InvalidationReport::Line& into, const InvalidationReport::Line& next) {
  into.batches += next.batches;
  into.cursor = next.cursor;
  into.scanned += next.scanned;
  into.matched += next.matched;
  into.done += next.done;
  into.bytes += next.bytes;
  into.took_us = std::max(into.took_us, next.took_us);
  into.rate = next.rate;
}

// Reasons are ours or the upstream's: bytes that JSON can't carry as they are become '?'.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    const auto byte = static_cast<unsigned char>(c);
    quoted += byte < 0x20 || byte > 0x7e ? '?' : c;
  }
  return quoted + '"';
}

}  // namespace

void InvalidationReport::Add(const Line& line) {
  if (!lines_.empty() && lines_.back().batches < per_line_) return Merge(lines_.back(), line);
  if (lines_.size() == kMostLines) {
    for (std::size_t i = 0; i < kMostLines / 2; ++i) {
      lines_[i] = lines_[2 * i];
      Merge(lines_[i], lines_[2 * i + 1]);
    }
    lines_.resize(kMostLines / 2);
    per_line_ *= 2;
  }
  lines_.push_back(line);
}

std::string InvalidationReport::ToJsonLines(const InvalidationStatus& status) const {
  std::string out;
  for (const Line& line : lines_) {
    fmt::format_to(std::back_inserter(out),
                   R"({{"batches":{},"at_ms":{},"cursor":"{}","scanned":{},"matched":{},"done":{},"bytes":{},)"
                   R"("took_us":{},"rate":{:.0f}}})"
                   "\n",
                   line.batches, line.at_ms, line.cursor, line.scanned, line.matched, line.done, line.bytes,
                   line.took_us, line.rate);
  }
  const InvalidationCounts& counts = status.counts;
  fmt::format_to(std::back_inserter(out),
                 R"({{"job":{},"state":"{}","kind":"{}","mode":"{}","scope":"{}","scanned":{},"matched":{},)"
                 R"("deleted":{},"shortened":{},"near":{},"unsure":{},"outside_policy":{},"refreshing":{},)"
                 R"("hidden":{},"bytes":{},"cursor":"{}","progress":{:.4f},"generation":{},"interruptions":{},)"
                 R"("rescans":{},"capped":{},"seconds":{:.3f},"reason":{}}})"
                 "\n",
                 Quoted(status.id), NameOf(status.state), NameOf(status.request->kind), NameOf(status.request->mode),
                 NameOf(status.request->scope), counts.scanned, counts.matched, counts.deleted, counts.shortened,
                 counts.near, counts.unsure, counts.outside_policy, counts.refreshing, counts.hidden, counts.bytes,
                 status.cursor, status.progress, status.generation, status.interruptions, status.rescans, status.capped,
                 static_cast<double>(status.ran.count()) / 1e9, Quoted(status.end_reason));
  return out;
}

}  // namespace herdgate::pipeline
