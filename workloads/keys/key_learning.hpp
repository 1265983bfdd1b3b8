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
        gives,  // the application draws it itself
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
};

// A value whose presence on the target decides whether it is a new one, and a call that uses it.
struct Question {
    Domain domain = 0;
    std::uint64_t value = 0;
    std::uint32_t event = 0;
};

class KeyLearning {
public:
    // `steps`: each session's together, in its order. All must outlive it.
    KeyLearning(const Recording& recording, std::span<const KeyColumn> columns,
                std::span<const Step> steps);

    // Values that are no sequence's and may be new: at most that many.
    [[nodiscard]] std::vector<Question> questions(std::size_t most) const;

    // `highest`: for each column what its sequence had drawn at the replay's beginning; none where
    // nobody knows. `absent`: of the questions' values those that the target has not, with their
    // domain: see key_of().
    [[nodiscard]] Learning learn(std::span<const std::optional<std::int64_t>> highest,
                                 const std::unordered_set<std::uint64_t>& absent) const;

    // A value of a domain as one number, different from others' as far as 64 bits tell.
    [[nodiscard]] static std::uint64_t key_of(Domain domain, std::uint64_t value) noexcept;

private:
    struct Pair;
    struct Claims;
    class Session;
    // What is new of a domain.
    struct News {
        std::vector<std::optional<std::int64_t>> above;  // of sequences
        const std::unordered_set<std::uint64_t>* absent = nullptr;
    };

    [[nodiscard]] bool is_new(const Step& use, const News& news) const;
    [[nodiscard]] std::int64_t start_of(const Step& step) const;
    // Of all that use its value.
    [[nodiscard]] std::span<const std::uint32_t> uses_of(Domain domain, std::uint64_t value) const;
    [[nodiscard]] std::int64_t first_use(const Step& use) const;
    // By the application, in some call.
    [[nodiscard]] bool is_given(const Step& use) const;
    [[nodiscard]] std::vector<Pair> pairs(const News& news) const;
    // Above which a sequence's values are new, by the order of its values alone.
    [[nodiscard]] std::vector<std::optional<std::int64_t>> ascents() const;
    [[nodiscard]] std::vector<Pair> agreed(std::vector<Pair> all) const;
    void add_guesses(const News& news, std::vector<LearnedKey>& keys) const;
    void count(const News& news, Learning& learning) const;

    const Recording& recording_;
    std::span<const KeyColumn> columns_;
    std::span<const Step> steps_;
    std::vector<std::uint32_t> uses_;       // in steps_, by domain, value, start
    std::vector<std::int64_t> first_draw_;  // of each domain
};

}  // namespace workloads::keys
