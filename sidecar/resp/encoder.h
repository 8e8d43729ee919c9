// Encoder: appends RESP to a string; requests always as multibulk, replies in the client's protocol.
//
// Threads: pure functions. `proto` is 2 or 3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace herdgate::resp {

void AppendRequest(std::string& out, std::span<const std::string_view> args);
void AppendRequest(std::string& out, std::initializer_list<std::string_view> args);

void AppendSimple(std::string& out, std::string_view text);             // +text
void AppendError(std::string& out, std::string_view text);              // -text; CR and LF become spaces
void AppendInteger(std::string& out, std::int64_t value);               // :value
void AppendBulk(std::string& out, std::string_view value);              // $n
void AppendNull(std::string& out, int proto);                           // $-1 or _
void AppendNullArray(std::string& out, int proto);                      // *-1 or _
void AppendArrayHeader(std::string& out, std::size_t count);            // *n
void AppendMapHeader(std::string& out, std::size_t pairs, int proto);   // *2n or %n
void AppendSetHeader(std::string& out, std::size_t count, int proto);   // *n or ~n
void AppendPushHeader(std::string& out, std::size_t count, int proto);  // *n or >n
void AppendDouble(std::string& out, double value, int proto);  // $n or ,value; as Redis prints it (%.17g, inf, -inf)
void AppendVerbatim(std::string& out, std::string_view value, int proto);  // $n or =n txt:value

}  // namespace herdgate::resp
