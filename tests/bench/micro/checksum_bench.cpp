// Encoding and digest of rows: what a scan costs on top of receiving its bytes.
//
// The rows are 130 bytes of 8 columns in a big-endian wire form with 4-byte lengths, as COPY BINARY
// has them: int8, int4, numeric, two timestamptz, a text of 16 to 24 bytes, one of 50 to 91,
// boolean. The decoder here stands in for the engine's: bytes swapped, decimals made canonical.
#include "checksum/bytes.hpp"
#include "checksum/decimal.hpp"
#include "checksum/row_digest.hpp"
#include "checksum/table_digest.hpp"

#include <array>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace checksum {
namespace {

constexpr std::size_t column_count = 8;
constexpr std::size_t row_count = 1U << 16;

using Row = std::array<Value, column_count>;

class WireRows {
public:
    WireRows() {
        std::mt19937_64 random{42};
        for (std::size_t i = 0; i < row_count; ++i) {
            starts_.push_back(bytes_.size());
            field(random());
            field(static_cast<std::uint32_t>(random() % 50'000));
            numeric(random);
            field(random() >> 14);
            field(random() >> 14);
            letters(16 + random() % 9, random);
            letters(50 + random() % 42, random);
            length(1);
            bytes_.push_back(static_cast<char>(random() % 2));
        }
    }
    [[nodiscard]] const char* row(std::size_t number) const {
        return bytes_.data() + starts_[number % row_count];
    }
    [[nodiscard]] double payload_bytes() const {
        return static_cast<double>(bytes_.size()) / row_count - 4 * column_count;
    }

private:
    template <typename Integer>
    void big_endian(Integer value) {
        append<Integer>(bytes_, swap_bytes(value));
    }
    void length(std::size_t size) { big_endian(static_cast<std::uint32_t>(size)); }
    template <typename Integer>
    void field(Integer value) {
        length(sizeof value);
        big_endian(value);
    }
    void numeric(std::mt19937_64& random) {
        length(14);  // three groups: up to 9999 9999.99
        for (const std::uint64_t half :
             {std::uint64_t{3}, std::uint64_t{1}, std::uint64_t{0}, std::uint64_t{2},
              1 + random() % 9999, random() % 10'000, 100 + random() % 99 * 100}) {
            big_endian(static_cast<std::uint16_t>(half));
        }
    }
    void letters(std::size_t size, std::mt19937_64& random) {
        length(size);
        for (std::size_t i = 0; i < size; ++i) {
            bytes_.push_back(static_cast<char>('a' + random() % 26));
        }
    }

    std::string bytes_;
    std::vector<std::size_t> starts_;
};

template <typename Integer>
Integer big_endian(const char* from) {
    return swap_bytes(load<Integer>(from));
}

Value decode_numeric(const char* from, Arena& arena) {
    std::uint16_t groups[64];
    const auto count = big_endian<std::uint16_t>(from);
    for (std::size_t i = 0; i < count; ++i) {
        groups[i] = big_endian<std::uint16_t>(from + 8 + 2 * i);
    }
    return decimal({.negative = big_endian<std::uint16_t>(from + 4) != 0,
                    .weight = big_endian<std::int16_t>(from + 2),
                    .scale = big_endian<std::uint16_t>(from + 6),
                    .groups = {groups, count}},
                   Scale::by_value, arena);
}

enum class Wire { int8, int4, numeric, timestamptz, text, boolean };
constexpr std::array wire_types = {Wire::int8,        Wire::int4, Wire::numeric, Wire::timestamptz,
                                   Wire::timestamptz, Wire::text, Wire::text,    Wire::boolean};

void decode(const char* from, Row& row, Arena& arena) {
    for (std::size_t i = 0; i < column_count; ++i) {
        const auto size = big_endian<std::uint32_t>(from);
        from += 4;
        switch (wire_types[i]) {
            case Wire::int8:
                row[i] = number(big_endian<std::int64_t>(from), arena);
                break;
            case Wire::int4:
                row[i] = number(big_endian<std::int32_t>(from), arena);
                break;
            case Wire::numeric:
                row[i] = decode_numeric(from, arena);
                break;
            case Wire::timestamptz:
                row[i] = timestamptz(big_endian<std::int64_t>(from), arena);
                break;
            case Wire::text:
                row[i] = text({from, size});
                break;
            case Wire::boolean:
                row[i] = boolean(*from != 0);
                break;
        }
        from += size;
    }
}

std::vector<Column> columns(bool keyed) {
    return {{"id", keyed}, {"customer"}, {"total"}, {"created"},
            {"updated"},   {"status"},   {"note"},  {"active"}};
}

void finish(benchmark::State& state, const WireRows& rows) {
    state.SetItemsProcessed(state.iterations());
    state.counters["payload_bytes"] = rows.payload_bytes();
}

void encode_only(benchmark::State& state) {
    const WireRows rows;
    Arena arena;
    Row row;
    std::size_t number = 0;
    for (auto _ : state) {
        arena.clear();
        decode(rows.row(number++), row, arena);
        benchmark::DoNotOptimize(row.data());
        benchmark::ClobberMemory();
    }
    finish(state, rows);
}

void encode_and_digest(benchmark::State& state) {
    const WireRows rows;
    const RowHasher hasher{columns(state.range(1) != 0), 42};
    TableDigester digester{hasher, static_cast<std::size_t>(state.range(0))};
    Arena arena;
    Row row;
    std::size_t number = 0;
    for (auto _ : state) {
        arena.clear();
        decode(rows.row(number++), row, arena);
        benchmark::DoNotOptimize(digester.add(row));
    }
    finish(state, rows);
}

// The figure that counts is the one with 65,536 buckets and a key.
BENCHMARK(encode_only);
BENCHMARK(encode_and_digest)
    ->ArgNames({"buckets", "keyed"})
    ->Args({65'536, 1})
    ->Args({1, 1})
    ->Args({65'536, 0});

}  // namespace
}  // namespace checksum
