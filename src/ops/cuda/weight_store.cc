#include "ops/cuda/weight_store.h"

#include <algorithm>
#include <utility>

namespace zanime::ops::cuda {
namespace {

// Do both own the same, even where that is gone?
template <typename Owner>
bool is_same(const std::weak_ptr<const void>& a, const Owner& b) {
  return !a.owner_before(b) && !b.owner_before(a);
}

std::vector<std::weak_ptr<const void>> owners_of_changes(const weights::Weight& weight) {
  std::vector<std::weak_ptr<const void>> owners;
  for (const weights::WeightChange& change : weight.changes()) {
    owners.push_back(change.delta);
    if (change.magnitude != nullptr) owners.push_back(change.magnitude);
  }
  return owners;
}

}  // namespace

WeightStore::Key WeightStore::key_of(const weights::Weight& weight, WeightForm form) {
  Key key{weight.parts().front().data, weight.rows(), weight.columns(), form, {}};
  if (form == WeightForm::kStored) return key;
  for (const weights::WeightChange& change : weight.changes()) {
    key.changes.push_back(
        {change.delta.get(), change.magnitude.get(), change.first_row, change.strength});
  }
  return key;
}

DeviceWeight WeightStore::get(const weights::Weight& weight, WeightForm form, int64_t bytes,
                              const Fill& fill) {
  Key key = key_of(weight, form);
  if (DeviceWeight found = find(key, weight.owner()); found.memory != nullptr) return found;
  return make(std::move(key), weight.owner(), owners_of_changes(weight), bytes, fill);
}

DeviceWeight WeightStore::get_stored(const weights::Weight& weight) {
  const Key key = key_of(weight, WeightForm::kStored);
  if (DeviceWeight found = find(key, weight.owner()); found.memory != nullptr) return found;
  expect(weight);
  return find(key, weight.owner());
}

DeviceWeight WeightStore::get_other(const void* data, const std::shared_ptr<const void>& owner,
                                    WeightForm form, int64_t bytes, const Fill& fill) {
  Key key{data, 0, bytes, form, {}};
  if (DeviceWeight found = find(key, owner); found.memory != nullptr) return found;
  return make(std::move(key), owner, {}, bytes, fill);
}

void WeightStore::drop(const weights::Weight& weight, WeightForm form) {
  const auto found = entries_.find(key_of(weight, form));
  if (found != entries_.end()) erase(found);
}

bool WeightStore::holds(const weights::Weight& weight, WeightForm form) const {
  const auto found = entries_.find(key_of(weight, form));
  return found != entries_.end() && is_same(found->second.owner, weight.owner());
}

void WeightStore::expect(const weights::Weight& weight) {
  Key key = key_of(weight, WeightForm::kStored);
  if (const auto old = entries_.find(key); old != entries_.end()) {
    if (is_same(old->second.owner, weight.owner()) && !old->second.owner.expired()) return;
    erase(old);
  }
  std::vector<HostBytes> pieces;
  int64_t bytes = 0;
  for (const weights::WeightPart& part : weight.parts()) {
    pieces.push_back({part.data, dtype_bytes(part.dtype, part.rows * weight.columns())});
    bytes += pieces.back().size;
  }
  Entry entry;
  entry.owner = weight.owner();
  entry.is_kept = may_keep(key.form, bytes, weight.owner());
  entry.weight = {memory_.allocate(bytes), bytes};
  entry.last_use = ++uses_;
  entry.transfer = memory_.start_upload(entry.weight.data(), pieces, weight.owner());
  bytes_ += entry.is_kept ? bytes : 0;
  entries_.emplace(std::move(key), std::move(entry));
}

DeviceWeight WeightStore::find(const Key& key, const std::shared_ptr<const void>& owner) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return {};
  Entry& entry = found->second;
  const auto gone = [](const std::weak_ptr<const void>& part) { return part.expired(); };
  // Another file or adapter may lie where a closed one was.
  if (!is_same(entry.owner, owner) ||
      std::any_of(entry.parts_of_changes.begin(), entry.parts_of_changes.end(), gone)) {
    erase(found);
    return {};
  }
  if (entry.transfer != nullptr) {
    entry.transfer->join();
    entry.transfer.reset();
  }
  entry.last_use = ++uses_;
  DeviceWeight weight = entry.weight;
  if (!entry.is_kept) entries_.erase(found);
  return weight;
}

bool WeightStore::may_keep(WeightForm form, int64_t bytes,
                           const std::shared_ptr<const void>& owner) {
  if (owner == nullptr) return false;
  if (form == WeightForm::kVector || form == WeightForm::kRowScales) return true;
  return make_room(bytes, owner);
}

bool WeightStore::make_room(int64_t bytes, const std::shared_ptr<const void>& owner) {
  if (bytes > capacity_) return false;
  if (bytes_ + bytes > capacity_) drop_closed();
  while (bytes_ + bytes > capacity_) {
    if (!drop_file(owner)) return false;
  }
  return true;
}

void WeightStore::drop_closed() {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto here = entry++;
    if (here->second.owner.expired()) erase(here);
  }
}

bool WeightStore::drop_file(const std::shared_ptr<const void>& spared) {
  // The file whose latest use is the oldest.
  std::map<std::weak_ptr<const void>, uint64_t, std::owner_less<>> latest;
  for (const auto& [key, entry] : entries_) {
    if (is_same(entry.owner, spared)) continue;
    uint64_t& use = latest[entry.owner];
    use = std::max(use, entry.last_use);
  }
  if (latest.empty()) return false;
  const auto oldest = std::min_element(latest.begin(), latest.end(), [](auto& a, auto& b) {
                        return a.second < b.second;
                      })->first;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto here = entry++;
    if (is_same(here->second.owner, oldest)) erase(here);
  }
  return true;
}

bool WeightStore::release_least_used() {
  const auto last = std::max_element(entries_.begin(), entries_.end(), [](auto& a, auto& b) {
    return a.second.last_use < b.second.last_use;
  });
  if (last == entries_.end()) return false;
  const std::shared_ptr<const void> in_use = last->second.owner.lock();
  const int64_t before = bytes_;
  drop_closed();
  if (bytes_ < before || drop_file(in_use)) return true;
  // It would all come back to where it was too much.
  capacity_ = before / 8 * 7;
  return drop_file({});
}

void WeightStore::erase(Entries::iterator entry) {
  if (entry->second.is_kept) bytes_ -= entry->second.weight.bytes;
  entries_.erase(entry);
}

DeviceWeight WeightStore::make(Key key, const std::shared_ptr<const void>& owner,
                               std::vector<std::weak_ptr<const void>> parts_of_changes,
                               int64_t bytes, const Fill& fill) {
  const bool is_kept = may_keep(key.form, bytes, owner);
  DeviceWeight weight{memory_.allocate(bytes), bytes};
  fill(weight.data());
  // `fill` may have brought other weights.
  if (!is_kept || !may_keep(key.form, bytes, owner)) return weight;
  Entry entry;
  entry.owner = owner;
  entry.parts_of_changes = std::move(parts_of_changes);
  entry.weight = weight;
  entry.last_use = ++uses_;
  bytes_ += bytes;
  entries_.insert_or_assign(std::move(key), std::move(entry));
  return weight;
}

}  // namespace zanime::ops::cuda
