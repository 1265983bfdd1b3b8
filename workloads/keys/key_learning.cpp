#include "workloads/keys/key_learning.hpp"

#include "workloads/conflicts/transactions.hpp"
#include "workloads/keys/sequence_places.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace workloads::keys {
namespace {

using Kind = Step::Kind;

// Rows of one INSERT: of more nobody uses every key before the next one comes.
constexpr std::uint64_t most_rows = 1'000;
// So many pairs show whether a sequence's values ascend, and that share of them has to.
constexpr std::size_t enough_pairs = 8;
// Where more than one key in so many is used by other sessions too, connections are pooled: what a
// session uses after its transaction is anybody's.
constexpr std::size_t one_shared_in = 10;

constexpr std::size_t no_block = std::numeric_limits<std::size_t>::max();

}  // namespace

// A row and the key that its session used next.
struct KeyLearning::Pair {
    LearnedKey key;
    bool in_transaction = false;  // of the INSERT: nobody else can have seen the row
};

// One session's INSERTs of one domain that wait for their keys.
struct KeyLearning::Claims {
    std::size_t block = no_block;
    std::vector<LearnedKey> rows;
    std::vector<std::uint64_t> seen;
    bool in_transaction = true;
};

class KeyLearning::Session {
public:
    Session(const KeyLearning& all, const News& news, std::uint32_t session,
            std::vector<Pair>& found)
        : all_{all},
          news_{news},
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
            all_.first_use(step) < all_.recording_.events[claims.rows.front().event].start_us ||
            std::find(claims.seen.begin(), claims.seen.end(), step.value) != claims.seen.end()) {
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
    std::vector<conflicts::Transaction> blocks_;
    std::size_t at_ = 0;
    std::map<Domain, Claims> claims_;
    std::unordered_set<std::uint64_t> own_;  // whose row is known
    std::vector<Pair>& found_;
};

KeyLearning::KeyLearning(const Recording& recording, std::span<const KeyColumn> columns,
                         std::span<const Step> steps)
    : recording_{recording},
      columns_{columns},
      steps_{steps},
      first_draw_(columns.size(), std::numeric_limits<std::int64_t>::max()) {
    for (std::uint32_t i = 0; i < steps_.size(); ++i) {
        const auto& step = steps_[i];
        if (step.kind == Kind::uses || step.kind == Kind::gives) {
            uses_.push_back(i);
        } else {
            first_draw_[step.domain] = std::min(first_draw_[step.domain], start_of(step));
        }
    }
    std::sort(uses_.begin(), uses_.end(), [this](std::uint32_t a, std::uint32_t b) {
        const auto place = [this](std::uint32_t i) {
            return std::tuple{steps_[i].domain, steps_[i].value, start_of(steps_[i]), i};
        };
        return place(a) < place(b);
    });
}

std::uint64_t KeyLearning::key_of(Domain domain, std::uint64_t value) noexcept {
    // Neighbours of one domain must not meet those of another: golden ratio, odd.
    return value ^ (std::uint64_t{domain} + 1) * 0x9e37'79b9'7f4a'7c15U;
}

std::int64_t KeyLearning::start_of(const Step& step) const {
    return recording_.events[step.event].start_us;
}

std::span<const std::uint32_t> KeyLearning::uses_of(Domain domain, std::uint64_t value) const {
    const auto place = [this](std::uint32_t i) {
        return std::pair{steps_[i].domain, steps_[i].value};
    };
    const auto wanted = std::pair{domain, value};
    const auto begin =
        std::partition_point(uses_.begin(), uses_.end(), [&](auto i) { return place(i) < wanted; });
    const auto end =
        std::partition_point(begin, uses_.end(), [&](auto i) { return place(i) == wanted; });
    return {begin, end};
}

std::int64_t KeyLearning::first_use(const Step& use) const {
    return start_of(steps_[uses_of(use.domain, use.value).front()]);
}

bool KeyLearning::is_new(const Step& use, const News& news) const {
    if (!columns_[use.domain].is_sequence()) {
        return news.absent != nullptr && news.absent->contains(key_of(use.domain, use.value));
    }
    const auto& above = news.above[use.domain];
    return above && number_of(use.value) > *above;
}

bool KeyLearning::is_given(const Step& use) const {
    const auto uses = uses_of(use.domain, use.value);
    return std::any_of(uses.begin(), uses.end(),
                       [this](std::uint32_t each) { return steps_[each].kind == Kind::gives; });
}

std::vector<Question> KeyLearning::questions(std::size_t most) const {
    std::vector<Question> all;
    for (std::size_t i = 0; i < uses_.size() && all.size() < most; ++i) {
        const auto& use = steps_[uses_[i]];
        const bool first = i == 0 || steps_[uses_[i - 1]].domain != use.domain ||
                           steps_[uses_[i - 1]].value != use.value;
        if (first && use.kind == Kind::uses && !columns_[use.domain].is_sequence() &&
            start_of(use) >= first_draw_[use.domain]) {
            all.push_back({use.domain, use.value, use.event});
        }
    }
    return all;
}

std::vector<KeyLearning::Pair> KeyLearning::pairs(const News& news) const {
    std::vector<Pair> found;
    std::optional<Session> session;
    std::uint32_t number = 0;
    for (const auto& step : steps_) {
        const auto of = recording_.events[step.event].session;
        if (!session || of != number) {
            number = of;
            session.emplace(*this, news, number, found);
        }
        session->take(step);
    }
    return found;
}

std::vector<std::optional<std::int64_t>> KeyLearning::ascents() const {
    News any{.above = std::vector<std::optional<std::int64_t>>(
                 columns_.size(), std::numeric_limits<std::int64_t>::min())};
    auto all = pairs(any);
    std::stable_sort(all.begin(), all.end(), [this](const Pair& a, const Pair& b) {
        return recording_.events[a.key.event].start_us < recording_.events[b.key.event].start_us;
    });
    std::vector<std::vector<std::int64_t>> values(columns_.size());
    for (const auto& pair : all) {
        if (columns_[pair.key.domain].is_sequence()) {
            values[pair.key.domain].push_back(number_of(pair.key.value));
        }
    }
    std::vector<std::optional<std::int64_t>> above(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const auto ascent = longest_ascent(values[i]);
        if (ascent.size() >= enough_pairs && ascent.size() * 2 >= values[i].size()) {
            above[i] = values[i][ascent.front()] - 1;
        }
    }
    return above;
}

std::vector<KeyLearning::Pair> KeyLearning::agreed(std::vector<Pair> all) const {
    // Of what sessions used after their transactions: how much of it is used by others, too.
    std::vector<std::size_t> later(columns_.size()), shared(columns_.size());
    std::unordered_map<std::uint64_t, std::pair<std::size_t, std::size_t>> claims;
    for (const auto& [key, in_transaction] : all) {
        auto& [certain, others] = claims[key_of(key.domain, key.value)];
        ++(in_transaction ? certain : others);
        if (in_transaction) {
            continue;
        }
        ++later[key.domain];
        const auto uses = uses_of(key.domain, key.value);
        shared[key.domain] += std::any_of(uses.begin(), uses.end(),
                                          [&](std::uint32_t use) {
                                              return recording_.events[steps_[use].event].session !=
                                                     recording_.events[key.event].session;
                                          })
                                  ? 1U
                                  : 0U;
    }
    // What two sessions claim is nobody's, but for one that nobody else can have seen.
    std::erase_if(all, [&](const Pair& pair) {
        const auto& [certain, others] = claims[key_of(pair.key.domain, pair.key.value)];
        if (pair.in_transaction) {
            return certain > 1;
        }
        const auto domain = pair.key.domain;
        return certain > 0 || others > 1 || shared[domain] * one_shared_in > later[domain];
    });
    return all;
}

void KeyLearning::add_guesses(const News& news, std::vector<LearnedKey>& keys) const {
    std::map<std::tuple<Domain, std::uint32_t, std::uint32_t>, std::int64_t> known;
    std::unordered_set<std::uint64_t> taken;
    for (const auto& key : keys) {
        known[{key.domain, key.event, key.row}] = number_of(key.value);
        taken.insert(key_of(key.domain, key.value));
    }
    std::vector<std::vector<const Step*>> of_domain(columns_.size());
    for (const auto& step : steps_) {
        const bool draws = step.kind == Kind::draws || step.kind == Kind::draws_untold;
        if (draws && columns_[step.domain].is_sequence() && news.above[step.domain]) {
            of_domain[step.domain].push_back(&step);
        }
    }
    for (auto& steps : of_domain) {
        std::stable_sort(steps.begin(), steps.end(), [this](const Step* a, const Step* b) {
            return start_of(*a) < start_of(*b);
        });
        std::vector<Draw> draws;
        std::vector<LearnedKey> rows;
        for (const auto* step : steps) {
            const bool failed = recording_.events[step->event].outcome != Event::went_through;
            const bool unknown = failed || step->value == 0 || step->value > most_rows;
            for (std::uint32_t row = 0; row < (unknown ? 1 : step->value); ++row) {
                Draw draw{start_of(*step), std::nullopt, unknown};
                const auto found = known.find({step->domain, step->event, row});
                if (found != known.end()) {
                    draw.value = found->second;
                }
                draws.push_back(draw);
                rows.push_back({step->event, row, step->domain, step->kind == Kind::draws,
                                0});  // only those can be asked again
            }
        }
        for (const auto& guess : guessed_places(draws)) {
            auto key = rows[guess.draw];
            key.value = static_cast<std::uint64_t>(guess.value);
            const auto uses = uses_of(key.domain, key.value);
            if (key.is_guess && !uses.empty() &&
                start_of(steps_[uses.front()]) >= draws[guess.draw].start_us &&
                taken.insert(key_of(key.domain, key.value)).second) {
                keys.push_back(key);
            }
        }
    }
}

void KeyLearning::count(const News& news, Learning& learning) const {
    std::unordered_set<std::uint64_t> mapped;
    for (const auto& key : learning.keys) {
        mapped.insert(key_of(key.domain, key.value));
    }
    bool uses_mapped = false, uses_unmapped = false;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const auto& step = steps_[i];
        if (step.kind == Kind::draws) {
            learning.drawn += step.value;
        } else if (step.kind == Kind::uses) {
            const bool known = mapped.contains(key_of(step.domain, step.value));
            uses_mapped = uses_mapped || known;
            uses_unmapped = uses_unmapped || (!known && is_new(step, news) && !is_given(step));
        }
        if (i + 1 == steps_.size() || steps_[i + 1].event != step.event) {
            learning.mapped_calls += uses_mapped && !uses_unmapped ? 1U : 0U;
            learning.unmapped_calls += uses_unmapped ? 1U : 0U;
            uses_mapped = uses_unmapped = false;
        }
    }
}

Learning KeyLearning::learn(std::span<const std::optional<std::int64_t>> highest,
                            const std::unordered_set<std::uint64_t>& absent) const {
    News news{.above = {highest.begin(), highest.end()}, .absent = &absent};
    auto found = agreed(pairs(news));
    // The target's sequences may have gone on since: then no recorded key looks new.
    News by_ascent{.above = ascents(), .absent = &absent};
    const auto by_order = agreed(pairs(by_ascent));
    const auto count_of = [](const std::vector<Pair>& all, Domain domain) {
        return std::count_if(all.begin(), all.end(),
                             [&](const Pair& pair) { return pair.key.domain == domain; });
    };
    bool changed = false;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const auto domain = static_cast<Domain>(i);
        if (by_ascent.above[i] && count_of(found, domain) * 2 < count_of(by_order, domain)) {
            news.above[i] = by_ascent.above[i];
            changed = true;
        }
    }
    if (changed) {
        found = agreed(pairs(news));
    }
    Learning learning;
    for (const auto& pair : found) {
        learning.keys.push_back(pair.key);
    }
    add_guesses(news, learning.keys);
    std::sort(
        learning.keys.begin(), learning.keys.end(), [](const LearnedKey& a, const LearnedKey& b) {
            return std::tuple{a.event, a.row, a.domain} < std::tuple{b.event, b.row, b.domain};
        });
    count(news, learning);
    return learning;
}

}  // namespace workloads::keys
