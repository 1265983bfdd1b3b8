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
    std::uint64_t operation_index;    // unique over the run; sequence() counts with it
    std::int64_t wall_clock_us;       // microseconds since the Unix epoch, for now()
};

// One parameter function with its arguments, for example `zipfian(1, 1000000, 1.07)`.
// Immutable after parsing, but for sample(), which is given its rows once; a draw allocates nothing
// but what the target string needs.
class Generator {
public:
    // Parses the text of a scenario: a function call or a literal (a number, or any other text,
    // taken as it stands; quotes around it are removed).
    [[nodiscard]] static std::variant<Generator, TextError> parse(std::string_view text);

    // Appends one value, in the database's text format, to `out`.
    void draw(DrawContext& context, std::string& out) const;

    // The query of sample("..."), else empty.
    [[nodiscard]] std::string_view sample_query() const noexcept;
    // Requires sample_query() not to be empty and the sample not to be empty.
    void set_sample(Sample sample);

    // True when draws are numbers (the simple protocol writes those without quotes).
    [[nodiscard]] bool numeric() const noexcept;

    struct Uniform { std::int64_t low, high; };
    struct UniformReal { double low, high; };
    // Rejection-inversion (Hörmann and Derflinger 1996): constant time for any exponent >= 0,
    // 1 included.
    struct Zipfian { std::int64_t low, high; double exponent, h_x1, h_n, s; };
    struct Gaussian { std::int64_t low, high; double parameter; };
    struct Exponential { std::int64_t low, high; double parameter; };
    struct Sequence { std::int64_t start; };
    struct Choice { std::vector<std::string> values; bool all_numeric; };
    struct Text { std::int64_t length; };
    struct Uuid {};
    struct Now {};
    struct SampleOf { std::string query; Sample rows; };
    struct Literal { std::string value; bool is_number; };
    using Function = std::variant<Uniform, UniformReal, Zipfian, Gaussian, Exponential, Sequence,
                                  Choice, Text, Uuid, Now, SampleOf, Literal>;
    [[nodiscard]] const Function& function() const noexcept { return function_; }

private:
    explicit Generator(Function function) : function_{std::move(function)} {}
    Function function_;
};

}  // namespace workloads
