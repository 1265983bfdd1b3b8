#include "checksum/chunk_plan.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace checksum {

ChunkPlan::ChunkPlan(std::uint64_t positions, std::uint64_t chunk_size, std::size_t workers)
    : positions_{positions}, chunk_size_{chunk_size}, workers_(workers) {
    if (workers == 0 || chunk_size == 0) {
        throw std::invalid_argument{"a plan needs workers and chunks of at least one position"};
    }
    const std::uint64_t share = positions / workers;
    const std::uint64_t longer = positions % workers;
    std::uint64_t first = 0;
    for (std::size_t i = 0; i < workers; ++i) {
        const std::uint64_t last = first + share + (i < longer ? 1 : 0);
        workers_[i].share = {first, last};
        first = last;
    }
}

std::optional<Chunk> ChunkPlan::next(std::size_t worker) {
    done(worker);
    Worker& own = workers_.at(worker);
    if (own.share.size() == 0) {
        const auto stolen = steal();
        if (!stolen) {
            return std::nullopt;
        }
        own.share = *stolen;
    }
    const std::uint64_t size = std::min(chunk_size_, own.share.size());
    own.running = Chunk{own.share.first, own.share.first + size};
    own.share.first += size;
    return own.running;
}

std::optional<Chunk> ChunkPlan::steal() {
    if (!returned_.empty()) {
        const Chunk chunk = returned_.back();
        returned_.pop_back();
        return chunk;
    }
    const auto victim = std::ranges::max_element(
        workers_, {}, [](const Worker& worker) { return worker.share.size(); });
    Chunk& share = victim->share;
    if (share.size() == 0) {
        return std::nullopt;
    }
    // What is left of one chunk is taken whole.
    const std::uint64_t half = share.size() <= chunk_size_ ? share.size() : share.size() / 2;
    const Chunk stolen{share.last - half, share.last};
    share.last -= half;
    return stolen;
}

std::optional<Chunk> ChunkPlan::running(std::size_t worker) const {
    return workers_.at(worker).running;
}

bool ChunkPlan::split(std::size_t worker, std::uint64_t cut) {
    auto& running = workers_.at(worker).running;
    if (!running || cut <= running->first || cut >= running->last) {
        return false;
    }
    returned_.push_back({cut, running->last});
    running->last = cut;
    return true;
}

std::optional<std::size_t> ChunkPlan::fattest() const {
    std::optional<std::size_t> found;
    std::uint64_t most = 1;
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        if (workers_[i].running && workers_[i].running->size() > most) {
            most = workers_[i].running->size();
            found = i;
        }
    }
    return found;
}

void ChunkPlan::give_back(std::size_t worker) {
    if (const auto chunk = std::exchange(workers_.at(worker).running, std::nullopt)) {
        returned_.push_back(*chunk);
    }
}

void ChunkPlan::done(std::size_t worker) {
    if (const auto chunk = std::exchange(workers_.at(worker).running, std::nullopt)) {
        positions_done_ += chunk->size();
    }
}

KeyRange key_range(Chunk chunk, std::size_t boundaries) noexcept {
    KeyRange range;
    if (chunk.first > 0) {
        range.from = static_cast<std::size_t>(chunk.first - 1);
    }
    if (chunk.last <= boundaries) {
        range.below = static_cast<std::size_t>(chunk.last - 1);
    }
    return range;
}

}  // namespace checksum
