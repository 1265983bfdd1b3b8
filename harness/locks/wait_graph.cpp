#include "harness/locks/wait_graph.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <unordered_map>

namespace harness::locks {
namespace {

using database::LockSample;

// The nearest roots first: a breadth-first walk from all roots at once, so that a queue of a
// thousand waiters costs its edges once and not once for each waiter.
class Walk {
public:
    explicit Walk(const LockSample& sample) : sample_{sample}, chains_(sample.waiters.size()) {
        for (std::size_t i = 0; i < sample.waiters.size(); ++i) {
            if (!sample.waiters[i].blockers.empty()) {
                waiter_of_.emplace(sample.waiters[i].session, i);
            }
        }
        for (const auto& session : sample.sessions) {
            started_.emplace(session.session, session.transaction_start_us);
        }
    }

    std::vector<Chain> run() {
        std::vector<std::size_t> open;
        for (const auto& [session, index] : waiter_of_) {
            open.push_back(index);
        }
        std::sort(open.begin(), open.end());
        for (unsigned links = 1; !open.empty(); ++links) {
            const auto resolved = resolve(open, links);
            if (resolved == 0) {
                break;
            }
        }
        for (const auto index : open) {
            close_cycle(index);
        }
        std::vector<Chain> result;
        for (const auto& chain : chains_) {
            if (chain) {
                result.push_back(*chain);
            }
        }
        return result;
    }

private:
    // Finds the chains that are `links` long and takes them out of `open`.
    std::size_t resolve(std::vector<std::size_t>& open, unsigned links) {
        std::vector<std::pair<std::size_t, Chain>> found;
        std::vector<std::size_t> rest;
        for (const auto index : open) {
            auto chain = links == 1 ? at_root(index) : behind(index, links);
            if (chain) {
                found.emplace_back(index, *chain);
            } else {
                rest.push_back(index);
            }
        }
        for (auto& [index, chain] : found) {
            chains_[index] = chain;
        }
        open = std::move(rest);
        return found.size();
    }

    // Older transactions first; one that is in no transaction last.
    [[nodiscard]] std::tuple<std::int64_t, std::int64_t> rank(std::int64_t session) const {
        const auto found = started_.find(session);
        const std::int64_t start = found == started_.end() ? 0 : found->second;
        return {start == 0 ? std::numeric_limits<std::int64_t>::max() : start, session};
    }

    std::optional<Chain> at_root(std::size_t index) const {
        std::optional<std::int64_t> root;
        for (const auto blocker : sample_.waiters[index].blockers) {
            if (!waiter_of_.contains(blocker) && (!root || rank(blocker) < rank(*root))) {
                root = blocker;
            }
        }
        return root ? std::optional{Chain{index, *root, *root, 1, std::nullopt, false}}
                    : std::nullopt;
    }

    std::optional<Chain> behind(std::size_t index, unsigned links) const {
        const auto& waiter = sample_.waiters[index];
        const Chain* next = nullptr;
        for (const auto blocker : waiter.blockers) {
            const auto& chain = chains_[waiter_of_.at(blocker)];
            if (chain && (next == nullptr || before(*chain, *next))) {
                next = &*chain;
            }
        }
        if (next == nullptr) {
            return std::nullopt;
        }
        const auto ahead = sample_.waiters[next->waiter].session;
        Chain chain{index, next->root, ahead, links, next->queued, false};
        if (!chain.queued && waiter.kind != "tuple") {
            chain.queued = ahead;
        }
        return chain;
    }

    [[nodiscard]] bool before(const Chain& a, const Chain& b) const {
        const auto of = [&](const Chain& c) {
            return std::tuple{rank(c.root), rank(sample_.waiters[c.waiter].session)};
        };
        return of(a) < of(b);
    }

    // All that is left waits, in the end, for itself. Always following the smallest blocker leads
    // into the same cycle from wherever one enters it.
    void close_cycle(std::size_t index) {
        const auto next = [&](std::int64_t session) {
            const auto& blockers = sample_.waiters[waiter_of_.at(session)].blockers;
            return *std::min_element(blockers.begin(), blockers.end());
        };
        const std::int64_t session = sample_.waiters[index].session;
        std::int64_t slow = session;
        std::int64_t fast = session;
        do {  // Floyd: both are on the cycle when they meet
            slow = next(slow);
            fast = next(next(fast));
        } while (slow != fast);
        std::int64_t root = slow;
        for (auto at = next(slow); at != slow; at = next(at)) {
            root = std::min(root, at);
        }
        chains_[index] = Chain{index, root, next(session), 1, std::nullopt, true};
    }

    const LockSample& sample_;
    std::vector<std::optional<Chain>> chains_;
    std::unordered_map<std::int64_t, std::size_t> waiter_of_;
    std::unordered_map<std::int64_t, std::int64_t> started_;
};

}  // namespace

std::vector<Chain> follow(const LockSample& sample) {
    return Walk{sample}.run();
}

}  // namespace harness::locks
