// What the RESP codec costs for one request or one reply. Time is per request or reply, not per pipeline.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "sidecar/resp/encoder.h"
#include "sidecar/resp/reply_scanner.h"
#include "sidecar/resp/request_decoder.h"

namespace herdgate::resp {
namespace {

constexpr int kPipeline = 64;

std::string Repeated(std::string_view text) {
  std::string out;
  for (int i = 0; i < kPipeline; ++i) out += text;
  return out;
}

std::string RequestOf(std::string_view name, int keys) {
  std::string out;
  AppendArrayHeader(out, static_cast<std::size_t>(keys) + 1);
  AppendBulk(out, name);
  for (int i = 0; i < keys; ++i) AppendBulk(out, "key:000000000042");
  return out;
}

void DecodeAll(benchmark::State& state, const std::string& request) {
  const Limits limits;
  RequestDecoder decoder(limits);
  const std::string pipeline = Repeated(request);
  Request decoded;
  for (auto _ : state) {
    std::string_view rest = pipeline;
    while (decoder.Decode(rest, decoded) == RequestDecoder::Outcome::kRequest) {
      benchmark::DoNotOptimize(decoded.args.data());
      rest.remove_prefix(decoder.consumed());
    }
  }
  state.SetItemsProcessed(state.iterations() * kPipeline);
}

void ScanAll(benchmark::State& state, const std::string& reply) {
  const Limits limits;
  ReplyScanner scanner(limits);
  const std::string pipeline = Repeated(reply);
  for (auto _ : state) {
    for (std::string_view rest = pipeline; !rest.empty();) {
      const ReplyScanner::Progress progress = scanner.Scan(rest);
      benchmark::DoNotOptimize(progress.complete);
      rest.remove_prefix(progress.bytes);
    }
  }
  state.SetItemsProcessed(state.iterations() * kPipeline);
}

void DecodeGet(benchmark::State& state) {
  DecodeAll(state, RequestOf("GET", 1));
}
void DecodeSet(benchmark::State& state) {
  DecodeAll(state, RequestOf("SET", 2));
}
void DecodeMget100(benchmark::State& state) {
  DecodeAll(state, RequestOf("MGET", 100));
}
void DecodeInlinePing(benchmark::State& state) {
  DecodeAll(state, "PING\r\n");
}

void DecodeGetInTwoPieces(benchmark::State& state) {
  const Limits limits;
  RequestDecoder decoder(limits);
  const std::string request = RequestOf("GET", 1);
  const std::string_view front = std::string_view(request).substr(0, request.size() / 2);
  Request decoded;
  for (auto _ : state) {
    benchmark::DoNotOptimize(decoder.Decode(front, decoded));
    benchmark::DoNotOptimize(decoder.Decode(request, decoded));
  }
  state.SetItemsProcessed(state.iterations());
}

void ScanBulk(benchmark::State& state) {
  ScanAll(state, "$100\r\n" + std::string(100, 'x') + "\r\n");
}
void ScanNull(benchmark::State& state) {
  ScanAll(state, "$-1\r\n");
}
void ScanSimple(benchmark::State& state) {
  ScanAll(state, "+OK\r\n");
}
void ScanInteger(benchmark::State& state) {
  ScanAll(state, ":1234\r\n");
}
void ScanArray100(benchmark::State& state) {
  std::string reply = "*100\r\n";
  for (int i = 0; i < 100; ++i) reply += "$3\r\nabc\r\n";
  ScanAll(state, reply);
}

void EncodeGet(benchmark::State& state) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    AppendRequest(out, {"GET", "key:000000000042"});
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(DecodeGet);
BENCHMARK(DecodeSet);
BENCHMARK(DecodeMget100);
BENCHMARK(DecodeInlinePing);
BENCHMARK(DecodeGetInTwoPieces);
BENCHMARK(ScanBulk);
BENCHMARK(ScanNull);
BENCHMARK(ScanSimple);
BENCHMARK(ScanInteger);
BENCHMARK(ScanArray100);
BENCHMARK(EncodeGet);

}  // namespace
}  // namespace herdgate::resp
