// Any messages after one another: no read past any of them, and an event or a refusal with its
// place.
#include "harness/postgres/pgoutput_decoder.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace {

using harness::postgres::ColumnKind;
using harness::postgres::Wire;

// All forms, by the type's number.
ColumnKind kind_of(std::uint32_t oid) {
    const auto wire = static_cast<Wire>(oid % 25);
    ColumnKind kind{.field = {.wire = wire}, .as_text = oid % 26 == 25, .cast_to = "t"};
    if (wire == Wire::array || wire == Wire::range || wire == Wire::multirange ||
        wire == Wire::composite) {
        kind.field.parts.push_back({.wire = Wire::numeric, .oid = oid % 3});
    }
    return kind;
}

// Every byte that is promised is there.
struct Reader {
    std::uint64_t sum = 0;

    void row(std::span<const checksum::Value> values) {
        for (const auto& value : values) {
            for (const char byte : value.bytes) {
                sum += static_cast<unsigned char>(byte);
            }
        }
    }
    void operator()(const harness::database::RowChange& change) {
        if (change.relation == nullptr) {
            std::abort();
        }
        row(change.row);
        row(change.old);
    }
    void operator()(const harness::postgres::pgoutput::Message& message) {
        sum += message.content.size() + message.prefix.size();
    }
    template <typename Other>
    void operator()(const Other&) {}
};

}  // namespace

// Messages of a length in one byte each.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    harness::postgres::PgoutputDecoder decoder{
        kind_of, size % 2 == 0 ? checksum::Scale::strict : checksum::Scale::by_value};
    for (std::size_t at = 0; at < size;) {
        const std::size_t length = std::min<std::size_t>(data[at], size - at - 1);
        const auto message = std::make_unique<char[]>(length);
        std::copy_n(data + at + 1, length, message.get());
        at += 1 + length;
        try {
            Reader reader;
            std::visit(reader, decoder.decode({message.get(), length}));
        } catch (const harness::postgres::MalformedMessage& refused) {
            if (std::string_view{refused.what()}.find(", byte ") == std::string_view::npos) {
                std::abort();
            }
        }
    }
    return 0;
}
