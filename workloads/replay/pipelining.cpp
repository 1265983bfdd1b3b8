#include "workloads/replay/pipelining.hpp"

#include "workloads/logs/statement_kind.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace workloads::replay {
namespace {

using logs::Protocol;
using logs::StatementKind;

// Of what reads or writes rows. CALL and DO may end transactions, SHOW and EXPLAIN are rare.
constexpr std::string_view plain_words[] = {"SELECT", "INSERT", "UPDATE", "DELETE",
                                            "MERGE",  "VALUES", "WITH"};

bool begins_plainly(std::string_view masked) {
    const auto word = masked.substr(0, masked.find_first_of(" (*"));
    return std::any_of(std::begin(plain_words), std::end(plain_words),
                       [&](std::string_view each) { return logs::equals_word(word, each); });
}

// COMMIT AND CHAIN leaves a transaction open: while others are under way nobody asks the session.
bool chains(std::string_view masked) {
    for (auto at = masked.find(' '); at != std::string_view::npos; at = masked.find(' ', at + 1)) {
        constexpr std::string_view word = "CHAIN";
        if (logs::equals_word(masked.substr(at + 1, word.size()), word)) {
            return true;
        }
    }
    return false;
}

// Each of the kinds that control a transaction means the same by either protocol. A query would
// mean the same, too, but what the application sent as text is parsed as text.
bool is_plain(const Event& call, const logs::Shape& shape) {
    if (call.protocol() != Protocol::simple && call.protocol() != Protocol::extended) {
        return false;
    }
    switch (call.kind()) {
        case StatementKind::query:
            return call.protocol() == Protocol::extended && begins_plainly(shape.masked);
        case StatementKind::begin:
        case StatementKind::savepoint:
        case StatementKind::release:
        case StatementKind::rollback_to:
            return true;
        case StatementKind::commit:
        case StatementKind::rollback:
            return !chains(shape.masked);
        default:
            return false;
    }
}

}  // namespace

Pipelining::Pipelining(const Recording& recording) : recording_{recording} {
    shares_.reserve(recording.events.size());
    for (const auto& call : recording.events) {
        shares_.push_back(is_plain(call, recording.shapes.at(call.shape)));
    }
}

}  // namespace workloads::replay
