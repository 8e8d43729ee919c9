// FileWatch: says when the content of a file has changed, also when it is reached through links that are swapped, as
// Kubernetes does with a mounted ConfigMap (herdgate.yaml -> ..data/herdgate.yaml, and ..data is renamed over).
//
// It watches the folder that the path names (inotify), and looks at the file now and then, for what that can't see: a
// link that leads elsewhere, a file system without events. Events are collected for a while, because a change is often
// several of them. The content is read and compared: a touch, and other files of the folder, are no change. A file that
// is gone is a change.
// Threads: the loop's thread. Ownership: its handles, closed by the destructor; the loop must run until they are.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

struct uv_loop_s;

namespace herdgate::config {

struct FileWatchOptions {
  // How long it must be quiet after an event before the file is looked at, and how long that may be put off.
  std::chrono::milliseconds quiet{100};
  std::chrono::milliseconds longest{1000};
  // How often the file is looked at without an event.
  std::chrono::milliseconds poll{5000};
};

class FileWatch {
 public:
  // `changed` is called from the loop, never from here. What the file holds now is no change.
  FileWatch(uv_loop_s* loop, std::string path, std::function<void()> changed, FileWatchOptions options = {});
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // False if only the looks now and then are left: the system has no watch to give.
  bool has_events() const { return has_events_; }

 private:
  struct Handles;
  // Device, inode, size and times of the file behind all links; zeros if there is none.
  using Identity = std::array<std::int64_t, 6>;

  Identity Identify() const;
  std::uint64_t ReadHash() const;
  void WatchFolder();
  void OnEvent();
  void Look();

  const std::string path_;
  const std::function<void()> changed_;
  const FileWatchOptions options_;
  uv_loop_s* const loop_;
  Handles* handles_;  // freed when the loop has closed all of them
  bool has_events_ = false;
  std::uint64_t first_event_ms_ = 0;  // of those not yet looked at; 0: none
  Identity identity_{};
  std::uint64_t hash_ = 0;
};

}  // namespace herdgate::config
