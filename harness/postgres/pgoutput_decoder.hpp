// The messages of pgoutput, PostgreSQL's logical replication protocol, version 1 (documentation:
// "Logical Replication Message Formats"; server: replication/logical/proto.c). No I/O: one message
// in, one event out.
//
// Values come in binary form where the server can send that (14 and later, by type), else as text.
// Text is brought to the same canonical form for the simple types (pgoutput_text.hpp); of others it
// is unknown. So is, in binary form, what is compared as text (oids that stand for names).
#pragma once

#include "harness/database/change_stream.hpp"
#include "harness/postgres/column_kinds.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace harness::postgres {

// The bytes are not of the protocol. Says where: "Insert, byte 12: ...".
class MalformedMessage : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

namespace pgoutput {

struct Begin {
    std::uint64_t final_position = 0;
    std::uint32_t transaction = 0;  // without its epoch
};
struct Commit {
    std::uint64_t position = 0;
    std::uint64_t end_position = 0;
};
struct Origin {
    std::string_view name;
};
// Known from here on, in place of what was known of the same identity.
struct Relation {
    const database::StreamRelation* relation = nullptr;
};
struct Type {
    std::uint32_t oid = 0;
    std::string_view schema, name;
};
struct Truncate {
    std::vector<const database::StreamRelation*> relations;
};
struct Message {
    bool transactional = false;
    std::string_view prefix, content;
};

}  // namespace pgoutput

// Views into the message and into the decoder, valid until the next call.
using PgoutputEvent =
    std::variant<pgoutput::Begin, pgoutput::Commit, pgoutput::Origin, pgoutput::Relation,
                 pgoutput::Type, database::RowChange, pgoutput::Truncate, pgoutput::Message>;

class PgoutputDecoder {
public:
    // What the catalogue says of a type; whatever it throws goes through decode().
    using TypeLookup = std::function<ColumnKind(std::uint32_t oid)>;

    PgoutputDecoder(TypeLookup lookup, checksum::Scale scale);

    // Throws MalformedMessage, also for a row of a relation that was not told.
    [[nodiscard]] PgoutputEvent decode(std::string_view message);

private:
    class Input;
    struct Known {
        database::StreamRelation relation;
        std::vector<ColumnKind> kinds;
    };

    PgoutputEvent decode_by_letter(Input& input);
    pgoutput::Relation take_relation(Input& input);
    database::RowChange take_change(Input& input, char letter);
    pgoutput::Truncate take_truncate(Input& input);
    const Known& take_known(Input& input);
    void take_row(Input& input, const Known& known, std::vector<checksum::Value>& row,
                  bool key_only);
    checksum::Value take_value(Input& input, const ColumnKind& kind);

    TypeLookup lookup_;
    checksum::Scale scale_;
    FieldDecoder fields_;
    checksum::Arena arena_;
    std::map<std::uint32_t, std::unique_ptr<Known>> relations_;
    std::vector<checksum::Value> row_, old_;
};

}  // namespace harness::postgres
