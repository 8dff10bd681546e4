// How threads of a parallel loop wait for one another.
#pragma once

namespace zanime::cli {

// OpenMP's threads spin while they wait, and so keep a core from the very thread they wait for
// wherever another program is busy. OpenMP reads its variables before main() begins, so the program
// starts itself anew with OMP_WAIT_POLICY=passive, once. Returns where the user chose a policy, or
// where the system does not let it.
void let_waiting_threads_sleep(char** argv);

}  // namespace zanime::cli
