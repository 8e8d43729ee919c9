// GlobMatches: Redis' glob, byte for byte (stringmatchlen): * ? [abc] [^abc] [a-z] \x. Also the prefix of a glob in
// which every byte stands for itself.
//
// Threads: pure functions. Cost: linear in text times the number of '*', never exponential.
#pragma once

#include <string>
#include <string_view>

namespace herdgate::policy {

bool GlobMatches(std::string_view glob, std::string_view text);
// Unescaped; "user:" of "user:*", and of "user:[0-9]".
std::string LiteralPrefix(std::string_view glob);
// Whether the glob matches exactly the texts that begin with its literal prefix ("user:*").
bool IsPrefixGlob(std::string_view glob);
// `text` as a glob that matches only it.
std::string EscapeGlob(std::string_view text);

}  // namespace herdgate::policy
