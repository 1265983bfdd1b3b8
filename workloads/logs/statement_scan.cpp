// The lexer follows PostgreSQL's src/backend/parser/scan.l with standard_conforming_strings = on.
#include "workloads/logs/statement_scan.hpp"

#include "workloads/letters.hpp"
#include "workloads/logs/statement_kind.hpp"

#include <algorithm>
#include <iterator>

#include <xxhash.h>

namespace workloads::logs {
namespace {

constexpr std::size_t most_masked = 64 * 1024;
constexpr std::size_t most_objects = 1'000, most_literals = 10'000;

// Functions of large objects, whose OIDs and descriptors are the recorded server's.
constexpr std::string_view large_object_functions[] = {
    "LOREAD",        "LOWRITE", "LO_CLOSE",  "LO_CREAT",    "LO_CREATE",     "LO_EXPORT",
    "LO_FROM_BYTEA", "LO_GET",  "LO_IMPORT", "LO_LSEEK",    "LO_LSEEK64",    "LO_OPEN",
    "LO_PUT",        "LO_TELL", "LO_TELL64", "LO_TRUNCATE", "LO_TRUNCATE64", "LO_UNLINK",
};
// What acts on processes, slots or the server as a whole.
constexpr std::string_view other_session_functions[] = {
    "PG_CANCEL_BACKEND",
    "PG_CREATE_LOGICAL_REPLICATION_SLOT",
    "PG_CREATE_PHYSICAL_REPLICATION_SLOT",
    "PG_DROP_REPLICATION_SLOT",
    "PG_PROMOTE",
    "PG_RELOAD_CONF",
    "PG_ROTATE_LOGFILE",
    "PG_SWITCH_WAL",
    "PG_TERMINATE_BACKEND",
};

template <std::size_t size>
bool is_one_of(std::string_view word, const std::string_view (&list)[size]) {
    return std::any_of(std::begin(list), std::end(list),
                       [&](std::string_view each) { return equals_word(word, each); });
}

}  // namespace

TextHash hash_of(std::string_view text) noexcept {
    const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
    return {hash.low64, hash.high64};
}

// One text from its first byte to its last.
class StatementScanner::Pass {
public:
    Pass(std::string_view text, std::string& masked, std::vector<ObjectUse>& objects,
         std::vector<std::string_view>& literals)
        : text_{text}, masked_{masked}, objects_{objects}, literals_{literals} {
        masked_.clear();
        objects_.clear();
        literals_.clear();
    }

    StatementScan run() {
        while (at_ < text_.size()) {
            step();
        }
        end_statement();
        scan_.kind = scan_.statements == 0   ? StatementKind::empty
                     : scan_.statements == 1 ? first_kind_
                                             : StatementKind::multiple;
        fold_chunk();
        scan_.masked_hash = chained_;
        return scan_;
    }

private:
    void step() {
        const char c = text_[at_];
        if (is_space(c)) {
            ++at_;
            space_ = true;
        } else if (c == '-' && peek(1) == '-') {
            at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
            space_ = true;
        } else if (c == '/' && peek(1) == '*') {
            skip_block_comment();
        } else if (c == '\'') {
            literal([this] { skip_quoted('\''); });
        } else if (c == '"') {
            name(at_);
        } else if (c == '$') {
            dollar();
        } else if (is_identifier_start(c)) {
            word();
        } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
            literal([this] { skip_number(); });
        } else {
            punctuation(c);
        }
    }

    [[nodiscard]] char peek(std::size_t k) const {
        return at_ + k < text_.size() ? text_[at_ + k] : '\0';
    }

    void put(std::string_view token) {
        if (space_ && scan_.masked_bytes > 0) {
            put_bytes(" ");
        }
        space_ = false;
        put_bytes(token);
    }

    // What is beyond the first chunk is hashed chunk by chunk, each upon the hash of those before.
    void put_bytes(std::string_view bytes) {
        scan_.masked_bytes += bytes.size();
        while (!bytes.empty()) {
            std::string& chunk = beyond_first_ ? beyond_ : masked_;
            const auto part = bytes.substr(0, most_masked - chunk.size());
            chunk += part;
            bytes.remove_prefix(part.size());
            if (chunk.size() == most_masked) {
                fold_chunk();
            }
        }
    }
    void fold_chunk() {
        const std::string& chunk = beyond_first_ ? beyond_ : masked_;
        const XXH128_hash_t hash =
            XXH3_128bits_withSeed(chunk.data(), chunk.size(), chained_.low ^ chained_.high);
        chained_ = {hash.low64, hash.high64};
        beyond_first_ = true;
        beyond_.clear();
    }

    void begin_statement() {
        if (!in_statement_) {
            in_statement_ = true;
            words_ = {};
        }
    }
    void end_statement() {
        if (!in_statement_) {
            return;
        }
        in_statement_ = false;
        const auto kind = kind_of(words_);
        if (scan_.statements++ == 0) {
            first_kind_ = kind;
        }
        if (names_an_object(kind) && objects_.size() < most_objects) {
            objects_.push_back({kind, object_of(kind, words_)});
        }
        if (!words_.current_of.empty() && kind != StatementKind::sql_prepare) {
            scan_.current_of = true;
            if (objects_.size() < most_objects) {
                objects_.push_back({StatementKind::fetch_cursor, folded_name(words_.current_of)});
            }
        }
        scan_.imports_snapshot =
            scan_.imports_snapshot ||
            (words_.is(0, "SET") && words_.is(1, "TRANSACTION") && words_.is(2, "SNAPSHOT"));
        note_transaction(kind);
        scan_.kinds |= 1U << static_cast<unsigned>(kind);
    }

    void note_transaction(StatementKind kind) {
        using Transaction = StatementScan::Transaction;
        const bool begun_here = scan_.transaction == Transaction::open;
        switch (kind) {
            case StatementKind::begin:
                scan_.transaction = Transaction::open;
                break;
            case StatementKind::commit:
            case StatementKind::rollback:
            case StatementKind::prepare_transaction:
                scan_.needs_transaction = scan_.needs_transaction || !begun_here;
                scan_.transaction = Transaction::closed;
                break;
            case StatementKind::savepoint:
            case StatementKind::release:
            case StatementKind::rollback_to:
                scan_.needs_transaction = scan_.needs_transaction || !begun_here;
                break;
            default:
                break;
        }
    }

    // `prefix`: bytes before its quote, which are passed already.
    template <typename Skip>
    void literal(Skip&& skip, std::size_t prefix = 0) {
        const auto start = at_ - prefix;
        begin_statement();
        if (copy_place_) {
            words_.copy_from = "?";
            copy_place_ = false;
        }
        skip();
        if (literals_.size() < most_literals) {
            literals_.push_back(text_.substr(start, at_ - start));
        }
        put("?");
    }

    void skip_block_comment() {
        std::size_t depth = 0;
        do {
            if (at_ >= text_.size()) {
                scan_.unterminated = true;
                break;
            }
            if (text_[at_] == '/' && peek(1) == '*') {
                ++depth;
                at_ += 2;
            } else if (text_[at_] == '*' && peek(1) == '/') {
                --depth;
                at_ += 2;
            } else {
                ++at_;
            }
        } while (depth > 0);
        space_ = true;
    }

    void skip_quoted(char quote) {
        do {
            const auto close = text_.find(quote, at_ + 1);
            if (close == std::string_view::npos) {
                scan_.unterminated = true;
                at_ = text_.size();
                return;
            }
            at_ = close + 1;
        } while (peek(0) == quote);
    }

    // E'...' from its quote. What continues the literal on a later line is read as one of its own,
    // of the plain kind, unless a backslash stands in it.
    void skip_escape_string() {
        do {
            for (++at_;;) {
                if (at_ >= text_.size()) {
                    scan_.unterminated = true;
                    at_ = text_.size();
                    return;
                }
                const char c = text_[at_++];
                if (c == '\\') {
                    ++at_;
                } else if (c == '\'') {
                    if (peek(0) != '\'') {
                        break;
                    }
                    ++at_;
                }
            }
        } while (continues());
    }

    // Whether a further part of the literal that ended here follows on a later line. Moves to it.
    bool continues() {
        bool newline = false;
        for (auto ahead = at_; ahead < text_.size(); ++ahead) {
            const char c = text_[ahead];
            if (c == '\n' || c == '\r') {
                newline = true;
            } else if (c == '\'' && newline) {
                at_ = ahead;
                return true;
            } else if (c == '-' && ahead + 1 < text_.size() && text_[ahead + 1] == '-') {
                ahead = text_.find_first_of("\r\n", ahead);
                if (ahead == std::string_view::npos) {
                    return false;
                }
                newline = true;
            } else if (!is_space(c)) {
                return false;
            }
        }
        return false;
    }

    void skip_number() {
        while (is_identifier_part(peek(0)) || (peek(0) == '.' && peek(1) != '.')) {
            const char c = peek(0);
            ++at_;
            if ((c == 'e' || c == 'E') && (peek(0) == '+' || peek(0) == '-') && is_digit(peek(1))) {
                ++at_;
            }
        }
    }

    void dollar() {
        if (is_digit(peek(1))) {
            return parameter();
        }
        auto end = at_ + 1;
        if (end < text_.size() && is_identifier_start(text_[end])) {
            while (end < text_.size() && text_[end] != '$' && is_identifier_part(text_[end])) {
                ++end;
            }
        }
        if (end >= text_.size() || text_[end] != '$') {
            return punctuation('$');
        }
        const auto tag = text_.substr(at_, end + 1 - at_);
        literal([&] {
            const auto close = text_.find(tag, end + 1);
            scan_.unterminated = scan_.unterminated || close == std::string_view::npos;
            at_ = close == std::string_view::npos ? text_.size() : close + tag.size();
        });
    }

    void parameter() {
        begin_statement();
        const auto start = at_++;
        std::uint32_t number = 0;
        while (is_digit(peek(0))) {
            number = std::min<std::uint32_t>(number * 10 + (peek(0) - '0'), 100'000'000);
            ++at_;
        }
        scan_.parameters = std::max(scan_.parameters, number);
        put(text_.substr(start, at_ - start));
    }

    // A quoted name, with U& before it where it starts earlier.
    void name(std::size_t start) {
        begin_statement();
        skip_quoted('"');
        add_word(text_.substr(start, at_ - start));
        put(text_.substr(start, at_ - start));
    }

    void word() {
        const char c = text_[at_], next = peek(1);
        if (next == '\'' && (c == 'e' || c == 'E')) {
            ++at_;
            return literal([this] { skip_escape_string(); }, 1);
        }
        if (next == '\'' && std::string_view{"bBxXnN"}.find(c) != std::string_view::npos) {
            ++at_;
            return literal([this] { skip_quoted('\''); }, 1);
        }
        if ((c == 'u' || c == 'U') && next == '&' && (peek(2) == '\'' || peek(2) == '"')) {
            const auto start = at_;
            at_ += 2;
            return peek(0) == '"' ? name(start) : literal([this] { skip_quoted('\''); }, 2);
        }
        const auto start = at_;
        while (at_ < text_.size() && is_identifier_part(text_[at_])) {
            ++at_;
        }
        const auto found = text_.substr(start, at_ - start);
        begin_statement();
        note_body(found);
        note_call(found);
        add_word(found);
        put(found);
    }

    void add_word(std::string_view found) {
        if (copy_place_) {
            words_.copy_from = found;
            copy_place_ = false;
        }
        if (words_.count < StatementWords::most) {
            words_.words[words_.count++] = found;
        }
        if (depth_ == 0 && words_.copy_from.empty() && words_.is(0, "COPY")) {
            words_.copies_in = equals_word(found, "FROM");
            copy_place_ = words_.copies_in || equals_word(found, "TO");
        }
        words_.note_current_of(found);
        words_.last = found;
    }

    // The statements of CREATE FUNCTION ... BEGIN ATOMIC ...; END are parts of one.
    void note_body(std::string_view found) {
        if (body_depth_ == 0) {
            if (equals_word(found, "ATOMIC") && equals_word(words_.last, "BEGIN") &&
                words_.is(0, "CREATE")) {
                body_depth_ = 1;
            }
        } else if (equals_word(found, "CASE")) {
            ++body_depth_;
        } else if (equals_word(found, "END")) {
            --body_depth_;
        }
    }

    void note_call(std::string_view found) {
        const char first = found[0];
        if (found.size() < 6 || (first != 'l' && first != 'L' && first != 'p' && first != 'P')) {
            return;
        }
        auto ahead = at_;
        while (ahead < text_.size() && is_space(text_[ahead])) {
            ++ahead;
        }
        if (ahead < text_.size() && text_[ahead] == '(') {
            scan_.large_objects = scan_.large_objects || is_one_of(found, large_object_functions);
            scan_.other_sessions =
                scan_.other_sessions || is_one_of(found, other_session_functions);
        }
    }

    void punctuation(char c) {
        ++at_;
        if (c == ';' && depth_ == 0 && body_depth_ == 0) {
            end_statement();
            copy_place_ = false;
            return put(";");
        }
        if (!in_statement_) {
            begin_statement();
            words_.starts_with_parenthesis = c == '(';
        }
        if (c == '(') {
            ++depth_;
        } else if (c == ')' && depth_ > 0) {
            --depth_;
        }
        put(std::string_view{&text_[at_ - 1], 1});
    }

    std::string_view text_;
    std::string& masked_;
    std::vector<ObjectUse>& objects_;
    std::vector<std::string_view>& literals_;
    std::string beyond_;
    bool beyond_first_ = false;
    std::size_t at_ = 0, depth_ = 0, body_depth_ = 0;
    bool space_ = false, in_statement_ = false, copy_place_ = false;
    StatementKind first_kind_ = StatementKind::empty;
    StatementWords words_;
    TextHash chained_;
    StatementScan scan_;
};

StatementScan StatementScanner::scan(std::string_view text) {
    return Pass{text, masked_, objects_, literals_}.run();
}

std::string with_short_lists(std::string_view masked) {
    std::string out;
    for (std::size_t at = 0; at < masked.size();) {
        out += masked[at++];
        if (out.back() != '?') {
            continue;
        }
        bool more = false;
        for (;;) {
            auto ahead = at;
            if (ahead < masked.size() && masked[ahead] == ',') {
                ++ahead;
                while (ahead < masked.size() && masked[ahead] == ' ') {
                    ++ahead;
                }
            }
            if (ahead == at || ahead >= masked.size() || masked[ahead] != '?') {
                break;
            }
            at = ahead + 1;
            more = true;
        }
        if (more) {
            out += ", ...";
        }
    }
    return out;
}

}  // namespace workloads::logs
