// Terminal: the three streams of the process, whatever they are: a terminal, a pipe, a file.
// LiveArea: lines at the bottom of a terminal that are drawn over and over.
// Interrupt: the first Ctrl-C (or SIGTERM) while it lives is told instead of ending the process; the second ends it.
//
// Threads: main's. One Interrupt at a time.
#pragma once

#include <signal.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/app/ctl/style.h"

namespace herdgate::app {

struct Terminal {
  bool reads = false;    // stdin is one
  bool shows = false;    // stdout is one
  bool redraws = false;  // ... and what is there can be drawn over
  bool draws = false;    // the same of stderr
  Style out;             // of stdout
  Style err;             // of stderr

  // Nothing is drawn over or coloured where TERM is empty or "dumb", and nothing coloured where NO_COLOR is not empty.
  // Characters are as LC_ALL, LC_CTYPE or LANG say.
  static Terminal OfProcess();
  // Somebody sees what is asked, and can answer.
  bool CanAsk() const { return reads && shows; }
};

// Rows and columns of the terminal at `fd` now; nothing if it does not say.
struct WindowSize {
  std::size_t rows = 0;
  std::size_t columns = 0;
};
std::optional<WindowSize> SizeOf(int fd);

// All of `text`, at once. False: nobody reads it.
bool Print(std::FILE* stream, std::string_view text);
// A line of stdin without its end; nothing at its end.
std::optional<std::string> ReadLine();

class LiveArea {
 public:
  // Draws nothing if `draws` is false.
  LiveArea(std::FILE* stream, bool draws) : stream_(stream), draws_(draws) {}
  ~LiveArea() { Clear(); }
  LiveArea(const LiveArea&) = delete;
  LiveArea& operator=(const LiveArea&) = delete;

  // Instead of what was drawn before. REQUIRES: no line is wider than the terminal, and it has more rows.
  void Draw(const std::vector<std::string>& lines);
  void Clear();
  // What is drawn stays.
  void Keep() { drawn_ = 0; }

 private:
  std::string Home() const;

  std::FILE* const stream_;
  const bool draws_;
  std::size_t drawn_ = 0;
};

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Whether it came, within `time` from now.
  bool Within(std::chrono::milliseconds time);

 private:
  struct sigaction before_int_ {};
  struct sigaction before_term_ {};
};

}  // namespace herdgate::app
