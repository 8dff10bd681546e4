// Weights in a card's memory, by where their bytes lie in a file.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "ops/cuda/device.h"
#include "weights/weight.h"

namespace zanime::ops::cuda {

// What a weight is kept as.
enum class WeightForm {
  kStored,   // the bytes of its parts, one behind the other, changes left out
  kFloat32,  // values, changes applied
  kBFloat16,
  kVector,     // of norms and biases, in float32
  kRowScales,  // of kStored, in float32
  kFilter32,   // of a convolution: [outputs, height, width, inputs]
  kFilter16,
  kInt8Rows,  // 8-bit rows, and their scales behind
  kF8Rows,
  kF8Tensor,  // with one scale
};

// A weight in the card's memory.
struct DeviceWeight {
  std::shared_ptr<void> memory;
  int64_t bytes = 0;

  void* data() const { return memory.get(); }
  const float* floats() const { return static_cast<const float*>(memory.get()); }
};

// Keeps what was made of weights, up to a number of bytes. The first that come are kept: a network
// uses all of its weights in turn, so that replacing any would replace all. Those of closed files
// make room, then those of the files that were not used for the longest time; what still finds no
// room is made anew for every product. Vectors and scales, a few megabytes in all, are always kept:
// the stream would be waited for whenever one is brought.
class WeightStore {
 public:
  WeightStore(Memory& memory, int64_t capacity) : memory_(memory), capacity_(capacity) {}

  // Fills fresh memory with the weight in that form.
  using Fill = std::function<void(void* to)>;
  // The weight, kept or made by `fill` in `bytes` bytes.
  DeviceWeight get(const weights::Weight& weight, WeightForm form, int64_t bytes, const Fill& fill);
  // The bytes of the weight's parts; changes are left out.
  DeviceWeight get_stored(const weights::Weight& weight);
  // Something else that lives as long as `owner` does, by where it lies on the host.
  DeviceWeight get_other(const void* key, const std::shared_ptr<const void>& owner, WeightForm form,
                         int64_t bytes, const Fill& fill);
  // Gives back what the weight is kept as in that form.
  void drop(const weights::Weight& weight, WeightForm form);
  // Is the weight here in that form?
  bool holds(const weights::Weight& weight, WeightForm form) const;

  // Starts bringing the weights' stored bytes, those that are not here.
  void expect(const weights::Weight& weight);
  // Gives back what one file holds. That is the one that was used last only where there is no
  // other; less of it is kept from then on. False where nothing is held.
  bool release_least_used();

  int64_t bytes() const { return bytes_; }
  int64_t capacity() const { return capacity_; }

 private:
  // A change counts by what it is and how strongly it is applied.
  struct Change {
    const void* delta;
    const void* magnitude;
    int64_t first_row;
    float strength;
    auto operator<=>(const Change&) const = default;
  };
  struct Key {
    const void* data;
    int64_t rows, columns;
    WeightForm form;
    std::vector<Change> changes;
    std::partial_ordering operator<=>(const Key&) const = default;
    bool operator==(const Key&) const = default;
  };
  struct Entry {
    std::weak_ptr<const void> owner;
    std::vector<std::weak_ptr<const void>> parts_of_changes;
    DeviceWeight weight;
    bool is_kept = true;  // else it goes when it was used
    uint64_t last_use = 0;
    std::unique_ptr<Transfer> transfer;
  };
  using Entries = std::map<Key, Entry>;

  static Key key_of(const weights::Weight& weight, WeightForm form);
  DeviceWeight find(const Key& key, const std::shared_ptr<const void>& owner);
  // Is something of that form to be kept? Makes room within the capacity where that is possible.
  bool may_keep(WeightForm form, int64_t bytes, const std::shared_ptr<const void>& owner);
  bool make_room(int64_t bytes, const std::shared_ptr<const void>& owner);
  void drop_closed();
  bool drop_file(const std::shared_ptr<const void>& spared);
  void erase(Entries::iterator entry);
  DeviceWeight make(Key key, const std::shared_ptr<const void>& owner,
                    std::vector<std::weak_ptr<const void>> parts_of_changes, int64_t bytes,
                    const Fill& fill);

  Memory& memory_;
  int64_t capacity_;
  int64_t bytes_ = 0;
  uint64_t uses_ = 0;
  Entries entries_;
};

}  // namespace zanime::ops::cuda
