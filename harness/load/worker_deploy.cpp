#include "harness/load/slot.hpp"
#include "harness/load/worker.hpp"

namespace harness::load {

using workloads::App;

namespace {

// Connections of a worker that a deploy opens at one time.
constexpr std::size_t replacing_at_once = 8;

}  // namespace

void Worker::count_version(App app, int change) {
    versions_[static_cast<std::size_t>(app)].fetch_add(static_cast<std::size_t>(change));
}

void Worker::version_changed(Slot& slot, App app) {
    --slots_of_app_[static_cast<std::size_t>(slot.app)];
    ++slots_of_app_[static_cast<std::size_t>(app)];
    if (slot.open_now()) {
        count_version(slot.app, -1);
        count_version(app, 1);
    }
    if (!mix_.has(slot.app)) {  // its user had nothing to do until now
        slot.next_due = std::max(slot.next_due, Clock::now());
    }
    slot.app = app;
    ++slot.idle_number;
    convert_soon_ = true;
    move_backlog();
}

// After a connection was lost: no need to open the old version again.
void Worker::reopen(Slot& slot, Clock::time_point now) {
    if (deploying_ && slot.app != deployment_.to &&
        deployment_.version(now, slot.index, options_.connections) == deployment_.to) {
        version_changed(slot, deployment_.to);
    }
    slot.open(slot.app);
}

void Worker::convert(Clock::time_point now) {
    convert_soon_ = false;
    std::size_t opening = 0, done = 0;
    for (const auto& slot : slots_) {
        // One that is ready and waits for its slot's operation to end holds up nobody else: where
        // everything hangs, a deploy must still be able to start the new version's instances.
        opening += slot->replacing() && !slot->has_replacement() && !slot->in_place() ? 1 : 0;
    }
    for (auto& slot : slots_) {
        // Never back to `from`: a slot that an earlier deploy left behind goes forward only.
        const bool wanted =
            slot->app != deployment_.to &&
            deployment_.version(now, slot->index, options_.connections) == deployment_.to;
        if (wanted && !slot->replacing() && slot->state != Slot::State::down &&
            opening < replacing_at_once) {
            slot->start_replacement(deployment_.to);
            ++opening;
        }
        done += slot->app == deployment_.to ? 1 : 0;
    }
    if (done == slots_.size()) {
        deploying_ = false;
    }
}

// What waits for a version that runs nowhere any more is sent by the other one: the users are still
// there.
void Worker::move_backlog() {
    for (const App gone : {App::old_version, App::new_version}) {
        const App other = gone == App::old_version ? App::new_version : App::old_version;
        if (slots_of_app_[static_cast<std::size_t>(gone)] != 0 || backlog_.empty(gone) ||
            !mix_.has(other)) {
            continue;
        }
        while (auto due = backlog_.pop(gone)) {
            due->operation = draw_operation(other, due->index);
            // Always room: one was just taken out.
            [[maybe_unused]] const bool room = backlog_.push(other, *due);
        }
        serve_backlog(other);
    }
}

// Connections that were idle all the time would not look into the backlog by themselves.
void Worker::serve_backlog(App app) {
    while (!backlog_.empty(app)) {
        Slot* slot = pop_idle(app);
        if (slot == nullptr) {
            return;
        }
        send(*slot, *backlog_.pop(app), false);
    }
}

}  // namespace harness::load
