// Data parallelism for the kernels.
#pragma once

#include <cstdint>
#include <functional>

namespace zanime {

// Number of threads parallel_for uses. Defaults to the CPUs this process may run on.
int thread_count();
// Set once at start-up, before any work. Values below 1 are taken as 1.
void set_thread_count(int threads);

// Starts and ends this many threads. Throws Error(kResource) where the system does not let them:
// OpenMP would end the process.
void require_threads(int threads);

// Calls body(index) for every index in [0, count), from several threads, in no fixed order.
// Nested calls run on the calling thread. The first exception thrown is rethrown here after all
// running bodies have ended. What a body computes must not depend on which thread runs it:
// results are then the same for every thread count.
void parallel_for(int64_t count, const std::function<void(int64_t)>& body);

// The same over [0, count) in pieces of `grain` (the last may be shorter): body(begin, end).
void parallel_for_ranges(int64_t count, int64_t grain,
                         const std::function<void(int64_t, int64_t)>& body);

}  // namespace zanime
