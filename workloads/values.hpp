// Parameter functions: what a scenario writes behind `params:` and what they draw.
#pragma once

#include "workloads/random.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace workloads {

// Why a text is not what it should be, and where in that text (byte offset).
struct TextError {
    std::string message;
    std::size_t offset = 0;
};

// The values of one sample("SELECT ..."), read from the target once before the load starts.
using Sample = std::shared_ptr<const std::vector<std::string>>;

// What a draw may depend on, apart from its generator.
struct DrawContext {
    Random& random;
    std::uint64_t operation_index;  // unique over the run; sequence() counts with it
    std::int64_t wall_clock_us;     // microseconds since the Unix epoch, for now()
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
    //   choice(a, b, ...)       each as likely as the others
    //   text(n)                 n of A-Z, a-z, 0-9; at most 10 MB
    //   uuid()                  version 4
    //   now()                   2026-11-20 12:30:03.000042+00: the client's clock, in UTC
    //   sample("SELECT ...")    one of the rows of set_sample()
    [[nodiscard]] static std::variant<Generator, TextError> parse(std::string_view text);

    // Appends one value, in the database's text format, to `out`. Throws std::logic_error for a
    // sample() that was given no rows.
    void draw(DrawContext& context, std::string& out) const;

    // The query of sample("..."), else empty.
    [[nodiscard]] std::string_view sample_query() const noexcept;
    // Throws std::logic_error unless this is a sample() and there is at least one row.
    void set_sample(Sample sample);

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
    };
    struct Choice {
        std::vector<std::string> values;
        bool all_numeric;
    };
    struct Text {
        std::int64_t length;
    };
    struct Uuid {};
    struct Now {};
    struct SampleOf {
        std::string query;
        Sample rows;
    };
    struct Literal {
        std::string value;
        bool is_number;
    };
    using Function = std::variant<Uniform, UniformReal, Zipfian, Gaussian, Exponential, Sequence,
                                  Choice, Text, Uuid, Now, SampleOf, Literal>;
    [[nodiscard]] const Function& function() const noexcept { return function_; }

private:
    explicit Generator(Function function) : function_{std::move(function)} {}
    Function function_;
};

}  // namespace workloads
