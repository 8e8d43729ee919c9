#include "sidecar/config/file_watch.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <uv.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace herdgate::config {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::uint64_t kPatienceMs = 10000;

class FileWatchTest : public ::testing::Test {
 protected:
  FileWatchTest() {
    std::string name = (fs::temp_directory_path() / "file_watch_test.XXXXXX").string();
    folder_ = mkdtemp(name.data());
    uv_loop_init(&loop_);
    uv_timer_init(&loop_, &deadline_);
    deadline_.data = this;
  }
  ~FileWatchTest() override {
    watch_.reset();
    uv_close(reinterpret_cast<uv_handle_t*>(&deadline_), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    EXPECT_EQ(uv_loop_close(&loop_), 0);
    fs::remove_all(folder_);
  }

  void Watch(const fs::path& path, FileWatchOptions options = {.quiet = 5ms, .longest = 50ms, .poll = 1h}) {
    watch_ = std::make_unique<FileWatch>(
        &loop_, path.string(), [this] { ++changes_; }, options);
  }
  // Runs the loop until `changes` were told, or for too long.
  bool Sees(int changes) {
    late_ = false;
    StartDeadline(kPatienceMs);
    while (changes_ < changes && !late_) uv_run(&loop_, UV_RUN_ONCE);
    return changes_ == changes;
  }
  // After this change, whatever came before it has been told.
  void Settle(const fs::path& path) {
    const int before = changes_;
    Write(path, "the last of " + std::to_string(before));
    EXPECT_TRUE(Sees(before + 1));
  }
  static void Write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  static void Replace(const fs::path& path, const std::string& text) {
    Write(path.string() + ".new", text);
    fs::rename(path.string() + ".new", path);
  }

  void StartDeadline(std::uint64_t ms) {
    uv_timer_start(
        &deadline_, [](uv_timer_t* timer) { static_cast<FileWatchTest*>(timer->data)->late_ = true; }, ms, 0);
  }

  fs::path folder_;
  uv_loop_t loop_{};
  uv_timer_t deadline_{};
  bool late_ = false;
  int changes_ = 0;
  std::unique_ptr<FileWatch> watch_;
};

TEST_F(FileWatchTest, AReplacedFileIsAChange) {
  Write(folder_ / "c", "a");
  Watch(folder_ / "c");
  EXPECT_TRUE(watch_->has_events());
  Replace(folder_ / "c", "b");
  EXPECT_TRUE(Sees(1));
  Replace(folder_ / "c", "c");
  EXPECT_TRUE(Sees(2));
}

TEST_F(FileWatchTest, AFileWrittenInPlaceIsAChange) {
  Write(folder_ / "c", "a");
  Watch(folder_ / "c");
  Write(folder_ / "c", "b");
  EXPECT_TRUE(Sees(1));
}

TEST_F(FileWatchTest, ASwappedLinkOfTheFolderIsAChange) {
  fs::create_directory(folder_ / "..1");
  fs::create_directory(folder_ / "..2");
  Write(folder_ / "..1/c", "a");
  Write(folder_ / "..2/c", "b");
  fs::create_symlink("..1", folder_ / "..data");
  fs::create_symlink("..data/c", folder_ / "c");
  Watch(folder_ / "c");
  fs::create_symlink("..2", folder_ / "..data_tmp");
  fs::rename(folder_ / "..data_tmp", folder_ / "..data");
  fs::remove_all(folder_ / "..1");
  EXPECT_TRUE(Sees(1));
}

TEST_F(FileWatchTest, ATouchAndOtherFilesAreNoChange) {
  Write(folder_ / "c", "a");
  Watch(folder_ / "c");
  fs::last_write_time(folder_ / "c", fs::file_time_type::clock::now() + 1h);
  Write(folder_ / "other", "b");
  Replace(folder_ / "c", "a");
  StartDeadline(200);
  while (!late_) uv_run(&loop_, UV_RUN_ONCE);
  EXPECT_EQ(changes_, 0);
  Settle(folder_ / "c");
}

TEST_F(FileWatchTest, AFileThatGoesAndComesIsTwoChanges) {
  Write(folder_ / "c", "a");
  Watch(folder_ / "c");
  fs::remove(folder_ / "c");
  EXPECT_TRUE(Sees(1));
  Write(folder_ / "c", "a");
  EXPECT_TRUE(Sees(2));
}

TEST_F(FileWatchTest, AFileBehindALinkElsewhereIsLookedAtNowAndThen) {
  fs::create_directory(folder_ / "etc");
  Write(folder_ / "c", "a");
  fs::create_symlink(folder_ / "c", folder_ / "etc/c");
  Watch(folder_ / "etc/c", {.quiet = 5ms, .longest = 50ms, .poll = 10ms});
  Write(folder_ / "c", "b");
  EXPECT_TRUE(Sees(1));
}

TEST_F(FileWatchTest, AFolderThatIsReplacedIsWatchedOn) {
  fs::create_directory(folder_ / "d");
  fs::create_directory(folder_ / "e");
  Write(folder_ / "d/c", "a");
  Write(folder_ / "e/c", "b");
  Watch(folder_ / "d/c");
  fs::rename(folder_ / "d", folder_ / "old");
  fs::rename(folder_ / "e", folder_ / "d");
  EXPECT_TRUE(Sees(1));
  Replace(folder_ / "d/c", "c");
  EXPECT_TRUE(Sees(2));
}

TEST_F(FileWatchTest, WithoutAFolderToWatchItLooksNowAndThen) {
  Watch(folder_ / "d/c", {.quiet = 5ms, .longest = 50ms, .poll = 10ms});
  EXPECT_FALSE(watch_->has_events());
  fs::create_directory(folder_ / "d");
  Write(folder_ / "d/c", "a");
  EXPECT_TRUE(Sees(1));
  EXPECT_TRUE(watch_->has_events());
}

TEST_F(FileWatchTest, EventsWithoutEndDoNotPutItOffForever) {
  Write(folder_ / "c", "a");
  Watch(folder_ / "c", {.quiet = 1h, .longest = 30ms, .poll = 1h});
  Write(folder_ / "c", "b");
  EXPECT_TRUE(Sees(1));
}

}  // namespace
}  // namespace herdgate::config
