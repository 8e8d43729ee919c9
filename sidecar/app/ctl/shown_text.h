// What other people's bytes look like on a terminal: one line in which nothing can move the cursor, change colours, or
// turn or hide the text around it. The rules are those of the web UI (web/src/lib/keys.ts): \xNN is a byte, \n, \r, \t
// and a doubled backslash are what they are elsewhere, all else is UTF-8.
//
// Threads: pure functions; any.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace herdgate::app {

// What the terminal can show. kAscii also escapes what is not ASCII: a terminal of eight bits may take it for control.
enum class Charset : unsigned char { kUtf8, kAscii };

// A key. Two that differ are never shown alike, and ParseKey undoes it.
std::string ShowKey(std::string_view bytes, Charset charset);
// The bytes of a key as a person types it; nothing if an escape in it is none.
std::optional<std::string> ParseKey(std::string_view typed);

// Any other text: as a key, but a backslash stands for itself, so that it can be copied.
std::string ShowText(std::string_view bytes, Charset charset);

// A JSON text that says the same, with what is invisible written as \uNNNN. What is no JSON comes out harmless.
std::string ShowJson(std::string_view json);

// How many columns a terminal gives to this text, which the functions above have made.
std::size_t Columns(std::string_view shown);
// Cuts a text in the middle, where keys of a family differ least, and never inside an escape. `mark` stands for what is
// left out.
std::string CutMiddle(const std::string& shown, std::size_t most, std::string_view mark);
std::string CutEnd(const std::string& shown, std::size_t most);

}  // namespace herdgate::app
