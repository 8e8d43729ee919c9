#include "sidecar/pipeline/read_arguments.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>

#include "sidecar/pipeline/texts.h"

namespace herdgate::pipeline {
namespace {

using texts::Equals;

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min() + 1;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
// Redis halves the range of some counts.
constexpr std::int64_t kMostDrawn = kMost / 2 - 1;
// Of a string of 512 MiB.
constexpr std::int64_t kMostBits = std::int64_t{1} << 32U;

// As Redis reads integers: no sign but '-', no leading zero, no blank.
std::optional<std::int64_t> Number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const std::string_view digits = text.substr(value < 0 || text.front() == '-' ? 1 : 0);
  if (digits.front() == '0' && text != "0") return std::nullopt;
  return value;
}

std::optional<double> Decimal(std::string_view text) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || std::isnan(value)) return std::nullopt;
  return value;
}

bool IsScoreBound(std::string_view text) {
  return Decimal(text.starts_with('(') ? text.substr(1) : text).has_value();
}

bool IsLexBound(std::string_view text) {
  return text == "-" || text == "+" || text.starts_with('[') || text.starts_with('(');
}

// ms or ms-seq; without those of which Redis can't take the neighbour.
bool IsStreamId(std::string_view text, std::int64_t least) {
  const std::size_t dash = text.find('-', 1);
  const std::optional<std::int64_t> ms = Number(text.substr(0, dash));
  if (!ms || *ms < least) return false;
  if (dash == std::string_view::npos) return true;
  const std::optional<std::int64_t> sequence = Number(text.substr(dash + 1));
  return sequence && *sequence >= 0;
}

bool IsStreamBound(std::string_view text) {
  if (text == "-" || text == "+") return true;
  return text.starts_with('(') ? IsStreamId(text.substr(1), 1) : IsStreamId(text, 0);
}

// The arguments one after another. Each call takes what it names and tells whether it was there.
class Reader {
 public:
  Reader(Arguments args, std::size_t at) : args_(args), at_(at) {}

  bool ended() const { return at_ >= args_.size(); }
  bool Skip(std::size_t count = 1) {
    if (args_.size() - std::min(at_, args_.size()) < count) return false;
    at_ += count;
    return true;
  }
  bool Word(std::string_view lower_case) { return !ended() && Equals(args_[at_], lower_case) && Skip(); }
  bool OneOf(std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [this](std::string_view word) { return Word(word); });
  }
  bool Integer(std::int64_t least = kLeast, std::int64_t most = kMost) {
    const std::optional<std::int64_t> value = ended() ? std::nullopt : Number(args_[at_]);
    return value && *value >= least && *value <= most && Skip();
  }
  bool Real(double least, double most) {
    const std::optional<double> value = ended() ? std::nullopt : Decimal(args_[at_]);
    return value && *value >= least && *value <= most && Skip();
  }
  bool AnyReal() { return Real(-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()); }
  // numkeys key [key ...]; 0 if that is not there.
  std::size_t CountedKeys() {
    const std::optional<std::int64_t> count = ended() ? std::nullopt : Number(args_[at_]);
    if (!count || *count < 1 || static_cast<std::size_t>(*count) > args_.size()) return 0;
    return Skip() && Skip(static_cast<std::size_t>(*count)) ? static_cast<std::size_t>(*count) : 0;
  }
  bool Limit() { return Word("limit") && Integer() && Integer(); }
  bool Unit() { return OneOf({"m", "km", "ft", "mi"}); }
  bool Radius() { return Real(0, std::numeric_limits<double>::max()) && Unit(); }
  bool Point() { return Real(-180, 180) && Real(-85, 85); }
  // [start [end [BYTE|BIT]]]; `whole`: not start alone.
  bool BitRange(bool whole) {
    if (ended()) return true;
    if (!Integer() || (ended() && whole)) return false;
    return ended() || (Integer() && (ended() || OneOf({"byte", "bit"})) && ended());
  }
  // What may stand in any order behind the radius or the box.
  bool GeoOptions() {
    while (!ended()) {
      if (OneOf({"asc", "desc", "withcoord", "withdist", "withhash"})) continue;
      if (!Word("count") || !Integer(1)) return false;
      (void)Word("any");
    }
    return true;
  }

 private:
  Arguments args_;
  std::size_t at_ = 0;
};

// [count [WITH...]], as HRANDFIELD and ZRANDMEMBER have it.
bool TakesDrawn(Arguments args, std::string_view with) {
  Reader rest(args, 2);
  if (rest.ended()) return true;
  return rest.Integer(-kMostDrawn, kMostDrawn) && (rest.ended() || rest.Word(with)) && rest.ended();
}

bool TakesLimits(Reader rest, bool scores) {
  while (!rest.ended()) {
    if (!(scores && rest.Word("withscores")) && !rest.Limit()) return false;
  }
  return true;
}

std::ptrdiff_t CountWord(Arguments args, std::size_t from, std::string_view lower_case) {
  return std::ranges::count_if(args.subspan(std::min(from, args.size())),
                               [&](std::string_view word) { return Equals(word, lower_case); });
}

}  // namespace

bool HasWord(Arguments args, std::size_t from, std::string_view lower_case) {
  return CountWord(args, from, lower_case) > 0;
}

bool TakesIndexRange(Arguments args) {
  return Number(args[2]) && Number(args[3]);
}

bool TakesBitCount(Arguments args) {
  return Reader(args, 2).BitRange(true);
}

bool TakesBitPosition(Arguments args) {
  return (args[2] == "0" || args[2] == "1") && Reader(args, 3).BitRange(false);
}

bool TakesBitOffset(Arguments args) {
  return Reader(args, 2).Integer(0, kMostBits - 1);
}

bool TakesBitFields(Arguments args) {
  if (args.size() % 3 != 2) return false;
  for (std::size_t i = 2; i < args.size(); i += 3) {
    const std::string_view type = args[i + 1];
    const std::optional<std::int64_t> bits = type.empty() ? std::nullopt : Number(type.substr(1));
    const bool is_signed = type.starts_with('i');
    if (!Equals(args[i], "get") || !bits || (!is_signed && !type.starts_with('u'))) return false;
    if (*bits < 1 || *bits > (is_signed ? 64 : 63)) return false;
    const bool counted = args[i + 2].starts_with('#');
    const std::optional<std::int64_t> offset = Number(args[i + 2].substr(counted ? 1 : 0));
    if (!offset || *offset < 0 || *offset > kMostBits / 64 - 1) return false;
  }
  return true;
}

bool TakesLcs(Arguments args) {
  Reader rest(args, 3);
  while (!rest.ended()) {
    if (rest.OneOf({"len", "idx", "withmatchlen"})) continue;
    if (!rest.Word("minmatchlen") || !rest.Integer()) return false;
  }
  return !HasWord(args, 3, "len") || !HasWord(args, 3, "idx");
}

bool TakesListPosition(Arguments args) {
  Reader rest(args, 3);
  while (!rest.ended()) {
    if (rest.Word("rank")) {
      if (!rest.Integer(kLeast, -1) && !rest.Integer(1)) return false;
    } else if (!rest.OneOf({"count", "maxlen"}) || !rest.Integer(0)) {
      return false;
    }
  }
  return true;
}

bool TakesMembersDrawn(Arguments args) {
  Reader rest(args, 2);
  return rest.ended() || (rest.Integer() && rest.ended());
}

bool TakesFieldsDrawn(Arguments args) {
  return TakesDrawn(args, "withvalues");
}

bool TakesScoresDrawn(Arguments args) {
  return TakesDrawn(args, "withscores");
}

bool TakesScan(Arguments args) {
  Reader rest(args, 2);
  if (!rest.Integer(0)) return false;
  while (!rest.ended()) {
    const bool taken = rest.Word("match") ? rest.Skip() : rest.Word("count") && rest.Integer(1);
    if (!taken) return false;
  }
  return true;
}

bool TakesCardinality(Arguments args) {
  Reader rest(args, 1);
  if (rest.CountedKeys() == 0) return false;
  return rest.ended() || (rest.Word("limit") && rest.Integer(0) && rest.ended());
}

bool TakesDifference(Arguments args) {
  Reader rest(args, 1);
  if (rest.CountedKeys() == 0) return false;
  return rest.ended() || (rest.Word("withscores") && rest.ended());
}

bool TakesCombination(Arguments args) {
  Reader rest(args, 1);
  const std::size_t keys = rest.CountedKeys();
  if (keys == 0) return false;
  while (!rest.ended()) {
    if (rest.Word("withscores")) continue;
    if (rest.Word("weights")) {
      for (std::size_t i = 0; i < keys; ++i) {
        if (!rest.AnyReal()) return false;
      }
    } else if (!rest.Word("aggregate") || !rest.OneOf({"sum", "min", "max"})) {
      return false;
    }
  }
  return true;
}

bool TakesRank(Arguments args) {
  return args.size() == 3;
}

bool TakesScoreBounds(Arguments args) {
  return IsScoreBound(args[2]) && IsScoreBound(args[3]);
}

bool TakesLexBounds(Arguments args) {
  return IsLexBound(args[2]) && IsLexBound(args[3]);
}

bool TakesAnyRange(Arguments args) {
  Reader rest(args, 4);
  while (!rest.ended()) {
    if (!rest.OneOf({"byscore", "bylex", "rev", "withscores"}) && !rest.Limit()) return false;
  }
  for (const std::string_view once : {"byscore", "bylex", "rev"}) {
    if (CountWord(args, 4, once) > 1) return false;
  }
  const bool lex = HasWord(args, 4, "bylex");
  if (HasWord(args, 4, "byscore")) return !lex && TakesScoreBounds(args);
  if (lex) return !HasWord(args, 4, "withscores") && TakesLexBounds(args);
  return !HasWord(args, 4, "limit") && TakesIndexRange(args);
}

bool TakesRankRange(Arguments args) {
  Reader rest(args, 4);
  return TakesIndexRange(args) && (rest.ended() || (rest.Word("withscores") && rest.ended()));
}

bool TakesScoreRange(Arguments args) {
  return TakesScoreBounds(args) && TakesLimits(Reader(args, 4), true);
}

bool TakesLexRange(Arguments args) {
  return TakesLexBounds(args) && TakesLimits(Reader(args, 4), false);
}

bool TakesDistance(Arguments args) {
  Reader rest(args, 4);
  return rest.ended() || (rest.Unit() && rest.ended());
}

bool TakesRadius(Arguments args) {
  Reader rest(args, 2);
  return rest.Point() && rest.Radius() && rest.GeoOptions();
}

bool TakesRadiusByMember(Arguments args) {
  Reader rest(args, 3);
  return rest.Radius() && rest.GeoOptions();
}

bool TakesGeoSearch(Arguments args) {
  Reader rest(args, 2);
  const bool from = rest.Word("frommember") ? rest.Skip() : rest.Word("fromlonlat") && rest.Point();
  if (!from) return false;
  const bool by = rest.Word("byradius")
                      ? rest.Radius()
                      : rest.Word("bybox") && rest.Real(0, std::numeric_limits<double>::max()) && rest.Radius();
  return by && rest.GeoOptions();
}

bool TakesStreamRange(Arguments args) {
  Reader rest(args, 4);
  return IsStreamBound(args[2]) && IsStreamBound(args[3]) &&
         (rest.ended() || (rest.Word("count") && rest.Integer(0) && rest.ended()));
}

bool TakesStreams(Arguments args) {
  Reader rest(args, 1);
  while (!rest.Word("streams")) {
    if (!rest.Word("count") || !rest.Integer(0)) return false;
  }
  // Where the keys begin: behind the first STREAMS, which is no value of COUNT.
  std::size_t first = 1;
  while (!Equals(args[first - 1], "streams")) ++first;
  const std::size_t rest_of_it = args.size() - first;
  if (rest_of_it == 0 || rest_of_it % 2 != 0) return false;
  return std::ranges::all_of(args.subspan(first + rest_of_it / 2),
                             [](std::string_view id) { return id == "$" || IsStreamId(id, 0); });
}

bool TakesSort(Arguments args) {
  Reader rest(args, 2);
  while (!rest.ended()) {
    if (!rest.OneOf({"asc", "desc", "alpha"}) && !rest.Limit()) return false;
  }
  return true;
}

bool TakesMemoryUsage(Arguments args) {
  Reader rest(args, 3);
  return rest.ended() || (rest.Word("samples") && rest.Integer(0) && rest.ended());
}

}  // namespace herdgate::pipeline
