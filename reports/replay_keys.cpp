// Keys that a replay draws anew: in words, and in result.json.
#include "reports/replay_keys.hpp"

#include "reports/figures.hpp"
#include "reports/json_parts.hpp"
#include "reports/read_json_parts.hpp"

namespace reports {

using json_parts::Json;
using reading::Part;

namespace {

// Where the keys that are known are others, those that are not known are, too; and none is drawn
// twice.
std::uint64_t astray(const ReplayKeys& keys) {
    const bool others = keys.laps > 1 || keys.moved * 100 > keys.drawn_again;
    return others ? keys.unmapped_calls : keys.astray_calls;
}

}  // namespace

std::string keys_text(const ReplayKeys& keys) {
    std::string text = "of " + counted(keys.drawn, "row", "rows") +
                       " whose keys the database drew and told, the log shows the keys of " +
                       count_text(keys.learned);
    if (keys.guessed > 0) {
        text += " (of " + count_text(keys.guessed) + " by their place in the sequence)";
    }
    text += "; " + counted(keys.replaced_calls, "call was", "calls were") +
            " sent with keys that were drawn anew, of which " + count_text(keys.moved) + " of " +
            count_text(keys.drawn_again) + " differ from the recorded ones.";
    if (keys.given > 0 && keys.laps > 1) {
        text += " " + counted(keys.given, "key", "keys") +
                " that the application makes itself became others each time.";
    }
    if (keys.missing_calls > 0) {
        text += " " + counted(keys.missing_calls, "call was", "calls were") +
                " sent with a recorded key, because nothing had drawn it.";
    }
    if (keys.unmapped_calls > 0) {
        text += " " + counted(keys.unmapped_calls, "call uses", "calls use") +
                " new keys of which the log does not show the row: they are sent as recorded.";
    }
    std::string unknown;
    for (const auto& column : keys.unknown) {
        unknown += (unknown.empty() ? "" : ", ") + column;
    }
    if (!unknown.empty()) {
        text += " What is new cannot be told of " + unknown + ".";
    }
    return text;
}

std::vector<std::string> keys_doubts(const ReplayKeys& keys, std::uint64_t recorded,
                                     std::uint64_t sent) {
    std::vector<std::string> doubts;
    if (const auto lost = astray(keys); lost * 100 > recorded) {
        doubts.push_back(counted(lost, "call", "calls") + " of " + count_text(recorded) +
                         " use keys that the database drew in the recording and draws otherwise "
                         "now, and the log does not show whose they are: they met no rows, or "
                         "others. Begin with the data and the sequences that the recording began "
                         "with.");
    }
    if (keys.missing_calls * 100 > sent) {
        doubts.push_back(counted(keys.missing_calls, "call", "calls") + " of " + count_text(sent) +
                         " were sent with a key that nothing had drawn yet: the INSERTs before "
                         "them had failed, or had not ended.");
    }
    return doubts;
}

Json json_parts::replay_keys_json(const ReplayKeys& keys) {
    return {{"drawn", keys.drawn},
            {"learned", keys.learned},
            {"guessed", keys.guessed},
            {"mapped_calls", keys.mapped_calls},
            {"unmapped_calls", keys.unmapped_calls},
            {"astray_calls", keys.astray_calls},
            {"unknown", keys.unknown},
            {"given", keys.given},
            {"laps", keys.laps},
            {"drawn_again", keys.drawn_again},
            {"moved", keys.moved},
            {"replaced_calls", keys.replaced_calls},
            {"missing_calls", keys.missing_calls}};
}

ReplayKeys reading::read_replay_keys(const Part& part) {
    return {.drawn = part["drawn"].count(),
            .learned = part["learned"].count(),
            .guessed = part["guessed"].count(),
            .mapped_calls = part["mapped_calls"].count(),
            .unmapped_calls = part["unmapped_calls"].count(),
            .astray_calls = part["astray_calls"].count(),
            .unknown = part["unknown"].texts(),
            .given = part["given"].count(),
            .laps = part["laps"].count(),
            .drawn_again = part["drawn_again"].count(),
            .moved = part["moved"].count(),
            .replaced_calls = part["replaced_calls"].count(),
            .missing_calls = part["missing_calls"].count()};
}

}  // namespace reports
