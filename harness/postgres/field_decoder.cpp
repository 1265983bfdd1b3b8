#include "harness/postgres/field_decoder.hpp"

#include <bit>

namespace harness::postgres {
namespace {

using checksum::Arena;
using checksum::Kind;
using checksum::Value;

constexpr std::int32_t most_dimensions = 6;  // MAXDIM

[[noreturn]] void malformed(const std::string& what) {
    throw MalformedField{what};
}

}  // namespace

class FieldDecoder::Input : public WireInput<Input> {
public:
    explicit Input(std::string_view field) : WireInput{field} {}

    [[noreturn]] void refuse(const std::string& what) const { malformed("a field: " + what); }
};

void FieldDecoder::refuse_length(std::size_t has, std::size_t needs) {
    malformed("a value of " + std::to_string(needs) + " bytes has " + std::to_string(has));
}

Kind kind_of(const FieldType& type, checksum::Scale scale) noexcept {
    switch (type.wire) {
        case Wire::int2:
        case Wire::int4:
        case Wire::int8:
        case Wire::oid:
            return Kind::number;
        case Wire::numeric:
            return scale == checksum::Scale::strict ? Kind::scaled_decimal : Kind::decimal;
        case Wire::float4:
        case Wire::float8:
            return Kind::real;
        case Wire::text:
        case Wire::bpchar:
        case Wire::character:
            return Kind::text;
        case Wire::bytea:
            return Kind::bytes;
        case Wire::boolean:
            return Kind::boolean;
        case Wire::date:
        case Wire::timestamp:
            return Kind::timestamp;
        case Wire::timestamptz:
            return Kind::timestamptz;
        case Wire::time:
            return Kind::time;
        case Wire::timetz:
            return Kind::timetz;
        case Wire::interval:
            return Kind::interval;
        case Wire::uuid:
            return Kind::uuid;
        case Wire::json:
            return Kind::json;
        case Wire::jsonb:
            return Kind::jsonb;
        case Wire::verbatim:
        case Wire::array:
        case Wire::range:
        case Wire::multirange:
        case Wire::composite:
            break;
    }
    return Kind::verbatim;
}

Value FieldDecoder::decode_other(const FieldType& type, std::string_view field, Arena& arena) {
    switch (type.wire) {
        case Wire::int2:
            return checksum::number(integer<std::int16_t>(field), arena);
        case Wire::oid:
            return checksum::number(static_cast<std::uint32_t>(integer<std::int32_t>(field)),
                                    arena);
        case Wire::float4:
            return checksum::real(std::bit_cast<float>(integer<std::int32_t>(field)), arena);
        case Wire::float8:
            return checksum::real(std::bit_cast<double>(integer<std::int64_t>(field)), arena);
        case Wire::bpchar:
            return checksum::text(field.substr(0, field.find_last_not_of(' ') + 1));
        case Wire::character:
            if (field.size() != 1) {
                refuse_length(field.size(), 1);
            }
            return checksum::text(field[0] == '\0' ? std::string_view{} : field);
        case Wire::bytea:
            return checksum::bytes(field);
        case Wire::date:
            return checksum::date(integer<std::int32_t>(field), arena);
        case Wire::time:
            return checksum::time(integer<std::int64_t>(field), arena);
        case Wire::timetz: {
            Input input{field};
            const auto us = input.integer<std::int64_t>();
            const auto zone = input.integer<std::int32_t>();
            input.require_end();
            return checksum::timetz(us, zone, arena);
        }
        case Wire::interval: {
            Input input{field};
            const auto us = input.integer<std::int64_t>();
            const auto days = input.integer<std::int32_t>();
            const auto months = input.integer<std::int32_t>();
            input.require_end();
            return checksum::interval(us, days, months, arena);
        }
        case Wire::uuid:
            if (field.size() != 16) {
                refuse_length(field.size(), 16);
            }
            return checksum::uuid(field);
        case Wire::json:
            return checksum::json(field);
        case Wire::jsonb:
            if (field.empty() || field[0] != 1) {
                malformed("a jsonb value has an unknown version");
            }
            return checksum::jsonb(field.substr(1));
        case Wire::verbatim:
            return checksum::verbatim(type.tag, field);
        default:
            break;
    }
    canonical_.clear();
    nested(type, field, arena, 0);
    char* const to = arena.take(canonical_.size());
    std::copy(canonical_.begin(), canonical_.end(), to);
    return checksum::verbatim(type.tag, {to, canonical_.size()});
}

Value FieldDecoder::numeric(std::string_view field, Arena& arena) {
    constexpr std::uint16_t negative = 0x4000, nan = 0xC000, infinity = 0xD000,
                            minus_infinity = 0xF000, most_scale = 0x3FFF;
    constexpr std::size_t header = 8;
    if (field.size() < header) {
        refuse_length(field.size(), header);
    }
    const char* at = field.data();
    const auto count = load_big_endian<std::uint16_t>(at);
    const auto weight = load_big_endian<std::int16_t>(at + 2);
    const auto sign = load_big_endian<std::uint16_t>(at + 4);
    const auto scale = load_big_endian<std::uint16_t>(at + 6);
    if (field.size() - header != count * sizeof(std::uint16_t)) {
        malformed("a numeric value has another length than it says");
    }
    switch (sign) {
        case nan:
            return checksum::decimal(checksum::DecimalSpecial::nan, scale_, arena);
        case infinity:
            return checksum::decimal(checksum::DecimalSpecial::infinity, scale_, arena);
        case minus_infinity:
            return checksum::decimal(checksum::DecimalSpecial::minus_infinity, scale_, arena);
        case 0:
        case negative:
            break;
        default:
            malformed("a numeric value has an unknown sign");
    }
    if (scale > most_scale) {
        malformed("a numeric value's scale is out of range");
    }
    groups_.resize(count);
    at += header;
    for (auto& group : groups_) {
        group = load_big_endian<std::uint16_t>(at);
        at += sizeof group;
        if (group > 9999) {
            malformed("a numeric value has a digit out of range");
        }
    }
    return checksum::decimal(
        {.negative = sign == negative, .weight = weight, .scale = scale, .groups = groups_}, scale_,
        arena);
}

void FieldDecoder::nested(const FieldType& type, std::string_view field, Arena& arena, int depth) {
    if (depth > deepest_nesting) {
        malformed("a value nests too deep");
    }
    Input input{field};
    switch (type.wire) {
        case Wire::array:
            array(type, input, arena, depth);
            break;
        case Wire::range:
            range(type, input, arena, depth);
            break;
        case Wire::multirange:
            multirange(type, input, arena, depth);
            break;
        default:
            composite(type, input, arena, depth);
    }
    input.require_end();
}

// int32 dimensions, int32 has-nulls, oid of the element; per dimension int32 length and lower
// bound; the elements, each an int32 length and bytes.
void FieldDecoder::array(const FieldType& type, Input& input, Arena& arena, int depth) {
    const auto dimensions = input.integer<std::int32_t>();
    if (dimensions < 0 || dimensions > most_dimensions) {
        malformed("an array has " + std::to_string(dimensions) + " dimensions");
    }
    static_cast<void>(input.integer<std::int32_t>());  // has NULLs: seen below
    const auto element = input.integer<std::uint32_t>();
    if (type.parts[0].oid != 0 && element != type.parts[0].oid) {
        malformed("an array's elements are of another type than the catalogue says");
    }
    checksum::append<std::int32_t>(canonical_, dimensions);
    std::uint64_t count = dimensions == 0 ? 0 : 1;
    for (std::int32_t i = 0; i < dimensions; ++i) {
        const auto length = input.integer<std::int32_t>();
        const auto lower = input.integer<std::int32_t>();
        if (length < 0) {
            malformed("an array has a negative length");
        }
        checksum::append<std::int32_t>(canonical_, length);
        checksum::append<std::int32_t>(canonical_, lower);
        count *= static_cast<std::uint64_t>(length);
        // Each element has at least its length.
        if (count > input.left() / sizeof(std::int32_t)) {
            malformed("an array has fewer elements than it says");
        }
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        part(type.parts[0], input, arena, depth);
    }
}

// One byte of flags; the bounds that are finite.
void FieldDecoder::range(const FieldType& type, Input& input, Arena& arena, int depth) {
    constexpr unsigned empty = 0x01, lower_infinite = 0x08, upper_infinite = 0x10, known = 0x1F;
    const auto flags = static_cast<unsigned char>(input.take(1)[0]);
    if ((flags & ~known) != 0) {
        malformed("a range has unknown flags");
    }
    canonical_ += static_cast<char>(flags);
    if ((flags & (empty | lower_infinite)) == 0) {
        part(type.parts[0], input, arena, depth);
    }
    if ((flags & (empty | upper_infinite)) == 0) {
        part(type.parts[0], input, arena, depth);
    }
}

void FieldDecoder::multirange(const FieldType& type, Input& input, Arena& arena, int depth) {
    const auto count = input.integer<std::uint32_t>();
    checksum::append<std::uint32_t>(canonical_, count);
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto length = input.integer<std::uint32_t>();
        Input one{input.take(length)};
        range(type, one, arena, depth);
        one.require_end();
    }
}

void FieldDecoder::composite(const FieldType& type, Input& input, Arena& arena, int depth) {
    const auto count = input.integer<std::uint32_t>();
    if (count != type.parts.size()) {
        malformed("a composite value has other attributes than the catalogue says");
    }
    for (const auto& attribute : type.parts) {
        const auto oid = input.integer<std::uint32_t>();
        if (attribute.oid != 0 && oid != attribute.oid) {
            malformed("a composite value's attribute is of another type than the catalogue says");
        }
        part(attribute, input, arena, depth);
    }
}

void FieldDecoder::part(const FieldType& type, Input& input, Arena& arena, int depth) {
    const auto length = input.integer<std::int32_t>();
    if (length == -1) {
        append(checksum::null_value);
        return;
    }
    if (length < 0) {
        malformed("a value has a negative length");
    }
    const auto bytes = input.take(static_cast<std::size_t>(length));
    if (type.wire < Wire::array) {
        append(decode(type, bytes, arena));
        return;
    }
    // Its length is known when it is there.
    append(checksum::verbatim(type.tag, {}));
    const std::size_t begin = canonical_.size();
    nested(type, bytes, arena, depth + 1);
    checksum::store<std::uint32_t>(canonical_.data() + begin - sizeof(std::uint32_t),
                                   static_cast<std::uint32_t>(canonical_.size() - begin));
}

// Presence, kind, tag, length, bytes: no two lists of values have the same bytes.
void FieldDecoder::append(const Value& value) {
    canonical_ += static_cast<char>(value.presence);
    if (value.presence == checksum::Presence::null) {
        return;
    }
    canonical_ += static_cast<char>(value.kind);
    checksum::append<std::uint32_t>(canonical_, value.tag);
    checksum::append<std::uint32_t>(canonical_, static_cast<std::uint32_t>(value.bytes.size()));
    canonical_ += value.bytes;
}

}  // namespace harness::postgres
