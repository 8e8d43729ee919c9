// An inline request: one line of words, quoted as redis-cli quotes them.
//
// Words are separated by white space. In "double quotes" \n \r \t \b \a and \xHH stand for bytes and any other escaped
// byte for itself; in 'single quotes' only \' is an escape. A closing quote must end its word.
// Threads: pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace herdgate::resp {

// `line` has no line end and no NUL. False where quotes are unbalanced; then `words` is unspecified.
bool SplitInline(std::string_view line, std::vector<std::string>& words);

}  // namespace herdgate::resp
