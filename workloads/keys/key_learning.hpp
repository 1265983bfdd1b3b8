// Which recorded INSERT drew which key. A log holds no results: what a session used after its
// INSERT, and nobody before, is what it was given.
#pragma once

#include "workloads/keys/key_columns.hpp"
#include "workloads/recording.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

namespace workloads::keys {

// What a call does with one key.
struct Step {
    enum class Kind : std::uint8_t {
        draws,         // `value` rows, whose keys its result tells
        draws_untold,  // that many, told by no result; 0: nobody knows how many
        uses,
        bounds,  // keys are above or below it: nothing is learned from that
        gives,   // the application draws it itself
    };
    std::uint64_t value = 0;
    std::uint32_t event = 0;  // index in Recording::events
    Domain domain = 0;
    Kind kind = Kind::uses;
};

// A row that an INSERT made, with the key that it got then.
struct LearnedKey {
    std::uint32_t event = 0;
    std::uint32_t row = 0;
    Domain domain = 0;
    bool is_guess = false;  // by its place between two others of the sequence
    std::uint64_t value = 0;
};

struct Learning {
    std::vector<LearnedKey> keys;      // by event, row, domain; each value of a domain once
    std::uint64_t drawn = 0;           // rows whose keys some result told
    std::uint64_t mapped_calls = 0;    // that use at least one of `keys`
    std::uint64_t unmapped_calls = 0;  // that use a new key of which nobody knows where it is from
    // Of those: whose keys a replay draws otherwise for certain. Those of a sequence may come out
    // as they were where it begins where it began.
    std::uint64_t astray_calls = 0;
};

// A value whose presence on the target may decide whether it is new, and a call that uses it.
struct Question {
    Domain domain = 0;
    std::uint64_t value = 0;
    std::uint32_t event = 0;
};

class KeyLearning {
public:
    // Rows of one INSERT: of more nobody uses every key before the next one comes.
    static constexpr std::uint64_t most_rows = 1'000;

    // `steps`: each session's together, in its order. All must outlive it.
    KeyLearning(const Recording& recording, std::span<const KeyColumn> columns,
                std::span<const Step> steps);

    // For each column what its sequence has drawn at the replay's beginning; none where nobody
    // knows. What is above is new.
    using Highest = std::span<const std::optional<std::int64_t>>;

    // Of the rest, the values that may be new; by domain.
    [[nodiscard]] std::vector<Question> questions(Highest highest) const;

    // `absent`: of the questions' values those that the target has not, by key_of(). `undecided`:
    // for each column whether nobody answered them.
    [[nodiscard]] Learning learn(Highest highest, const std::unordered_set<std::uint64_t>& absent,
                                 const std::vector<bool>& undecided) const;

    // A value of a domain as one number, different from others' as far as 64 bits tell.
    [[nodiscard]] static std::uint64_t key_of(Domain domain, std::uint64_t value) noexcept;

private:
    // A row and the key that its session used next.
    struct Pair {
        LearnedKey key;
        bool in_transaction = false;  // of the INSERT: nobody else can have seen the row
    };
    struct Claims;
    class Seen;
    class Session;
    // What is new of a domain.
    struct News {
        std::vector<std::optional<std::int64_t>> above;  // of sequences
        const std::unordered_set<std::uint64_t>* absent = nullptr;
    };

    [[nodiscard]] bool is_new(const Step& use, const News& news) const;
    // Where its record stands: the order of the log is finer than its clock.
    [[nodiscard]] std::uint64_t place_of(std::uint32_t event) const;
    // Of all that use its value.
    [[nodiscard]] std::span<const std::uint32_t> uses_of(Domain domain, std::uint64_t value) const;
    [[nodiscard]] std::uint64_t first_use(const Step& use) const;
    // May be new, by where it is used first.
    [[nodiscard]] bool may_be_new(const Step& use) const;
    [[nodiscard]] std::vector<Pair> pairs(const News& news) const;
    [[nodiscard]] std::vector<Pair> pairs(const News& news, const Seen* seen) const;
    // Above which a sequence's values are new, by the order of its values alone.
    [[nodiscard]] std::vector<std::optional<std::int64_t>> ascents() const;
    [[nodiscard]] std::vector<Pair> agreed(std::vector<Pair> all) const;
    // Without those that are new only because the target has not got them, where they do not ascend
    // with the others: rows that a smaller copy lacks.
    [[nodiscard]] std::vector<Pair> in_order(std::vector<Pair> all, Highest highest) const;
    // Those of one column, in the order of the log.
    [[nodiscard]] std::vector<const Pair*> by_place(const std::vector<Pair>& all,
                                                    Domain domain) const;
    // So far from each other two sessions may log what they drew in another order.
    [[nodiscard]] std::int64_t disorder() const;
    void add_guesses(const News& news, std::vector<LearnedKey>& keys) const;
    // Sequences that begin where the recording's did, as far as their values tell.
    [[nodiscard]] std::vector<bool> aligned(const News& news, Highest highest) const;
    void count(const News& news, Highest highest, const std::vector<bool>& undecided,
               Learning& learning) const;

    const Recording& recording_;
    std::span<const KeyColumn> columns_;
    std::span<const Step> steps_;
    std::vector<std::uint32_t> uses_;          // in steps_, by domain, value, place
    std::vector<std::uint64_t> first_draw_;    // of each domain: its place
    std::unordered_set<std::uint64_t> given_;  // by key_of()
};

}  // namespace workloads::keys
