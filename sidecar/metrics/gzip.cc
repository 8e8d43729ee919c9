#include "sidecar/metrics/gzip.h"

#include <zlib.h>

namespace herdgate::metrics {
namespace {

constexpr int kWindowBits = 15 + 16;  // the largest window; 16 asks for gzip's header

}  // namespace

std::string Gzip(std::string_view text) {
  constexpr int kLevel = 2;   // a scrape shrinks to a tenth; the next levels take twice the time for a percent
  constexpr int kMemory = 8;  // zlib's default
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kWindowBits, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(whole ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

std::string Gunzip(std::string_view packed, std::size_t max_bytes) {
  constexpr std::size_t kPieceBytes = 65'536;
  z_stream stream{};
  if (inflateInit2(&stream, kWindowBits) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  int result = Z_OK;
  while (result == Z_OK && out.size() <= max_bytes) {
    const std::size_t had = out.size();
    out.resize(had + kPieceBytes);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + had);
    stream.avail_out = static_cast<uInt>(kPieceBytes);
    result = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END || out.size() > max_bytes) out.clear();
  return out;
}

}  // namespace herdgate::metrics
