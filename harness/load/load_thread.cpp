#include "harness/load/load_thread.hpp"

#include <ctime>

#include <pthread.h>
#include <sys/prctl.h>

namespace harness::load {

void LoadThread::prepare_thread() {
    pthread_setname_np(pthread_self(), "rehearse/load");
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

double LoadThread::thread_cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace harness::load
