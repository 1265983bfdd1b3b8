#include "harness/postgres/pgoutput_decoder.hpp"

#include "harness/postgres/pgoutput_text.hpp"

#include <utility>

namespace harness::postgres {
namespace {

const char* name_of(char letter) {
    switch (letter) {
        case 'B':
            return "Begin";
        case 'C':
            return "Commit";
        case 'O':
            return "Origin";
        case 'R':
            return "Relation";
        case 'Y':
            return "Type";
        case 'I':
            return "Insert";
        case 'U':
            return "Update";
        case 'D':
            return "Delete";
        case 'T':
            return "Truncate";
        case 'M':
            return "Message";
        default:
            return "message";
    }
}

}  // namespace

class PgoutputDecoder::Input : public WireInput<Input> {
public:
    explicit Input(std::string_view message) : WireInput{message}, whole_{message} {}

    [[noreturn]] void refuse(const std::string& what) const {
        throw MalformedMessage{std::string{name_of(whole_.empty() ? '\0' : whole_[0])} + ", byte " +
                               std::to_string(whole_.size() - left()) + ": " + what};
    }
    [[nodiscard]] char letter() { return take(1)[0]; }
    // Ends with a zero byte.
    [[nodiscard]] std::string_view text() {
        const auto end = rest().find('\0');
        if (end == std::string_view::npos) {
            refuse("a name has no end");
        }
        return take(end + 1).substr(0, end);
    }
    [[nodiscard]] std::size_t count() {
        const auto number = integer<std::int16_t>();
        if (number < 0) {
            refuse("there are " + std::to_string(number) + " columns");
        }
        return static_cast<std::size_t>(number);
    }
    // Of a value or a message's content.
    [[nodiscard]] std::string_view sized() {
        const auto length = integer<std::int32_t>();
        if (length < 0 || length > longest_value) {
            refuse("a length is " + std::to_string(length));
        }
        return take(static_cast<std::size_t>(length));
    }

private:
    std::string_view whole_;
};

PgoutputDecoder::PgoutputDecoder(TypeLookup lookup, checksum::Scale scale)
    : lookup_{std::move(lookup)}, scale_{scale}, fields_{scale} {}

PgoutputEvent PgoutputDecoder::decode(std::string_view message) {
    Input input{message};
    auto event = decode_by_letter(input);
    input.require_end();
    return event;
}

PgoutputEvent PgoutputDecoder::decode_by_letter(Input& input) {
    const char letter = input.letter();
    switch (letter) {
        case 'B': {
            pgoutput::Begin begin;
            begin.final_position = input.integer<std::uint64_t>();
            static_cast<void>(input.integer<std::int64_t>());  // when it committed
            begin.transaction = input.integer<std::uint32_t>();
            return begin;
        }
        case 'C': {
            pgoutput::Commit commit;
            if (input.letter() != '\0') {
                input.refuse("a flag is set that is not known");
            }
            commit.position = input.integer<std::uint64_t>();
            commit.end_position = input.integer<std::uint64_t>();
            static_cast<void>(input.integer<std::int64_t>());  // when
            return commit;
        }
        case 'O':
            static_cast<void>(input.integer<std::uint64_t>());  // its position there
            return pgoutput::Origin{input.text()};
        case 'R':
            return take_relation(input);
        case 'Y': {
            const auto oid = input.integer<std::uint32_t>();
            const auto schema = input.text();
            return pgoutput::Type{oid, schema, input.text()};
        }
        case 'I':
        case 'U':
        case 'D':
            return take_change(input, letter);
        case 'T':
            return take_truncate(input);
        case 'M': {
            pgoutput::Message message;
            const auto flags = static_cast<unsigned char>(input.letter());
            if (flags > 1) {
                input.refuse("a flag is set that is not known");
            }
            message.transactional = flags == 1;
            static_cast<void>(input.integer<std::uint64_t>());  // its position
            message.prefix = input.text();
            message.content = input.sized();
            return message;
        }
        default:
            input.refuse("its kind is not known");
    }
}

pgoutput::Relation PgoutputDecoder::take_relation(Input& input) {
    auto known = std::make_unique<Known>();
    auto& relation = known->relation;
    const auto oid = input.integer<std::uint32_t>();
    relation.identity = oid;
    const auto schema = input.text();
    relation.schema = schema.empty() ? "pg_catalog" : schema;
    relation.name = input.text();
    static_cast<void>(input.letter());  // which identity
    const std::size_t count = input.count();
    for (std::size_t i = 0; i < count; ++i) {
        database::StreamColumn column;
        column.identifies = (input.letter() & 1) != 0;
        column.name = input.text();
        const auto type = input.integer<std::uint32_t>();
        static_cast<void>(input.integer<std::int32_t>());  // its modifier
        ColumnKind kind = lookup_(type);
        column.type = kind.cast_to;
        column.kind = kind_of(kind.field, scale_);
        column.tag = kind.field.tag;
        relation.columns.push_back(std::move(column));
        known->kinds.push_back(std::move(kind));
    }
    auto& place = relations_[oid];
    place = std::move(known);
    return {&place->relation};
}

const PgoutputDecoder::Known& PgoutputDecoder::take_known(Input& input) {
    const auto oid = input.integer<std::uint32_t>();
    const auto found = relations_.find(oid);
    if (found == relations_.end()) {
        input.refuse("relation " + std::to_string(oid) + " was not told");
    }
    return *found->second;
}

database::RowChange PgoutputDecoder::take_change(Input& input, char letter) {
    arena_.clear();
    const Known& known = take_known(input);
    database::RowChange change;
    change.relation = &known.relation;
    char image = input.letter();
    if (letter != 'I' && (image == 'K' || image == 'O')) {
        take_row(input, known, old_, image == 'K');
        change.old = old_;
        image = letter == 'U' ? input.letter() : '\0';
    }
    if (letter == 'D') {
        change.operation = database::RowOperation::remove;
        if (change.old.data() == nullptr) {
            input.refuse("the deleted row is missing");
        }
        return change;
    }
    if (image != 'N') {
        input.refuse("the new row is missing");
    }
    take_row(input, known, row_, false);
    change.row = row_;
    change.operation =
        letter == 'I' ? database::RowOperation::insert : database::RowOperation::update;
    return change;
}

// Of a key all other columns are sent as NULL.
void PgoutputDecoder::take_row(Input& input, const Known& known, std::vector<checksum::Value>& row,
                               bool key_only) {
    const std::size_t count = input.count();
    if (count != known.kinds.size()) {
        input.refuse("a row has " + std::to_string(count) + " columns, not " +
                     std::to_string(known.kinds.size()));
    }
    row.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        row[i] = take_value(input, known.kinds[i]);
        if (key_only && !known.relation.columns[i].identifies) {
            row[i] = checksum::unknown_value;
        }
    }
}

checksum::Value PgoutputDecoder::take_value(Input& input, const ColumnKind& kind) {
    const char form = input.letter();
    if (form == 'n') {
        return checksum::null_value;
    }
    if (form == 'u') {
        return checksum::unchanged_value;
    }
    if (form != 'b' && form != 't') {
        input.refuse("a value's form is not known");
    }
    const auto field = input.sized();
    try {
        if (form == 'b') {
            return kind.as_text ? checksum::unknown_value
                                : fields_.decode(kind.field, field, arena_);
        }
        return kind.as_text ? checksum::text(field)
                            : value_of_text(kind.field, field, scale_, arena_);
    } catch (const MalformedField& wrong) {
        input.refuse(wrong.what());
    }
}

pgoutput::Truncate PgoutputDecoder::take_truncate(Input& input) {
    pgoutput::Truncate truncate;
    const auto count = input.integer<std::int32_t>();
    static_cast<void>(input.letter());  // CASCADE, RESTART IDENTITY
    for (std::int32_t i = 0; i < count; ++i) {
        truncate.relations.push_back(&take_known(input).relation);
    }
    return truncate;
}

}  // namespace harness::postgres
