// The half of SessionBuilder that looks at statements: which durations and failures are whose.
#include "workloads/logs/parameters.hpp"
#include "workloads/logs/session_builder.hpp"

#include <optional>

namespace workloads::logs {
namespace {

std::string_view state_of(const LogEntry& entry) {
    return entry.sqlstate.size() == 5 ? entry.sqlstate : std::string_view{"?????"};
}

// Whether what ends a session that ran nothing says that it was not let in: authentication, unknown
// database, no permission to connect, too many, starting up. The tag tells where it is logged.
bool is_refusal(const LogEntry& entry, bool authorized) {
    if (!entry.query.empty()) {
        return false;
    }
    const auto state = entry.sqlstate;
    if (state.starts_with("28")) {
        return true;
    }
    if (!entry.command_tag.empty()) {
        return entry.command_tag == "startup" || entry.command_tag == "authentication";
    }
    if (state.starts_with("08") || state.starts_with("XX") || state.empty()) {
        return !authorized && state.starts_with("08");
    }
    // Of those that may idle before their first statement: told to end, or idle for too long.
    return state != "57P01" && state != "57P02" && state != "57P04" && state != "57P05";
}

Protocol protocol_of(Saying saying) {
    switch (saying) {
        case Saying::execute:
            return Protocol::extended;
        case Saying::fetch:
            return Protocol::fetch;
        case Saying::function_call:
            return Protocol::function_call;
        default:
            return Protocol::simple;
    }
}

// What a list of parameters is worth to a statement that has so many.
ParameterState state_for(const ParameterList& list, std::uint32_t needed) {
    if (needed == 0) {
        return ParameterState::whole;
    }
    const bool incomplete = list.state != ParameterState::missing &&
                            list.state != ParameterState::broken && list.count < needed;
    return incomplete ? ParameterState::broken : list.state;
}

}  // namespace

void SessionBuilder::take_statement(Open& open, const Record& record) {
    const auto& [entry, said, place, time_us] = record;
    settle(open);
    // Of an unnamed statement parse and bind, of one that was prepared before bind.
    const bool again = !said.name.empty() && open.objects.has_portal(said.name, said.portal);
    settle_bare(open, said.saying != Saying::execute ? 0 : again ? 1 : 2);
    runs(open);

    const auto found = shapes_.find(said.text);
    Announced next;
    next.waits = true;
    next.event = events_.size();
    next.line = entry.line;
    next.text = hash_of(said.text);
    next.objects.assign(found.objects.begin(), found.objects.end());
    auto& facts = next.facts;
    facts.protocol = protocol_of(said.saying);
    facts.scan = found.scan;
    facts.text_logged = said.text != "<source not stored>";
    facts.prepared_text_known = !prepared_by(entry).empty();
    if (said.saying == Saying::execute) {
        facts.parameters = state_for(read_parameters(entry), found.scan.parameters);
    }
    if (said.saying == Saying::fetch) {
        facts.object_seen = open.objects.has_portal(said.name, said.portal);
    } else {
        open.objects.complete(facts, found.objects);
    }
    if (said.saying == Saying::execute) {
        open.objects.add_portal(said.name, said.portal);
    }
    forget_bound(open, &next.text);

    auto& event = add_event(open, place, time_us - said.duration_us.value_or(0));
    event.shape = said.saying == Saying::function_call ? shapes_.unknown() : found.shape;
    event.set_kind(facts.protocol, found.scan.kind);
    ++(said.duration_us ? recording_.records.timed : recording_.records.announced);
    open.announced = std::move(next);
    if (said.duration_us) {
        event.set_duration(*said.duration_us);
        settle(open);
    }
}

void SessionBuilder::take_parse_or_bind(Open& open, const Record& record) {
    const auto& [entry, said, place, time_us] = record;
    settle(open);
    const bool is_parse = said.saying == Saying::parse;
    ++(is_parse ? recording_.records.parses : recording_.records.binds);
    const auto text = hash_of(said.text);
    // A bind takes the place of its parse.
    forget_bound(open, open.bound.is_parse ? &text : nullptr);
    open.bound = {true, is_parse, text, place, entry.line, {}};
    if (!is_parse) {
        open.bound.parameters = read_parameters(entry);
        open.objects.add_portal(said.name, said.portal);
    }
    runs(open);
}

void SessionBuilder::take_duration(Open& open, const Record& record) {
    const auto& [entry, said, place, time_us] = record;
    const auto tag = entry.command_tag;
    const bool of_a_step = tag == "PARSE" || tag == "BIND";
    if (of_a_step) {
        settle(open);  // what was announced is over without a duration
        ++(tag == "PARSE" ? recording_.records.parses : recording_.records.binds);
        return;
    }
    if (open.announced.waits) {
        events_[open.announced.event].set_duration(*said.duration_us);
        ++recording_.records.bare_durations;
        return settle(open);
    }
    if (!tag.empty()) {
        return add_unknown(open,
                           {place, entry.line, time_us - *said.duration_us, *said.duration_us}, {});
    }
    open.bare.push_back({place, entry.line, time_us - *said.duration_us, *said.duration_us});
    // Those of a parse and a bind are the last ones.
    if (open.bare.size() > 2) {
        add_unknown(open, open.bare.front(), {});
        open.bare.erase(open.bare.begin());
    }
}

void SessionBuilder::take_failure(Open& open, const Record& record) {
    const auto& [entry, said, place, time_us] = record;
    auto& known = session(open);
    if (ends_session(entry)) {
        known.end_known = SessionEnd::failure;
        if (!open.ran && is_refusal(entry, let_in_[open.session])) {
            ++recording_.records.refused_connections;
            let_in_[open.session] = false;
            return;
        }
    }
    runs(open);
    if (open.announced.waits && ends_announced(open.announced, entry)) {
        events_[open.announced.event].outcome = outcome(state_of(entry));
        open.announced.facts.sqlstate = state_of(entry);
        open.announced.facts.failure_is_ambiguous =
            entry.command_tag.empty() && open.announced.facts.protocol == Protocol::extended;
        return settle(open);
    }
    settle(open);
    if (!said.text.empty()) {
        return add_failed(open, record);
    }
    // What ends a session is no statement's when none is known to run: an idle one that was
    // terminated, or that idled too long.
    if (!ends_session(entry)) {
        ++recording_.records.failures_without_statement;
        add_unknown(open, {place, entry.line, time_us, std::nullopt}, state_of(entry));
    }
}

// Whether a failure is that of the statement that was announced. One that ends a session may come
// long after it.
bool SessionBuilder::ends_announced(const Announced& announced, const LogEntry& entry) {
    // The next run of the same text failed before it was executed.
    if (entry.command_tag == "PARSE" || entry.command_tag == "BIND") {
        return false;
    }
    if (!entry.query.empty()) {
        return hash_of(entry.query) == announced.text;
    }
    const auto tag = entry.command_tag;
    return !ends_session(entry) || (!tag.empty() && !tag.starts_with("idle"));
}

// A statement of which only the failure is logged, and perhaps how far it came.
void SessionBuilder::add_failed(Open& open, const Record& record) {
    const auto& [entry, said, place, time_us] = record;
    const auto found = shapes_.find(said.text);
    const auto text = hash_of(said.text);
    const auto tag = entry.command_tag;
    const bool was_bound = open.bound.waits && open.bound.text == text;
    const auto logged = read_parameters(entry);
    const bool has_numbers =
        found.scan.parameters > 0 && !found.scan.has(StatementKind::sql_prepare);
    const bool extended = was_bound || tag == "PARSE" || tag == "BIND" || has_numbers ||
                          logged.state != ParameterState::missing;
    settle_bare(open, extended ? 2 : 0);

    EventFacts facts;
    facts.protocol = extended ? Protocol::extended : Protocol::simple;
    facts.scan = found.scan;
    facts.sqlstate = state_of(entry);
    const bool has_bind = was_bound && !open.bound.is_parse;
    if (extended && tag != "PARSE") {  // what does not parse fails without parameters
        const bool from_bind = has_bind && open.bound.parameters.state != ParameterState::missing;
        facts.parameters =
            state_for(from_bind ? open.bound.parameters : logged, found.scan.parameters);
    }
    facts.prepared_text_known = !prepared_by(entry).empty();
    open.objects.complete(facts, found.objects);

    auto& event = add_event(open, has_bind ? open.bound.place : place, time_us);
    event.shape = found.shape;
    event.outcome = outcome(facts.sqlstate);
    event.set_kind(facts.protocol, found.scan.kind);
    file(event, has_bind ? open.bound.line : entry.line, facts, open);
    open.objects.follow(found.scan, found.objects, facts.sqlstate);
    forget_bound(open, &text);
}

void SessionBuilder::settle(Open& open) {
    if (!open.announced.waits) {
        return;
    }
    auto& announced = open.announced;
    announced.waits = false;
    file(events_[announced.event], announced.line, announced.facts, open);
    open.objects.follow(announced.facts.scan, announced.objects, announced.facts.sqlstate);
}

// Durations that no statement took, beyond those of the parse and the bind of one that comes now:
// each stands for a statement whose text is not logged.
void SessionBuilder::settle_bare(Open& open, std::size_t expected) {
    for (std::size_t i = 0; i + expected < open.bare.size(); ++i) {
        add_unknown(open, open.bare[i], {});
    }
    open.bare.clear();
}

// `executed`: the text of what is executed now.
void SessionBuilder::forget_bound(Open& open, const TextHash* executed) {
    if (open.bound.waits && !open.bound.is_parse &&
        (executed == nullptr || open.bound.text != *executed)) {
        ++recording_.records.unused_binds;
    }
    open.bound.waits = false;
}

Event& SessionBuilder::add_event(const Open& open, Place place, std::int64_t start_us) {
    Event event;
    event.start_us = start_us;
    event.session = open.session;
    event.set_place(place);
    events_.push_back(event);
    return events_.back();
}

void SessionBuilder::add_unknown(Open& open, const Bare& what, std::string_view sqlstate) {
    runs(open);
    auto& event = add_event(open, what.place, what.start_us);
    event.shape = shapes_.unknown();
    event.set_kind(Protocol::simple, StatementKind::unknown);
    event.outcome = sqlstate.empty() ? Event::went_through : outcome(sqlstate);
    if (what.duration_us) {
        event.set_duration(*what.duration_us);
    }
    EventFacts facts;
    facts.text_logged = false;
    facts.sqlstate = sqlstate;
    file(event, what.line, facts, open);
}

void SessionBuilder::runs(Open& open) {
    open.ran = let_in_[open.session] = true;
}

void SessionBuilder::file(Event& event, std::uint64_t line, EventFacts& facts, const Open& open) {
    const auto& known = session(open);
    facts.session_began_before = known.start_known == SessionStart::before_log;
    facts.session_start_known = known.start_known != SessionStart::inferred;
    facts.lines_missing = known.missing_lines > 0;
    facts.who_known = known.user != 0 && known.database != 0;
    const auto reason = reason_of(facts);
    event.set_reason(reason);
    auto& count = recording_.reasons[static_cast<std::size_t>(reason)];
    if (count.count++ == 0) {
        count.first = event.place();
        count.first_line = line;
    }
}

}  // namespace workloads::logs
