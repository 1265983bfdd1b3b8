// Who reads what: splits a table into chunks and deals them out so that no fat range makes a tail.
//
// Positions are whatever the engine can cut a scan at: pages of a heap (a chunk is then the TID
// range from (first,0) to before (last,0)), or numbers of boundaries of a key
// (checksum::key_range). Not thread-safe: the workers' owner guards it. A call a chunk, thousands
// of rows each.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace checksum {

struct Chunk {
    std::uint64_t first = 0;
    std::uint64_t last = 0;  // not included

    [[nodiscard]] std::uint64_t size() const noexcept { return last - first; }
    [[nodiscard]] bool operator==(const Chunk&) const noexcept = default;
};

class ChunkPlan {
public:
    // Throws std::invalid_argument for no workers or a chunk size of 0.
    ChunkPlan(std::uint64_t positions, std::uint64_t chunk_size, std::size_t workers);

    // The worker's next chunk, after the one it had is done: from the front of its own share, so
    // that it reads in order; if that is used up, from a half taken off the end of the largest
    // share of another. Nothing when everything has been dealt out (what is still running may yet
    // be split or given back: see finished()).
    [[nodiscard]] std::optional<Chunk> next(std::size_t worker);

    // The chunk a worker is reading.
    [[nodiscard]] std::optional<Chunk> running(std::size_t worker) const;
    // Cuts a running chunk: its worker reads only [first, cut), the rest is dealt out again. False,
    // and nothing changes, unless the cut is inside the chunk.
    [[nodiscard]] bool split(std::size_t worker, std::uint64_t cut);
    // The worker with the largest running chunk that is at least two positions long.
    [[nodiscard]] std::optional<std::size_t> fattest() const;
    // Its chunk was not read (a lost connection): it is dealt out again. What the worker had
    // digested of it must be thrown away.
    void give_back(std::size_t worker);
    // The worker's chunk is done, without asking for another.
    void done(std::size_t worker);

    [[nodiscard]] std::uint64_t positions() const noexcept { return positions_; }
    [[nodiscard]] std::uint64_t positions_done() const noexcept { return positions_done_; }
    // Every position has been read, each once.
    [[nodiscard]] bool finished() const noexcept { return positions_done_ == positions_; }

private:
    [[nodiscard]] std::optional<Chunk> steal();

    struct Worker {
        Chunk share;  // not dealt out yet
        std::optional<Chunk> running;
    };

    std::uint64_t positions_;
    std::uint64_t chunk_size_;
    std::uint64_t positions_done_ = 0;
    std::vector<Worker> workers_;
    std::vector<Chunk> returned_;  // cut off or given back
};

// The range of keys that a chunk over boundaries stands for: from boundary first - 1 (none before
// the first) to before boundary last - 1 (none after the last). n boundaries make n + 1 positions.
struct KeyRange {
    std::optional<std::size_t> from;   // boundary number, included
    std::optional<std::size_t> below;  // boundary number, not included
};
[[nodiscard]] KeyRange key_range(Chunk chunk, std::size_t boundaries) noexcept;

}  // namespace checksum
