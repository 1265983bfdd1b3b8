#include "harness/recording/replay_keys.hpp"

#include "workloads/conflicts/row_values.hpp"
#include "workloads/replay/session_play.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_set>

namespace harness::recording {
namespace {

using workloads::conflicts::ValuePlace;
using workloads::keys::KeyColumns;
using workloads::keys::KeyLearning;
using workloads::keys::KeyPlace;
using workloads::keys::Question;
using workloads::keys::Step;
using workloads::logs::ParameterValues;
using workloads::replay::RecordedCall;

// Values that the target is asked about; of more than these the others are taken for old ones.
constexpr std::size_t most_questions = 500'000;
constexpr std::size_t events_between_looks = 10'000;

bool holds_word(const std::string& text, std::string_view word) {
    const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
    return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

std::string name_of(const workloads::keys::KeyColumn& column,
                    const workloads::conflicts::Relations& relations) {
    return relations.catalog.tables[column.relation].name + "." + column.column;
}

// An array's elements one by one; anything else is its only one.
std::vector<std::string> values_in(const KeyPlace& place, const std::string& value) {
    if (!place.is_array) {
        return {value};
    }
    return workloads::conflicts::elements(value).value_or(std::vector<std::string>{});
}

bool is_number(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool may_draw_keys(const workloads::Recording& recording) {
    return recording.shapes_overflowed ||
           std::any_of(recording.shapes.begin(), recording.shapes.end(), [](const auto& shape) {
               return holds_word(shape.masked, "insert") && holds_word(shape.masked, "returning");
           });
}

ReplayKeys::ReplayKeys(const workloads::Recording& recording,
                       std::span<const std::uint32_t> sessions, RecordedStatements& statements,
                       const workloads::conflicts::Relations& relations, database::Database& target,
                       const std::stop_token& stop)
    : recording_{recording} {
    const KeyColumns columns{relations};
    columns_.assign(columns.all().begin(), columns.all().end());
    read_forms(statements, relations, columns);
    if (std::find(is_told_.begin(), is_told_.end(), true) != is_told_.end()) {
        form_of_.reserve(recording.events.size());
        for (std::size_t i = 0; i < recording.events.size(); ++i) {
            form_of_.push_back(static_cast<std::uint32_t>(statements.form_of(i)));
        }
        collect(sessions, statements, stop);
        learn(statements, relations, target);
    }
    drawn_ = std::make_unique<workloads::keys::DrawnKeys>(map_.size());
}

void ReplayKeys::read_forms(const RecordedStatements& statements,
                            const workloads::conflicts::Relations& relations,
                            const KeyColumns& columns) {
    is_told_.assign(columns_.size(), false);
    for (const auto& form : statements.forms()) {
        Form read;
        if (form.calls > 0) {
            read.keys = keys_of(form.statement, relations, columns);
        }
        for (const auto& drawn : read.keys.drawn) {
            is_told_[drawn.domain] = true;
        }
        for (const auto& place : read.keys.places) {
            if (const auto index = static_cast<std::size_t>(place.number) - 1;
                index < form.places.size()) {
                read.places.emplace_back(form.places[index], place);
            }
        }
        forms_.push_back(std::move(read));
    }
    // Of a key that nobody is told nothing can be learned.
    for (auto& form : forms_) {
        std::erase_if(form.places,
                      [this](const Place& place) { return !is_told_[place.second.domain]; });
        std::erase_if(form.keys.draws, [this](auto domain) { return !is_told_[domain]; });
    }
}

void ReplayKeys::collect(std::span<const std::uint32_t> sessions, RecordedStatements& statements,
                         const std::stop_token& stop) {
    RecordedStatements::Values values;
    std::size_t seen = 0;
    for (const auto number : sessions) {
        const auto& session = recording_.sessions[number];
        for (auto i = session.first_event; i < session.first_event + session.events; ++i) {
            if (++seen % events_between_looks == 0 && stop.stop_requested()) {
                throw Stopped{};
            }
            if (workloads::replay::is_replayed(recording_.events[i])) {
                add_steps(static_cast<std::uint32_t>(i), statements, values);
            }
        }
    }
}

// What a call is given, and then what it draws.
void ReplayKeys::add_steps(std::uint32_t event, RecordedStatements& statements,
                           RecordedStatements::Values& values) {
    const auto& form = forms_[form_of_[event]];
    if (!form.places.empty()) {
        statements.read_values(recording_.events[event], statements.forms()[form_of_[event]],
                               values);
    }
    for (const auto& [at, place] : form.places) {
        const auto index = static_cast<std::size_t>(place.number) - 1;
        if (index >= values.size() || !values[index]) {
            continue;
        }
        for (const auto& each : values_in(place, *values[index])) {
            if (const auto value = value_of(each, columns_[place.domain])) {
                steps_.push_back({.value = *value,
                                  .event = event,
                                  .domain = place.domain,
                                  .kind = place.is_given ? Step::Kind::gives : Step::Kind::uses});
            }
        }
    }
    const bool failed = recording_.events[event].outcome != workloads::Event::went_through;
    for (const auto domain : form.keys.draws) {
        const bool told =
            !failed && std::any_of(form.keys.drawn.begin(), form.keys.drawn.end(),
                                   [&](const auto& drawn) { return drawn.domain == domain; });
        steps_.push_back({.value = failed ? 0 : form.keys.rows,
                          .event = event,
                          .domain = domain,
                          .kind = told ? Step::Kind::draws : Step::Kind::draws_untold});
    }
}

void ReplayKeys::learn(RecordedStatements& statements,
                       const workloads::conflicts::Relations& relations,
                       database::Database& target) {
    const KeyLearning learning{recording_, columns_, steps_};
    std::vector<std::optional<std::int64_t>> highest(columns_.size());
    const auto column_of = [&](std::size_t domain) -> const auto& {
        const auto& key = columns_[domain];
        return *relations.catalog.tables[key.relation].column(key.column);
    };
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (is_told_[i] && columns_[i].is_sequence()) {
            highest[i] =
                target.highest_key(relations.catalog.tables[columns_[i].relation], column_of(i));
            if (!highest[i]) {
                unknown_.push_back(name_of(columns_[i], relations));
            }
        }
    }
    std::map<workloads::keys::Domain, std::vector<Question>> questions;
    for (const auto& question : learning.questions(highest, most_questions)) {
        questions[question.domain].push_back(question);
    }
    std::unordered_set<std::uint64_t> absent;
    RecordedStatements::Values values;
    for (const auto& [domain, asked] : questions) {
        std::vector<std::string> texts;
        for (const auto& question : asked) {
            const auto number = form_of_[question.event];
            statements.read_values(recording_.events[question.event], statements.forms()[number],
                                   values);
            std::string text;
            for (const auto& [at, place] : forms_[number].places) {
                const auto& value = values.at(static_cast<std::size_t>(place.number) - 1);
                for (const auto& each :
                     value ? values_in(place, *value) : std::vector<std::string>{}) {
                    if (place.domain == domain &&
                        value_of(each, columns_[domain]) == question.value) {
                        text = each;
                    }
                }
            }
            texts.push_back(std::move(text));
        }
        const auto found = target.absent_keys(relations.catalog.tables[columns_[domain].relation],
                                              column_of(domain), texts);
        if (!found) {
            unknown_.push_back(name_of(columns_[domain], relations));
            continue;
        }
        for (const auto index : *found) {
            absent.insert(KeyLearning::key_of(domain, asked.at(index).value));
        }
    }
    learning_ = learning.learn(highest, absent);
    map_ = workloads::keys::KeyMap{learning_.keys};
    steps_ = {};
}

reports::ReplayKeys ReplayKeys::told() const {
    reports::ReplayKeys told;
    told.drawn = learning_.drawn;
    told.learned = learning_.keys.size();
    told.guessed =
        static_cast<std::uint64_t>(std::count_if(learning_.keys.begin(), learning_.keys.end(),
                                                 [](const auto& key) { return key.is_guess; }));
    told.mapped_calls = learning_.mapped_calls;
    told.unmapped_calls = learning_.unmapped_calls;
    told.astray_calls = learning_.astray_calls;
    told.unknown = unknown_;
    const auto counts = drawn_->counts();
    told.drawn_again = counts.drawn;
    told.moved = counts.moved;
    told.replaced_calls = replaced_calls_.load();
    told.missing_calls = missing_calls_.load();
    return told;
}

void ReplayKeys::want(std::size_t event, std::vector<RecordedCall::Wanted>& wanted) const {
    wanted.clear();
    for (const auto& each : map_.drawn_by(static_cast<std::uint32_t>(event))) {
        for (const auto& drawn : forms_[form_of_[event]].keys.drawn) {
            if (drawn.domain == each.domain) {
                wanted.push_back({.number = each.key, .column = drawn.name, .row = each.row});
            }
        }
    }
}

void ReplayKeys::returned(std::uint32_t wanted, std::string_view value) {
    const auto& column = columns_[map_.domain_of(wanted)];
    const auto drawn = value_of(value, column);
    drawn_->put(wanted, value, !drawn || *drawn != map_.recorded(wanted));
}

const std::string* ReplayKeys::drawn_for(const KeyPlace& place, std::string_view recorded,
                                         bool& missing) const {
    const auto value = value_of(recorded, columns_[place.domain]);
    const auto key = value ? map_.find(place.domain, *value) : std::nullopt;
    if (!key) {
        return nullptr;
    }
    const auto* drawn = drawn_->get(*key);
    missing = missing || drawn == nullptr;
    return drawn;
}

std::string ReplayKeys::replaced(const KeyPlace& place, const std::string& recorded, bool& changed,
                                 bool& missing) const {
    if (!place.is_array) {
        const auto* drawn = drawn_for(place, recorded, missing);
        changed = changed || drawn != nullptr;
        return drawn == nullptr ? recorded : *drawn;
    }
    std::string all = "{";
    bool any = false;
    for (const auto& each : values_in(place, recorded)) {
        const auto* drawn = drawn_for(place, each, missing);
        any = any || drawn != nullptr;
        all += (all.size() > 1 ? "," : "") + (drawn == nullptr ? each : *drawn);
    }
    changed = changed || any;
    return any ? all + "}" : recorded;
}

void ReplayKeys::replace(std::size_t event, workloads::logs::StatementScanner& scanner,
                         std::string& text, ParameterValues& parameters) {
    if (map_.size() == 0 || forms_[form_of_[event]].places.empty()) {
        return;
    }
    bool changed = false, missing = false, scanned = false;
    std::map<std::size_t, std::pair<std::size_t, std::string>> written;  // in the text: at, bytes
    for (const auto& [at, place] : forms_[form_of_[event]].places) {
        if (at.kind == ValuePlace::Kind::parameter && at.index < parameters.size()) {
            if (auto& value = parameters[at.index]; value) {
                value = replaced(place, *value, changed, missing);
            }
        } else if (at.kind == ValuePlace::Kind::literal && !at.negative) {
            if (!scanned) {
                scanner.scan(text);
                scanned = true;
            }
            std::string value;
            bool differs = false;
            if (at.index < scanner.literals().size() &&
                workloads::conflicts::read_literal(scanner.literals()[at.index], value)) {
                const auto literal = scanner.literals()[at.index];
                const auto drawn = replaced(place, value, differs, missing);
                if (differs) {
                    written[static_cast<std::size_t>(literal.data() - text.data())] = {
                        literal.size(), is_number(literal) && is_number(drawn)
                                            ? drawn
                                            : workloads::conflicts::written_literal(drawn)};
                }
            }
            changed = changed || differs;
        }
    }
    for (auto each = written.rbegin(); each != written.rend(); ++each) {
        text.replace(each->first, each->second.first, each->second.second);
    }
    replaced_calls_ += changed ? 1U : 0U;
    missing_calls_ += missing ? 1U : 0U;
}

}  // namespace harness::recording
