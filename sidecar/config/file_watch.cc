#include "sidecar/config/file_watch.h"

#include <sys/stat.h>
#include <uv.h>
#include <xxhash.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "sidecar/config/read_file.h"

namespace herdgate::config {
namespace {

std::uint64_t Count(std::chrono::milliseconds duration) {
  return static_cast<std::uint64_t>(duration.count());
}

}  // namespace

struct FileWatch::Handles {
  uv_fs_event_t folder{};
  uv_timer_t quiet{};
  uv_timer_t poll{};
  int open = 3;
};

FileWatch::FileWatch(uv_loop_s* loop, std::string path, std::function<void()> changed, FileWatchOptions options)
    : path_(std::move(path)), changed_(std::move(changed)), options_(options), loop_(loop), handles_(new Handles) {
  handles_->folder.data = handles_->quiet.data = handles_->poll.data = this;
  uv_fs_event_init(loop_, &handles_->folder);
  uv_timer_init(loop_, &handles_->quiet);
  uv_timer_init(loop_, &handles_->poll);
  WatchFolder();
  identity_ = Identify();
  hash_ = ReadHash();
  uv_timer_start(
      &handles_->poll, [](uv_timer_t* timer) { static_cast<FileWatch*>(timer->data)->Look(); }, Count(options_.poll),
      Count(options_.poll));
}

FileWatch::~FileWatch() {
  const auto closed = [](uv_handle_t* handle) {
    auto* const handles = static_cast<Handles*>(handle->data);
    if (--handles->open == 0) delete handles;
  };
  for (uv_handle_t* const handle :
       {reinterpret_cast<uv_handle_t*>(&handles_->folder), reinterpret_cast<uv_handle_t*>(&handles_->quiet),
        reinterpret_cast<uv_handle_t*>(&handles_->poll)}) {
    handle->data = handles_;
    uv_close(handle, closed);
  }
}

// Again after each change: the folder itself may be another one by now.
void FileWatch::WatchFolder() {
  uv_fs_event_stop(&handles_->folder);
  const std::filesystem::path parent = std::filesystem::path(path_).parent_path();
  has_events_ =
      uv_fs_event_start(
          &handles_->folder,
          [](uv_fs_event_t* event, const char*, int, int) { static_cast<FileWatch*>(event->data)->OnEvent(); },
          parent.empty() ? "." : parent.c_str(), 0) == 0;
}

void FileWatch::OnEvent() {
  const std::uint64_t now = std::max<std::uint64_t>(1, uv_now(loop_));
  if (first_event_ms_ == 0) first_event_ms_ = now;
  const std::uint64_t latest = first_event_ms_ + Count(options_.longest);
  const std::uint64_t left = latest > now ? latest - now : 0;
  uv_timer_start(
      &handles_->quiet, [](uv_timer_t* timer) { static_cast<FileWatch*>(timer->data)->Look(); },
      std::min(Count(options_.quiet), left), 0);
}

void FileWatch::Look() {
  first_event_ms_ = 0;
  uv_timer_stop(&handles_->quiet);
  const Identity identity = Identify();
  if (identity == identity_) return;
  // Before the content is read: a change after that is seen the next time.
  identity_ = identity;
  WatchFolder();
  const std::uint64_t hash = ReadHash();
  if (std::exchange(hash_, hash) != hash) changed_();
}

FileWatch::Identity FileWatch::Identify() const {
  struct stat file {};
  if (stat(path_.c_str(), &file) != 0) return {};
  return {static_cast<std::int64_t>(file.st_dev),
          static_cast<std::int64_t>(file.st_ino),
          file.st_size,
          file.st_mtim.tv_sec,
          file.st_mtim.tv_nsec,
          file.st_ctim.tv_sec ^ file.st_ctim.tv_nsec};
}

std::uint64_t FileWatch::ReadHash() const {
  const base::Result<std::string> text = ReadFile(path_);
  return text.ok() ? XXH64(text.value().data(), text.value().size(), 0) : 0;
}

}  // namespace herdgate::config
