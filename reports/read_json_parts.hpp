// Inside of read_json.cpp, read_measurements.cpp, read_verification.cpp and placebo_json.cpp.
#pragma once

#include "reports/record.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace reports::reading {

using Json = nlohmann::ordered_json;

// With the place in the file.
struct Malformed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Throws Malformed where the text is no JSON or nested deeper than any result is: a few megabytes
// of brackets would take gigabytes.
[[nodiscard]] Json parsed(std::string_view text);

inline constexpr std::uint64_t most_counted = std::uint64_t{1} << 53;

// A value and where it stands. Every accessor throws Malformed when it is of another kind.
class Part {
public:
    Part(const Json& json, std::string path) : json_{&json}, path_{std::move(path)} {}

    [[nodiscard]] Part operator[](const char* key) const;  // must be there
    [[nodiscard]] bool has(const char* key) const;         // is there and not null
    [[nodiscard]] bool is_null() const { return json_->is_null(); }

    [[nodiscard]] double number() const;  // null: not a number
    // Whole numbers of at least 0; a count is one that can be added up.
    [[nodiscard]] std::uint64_t any_count() const;
    [[nodiscard]] std::uint64_t count() const;
    [[nodiscard]] std::uint32_t small_count() const;
    [[nodiscard]] std::int64_t whole() const;
    [[nodiscard]] bool truth() const;
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string text_or_empty() const;  // null: empty
    [[nodiscard]] std::vector<std::string> texts() const;
    [[nodiscard]] std::map<std::string, std::string> named_texts() const;

    template <typename Read>
    [[nodiscard]] auto optional(Read&& read) const -> std::optional<decltype(read(*this))> {
        return is_null() ? std::nullopt : std::optional{read(*this)};
    }
    [[nodiscard]] std::optional<double> optional_number() const;
    [[nodiscard]] std::optional<std::uint64_t> optional_count() const;
    [[nodiscard]] std::optional<std::int64_t> optional_whole() const;
    [[nodiscard]] std::optional<std::string> optional_text() const;

    template <typename Visit>
    void for_each_item(Visit&& visit) const {
        require(json_->is_array(), "a list");
        for (std::size_t i = 0; i < json_->size(); ++i) {
            visit(Part{(*json_)[i], path_ + "[" + std::to_string(i) + "]"});
        }
    }
    template <typename Read>
    [[nodiscard]] auto list(Read&& read) const -> std::vector<decltype(read(*this))> {
        std::vector<decltype(read(*this))> all;
        for_each_item([&](const Part& item) { all.push_back(read(item)); });
        return all;
    }
    // Of an object: visit(key, part).
    template <typename Visit>
    void for_each(Visit&& visit) const {
        require(json_->is_object(), "an object");
        for (const auto& [key, value] : json_->items()) {
            visit(key, Part{value, path_ + "." + key});
        }
    }

    // One of those that have a name.
    template <typename Value, std::size_t N>
    [[nodiscard]] Value one_of(const std::array<Value, N>& values) const {
        const auto name = text();
        for (const auto value : values) {
            if (name == name_of(value)) {
                return value;
            }
        }
        fail("\"" + name.substr(0, 40) + "\" is not known here");
    }

    [[noreturn]] void fail(const std::string& why) const;

private:
    void require(bool good, const char* what) const;

    const Json* json_;
    std::string path_;
};

inline constexpr std::array verdicts{Verdict::pass, Verdict::fail, Verdict::inconclusive};
inline constexpr std::array all_phases{PhaseName::warmup, PhaseName::before, PhaseName::during,
                                       PhaseName::after};

[[nodiscard]] Histogram read_histogram(const Part& part);  // null: empty
[[nodiscard]] OperationRecord read_operation(const Part& part);
[[nodiscard]] Step read_step(const Part& part);
[[nodiscard]] Locks read_locks(const Part& part);
[[nodiscard]] Server read_server(const Part& part);
[[nodiscard]] Generator read_generator(const Part& part);
[[nodiscard]] Verification read_verification(const Part& part);
[[nodiscard]] Replay read_replay_part(const Part& part);
[[nodiscard]] ReplayKeys read_replay_keys(const Part& part);
[[nodiscard]] ReplayOrder read_replay_order(const Part& part);
[[nodiscard]] Synthesis read_synthesis_part(const Part& part);
[[nodiscard]] PlaceboResult read_placebo_part(const Part& part);

}  // namespace reports::reading
