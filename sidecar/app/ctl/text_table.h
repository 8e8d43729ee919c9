// TextTable: rows under headings, fitted to the width of the terminal: first the columns that matter least go, then the
// widest flexible one is cut in its middle.
//
// Threads: one owner.
#pragma once

#include <string>
#include <vector>

#include "sidecar/app/ctl/style.h"

namespace herdgate::app {

class TextTable {
 public:
  struct Column {
    std::string heading;
    bool right = false;     // numbers
    bool flexible = false;  // names and keys, which may be cut
    int rank = 0;           // the highest goes first; those of rank 0 never go
  };
  struct Cell {
    Cell(std::string text) : shown(std::move(text)) {}  // NOLINT(google-explicit-constructor)
    Cell(Tone its_tone, std::string text) : shown(std::move(text)), tone(its_tone) {}

    std::string shown;  // harmless
    Tone tone = Tone::kPlain;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // REQUIRES: as many cells as columns.
  void Add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  std::size_t size() const { return rows_.size(); }
  // The headings and each row; none is wider than `style.width`.
  std::vector<std::string> Lines(const Style& style) const;

 private:
  std::vector<std::size_t> Widths(const Style& style) const;

  const std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace herdgate::app
