// AppendLine: writes a line to the end of a file and through to the disk.
//
// The file is opened for each line, so that it may be moved away (logrotate), and made if it is not there, for its
// owner alone. Beside a regular file it may be what takes lines as they come: a pipe that somebody reads, a terminal,
// /dev/stdout if it is one of these. A pipe without a reader, or a full one, is an error and is not waited for.
// A line that did not fit (a full disk) leaves nothing of itself in a regular file, so that the next one is whole.
//
// Threads: any; one at a time for a path. May wait for the disk for as long as the disk takes. REQUIRES: SIGPIPE is
// ignored.
#pragma once

#include <string>
#include <string_view>

namespace herdgate::admin {

// `line` ends with its line break. False: it is not, or may not be, in the file.
bool AppendLine(const std::string& path, std::string_view line);

}  // namespace herdgate::admin
