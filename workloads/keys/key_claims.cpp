// Which session used which new value after its INSERT.
#include "workloads/conflicts/transactions.hpp"
#include "workloads/keys/key_learning.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace workloads::keys {
namespace {

using Kind = Step::Kind;

constexpr std::size_t no_block = std::numeric_limits<std::size_t>::max();

}  // namespace

// One session's INSERTs of one domain that wait for their keys.
struct KeyLearning::Claims {
    std::size_t block = no_block;
    std::vector<LearnedKey> rows;
    std::vector<std::uint64_t> seen;
    bool in_transaction = true;
};

// Of each sequence, the highest new value that was used by each moment: what is drawn later is
// above it. By the clock: under load a record may be written long after the key was drawn.
class KeyLearning::Seen {
public:
    Seen(const KeyLearning& all, const News& news) : by_start_(all.columns_.size()) {
        for (const auto index : all.uses_) {
            const auto& use = all.steps_[index];
            if (all.columns_[use.domain].is_sequence() && all.is_new(use, news)) {
                by_start_[use.domain].emplace_back(all.recording_.events[use.event].start_us,
                                                   number_of(use.value));
            }
        }
        for (auto& uses : by_start_) {
            std::sort(uses.begin(), uses.end());
            for (std::size_t i = 1; i < uses.size(); ++i) {
                uses[i].second = std::max(uses[i].second, uses[i - 1].second);
            }
        }
    }

    [[nodiscard]] bool may_be_drawn_at(Domain domain, std::int64_t start_us,
                                       std::int64_t value) const {
        constexpr std::int64_t clock_us = 2'000;  // a log has whole milliseconds
        const auto& uses = by_start_[domain];
        const auto next = std::partition_point(
            uses.begin(), uses.end(),
            [start_us](const auto& use) { return use.first < start_us - clock_us; });
        return next == uses.begin() || std::prev(next)->second < value;
    }

private:
    std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>> by_start_;
};

class KeyLearning::Session {
public:
    // `seen`: null: values need not ascend.
    Session(const KeyLearning& all, const News& news, const Seen* seen, std::uint32_t session,
            std::vector<Pair>& found)
        : all_{all},
          news_{news},
          seen_{seen},
          blocks_{conflicts::transactions_of(all.recording_, session)},
          found_{found} {}

    void take(const Step& step) {
        const auto block = block_of(step.event);
        auto& claims = claims_[step.domain];
        switch (step.kind) {
            case Kind::draws:
                draw(step, block, claims);
                return;
            case Kind::uses:
                use(step, block, claims);
                return;
            case Kind::draws_untold:
                claims = {};
                return;
            case Kind::bounds:
                return;
            case Kind::gives:
                own_.insert(key_of(step.domain, step.value));
                return;
        }
    }

private:
    // Of the transaction block that the event is in; outside of one: no_block.
    [[nodiscard]] std::size_t block_of(std::size_t event) {
        while (at_ < blocks_.size() && blocks_[at_].last < event) {
            ++at_;
        }
        const bool in_block =
            at_ < blocks_.size() && blocks_[at_].first <= event &&
            all_.recording_.events[blocks_[at_].first].kind() == logs::StatementKind::begin;
        return in_block ? at_ : no_block;
    }

    static void draw(const Step& step, std::size_t block, Claims& claims) {
        if (!claims.seen.empty() || claims.block != block) {
            claims = {};
        }
        if (step.value > most_rows || claims.rows.size() > most_rows) {
            claims = {};
            return;
        }
        claims.block = block;
        for (std::uint32_t row = 0; row < step.value; ++row) {
            claims.rows.push_back(
                {.event = step.event, .row = row, .domain = step.domain, .value = 0});
        }
    }

    void use(const Step& step, std::size_t block, Claims& claims) {
        const auto key = key_of(step.domain, step.value);
        if (claims.rows.empty() || own_.contains(key) || !all_.is_new(step, news_) ||
            all_.first_use(step) < all_.place_of(claims.rows.front().event) ||
            std::find(claims.seen.begin(), claims.seen.end(), step.value) != claims.seen.end()) {
            return;
        }
        if (seen_ != nullptr && all_.columns_[step.domain].is_sequence() &&
            !seen_->may_be_drawn_at(step.domain,
                                    all_.recording_.events[claims.rows.front().event].start_us,
                                    number_of(step.value))) {
            return;
        }
        claims.seen.push_back(step.value);
        claims.in_transaction = claims.in_transaction && block != no_block && block == claims.block;
        if (claims.seen.size() == claims.rows.size()) {
            settle(claims);
            claims = {};
        }
    }

    void settle(Claims& claims) {
        const auto& column = all_.columns_[claims.rows.front().domain];
        if (claims.rows.size() > 1 && !column.is_sequence()) {
            return;  // nothing tells which is which
        }
        std::sort(claims.seen.begin(), claims.seen.end(),
                  [](std::uint64_t a, std::uint64_t b) { return number_of(a) < number_of(b); });
        for (std::size_t i = 0; i < claims.rows.size(); ++i) {
            auto key = claims.rows[i];
            key.value = claims.seen[i];
            own_.insert(key_of(key.domain, key.value));
            found_.push_back({key, claims.in_transaction});
        }
    }

    const KeyLearning& all_;
    const News& news_;
    const Seen* seen_;
    std::vector<conflicts::Transaction> blocks_;
    std::size_t at_ = 0;
    std::map<Domain, Claims> claims_;
    std::unordered_set<std::uint64_t> own_;  // whose row is known
    std::vector<Pair>& found_;
};

std::vector<KeyLearning::Pair> KeyLearning::pairs(const News& news) const {
    const Seen seen{*this, news};
    auto ascending = pairs(news, &seen);
    // A sequence that sessions cache does not ascend: each draws from numbers of its own.
    auto any = pairs(news, nullptr);
    constexpr std::size_t most = 5;
    return ascending.size() * most >= any.size() * (most - 1) ? ascending : any;
}

std::vector<KeyLearning::Pair> KeyLearning::pairs(const News& news, const Seen* seen) const {
    std::vector<Pair> found;
    std::optional<Session> session;
    std::uint32_t number = 0;
    for (const auto& step : steps_) {
        const auto of = recording_.events[step.event].session;
        if (!session || of != number) {
            number = of;
            session.emplace(*this, news, seen, number, found);
        }
        session->take(step);
    }
    return found;
}

}  // namespace workloads::keys
