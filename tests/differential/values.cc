#include "tests/differential/values.h"

#include <algorithm>
#include <iterator>

#include "tests/differential/reply_text.h"
#include "tests/differential/texts.h"

namespace herdgate::differential {
namespace {

constexpr std::string_view kOddKeys[] = {"", " ", "a b", "{tag}1", "{tag}2", "k\r\n", "\x01\xff", "GET", "-1", "\"'\\"};
constexpr std::string_view kWords[] = {"",  "a",  "foo",  "bar baz", "hello world", "0",
                                       "1", "-7", "3.25", "1e3",     "\r\n",        "+OK\r\n"};
constexpr std::string_view kIntegers[] = {
    "0", "1", "2", "3", "5", "7", "-1", "-2", "100", "65536", "-1000", "4294967296", "9223372036854775807"};
constexpr std::string_view kBadNumbers[] = {
    "",    "abc",   "1.5x", "nan", "99999999999999999999", " 1", "1 ", "0x10", "+1", "01", "--1", "1e400",
    "inf", "-inf ", "1,5",  "\x31"};
constexpr std::string_view kFloats[] = {"0",    "1",  "1.5", "-2.25", "3.0e2", "0.1",
                                        "1e15", "-0", "inf", "-inf",  "17",    "2.718281828459045"};
constexpr std::string_view kScores[] = {"-inf", "+inf", "0", "1", "(1", "2.5", "(3", "5", "(-inf", "100"};
constexpr std::string_view kLexes[] = {"-", "+", "[a", "(a", "[m3", "(m5", "[m12", "[", "(zz"};
constexpr std::string_view kGlobs[] = {"*", "s*", "h?", "[lz]*", "m1*", "*0", "nothing", "\\*", "*{tag}*", "[^a]*"};
constexpr std::string_view kRangeIds[] = {"-", "+", "0", "5", "(3-1", "10-2", "$$"};
constexpr std::string_view kUnits[] = {"m", "km", "ft", "mi"};
constexpr std::string_view kTypes[] = {"string", "list", "hash", "set", "zset", "stream", "module"};
constexpr std::string_view kBitfieldTypes[] = {"u8", "i5", "u4", "i16", "u63", "i64", "u1"};
constexpr std::string_view kConfigs[] = {
    "maxmemory",      "timeout", "save",      "appendonly", "hash-max-listpack-entries",
    "list-*",         "zset-*",  "no-such-*", "databases",  "proto-max-bulk-len",
    "hash-max-*ist*", "hz",      "MAXMEMORY*"};
constexpr std::string_view kCommands[] = {"get",       "GET",     "set",       "mget",    "xreadgroup", "eval",
                                          "client|id", "nothing", "sort",      "zunion",  "georadius",  "ping",
                                          "multi",     "config",  "subscribe", "bitfield"};
constexpr std::string_view kSubcommands[] = {"get",   "help", "list",     "nothing", "id",
                                             "count", "load", "encoding", "stream",  ""};

// CRC-64 of Jones, reflected, as DUMP payloads end with it.
uint64_t Crc64(std::string_view bytes) {
  uint64_t crc = 0;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x95ac9329ac4bc9b5U : 0U);
  }
  return crc;
}

template <const auto& pool>
Arg From(Values& values) {
  return Arg{std::string(pool[values.Below(std::size(pool))])};
}

template <uint64_t bound>
Arg Below(Values& values) {
  return Arg{std::to_string(values.Below(bound))};
}

template <char type>
Arg Key(Values& values) {
  return Arg{values.Key(type)};
}

constexpr char kTypeLetters[] = {'s', 'l', 'h', 'e', 'z', 'b', 'p', 'g'};

// One row: the name in a template, and how it is drawn.
struct ValueRow {
  std::string_view name;
  Arg (*draw)(Values& values);
};

// A draw looks its row up one by one, which is nothing beside a system call.
constexpr ValueRow kRows[] = {
    {"str", Key<'s'>},
    {"list", Key<'l'>},
    {"hash", Key<'h'>},
    {"set", Key<'e'>},
    {"zset", Key<'z'>},
    {"bitmap", Key<'b'>},
    {"hll", Key<'p'>},
    {"geo", Key<'g'>},
    // Never a key of another type, and no other type at a stream's: DUMP of a stream would hold times.
    {"stream", [](Values& v) { return Arg{v.Numbered("x", 4)}; }},
    {"plain", [](Values& v) { return Arg{v.AnyKey()}; }},
    {"key", [](Values& v) { return Arg{v.Below(12) == 0 ? v.Numbered("x", 4) : v.AnyKey()}; }},
    {"new", [](Values& v) { return Arg{v.Numbered("new", 4)}; }},
    {"missing", [](Values& v) { return Arg{v.Numbered("missing", 3)}; }},
    {"tag", [](Values& v) { return Arg{v.Numbered("{tag}", 4)}; }},
    {"group", [](Values& v) { return Arg{v.Numbered("group", 3)}; }},
    {"consumer", [](Values& v) { return Arg{v.Numbered("consumer", 3)}; }},
    {"chan", [](Values& v) { return Arg{v.Numbered("chan", 4)}; }},
    {"val", [](Values& v) { return v.Value(); }},
    {"large", [](Values& v) { return v.Large(); }},
    {"int", [](Values& v) { return Arg{v.Integer()}; }},
    {"id", [](Values& v) { return Arg{v.StreamId()}; }},
    {"next", [](Values& v) { return Arg{v.NextStreamId()}; }},
    {"range", [](Values& v) { return v.Below(2) == 0 ? Arg{v.StreamId()} : From<kRangeIds>(v); }},
    {"member", [](Values& v) { return Arg{v.Member()}; }},
    {"field", [](Values& v) { return Arg{v.Below(20) == 0 ? v.Member() : v.Numbered("f", 16)}; }},
    {"dump", [](Values& v) { return Arg{v.Restorable()}; }},
    {"bad", From<kBadNumbers>},
    {"float", From<kFloats>},
    {"score", From<kScores>},
    {"lex", From<kLexes>},
    {"glob", From<kGlobs>},
    {"unit", From<kUnits>},
    {"type", From<kTypes>},
    {"bits", From<kBitfieldTypes>},
    {"config", From<kConfigs>},
    {"command", From<kCommands>},
    {"sub", From<kSubcommands>},
    {"lua", [](Values& v) { return Arg{v.Script()}; }},
    {"publisher", [](Values&) { return Arg{"return redis.call('publish','chan1',ARGV[1])"}; }},
    {"protocol", [](Values& v) { return Arg{v.Below(2) == 0 ? "2" : "3"}; }},
    {"sha", From<kScriptHashes>},
    {"library", From<kLibraries>},
    {"function", From<kFunctions>},
    {"bit", Below<2>},
    {"few", Below<6>},
    {"count", Below<40>},
    {"pages", [](Values& v) { return Arg{std::to_string(1 + v.Below(20))}; }},
    {"nothing", [](Values&) { return Arg{""}; }},
    {"offset", Below<3000>},
    {"db", Below<4>},
    {"cursor", Below<64>},
    {"radius", Below<20000>},
    {"index", [](Values& v) { return Arg{std::to_string(static_cast<int>(v.Below(30)) - 14)}; }},
    {"lon", [](Values& v) { return Arg{v.Decimal(360)}; }},
    {"lat", [](Values& v) { return Arg{v.Decimal(170)}; }},
    {"at", [](Values& v) { return Arg{std::to_string(kFarTimeSeconds + int64_t(v.Below(1000)))}; }},
    {"pat", [](Values& v) { return Arg{std::to_string(kFarTimeSeconds * 1000 + int64_t(v.Below(1000000)))}; }},
    {"ttl", [](Values& v) { return Arg{std::to_string(v.TtlSeconds())}; }},
    {"pttl", [](Values& v) { return Arg{std::to_string(v.TtlSeconds() * 1000)}; }},
};

const ValueRow* FindRow(std::string_view name) {
  const auto* row =
      std::find_if(std::begin(kRows), std::end(kRows), [name](const ValueRow& one) { return one.name == name; });
  return row == std::end(kRows) ? nullptr : row;
}

}  // namespace

bool Values::Knows(std::string_view name) {
  return FindRow(name) != nullptr;
}

Arg Values::Draw(std::string_view name) {
  return FindRow(name)->draw(*this);
}

std::string Values::Numbered(std::string_view prefix, uint64_t count) {
  return std::string(prefix) + std::to_string(random_.Below(count));
}

// Mostly a key of that type; now and then one of another type, which gives WRONGTYPE, or an odd name.
std::string Values::Key(char type) {
  const uint64_t dice = random_.Below(100);
  if (dice < 5) return AnyKey();
  if (dice < 8) return std::string(kOddKeys[random_.Below(std::size(kOddKeys))]);
  return Numbered(std::string(1, type), 6);
}

std::string Values::AnyKey() {
  return Key(kTypeLetters[random_.Below(std::size(kTypeLetters))]);
}

std::string Values::Member() {
  const uint64_t dice = random_.Below(100);
  if (dice < 3) return std::string(kOddKeys[random_.Below(std::size(kOddKeys))]);
  if (dice < 8) return std::to_string(random_.Below(50));
  if (dice < 12) return Numbered("member-", 1000);
  return Numbered("m", 24);
}

std::string Values::Integer() {
  return random_.Below(3) == 0 ? std::string(kIntegers[random_.Below(std::size(kIntegers))])
                               : std::to_string(static_cast<int64_t>(random_.Below(200)) - 100);
}

std::string Values::StreamId() {
  const uint64_t newest = std::max<uint64_t>(stream_id_, 1);
  const uint64_t back = random_.Below(std::min<uint64_t>(newest, 40));
  return std::to_string(newest - back) + (random_.Below(2) == 0 ? "" : "-" + std::to_string(random_.Below(3)));
}

std::string Values::NextStreamId() {
  if (random_.Below(12) == 0) return StreamId();
  ++stream_id_;
  const uint64_t form = random_.Below(4);
  return std::to_string(stream_id_) + (form == 0 ? "" : form == 1 ? "-*" : "-" + std::to_string(random_.Below(3)));
}

// What DUMP of a short string gives, sometimes spoiled.
std::string Values::Restorable() {
  const std::string text = "restored " + std::to_string(random_.Below(50));
  std::string payload(1, '\0');  // type: string
  payload += static_cast<char>(text.size());
  payload += text;
  payload += '\x0a';  // RDB version 10, little endian
  payload += '\0';
  uint64_t crc = Crc64(payload);
  for (int i = 0; i < 8; ++i, crc >>= 8U) payload += static_cast<char>(crc & 0xffU);
  if (random_.Below(10) == 0) payload[random_.Below(payload.size())] = 'x';
  return payload;
}

// A script that reaches other keys than its own is refused under versions, and has no TTL under TTL rules.
std::string Values::Script() {
  while (true) {
    const std::string_view script = kScripts[random_.Below(std::size(kScripts))];
    if ((!versions_ && !ttls_) || script.find("KEYS[1]..") == std::string_view::npos) return std::string(script);
  }
}

// Far longer than a run. Where no reply tells them, all that policies do to them: too short, right, too long, endless.
int64_t Values::TtlSeconds() {
  constexpr int64_t kAsked[] = {600, 1200, 7200, 36000, 360000, kLongTtlSeconds};
  return ttls_ ? kAsked[random_.Below(std::size(kAsked))] : kLongTtlSeconds;
}

Arg Values::Large() {
  const auto length =
      static_cast<uint32_t>(random_.Below(3) == 0 ? 260000 + random_.Below(1800000) : 20000 + random_.Below(250000));
  return Arg{"", length, static_cast<uint32_t>(random_.Below(1000))};
}

Arg Values::Value() {
  if (large_one_in_ > 0 && random_.Below(large_one_in_) == 0) {
    if (random_.Below(4) == 0) return Large();
    return Arg{"", static_cast<uint32_t>(20000 + random_.Below(80000)), static_cast<uint32_t>(random_.Below(1000))};
  }
  const uint64_t dice = random_.Below(100);
  if (dice < 40) return Arg{std::string(kWords[random_.Below(std::size(kWords))])};
  if (dice < 70) return Arg{Integer()};
  if (dice < 92) return Arg{Numbered("value-", 1000)};
  const uint64_t most = dice < 98 ? 200 : 9000;
  return Arg{"", static_cast<uint32_t>(1 + random_.Below(most)), static_cast<uint32_t>(random_.Below(1000))};
}

Arg Values::Anything() {
  const uint64_t dice = random_.Below(4);
  if (dice == 0) return Arg{std::string(kBadNumbers[random_.Below(std::size(kBadNumbers))])};
  if (dice == 1) return Arg{AnyKey()};
  if (dice == 2) return Arg{Member()};
  return Value();
}

std::string Values::Decimal(double range) {
  return std::to_string((random_.Unit() - 0.5) * range);
}

}  // namespace herdgate::differential
