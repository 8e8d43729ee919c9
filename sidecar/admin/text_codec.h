// How bytes that may be anything go into JSON: as text where they are text, else as base64. And secrets: SHA-256,
// random tokens, and a comparison whose time says nothing.
//
// Threads: pure functions; any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace herdgate::admin {

// UTF-8 without control characters: what a person can read and copy.
bool IsPlainText(std::string_view bytes);
// Well-formed UTF-8 (RFC 3629), control characters or not: the length of its longest such prefix.
std::size_t Utf8Prefix(std::string_view bytes);

std::string Base64(std::string_view bytes);
// RFC 4648 section 4, padded; nothing if it is not that.
std::optional<std::string> FromBase64(std::string_view text);

using Digest = std::array<unsigned char, 32>;
Digest Sha256(std::string_view bytes);
std::string Hex(const Digest& digest);
std::optional<Digest> DigestFromHex(std::string_view text);
// Takes the same time whatever they are.
bool SameDigest(const Digest& a, const Digest& b);

// "hg_" and 256 bits of the system's randomness in base64url; nothing if the system has none.
std::optional<std::string> RandomToken();

}  // namespace herdgate::admin
