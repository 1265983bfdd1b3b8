#include "workloads/keys/key_learning.hpp"

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

// So many pairs show whether a sequence's values ascend, and that share of them has to.
constexpr std::size_t enough_pairs = 8;
// Where more than one key in so many is used by other sessions too, connections are pooled: what a
// session uses after its transaction is anybody's.
constexpr std::size_t one_shared_in = 10;

// So many values of a sequence are drawn between two that a log shows, mostly.
constexpr std::int64_t most_drawn_unseen = 20;

// Beyond them nothing can be added any more.
constexpr std::int64_t lowest_compared = std::numeric_limits<std::int64_t>::min() / 2,
                       highest_compared = std::numeric_limits<std::int64_t>::max() / 2;

}  // namespace

KeyLearning::KeyLearning(const Recording& recording, std::span<const KeyColumn> columns,
                         std::span<const Step> steps)
    : recording_{recording},
      columns_{columns},
      steps_{steps},
      first_draw_(columns.size(), std::numeric_limits<std::uint64_t>::max()) {
    for (std::uint32_t i = 0; i < steps_.size(); ++i) {
        const auto& step = steps_[i];
        if (step.kind == Kind::uses || step.kind == Kind::gives) {
            uses_.push_back(i);
            if (step.kind == Kind::gives) {
                given_.insert(key_of(step.domain, step.value));
            }
        } else if (step.kind != Kind::bounds) {
            first_draw_[step.domain] = std::min(first_draw_[step.domain], place_of(step.event));
        }
    }
    std::sort(uses_.begin(), uses_.end(), [this](std::uint32_t a, std::uint32_t b) {
        const auto place = [this](std::uint32_t i) {
            return std::tuple{steps_[i].domain, steps_[i].value, place_of(steps_[i].event), i};
        };
        return place(a) < place(b);
    });
}

std::uint64_t KeyLearning::key_of(Domain domain, std::uint64_t value) noexcept {
    // Neighbours of one domain must not meet those of another: golden ratio, odd.
    return value ^ (std::uint64_t{domain} + 1) * 0x9e37'79b9'7f4a'7c15U;
}

std::uint64_t KeyLearning::place_of(std::uint32_t event) const {
    const auto place = recording_.events[event].place();
    return std::uint64_t{place.file} << 48U | place.offset;
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

std::uint64_t KeyLearning::first_use(const Step& use) const {
    return place_of(steps_[uses_of(use.domain, use.value).front()].event);
}

bool KeyLearning::is_new(const Step& use, const News& news) const {
    const auto& above = news.above[use.domain];
    return (above && columns_[use.domain].is_sequence() && number_of(use.value) > *above) ||
           (news.absent != nullptr && news.absent->contains(key_of(use.domain, use.value)));
}

bool KeyLearning::may_be_new(const Step& use) const {
    return !given_.contains(key_of(use.domain, use.value)) &&
           first_use(use) >= first_draw_[use.domain];
}

std::vector<Question> KeyLearning::questions(Highest highest) const {
    const News above{.above = {highest.begin(), highest.end()}, .absent = nullptr};
    std::vector<Question> all;
    for (std::size_t i = 0; i < uses_.size(); ++i) {
        const auto& use = steps_[uses_[i]];
        const bool first = i == 0 || steps_[uses_[i - 1]].domain != use.domain ||
                           steps_[uses_[i - 1]].value != use.value;
        if (first && place_of(use.event) >= first_draw_[use.domain] && !is_new(use, above) &&
            !given_.contains(key_of(use.domain, use.value))) {
            all.push_back({use.domain, use.value, use.event});
        }
    }
    return all;
}

std::vector<const KeyLearning::Pair*> KeyLearning::by_place(const std::vector<Pair>& all,
                                                            Domain domain) const {
    std::vector<const Pair*> found;
    for (const auto& pair : all) {
        if (pair.key.domain == domain) {
            found.push_back(&pair);
        }
    }
    std::stable_sort(found.begin(), found.end(), [this](const Pair* a, const Pair* b) {
        return std::pair{place_of(a->key.event), a->key.row} <
               std::pair{place_of(b->key.event), b->key.row};
    });
    return found;
}

std::int64_t KeyLearning::disorder() const {
    constexpr std::int64_t draws_at_once = 4;  // that one session logs before another's one
    return draws_at_once * static_cast<std::int64_t>(recording_.sessions.size());
}

std::vector<std::optional<std::int64_t>> KeyLearning::ascents() const {
    const News any{.above = std::vector<std::optional<std::int64_t>>(
                       columns_.size(), std::numeric_limits<std::int64_t>::min()),
                   .absent = nullptr};
    const auto all = pairs(any);
    std::vector<std::optional<std::int64_t>> above(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (!columns_[i].is_sequence()) {
            continue;
        }
        std::vector<std::int64_t> values;
        for (const auto* pair : by_place(all, static_cast<Domain>(i))) {
            values.push_back(number_of(pair->key.value));
        }
        const auto ascent = longest_ascent(values);
        // Old values may happen to lead it; they lie far below what is drawn next.
        const auto begin =
            std::adjacent_find(ascent.begin(), ascent.end(), [&](std::size_t a, std::size_t b) {
                const auto rows = static_cast<std::int64_t>(b - a);
                std::int64_t apart = 0;
                return !__builtin_sub_overflow(values[b], values[a], &apart) &&
                       apart <= most_drawn_unseen * rows + disorder();
            });
        const auto left = static_cast<std::size_t>(ascent.end() - begin);
        if (left >= enough_pairs && left * 2 >= values.size()) {
            above[i] = std::max(values[*begin], lowest_compared) - 1 - disorder();
        }
    }
    return above;
}

std::vector<KeyLearning::Pair> KeyLearning::in_order(std::vector<Pair> all, Highest highest) const {
    std::unordered_set<std::uint64_t> out_of_order;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const auto pairs = by_place(all, static_cast<Domain>(i));
        if (!columns_[i].is_sequence() || !highest[i] || pairs.size() < enough_pairs) {
            continue;
        }
        std::vector<std::int64_t> values;
        for (const auto* pair : pairs) {
            values.push_back(
                std::clamp(number_of(pair->key.value), lowest_compared, highest_compared));
        }
        const auto ascent = longest_ascent(values);
        std::size_t next = 0;  // in the ascent
        for (std::size_t k = 0; k < values.size(); ++k) {
            next += next < ascent.size() && ascent[next] < k ? 1U : 0U;
            const bool fits =
                (next == 0 || values[k] + disorder() >= values[ascent[next - 1]]) &&
                (next == ascent.size() || values[k] - disorder() <= values[ascent[next]]);
            if (!fits && values[k] <= *highest[i]) {
                out_of_order.insert(key_of(pairs[k]->key.domain, pairs[k]->key.value));
            }
        }
    }
    std::erase_if(all, [&](const Pair& pair) {
        return out_of_order.contains(key_of(pair.key.domain, pair.key.value));
    });
    return all;
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
            return place_of(a->event) < place_of(b->event);
        });
        std::vector<Draw> draws;
        std::vector<LearnedKey> rows;
        for (const auto* step : steps) {
            const bool failed = recording_.events[step->event].outcome != Event::went_through;
            const bool unknown = failed || step->value == 0 || step->value > most_rows;
            for (std::uint32_t row = 0; row < (unknown ? 1 : step->value); ++row) {
                Draw draw{std::nullopt, unknown};
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
                place_of(steps_[uses.front()].event) >= place_of(key.event) &&
                taken.insert(key_of(key.domain, key.value)).second) {
                keys.push_back(key);
            }
        }
    }
}

std::vector<bool> KeyLearning::aligned(const News& news, Highest highest) const {
    std::vector<std::uint64_t> draws(columns_.size()), drawn(columns_.size()),
        beyond(columns_.size());
    for (const auto& step : steps_) {
        if (step.kind == Kind::draws || step.kind == Kind::draws_untold) {
            draws[step.domain] += std::max<std::uint64_t>(step.value, 1);
        }
    }
    for (const auto& step : steps_) {
        if (step.kind != Kind::uses || !columns_[step.domain].is_sequence() ||
            !highest[step.domain] || !is_new(step, news)) {
            continue;
        }
        // What others drew, or was drawn in vain, leaves gaps.
        const auto expected = draws[step.domain] + draws[step.domain] / 10 + 100;
        const auto number = number_of(step.value);
        const bool fits =
            number > *highest[step.domain] &&
            step.value - static_cast<std::uint64_t>(*highest[step.domain]) <= expected;
        ++(fits ? drawn : beyond)[step.domain];
    }
    std::vector<bool> all(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        all[i] = columns_[i].is_sequence() && highest[i] && news.above[i] == highest[i] &&
                 beyond[i] * 100 <= drawn[i] + beyond[i];
    }
    return all;
}

void KeyLearning::count(const News& news, Highest highest, const std::vector<bool>& undecided,
                        Learning& learning) const {
    const auto begins_there = aligned(news, highest);
    std::unordered_set<std::uint64_t> mapped;
    for (const auto& key : learning.keys) {
        mapped.insert(key_of(key.domain, key.value));
    }
    bool uses_mapped = false, uses_unmapped = false, is_astray = false;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const auto& step = steps_[i];
        if (step.kind == Kind::draws) {
            learning.drawn += step.value;
        } else if (step.kind == Kind::uses) {
            const bool known = mapped.contains(key_of(step.domain, step.value));
            uses_mapped = uses_mapped || known;
            if (!known && (is_new(step, news) || undecided[step.domain]) && may_be_new(step)) {
                uses_unmapped = true;
                is_astray = is_astray || undecided[step.domain] || !begins_there[step.domain] ||
                            number_of(step.value) <= *highest[step.domain];
            }
        }
        if (i + 1 == steps_.size() || steps_[i + 1].event != step.event) {
            learning.mapped_calls += uses_mapped && !uses_unmapped ? 1U : 0U;
            learning.unmapped_calls += uses_unmapped ? 1U : 0U;
            learning.astray_calls += is_astray ? 1U : 0U;
            uses_mapped = uses_unmapped = is_astray = false;
        }
    }
}

Learning KeyLearning::learn(Highest highest, const std::unordered_set<std::uint64_t>& absent,
                            const std::vector<bool>& undecided) const {
    News news{.above = {highest.begin(), highest.end()}, .absent = &absent};
    auto found = in_order(agreed(pairs(news)), highest);
    // The target may hold rows with the keys that the recording's INSERTs drew: then none is new.
    const News by_ascent{.above = ascents(), .absent = &absent};
    const auto by_order = agreed(pairs(by_ascent));
    std::vector<std::size_t> changed;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const auto domain = static_cast<Domain>(i);
        const auto as_it_is = by_place(found, domain).size();
        if (by_ascent.above[i] &&
            by_place(by_order, domain).size() > as_it_is * 2 + enough_pairs / 2) {
            news.above[i] = by_ascent.above[i];
            changed.push_back(i);
        }
    }
    if (!changed.empty()) {
        found = in_order(agreed(pairs(news)), highest);
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
    for (const auto domain : changed) {
        *news.above[domain] += disorder();  // within which old values may lie
    }
    count(news, highest, undecided, learning);
    return learning;
}

}  // namespace workloads::keys
