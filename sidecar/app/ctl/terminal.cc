#include "sidecar/app/ctl/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

namespace herdgate::app {
namespace {

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Charset CharsetOfProcess() {
  std::string locale;
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (locale.empty()) locale = Environment(name);
  }
  std::ranges::transform(locale, locale.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const bool utf8 = locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  return utf8 ? Charset::kUtf8 : Charset::kAscii;
}

// Whether the terminal knows escape sequences.
bool IsAble() {
  const std::string type = Environment("TERM");
  return !type.empty() && type != "dumb";
}

Style StyleOf(int fd, bool is_terminal) {
  Style style;
  style.charset = CharsetOfProcess();
  style.colour = is_terminal && Environment("NO_COLOR").empty() && IsAble();
  const std::optional<WindowSize> size = is_terminal ? SizeOf(fd) : std::nullopt;
  if (size) style.width = std::max(size->columns, Style::kLeastWidth);
  // Where nobody's window ends, nothing is cut.
  if (!is_terminal) style.width = 200;
  return style;
}

// The pipe that a signal writes to; the handler may use nothing else.
std::array<int, 2> signal_pipe = {-1, -1};

void OnSignal(int) {
  const int error = errno;
  (void)!write(signal_pipe[1], "!", 1);
  errno = error;
}

}  // namespace

Terminal Terminal::OfProcess() {
  Terminal terminal;
  terminal.reads = isatty(STDIN_FILENO) == 1;
  terminal.shows = isatty(STDOUT_FILENO) == 1;
  terminal.redraws = terminal.shows && IsAble();
  const bool has_err = isatty(STDERR_FILENO) == 1;
  terminal.draws = has_err && IsAble();
  terminal.out = StyleOf(STDOUT_FILENO, terminal.shows);
  terminal.err = StyleOf(STDERR_FILENO, has_err);
  return terminal;
}

std::optional<WindowSize> SizeOf(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return std::nullopt;
  return WindowSize{size.ws_row, size.ws_col};
}

bool Print(std::FILE* stream, std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
}

std::optional<std::string> ReadLine() {
  std::string line;
  for (char c = 0;;) {
    const ssize_t got = read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    if (c == '\n') return line;
    line += c;
  }
}

// To the first column of the first line that was drawn.
std::string LiveArea::Home() const {
  std::string text = "\r";
  if (drawn_ > 1) text += "\x1b[" + std::to_string(drawn_ - 1) + "A";
  return text;
}

void LiveArea::Draw(const std::vector<std::string>& lines) {
  if (!draws_ || lines.empty()) return;
  std::string text = drawn_ > 0 ? Home() : "";
  for (std::size_t i = 0; i < lines.size(); ++i) text += (i == 0 ? "" : "\n") + lines[i] + "\x1b[K";
  text += "\x1b[J";
  drawn_ = lines.size();
  (void)Print(stream_, text);
}

void LiveArea::Clear() {
  if (drawn_ == 0) return;
  (void)Print(stream_, Home() + "\x1b[J");
  drawn_ = 0;
}

Interrupt::Interrupt() {
  (void)!pipe2(signal_pipe.data(), O_CLOEXEC | O_NONBLOCK);
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, &before_int_);
  sigaction(SIGTERM, &action, &before_term_);
}

Interrupt::~Interrupt() {
  sigaction(SIGINT, &before_int_, nullptr);
  sigaction(SIGTERM, &before_term_, nullptr);
  for (int& fd : signal_pipe) {
    close(fd);
    fd = -1;
  }
}

bool Interrupt::Within(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  for (;;) {
    pollfd look{signal_pipe[0], POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    const int ready = poll(&look, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace herdgate::app
