#include "ops/cuda/nvidia/nvidia_memory.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/parallel.h"
#include "ops/cuda/nvidia/check.h"

namespace zanime::ops::cuda {
namespace {

// Two of these are filled and sent in turn.
constexpr int64_t kPinnedBytes = int64_t{32} << 20;
// What a thread copies at a time into them.
constexpr int64_t kCopyGrain = int64_t{1} << 20;

class Event {
 public:
  Event() { check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreate"); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(event_); }

  void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "cudaEventRecord"); }
  void order_before(cudaStream_t stream) {
    check(cudaStreamWaitEvent(stream, event_, 0), "cudaStreamWaitEvent");
  }
  void wait() { check(cudaEventSynchronize(event_), "cudaEventSynchronize"); }

 private:
  cudaEvent_t event_ = nullptr;
};

class OwnStream {
 public:
  OwnStream() {
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
  }
  OwnStream(const OwnStream&) = delete;
  OwnStream& operator=(const OwnStream&) = delete;
  ~OwnStream() {
    cudaStreamSynchronize(stream_);
    cudaStreamDestroy(stream_);
  }
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

// The stream of everything, held by all memory that is given back in its order.
struct MainStream {
  explicit MainStream(int number) : device(number) {
    check(cudaSetDevice(device), "cudaSetDevice");
  }
  // The thread that calls may be a new one.
  void enter() const { check(cudaSetDevice(device), "cudaSetDevice"); }

  const int device;
  OwnStream stream;
};

// One upload, as the uploading thread sees it.
struct Upload {
  std::byte* to = nullptr;
  std::vector<HostBytes> pieces;
  Event may_begin, done;
  bool is_enqueued = false;
  std::exception_ptr failure;
};

// Copies from mapped files into pinned buffers, and from there to the card beside the main stream.
class Uploader {
 public:
  explicit Uploader(std::shared_ptr<MainStream> main) : main_(std::move(main)) {
    for (Buffer& buffer : buffers_) {
      void* memory = nullptr;
      check(cudaHostAlloc(&memory, kPinnedBytes, cudaHostAllocDefault), "cudaHostAlloc");
      buffer.memory = static_cast<std::byte*>(memory);
    }
    thread_ = std::thread([this] { work(); });
  }
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;
  ~Uploader() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
    }
    changed_.notify_all();
    thread_.join();
    cudaStreamSynchronize(copies_.get());
    for (Buffer& buffer : buffers_) cudaFreeHost(buffer.memory);
  }

  std::shared_ptr<Upload> start(void* to, std::span<const HostBytes> pieces) {
    auto upload = std::make_shared<Upload>();
    upload->to = static_cast<std::byte*>(to);
    upload->pieces.assign(pieces.begin(), pieces.end());
    // The memory may still be read by what was launched before it was allocated.
    upload->may_begin.record(main_->stream.get());
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(upload);
    }
    changed_.notify_all();
    return upload;
  }

  void join(Upload& upload) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return upload.is_enqueued; });
    if (upload.failure != nullptr) std::rethrow_exception(upload.failure);
    upload.done.order_before(main_->stream.get());
  }

 private:
  struct Buffer {
    std::byte* memory = nullptr;
    Event sent;
  };

  void work() {
    for (;;) {
      std::shared_ptr<Upload> upload;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return ends_ || !queue_.empty(); });
        if (queue_.empty()) return;
        upload = queue_.front();
        queue_.pop_front();
      }
      try {
        send(*upload);
      } catch (...) {
        upload->failure = std::current_exception();
      }
      {
        const std::lock_guard lock(mutex_);
        upload->is_enqueued = true;
      }
      changed_.notify_all();
    }
  }

  void send(Upload& upload) {
    main_->enter();
    upload.may_begin.order_before(copies_.get());
    for (const HostBytes& piece : upload.pieces) {
      const auto* from = static_cast<const std::byte*>(piece.data);
      for (int64_t sent = 0; sent < piece.size; sent += kPinnedBytes) {
        const int64_t count = std::min(kPinnedBytes, piece.size - sent);
        Buffer& buffer = buffers_[turn_++ % 2];
        buffer.sent.wait();
        parallel_for_ranges(count, kCopyGrain, [&](int64_t begin, int64_t end) {
          std::memcpy(buffer.memory + begin, from + sent + begin, static_cast<size_t>(end - begin));
        });
        check(cudaMemcpyAsync(upload.to, buffer.memory, static_cast<size_t>(count),
                              cudaMemcpyHostToDevice, copies_.get()),
              "cudaMemcpyAsync");
        buffer.sent.record(copies_.get());
        upload.to += count;
      }
    }
    upload.done.record(copies_.get());
  }

  const std::shared_ptr<MainStream> main_;
  OwnStream copies_;
  Buffer buffers_[2];
  uint64_t turn_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Upload>> queue_;
  bool ends_ = false;
  std::thread thread_;
};

class StartedUpload final : public Transfer {
 public:
  StartedUpload(std::shared_ptr<Uploader> uploader, std::shared_ptr<Upload> upload)
      : uploader_(std::move(uploader)), upload_(std::move(upload)) {}
  ~StartedUpload() override {
    if (is_joined_) return;
    try {
      join();
    } catch (...) {
      // Nobody asks for the data any more.
    }
  }
  void join() override {
    is_joined_ = true;
    uploader_->join(*upload_);
  }

 private:
  std::shared_ptr<Uploader> uploader_;
  std::shared_ptr<Upload> upload_;
  bool is_joined_ = false;
};

class NvidiaMemory final : public Memory {
 public:
  explicit NvidiaMemory(int device) : main_(std::make_shared<MainStream>(device)) {
    check(cudaDeviceGetDefaultMemPool(&pool_, device), "cudaDeviceGetDefaultMemPool");
    // What was given back stays with the program: a steady step allocates nothing.
    uint64_t kept = UINT64_MAX;
    check(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &kept),
          "cudaMemPoolSetAttribute");
  }

  Stream stream() override {
    main_->enter();
    return main_->stream.get();
  }

  std::shared_ptr<void> allocate(int64_t bytes) override {
    main_->enter();
    void* memory = nullptr;
    const auto size = static_cast<size_t>(std::max<int64_t>(bytes, 1));
    cudaError_t status = cudaMallocAsync(&memory, size, main_->stream.get());
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      // Once more without what lies unused in pieces.
      check(cudaStreamSynchronize(main_->stream.get()), "cudaStreamSynchronize");
      check(cudaMemPoolTrimTo(pool_, 0), "cudaMemPoolTrimTo");
      status = cudaMallocAsync(&memory, size, main_->stream.get());
    }
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      throw OutOfDeviceMemory("the card has no " + std::to_string(bytes >> 20) +
                              " MiB left; other programs may use it. Smaller pictures, tiled "
                              "decoding or a smaller --memory need less");
    }
    check(status, "cudaMallocAsync");
    return {memory, [main = main_](void* unused) { cudaFreeAsync(unused, main->stream.get()); }};
  }

  int64_t free_bytes() override {
    main_->enter();
    size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    uint64_t reserved = 0, used = 0;
    check(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrReservedMemCurrent, &reserved),
          "cudaMemPoolGetAttribute");
    check(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrUsedMemCurrent, &used),
          "cudaMemPoolGetAttribute");
    return static_cast<int64_t>(free + reserved - used);
  }

  void upload(void* to, HostBytes from) override {
    main_->enter();
    // From memory that is not pinned, the call returns when the source was read.
    check(cudaMemcpyAsync(to, from.data, static_cast<size_t>(from.size), cudaMemcpyHostToDevice,
                          main_->stream.get()),
          "cudaMemcpyAsync");
  }

  std::unique_ptr<Transfer> start_upload(void* to, std::span<const HostBytes> pieces) override {
    main_->enter();
    if (uploader_ == nullptr) uploader_ = std::make_shared<Uploader>(main_);
    return std::make_unique<StartedUpload>(uploader_, uploader_->start(to, pieces));
  }

  void copy(void* to, const void* from, int64_t bytes) override {
    main_->enter();
    check(cudaMemcpyAsync(to, from, static_cast<size_t>(bytes), cudaMemcpyDeviceToDevice,
                          main_->stream.get()),
          "cudaMemcpyAsync");
  }

  void download(void* to, const void* from, int64_t bytes) override {
    main_->enter();
    check(cudaMemcpyAsync(to, from, static_cast<size_t>(bytes), cudaMemcpyDeviceToHost,
                          main_->stream.get()),
          "cudaMemcpyAsync");
    check(cudaStreamSynchronize(main_->stream.get()), "cudaStreamSynchronize");
  }

 private:
  const std::shared_ptr<MainStream> main_;
  cudaMemPool_t pool_ = nullptr;
  std::shared_ptr<Uploader> uploader_;
};

}  // namespace

std::shared_ptr<Memory> open_memory(int device) { return std::make_shared<NvidiaMemory>(device); }

}  // namespace zanime::ops::cuda
