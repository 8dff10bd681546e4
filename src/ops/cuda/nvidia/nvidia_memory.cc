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
  // Who waits for it sleeps: the host is ahead by more than waking up takes.
  Event() {
    check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming | cudaEventBlockingSync),
          "cudaEventCreate");
  }
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

// The card that a thread works on. The thread that calls may be a new one.
class Card {
 public:
  explicit Card(int number) : number_(number) { enter(); }
  int number() const { return number_; }
  void enter() const { check(cudaSetDevice(number_), "cudaSetDevice"); }
  bool has(cudaDeviceAttr attribute) const {
    int value = 0;
    check(cudaDeviceGetAttribute(&value, attribute, number_), "cudaDeviceGetAttribute");
    return value != 0;
  }

 private:
  const int number_;
};

// Memory of a card. What was given back stays with the program while the pool lives, so that a
// steady step allocates nothing.
class Pool {
 public:
  explicit Pool(const Card& card) {
    if (!card.has(cudaDevAttrMemoryPoolsSupported)) {
      throw Error(ErrorKind::kResource,
                  "the driver of this card has no memory pools (cudaMallocAsync)");
    }
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = card.number();
    check(cudaMemPoolCreate(&pool_, &properties), "cudaMemPoolCreate");
    set(cudaMemPoolAttrReleaseThreshold, UINT64_MAX);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { cudaMemPoolDestroy(pool_); }

  cudaMemPool_t get() const { return pool_; }
  uint64_t value(cudaMemPoolAttr attribute) const {
    uint64_t value = 0;
    check(cudaMemPoolGetAttribute(pool_, attribute, &value), "cudaMemPoolGetAttribute");
    return value;
  }
  void set(cudaMemPoolAttr attribute, uint64_t value) {
    check(cudaMemPoolSetAttribute(pool_, attribute, &value), "cudaMemPoolSetAttribute");
  }

 private:
  cudaMemPool_t pool_ = nullptr;
};

// The stream of everything and its memory, held by all that is given back in its order.
struct MainStream {
  explicit MainStream(int number) : card(number), pool(card) {}
  void enter() const { card.enter(); }

  const Card card;  // entered before anything is made on it
  OwnStream stream;
  Pool pool;
};

// One upload, as the uploading thread sees it.
struct Upload {
  std::byte* to = nullptr;
  std::vector<HostBytes> pieces;
  std::shared_ptr<const void> owner;  // of what the pieces point to, until it was read
  Event may_begin, done;
  bool is_enqueued = false;
  std::exception_ptr failure;
};

// Copies from mapped files into pinned buffers, and from there to the card beside the main stream.
class Uploader {
 public:
  explicit Uploader(std::shared_ptr<MainStream> main) : main_(std::move(main)) {
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
  }

  std::shared_ptr<Upload> start(void* to, std::span<const HostBytes> pieces,
                                std::shared_ptr<const void> owner) {
    auto upload = std::make_shared<Upload>();
    upload->to = static_cast<std::byte*>(to);
    upload->pieces.assign(pieces.begin(), pieces.end());
    upload->owner = std::move(owner);
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
  // Memory of the host that the card reads by itself.
  struct Buffer {
    Buffer() {
      void* allocated = nullptr;
      check(cudaHostAlloc(&allocated, kPinnedBytes, cudaHostAllocDefault), "cudaHostAlloc");
      memory = static_cast<std::byte*>(allocated);
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { cudaFreeHost(memory); }

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
      upload->owner.reset();
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
  explicit NvidiaMemory(int device)
      : main_(std::make_shared<MainStream>(device)),
        card_reads_host_(main_->card.has(cudaDevAttrPageableMemoryAccess)) {}

  Stream stream() override {
    main_->enter();
    return main_->stream.get();
  }

  int64_t free_bytes() override {
    main_->enter();
    size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    return static_cast<int64_t>(free + main_->pool.value(cudaMemPoolAttrReservedMemCurrent) -
                                main_->pool.value(cudaMemPoolAttrUsedMemCurrent));
  }

  int64_t take_peak_bytes() override {
    main_->enter();
    const uint64_t peak = main_->pool.value(cudaMemPoolAttrUsedMemHigh);
    main_->pool.set(cudaMemPoolAttrUsedMemHigh, 0);  // to what is used now
    return static_cast<int64_t>(peak);
  }

  void upload(void* to, HostBytes from) override {
    main_->enter();
    check(cudaMemcpyAsync(to, from.data, static_cast<size_t>(from.size), cudaMemcpyHostToDevice,
                          main_->stream.get()),
          "cudaMemcpyAsync");
    // Else the call returns when it has read a source that is not pinned.
    if (card_reads_host_) wait();
  }

  std::unique_ptr<Transfer> start_upload(void* to, std::span<const HostBytes> pieces,
                                         std::shared_ptr<const void> owner) override {
    main_->enter();
    if (uploader_ == nullptr) uploader_ = std::make_shared<Uploader>(main_);
    return std::make_unique<StartedUpload>(uploader_,
                                           uploader_->start(to, pieces, std::move(owner)));
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
    wait();
  }

  void pace() override {
    main_->enter();
    Event& mark = marks_[turn_++ % 2];
    mark.wait();
    mark.record(main_->stream.get());
  }

 protected:
  std::shared_ptr<void> try_allocate(int64_t bytes) override {
    main_->enter();
    void* memory = nullptr;
    const auto size = static_cast<size_t>(std::max<int64_t>(bytes, 1));
    const auto take = [&] {
      return cudaMallocFromPoolAsync(&memory, size, main_->pool.get(), main_->stream.get());
    };
    cudaError_t status = take();
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      // Once more without what lies unused in pieces.
      wait();
      check(cudaMemPoolTrimTo(main_->pool.get(), 0), "cudaMemPoolTrimTo");
      status = take();
    }
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      throw OutOfDeviceMemory("the card has no " + std::to_string(bytes >> 20) +
                              " MiB left; other programs may use it. Smaller pictures, tiled "
                              "decoding or a smaller --memory need less");
    }
    check(status, "cudaMallocFromPoolAsync");
    return {memory, [main = main_](void* unused) {
              // The last owner may be a thread that never entered the card, or the end of the
              // process; nobody could be told of a failure.
              cudaSetDevice(main->card.number());
              cudaFreeAsync(unused, main->stream.get());
            }};
  }

 private:
  void wait() { check(cudaStreamSynchronize(main_->stream.get()), "cudaStreamSynchronize"); }

  const std::shared_ptr<MainStream> main_;
  // Copies from memory that is not pinned may then go on after the call.
  const bool card_reads_host_;
  std::shared_ptr<Uploader> uploader_;
  Event marks_[2];
  uint64_t turn_ = 0;
};

}  // namespace

std::shared_ptr<Memory> open_memory(int device) { return std::make_shared<NvidiaMemory>(device); }

}  // namespace zanime::ops::cuda
