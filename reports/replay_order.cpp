// The recorded order of a replay: in words, and in result.json.
#include "reports/replay_order.hpp"

#include "reports/figures.hpp"
#include "reports/json_parts.hpp"
#include "reports/read_json_parts.hpp"

namespace reports {

using json_parts::Json;
using reading::Part;

std::string order_text(const ReplayOrder& order) {
    std::string text = counted(order.transactions, "transaction", "transactions") +
                       " in the recorded order where they touched the same rows: " +
                       count_text(order.holds.calls) + " of " +
                       counted(order.waiting_calls, "call", "calls") +
                       " that depend on another transaction had to wait for it";
    if (order.holds.calls > 0) {
        text += ", " + seconds_text(order.holds.total_s) + " in all and " +
                seconds_text(order.holds.longest_s) + " at most";
    }
    text += ".";
    if (order.guessed > 0) {
        text += " The log does not tell the place of " +
                counted(order.guessed, "statement", "statements") +
                " that ended within 2 ms of another one on the same row.";
    }
    std::string why;
    std::uint64_t calls = 0;
    for (const auto& unseen : order.unseen) {
        calls += unseen.calls;
        why += (why.empty() ? "" : ", ") + unseen.why;
    }
    if (calls > 0) {
        text += " What " + counted(calls, "call touches", "calls touch") +
                " cannot be seen, or not all of it (" + why + ").";
    }
    return text;
}

std::vector<std::string> order_doubts(const ReplayOrder& order) {
    std::vector<std::string> doubts;
    const auto late = order.holds.out_of_order;
    if (late * 100 > order.waiting_calls) {
        doubts.push_back(counted(late, "call", "calls") + " of " + count_text(order.waiting_calls) +
                         " did not go on in the recorded order: the transactions before them had "
                         "not ended after 10 s, or not before the run did.");
    }
    return doubts;
}

Json json_parts::replay_order_json(const ReplayOrder& order) {
    const auto unseen = [](const ReplayOrder::Unseen& each) -> Json {
        return {{"why", each.why}, {"calls", each.calls}};
    };
    return {{"transactions", order.transactions},
            {"waiting_calls", order.waiting_calls},
            {"held_calls", order.holds.calls},
            {"held_s", number(order.holds.total_s)},
            {"longest_held_s", number(order.holds.longest_s)},
            {"out_of_order", order.holds.out_of_order},
            {"guessed", order.guessed},
            {"unseen", list(order.unseen, unseen)}};
}

ReplayOrder reading::read_replay_order(const Part& part) {
    ReplayOrder order{.transactions = part["transactions"].count(),
                      .waiting_calls = part["waiting_calls"].count(),
                      .guessed = part["guessed"].count(),
                      .unseen = part["unseen"].list([](const Part& each) {
                          return ReplayOrder::Unseen{each["why"].text(), each["calls"].count()};
                      }),
                      .holds = {}};
    order.holds = {.calls = part["held_calls"].count(),
                   .out_of_order = part["out_of_order"].count(),
                   .total_s = part["held_s"].number(),
                   .longest_s = part["longest_held_s"].number()};
    return order;
}

}  // namespace reports
