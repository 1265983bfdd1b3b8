// Parameter functions: what a scenario writes behind `params:` and what they draw.
#pragma once

#include "workloads/random.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace workloads {

// Operations in a run: at 1 M/s this lasts 285 years, so that start + index cannot overflow.
inline constexpr std::int64_t sequence_room = std::int64_t{1} << 53;
inline constexpr std::int64_t latest_sequence_start =
    std::numeric_limits<std::int64_t>::max() - sequence_room;

// Why a text is not what it should be, and where in that text (byte offset).
struct TextError {
    std::string message;
    std::size_t offset = 0;
};

// The values of one sample("SELECT ..."), read from the target once before the load starts.
using Sample = std::shared_ptr<const std::vector<std::string>>;

// Gives the values of a query's column, counted from 1; of 0 those of its first one, whatever the
// others hold. Of one query all columns counted from 1 have as many values, row by row. Never null
// and never empty: throws where there is nothing.
using SampleReader = std::function<Sample(const std::string& query, std::size_t column)>;

// What a draw may depend on, apart from its generator.
struct DrawContext {
    Random& random;
    std::uint64_t operation_index;  // unique over the run; sequence() counts with it
    std::int64_t wall_clock_us;     // microseconds since the Unix epoch, for now()
    std::uint64_t row_seed = 0;     // one for all parameters of an operation's run
};

// One parameter function with its arguments, for example `zipfian(1, 1000000, 1.07)`.
// Immutable after parsing, but for sample(), which is given its rows once; a draw allocates nothing
// but what the target string needs.
class Generator {
public:
    // Parses the text of a scenario: a function call or a literal (a number, or any other text,
    // taken as it stands; quotes around it are removed). Arguments may stand in quotes too; a quote
    // inside is doubled. What is most likely a slip is an error, and quotes say that it is meant:
    // an unknown function, a function's name without parentheses, NULL, an empty text.
    //   uniform(lo, hi)         integers, or reals when either bound is written as one; both
    //   included zipfian(lo, hi, s)      P(lo + k - 1) ~ k^-s for any s >= 0 gaussian(lo, hi, p)
    //   pgbench's random_gaussian, p >= 2.0 exponential(lo, hi, p)  pgbench's random_exponential, p
    //   > 0 sequence(start)         start + operation_index: unique in a run and ascending, with
    //   gaps
    //                           where other operations or failures took an index
    //   sequence("SELECT ...")  the same from the query's first value on
    //   choice(a, b, ...)       each as likely as the others
    //   weighted(w1, v1, w2, v2, ...)  as likely as the weights say; a value is a literal, NULL, or
    //                           another function in quotes: weighted(9, 'uniform(1, 5)', 1, NULL)
    //   text(n)                 n of A-Z, a-z, 0-9; at most 10 MB
    //   uuid()                  version 4
    //   now()                   2026-11-20 12:30:03.000042+00: the client's clock, in UTC
    //   sample("SELECT ...")    one of the values of read_samples()
    //   sample("SELECT ...", k) column k of one of the query's rows; parameters of one operation
    //                           that name the same query take them from the same row
    [[nodiscard]] static std::variant<Generator, TextError> parse(std::string_view text);

    // Appends one value, in the database's text format, to `out`; false: it is NULL. Throws
    // std::logic_error where a query's values were not read.
    bool draw(DrawContext& context, std::string& out) const;

    // Reads the values of every query in it. Throws what the reader throws, std::logic_error where
    // that gives nothing, and std::invalid_argument where a sequence cannot start with what it got.
    void read_samples(const SampleReader& reader);

    // True when draws are numbers (the simple protocol writes those without quotes).
    [[nodiscard]] bool numeric() const noexcept;

    struct Uniform {
        std::int64_t low, high;
    };
    struct UniformReal {
        double low, high;
    };
    // Rejection-inversion (Hörmann and Derflinger 1996): constant time for any exponent >= 0,
    // 1 included.
    struct Zipfian {
        std::int64_t low, high;
        double exponent, h_x1, h_n, s;
    };
    struct Gaussian {
        std::int64_t low, high;
        double parameter;
    };
    struct Exponential {
        std::int64_t low, high;
        double parameter;
    };
    struct Sequence {
        std::int64_t start;
        std::string query = {};  // whose first value is the start; empty: as it stands
        bool started = true;
    };
    struct Choice {
        std::vector<std::string> values;
        bool all_numeric;
    };
    struct Weighted {
        std::vector<double> up_to;  // the weights' running sums, of as many as `values`
        std::vector<Generator> values;
    };
    struct Null {};
    struct Text {
        std::int64_t length;
    };
    struct Uuid {};
    struct Now {};
    struct SampleOf {
        std::string query;
        Sample rows;
        std::size_t column = 0;  // 0: of the first one, apart from all other parameters
    };
    struct Literal {
        std::string value;
        bool is_number;
    };
    using Function = std::variant<Uniform, UniformReal, Zipfian, Gaussian, Exponential, Sequence,
                                  Choice, Weighted, Null, Text, Uuid, Now, SampleOf, Literal>;
    // Of a function whose arguments were checked.
    explicit Generator(Function function) : function_{std::move(function)} {}
    [[nodiscard]] const Function& function() const noexcept { return function_; }

private:
    Function function_;
};

}  // namespace workloads
