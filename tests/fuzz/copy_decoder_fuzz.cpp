// Any bytes, in any pieces: no read past them, and the same rows or the same refusal however they are
// cut.
#include "harness/postgres/copy_decoder.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

using harness::postgres::CopyDecoder;
using harness::postgres::FieldType;
using harness::postgres::Wire;

const std::vector<FieldType>& types() {
    static const std::vector<FieldType> all = [] {
        const FieldType number{.wire = Wire::int4, .oid = 23};
        const FieldType pair{.wire = Wire::composite,
                             .parts = {number, {.wire = Wire::numeric}}};
        const FieldType range{.wire = Wire::range, .parts = {{.wire = Wire::date}}};
        return std::vector<FieldType>{
            {.wire = Wire::int2},      {.wire = Wire::numeric},  {.wire = Wire::bpchar},
            {.wire = Wire::character}, {.wire = Wire::boolean},  {.wire = Wire::timetz},
            {.wire = Wire::interval},  {.wire = Wire::uuid},     {.wire = Wire::jsonb},
            {.wire = Wire::verbatim},  {.wire = Wire::array, .parts = {pair}}, range,
            {.wire = Wire::multirange, .parts = {{.wire = Wire::int8}}}};
    }();
    return all;
}

// The first byte says how many of the types there are, and how large the pieces.
std::string digest(const std::uint8_t* data, std::size_t size, std::size_t columns,
                   std::size_t piece_size) {
    std::string seen;
    CopyDecoder decoder{{types().begin(), types().begin() + static_cast<std::ptrdiff_t>(columns)},
                        columns % 2 == 0 ? checksum::Scale::strict : checksum::Scale::by_value};
    try {
        for (std::size_t at = 0; at < size; at += piece_size) {
            const std::size_t length = std::min(piece_size, size - at);
            const auto piece = std::make_unique<char[]>(length);
            std::copy_n(data + at, length, piece.get());
            decoder.feed({piece.get(), length});
            while (const auto row = decoder.next()) {
                for (const auto& value : *row) {
                    seen += static_cast<char>(value.presence);
                    seen += static_cast<char>(value.kind);
                    seen += value.bytes;
                }
            }
        }
        seen += decoder.finished() ? "finished" : "cut off";
    } catch (const harness::postgres::MalformedCopy&) {
        seen += "refused";
    }
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t columns = 1 + data[0] % types().size();
    const std::size_t piece_size = 1 + data[0] / types().size();
    const auto whole = digest(data + 1, size - 1, columns, size);
    const auto cut = digest(data + 1, size - 1, columns, piece_size);
    if (whole != cut) {
        std::fprintf(stderr, "pieces of %zu bytes give something else\n", piece_size);
        std::abort();
    }
    return 0;
}
