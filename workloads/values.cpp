#include "workloads/values.hpp"

#include "workloads/distributions.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <type_traits>

namespace workloads {
namespace {

void append_whole(std::int64_t value, std::string& out) {
    std::array<char, 20> buffer;  // "-9223372036854775808"
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    out.append(buffer.data(), end);
}

// The shortest digits that read back as the same double.
void append_real(double value, std::string& out) {
    std::array<char, 32> buffer;  // the longest is 24: "-2.2250738585072014e-308"
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    out.append(buffer.data(), end);
}

void append_text(std::int64_t length, Random& random, std::string& out) {
    static constexpr std::string_view letters =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // Eight letters take 47.6 of a draw's 64 bits: the bias of the last is below 62 / 2^22.
    constexpr std::size_t letters_per_draw = 8;
    __extension__ using Wide = unsigned __int128;
    const std::size_t start = out.size(), count = static_cast<std::size_t>(length);
    out.resize(start + count);
    std::uint64_t rest = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (i % letters_per_draw == 0) {
            rest = random.next();
        }
        const Wide product = static_cast<Wide>(rest) * letters.size();
        out[start + i] = letters[static_cast<std::size_t>(product >> 64)];
        rest = static_cast<std::uint64_t>(product);
    }
}

// Version 4, variant 1 of RFC 9562.
void append_uuid(Random& random, std::string& out) {
    constexpr std::uint64_t version_mask = 0xf000U, version_4 = 0x4000U;
    constexpr std::uint64_t variant_mask = std::uint64_t{3} << 62,
                            variant_1 = std::uint64_t{2} << 62;
    const std::array<std::uint64_t, 2> halves{(random.next() & ~version_mask) | version_4,
                                              (random.next() & ~variant_mask) | variant_1};
    std::array<char, 36> buffer;
    std::size_t at = 0;
    for (std::size_t nibble = 0; nibble < 32; ++nibble) {
        if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) {
            buffer[at++] = '-';
        }
        const std::uint64_t half = halves[nibble / 16];
        buffer[at++] = "0123456789abcdef"[(half >> (60 - 4 * (nibble % 16))) & 0xf];
    }
    out.append(buffer.data(), buffer.size());
}

void append_padded(std::uint64_t value, std::size_t width, std::string& out) {
    std::array<char, 20> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    const auto digits = static_cast<std::size_t>(end - buffer.data());
    out.append(width > digits ? width - digits : 0, '0');
    out.append(buffer.data(), digits);
}

// 2026-11-20 12:30:03.000042+00, as PostgreSQL itself writes a timestamptz under UTC.
void append_time(std::int64_t wall_clock_us, std::string& out) {
    using namespace std::chrono;
    const sys_time<microseconds> moment{microseconds{wall_clock_us}};
    const auto day = floor<days>(moment);
    const year_month_day date{day};
    const hh_mm_ss time{moment - day};
    const auto pad = [&](auto number, std::size_t width) {
        append_padded(static_cast<std::uint64_t>(number), width, out);
    };
    pad(static_cast<int>(date.year()), 4);
    out += '-';
    pad(static_cast<unsigned>(date.month()), 2);
    out += '-';
    pad(static_cast<unsigned>(date.day()), 2);
    out += ' ';
    pad(time.hours().count(), 2);
    out += ':';
    pad(time.minutes().count(), 2);
    out += ':';
    pad(time.seconds().count(), 2);
    out += '.';
    pad(time.subseconds().count(), 6);
    out += "+00";
}

// FNV-1a: the same on every machine, so that a seed means the same there.
std::uint64_t hash_of(std::string_view text) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return hash;
}

// One overload a function: a new one does not compile until it is drawn here. False: NULL.
struct Draw {
    DrawContext& context;
    std::string& out;

    void operator()(const Generator::Uniform& f) const {
        append_whole(draw_uniform(f.low, f.high, context.random), out);
    }
    void operator()(const Generator::UniformReal& f) const {
        append_real(draw_uniform_real(f.low, f.high, context.random), out);
    }
    void operator()(const Generator::Zipfian& f) const {
        append_whole(draw_zipfian(f, context.random), out);
    }
    void operator()(const Generator::Gaussian& f) const {
        append_whole(draw_gaussian(f, context.random), out);
    }
    void operator()(const Generator::Exponential& f) const {
        append_whole(draw_exponential(f, context.random), out);
    }
    void operator()(const Generator::Sequence& f) const {
        if (!f.started) [[unlikely]] {
            throw std::logic_error{"sequence() drawn before its start was read: " + f.query};
        }
        append_whole(static_cast<std::int64_t>(static_cast<std::uint64_t>(f.start) +
                                               context.operation_index),
                     out);
    }
    void operator()(const Generator::Choice& f) const {
        out += f.values[context.random.below(f.values.size())];
    }
    void operator()(const Generator::Text& f) const { append_text(f.length, context.random, out); }
    void operator()(const Generator::Uuid&) const { append_uuid(context.random, out); }
    void operator()(const Generator::Now&) const { append_time(context.wall_clock_us, out); }
    void operator()(const Generator::SampleOf& f) const {
        if (!f.rows) [[unlikely]] {
            throw std::logic_error{"sample() drawn before its rows were read: " + f.query};
        }
        out += (*f.rows)[f.column == 0 ? context.random.below(f.rows->size()) : row_of(f)];
    }
    void operator()(const Generator::Literal& f) const { out += f.value; }
    bool operator()(const Generator::Null&) const { return false; }
    bool operator()(const Generator::Weighted& f) const {
        const double at = context.random.unit() * f.up_to.back();
        const auto found = std::upper_bound(f.up_to.begin(), f.up_to.end(), at);
        const auto index =
            std::min(static_cast<std::size_t>(found - f.up_to.begin()), f.up_to.size() - 1);
        return f.values[index].draw(context, out);
    }

private:
    // Independent of what was drawn before: all that name the query meet in one row.
    [[nodiscard]] std::size_t row_of(const Generator::SampleOf& f) const {
        return Random{context.row_seed, hash_of(f.query)}.below(f.rows->size());
    }
};

struct ReadSamples {
    const SampleReader& reader;

    void operator()(Generator::SampleOf& f) const { f.rows = read(f.query, f.column); }
    void operator()(Generator::Sequence& f) const {
        if (f.query.empty()) {
            return;
        }
        const Sample rows = read(f.query, 0);
        const std::string& first = rows->front();
        const char* end = first.data() + first.size();
        const auto [stop, failure] = std::from_chars(first.data(), end, f.start);
        if (failure != std::errc{} || stop != end || f.start > latest_sequence_start) {
            throw std::invalid_argument{"sequence(\"" + f.query +
                                        "\"): the query's first value must be a whole number of "
                                        "at most " +
                                        std::to_string(latest_sequence_start)};
        }
        f.started = true;
    }
    void operator()(Generator::Weighted& f) const {
        for (Generator& value : f.values) {
            value.read_samples(reader);
        }
    }
    template <typename Other>
    void operator()(Other&) const {}

private:
    [[nodiscard]] Sample read(const std::string& query, std::size_t column) const {
        Sample rows = reader(query, column);
        if (!rows || rows->empty()) {
            throw std::logic_error{"a sample wants at least one row: " + query};
        }
        return rows;
    }
};

}  // namespace

bool Generator::draw(DrawContext& context, std::string& out) const {
    const Draw draw{context, out};
    return std::visit(
        [&draw](const auto& function) {
            if constexpr (std::is_void_v<decltype(draw(function))>) {
                draw(function);
                return true;
            } else {
                return draw(function);
            }
        },
        function_);
}

void Generator::read_samples(const SampleReader& reader) {
    std::visit(ReadSamples{reader}, function_);
}

bool Generator::numeric() const noexcept {
    if (const auto* choice = std::get_if<Choice>(&function_)) {
        return choice->all_numeric;
    }
    if (const auto* weighted = std::get_if<Weighted>(&function_)) {
        // NULL is written as such whatever the others are.
        return std::all_of(weighted->values.begin(), weighted->values.end(), [](const auto& value) {
            return value.numeric() || std::holds_alternative<Null>(value.function());
        });
    }
    if (const auto* literal = std::get_if<Literal>(&function_)) {
        return literal->is_number;
    }
    return std::holds_alternative<Uniform>(function_) ||
           std::holds_alternative<UniformReal>(function_) ||
           std::holds_alternative<Zipfian>(function_) ||
           std::holds_alternative<Gaussian>(function_) ||
           std::holds_alternative<Exponential>(function_) ||
           std::holds_alternative<Sequence>(function_);
}

}  // namespace workloads
