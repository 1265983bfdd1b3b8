#include "harness/recording/replay_keys.hpp"

#include "workloads/conflicts/row_values.hpp"
#include "workloads/keys/lap_keys.hpp"
#include "workloads/replay/session_play.hpp"

#include <algorithm>
#include <map>

namespace harness::recording {
namespace {

using workloads::conflicts::ValuePlace;
using workloads::keys::KeyColumns;
using workloads::keys::KeyLearning;
using workloads::keys::KeyPlace;
using workloads::keys::number_of;
using workloads::keys::Question;
using workloads::keys::Step;
using workloads::logs::ParameterValues;
using workloads::replay::RecordedCall;

// Values that the target is asked about; of a column with more nothing is decided.
constexpr std::size_t questions_at_once = 100'000, sampled_questions = 10'000,
                      most_questions = 5'000'000;
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
           std::any_of(recording.shapes.begin(), recording.shapes.end(),
                       [](const auto& shape) { return holds_word(shape.masked, "insert"); });
}

ReplayKeys::ReplayKeys(const workloads::Recording& recording,
                       std::span<const std::uint32_t> sessions, RecordedStatements& statements,
                       const workloads::conflicts::Relations& relations, database::Database& target,
                       bool loops, const std::stop_token& stop)
    : recording_{recording} {
    std::vector<workloads::keys::Place> given;
    for (const auto& form : statements.forms()) {
        if (loops && form.calls > 0) {
            const auto its = workloads::keys::given_by(form.statement, relations);
            given.insert(given.end(), its.begin(), its.end());
        }
    }
    const KeyColumns columns{relations, given};
    columns_.assign(columns.all().begin(), columns.all().end());
    is_drawn_.assign(columns_.size(), false);
    is_given_.assign(columns_.size(), false);
    for (const auto& [relation, column] : given) {
        if (const auto domain = columns.find(relation, column);
            domain && columns.makes(relation, column)) {
            is_given_[*domain] = true;
        }
    }
    read_forms(statements, relations, columns);
    if (!is_used()) {
        return;
    }
    form_of_.reserve(recording.events.size());
    for (std::size_t i = 0; i < recording.events.size(); ++i) {
        form_of_.push_back(static_cast<std::uint32_t>(statements.form_of(i)));
    }
    collect(sessions, statements, stop);
    learn(statements, relations, target, stop);
}

bool ReplayKeys::is_used() const {
    const auto any = [](const std::vector<bool>& flags) {
        return std::find(flags.begin(), flags.end(), true) != flags.end();
    };
    return any(is_drawn_) || any(is_given_);
}

void ReplayKeys::read_forms(const RecordedStatements& statements,
                            const workloads::conflicts::Relations& relations,
                            const KeyColumns& columns) {
    for (const auto& form : statements.forms()) {
        Form read;
        if (form.calls > 0) {
            read.keys = keys_of(form.statement, relations, columns);
        }
        for (const auto domain : read.keys.draws) {
            is_drawn_[domain] = true;
        }
        for (const auto& place : read.keys.places) {
            if (const auto index = static_cast<std::size_t>(place.number) - 1;
                index < form.places.size()) {
                read.places.emplace_back(form.places[index], place);
            }
        }
        forms_.push_back(std::move(read));
    }
    // The others' keys are as they were.
    for (auto& form : forms_) {
        std::erase_if(form.places, [this](const Place& place) {
            return !is_drawn_[place.second.domain] && !is_given_[place.second.domain];
        });
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

void ReplayKeys::add_value(std::uint32_t event, const KeyPlace& place, std::uint64_t value) {
    const bool failed = recording_.events[event].outcome != workloads::Event::went_through;
    if (place.is_given && is_given_[place.domain] && !failed) {
        given_.insert(KeyLearning::key_of(place.domain, value));
        if (columns_[place.domain].is_sequence()) {
            auto& [lowest, highest] =
                given_numbers_.try_emplace(place.domain, number_of(value), number_of(value))
                    .first->second;
            lowest = std::min(lowest, number_of(value));
            highest = std::max(highest, number_of(value));
        }
    }
    if (is_drawn_[place.domain]) {
        steps_.push_back({.value = value,
                          .event = event,
                          .domain = place.domain,
                          .kind = place.is_given   ? Step::Kind::gives
                                  : place.is_bound ? Step::Kind::bounds
                                                   : Step::Kind::uses});
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
                add_value(event, place, *value);
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
                       const workloads::conflicts::Relations& relations, database::Database& target,
                       const std::stop_token& stop) {
    const KeyLearning learning{recording_, columns_, steps_};
    std::vector<std::optional<std::int64_t>> highest(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (columns_[i].is_sequence()) {
            const auto& table = relations.catalog.tables[columns_[i].relation];
            highest[i] = target.highest_key(table, *table.column(columns_[i].column));
        }
    }
    const auto questions = learning.questions(highest);
    std::vector<bool> undecided(columns_.size());
    std::unordered_set<std::uint64_t> absent;
    for (std::size_t begin = 0; begin < questions.size();) {
        const auto domain = questions[begin].domain;
        auto end = begin;
        while (end < questions.size() && questions[end].domain == domain) {
            ++end;
        }
        const std::span asked{questions.data() + begin, end - begin};
        begin = end;
        if (!decide(asked, statements, relations, target, stop, absent)) {
            undecided[domain] = true;
            unknown_.push_back(name_of(columns_[domain], relations));
        }
    }
    learning_ = learning.learn(highest, absent, undecided);
    strides_.assign(columns_.size(), 0);
    for (const auto& [domain, numbers] : given_numbers_) {
        const auto top = std::max(numbers.second, highest[domain].value_or(numbers.second));
        auto& stride = strides_[domain];
        if (__builtin_sub_overflow(top, numbers.first, &stride) ||
            __builtin_add_overflow(stride, 1, &stride)) {
            stride = 0;  // there is no room for others
        }
    }
    map_ = workloads::keys::KeyMap{learning_.keys};
    uses_keys_.assign(recording_.events.size(), false);
    for (const auto& step : steps_) {
        const bool uses = step.kind == Step::Kind::uses || step.kind == Step::Kind::bounds;
        if (uses && map_.find(step.domain, step.value)) {
            uses_keys_[step.event] = true;
        }
    }
    steps_ = {};
}

// As it stands in the call.
std::string ReplayKeys::text_of(const Question& question, RecordedStatements& statements) {
    const auto& column = columns_[question.domain];
    const auto number = form_of_[question.event];
    RecordedStatements::Values values;
    statements.read_values(recording_.events[question.event], statements.forms()[number], values);
    for (const auto& [at, place] : forms_[number].places) {
        const auto index = static_cast<std::size_t>(place.number) - 1;
        if (place.domain != question.domain || index >= values.size() || !values[index]) {
            continue;
        }
        for (const auto& each : values_in(place, *values[index])) {
            if (value_of(each, column) == question.value) {
                return workloads::conflicts::canonical(each, column.type).value_or(each);
            }
        }
    }
    return {};
}

bool ReplayKeys::decide(std::span<const Question> asked, RecordedStatements& statements,
                        const workloads::conflicts::Relations& relations,
                        database::Database& target, const std::stop_token& stop,
                        std::unordered_set<std::uint64_t>& absent) {
    // Of a large log most keys are old ones: where not one of so many is new, next to none is.
    if (asked.size() > 2 * sampled_questions) {
        std::vector<Question> sample;
        for (std::size_t i = 0; i < sampled_questions; ++i) {
            sample.push_back(asked[i * asked.size() / sampled_questions]);
        }
        const auto before = absent.size();
        if (!ask(sample, statements, relations, target, absent)) {
            return false;
        }
        if (absent.size() == before) {
            return true;
        }
    }
    if (asked.size() > most_questions) {
        return false;
    }
    for (std::size_t begin = 0; begin < asked.size(); begin += questions_at_once) {
        if (stop.stop_requested()) {
            throw Stopped{};
        }
        const auto count = std::min(questions_at_once, asked.size() - begin);
        if (!ask(asked.subspan(begin, count), statements, relations, target, absent)) {
            return false;
        }
    }
    return true;
}

bool ReplayKeys::ask(std::span<const Question> asked, RecordedStatements& statements,
                     const workloads::conflicts::Relations& relations, database::Database& target,
                     std::unordered_set<std::uint64_t>& absent) {
    const auto& column = columns_[asked.front().domain];
    const auto& table = relations.catalog.tables[column.relation];
    std::vector<std::string> texts;
    for (const auto& question : asked) {
        texts.push_back(text_of(question, statements));
    }
    const auto found = target.absent_keys(table, *table.column(column.column), texts);
    for (const auto index : found.value_or(std::vector<std::size_t>{})) {
        absent.insert(KeyLearning::key_of(asked[index].domain, asked[index].value));
    }
    return found.has_value();
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
    told.given = given_.size();
    const std::scoped_lock reading{laps_changing_};
    for (const auto& lap : laps_) {
        told.laps += lap.is_begun() ? 1U : 0U;
        told.drawn_again += lap.counts().drawn;
        told.moved += lap.counts().moved;
    }
    told.replaced_calls = replaced_calls_.load();
    told.missing_calls = missing_calls_.load();
    return told;
}

ReplayKeys::Lap& ReplayKeys::enter(std::uint32_t number) {
    const std::scoped_lock adding{laps_changing_};
    while (laps_.size() <= number) {
        laps_.emplace_back(*this, static_cast<std::uint32_t>(laps_.size()));
    }
    ++laps_[number].sessions_;
    return laps_[number];
}

void ReplayKeys::leave(Lap& lap) {
    const std::scoped_lock leaving{laps_changing_};
    // Sessions begin in their order, but not all threads are equally far.
    constexpr std::size_t laps_at_once = 8;
    if (--lap.sessions_ == 0 && lap.number_ + laps_at_once < laps_.size()) {
        lap.drawn_.forget();
    }
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

void ReplayKeys::Lap::returned(std::uint32_t wanted, std::string_view value) {
    const auto& column = all_.columns_[all_.map_.domain_of(wanted)];
    const auto drawn = value_of(value, column);
    drawn_.put(wanted, value, !drawn || *drawn != all_.map_.recorded(wanted));
}

std::optional<std::string> ReplayKeys::Lap::key_for(const KeyPlace& place,
                                                    std::string_view recorded, Found& found) const {
    const auto& column = all_.columns_[place.domain];
    const auto value = value_of(recorded, column);
    if (!value) {
        return std::nullopt;
    }
    if (const auto key = all_.map_.find(place.domain, *value)) {
        const auto* drawn = drawn_.get(*key);
        found.missing = found.missing || drawn == nullptr;
        found.changed = found.changed || drawn != nullptr;
        return drawn == nullptr ? std::nullopt : std::optional{*drawn};
    }
    if (number_ == 0 || !all_.given_.contains(KeyLearning::key_of(place.domain, *value))) {
        return std::nullopt;
    }
    auto key = key_of_lap(recorded, column, number_, all_.strides_[place.domain]);
    found.changed = found.changed || key.has_value();
    return key;
}

std::string ReplayKeys::Lap::replaced(const KeyPlace& place, const std::string& recorded,
                                      Found& found) const {
    if (!place.is_array) {
        return key_for(place, recorded, found).value_or(recorded);
    }
    Found here;
    std::string all = "{";
    for (const auto& each : values_in(place, recorded)) {
        all += (all.size() > 1 ? "," : "") + key_for(place, each, here).value_or(each);
    }
    found.changed = found.changed || here.changed;
    found.missing = found.missing || here.missing;
    return here.changed ? all + "}" : recorded;
}

void ReplayKeys::Lap::replace(std::size_t event, workloads::logs::StatementScanner& scanner,
                              std::string& text, ParameterValues& parameters) {
    begun_ = true;
    const auto& places = all_.forms_[all_.form_of_[event]].places;
    if (places.empty()) {
        return;
    }
    Found found;
    std::map<std::size_t, std::pair<std::size_t, std::string>> written;  // in the text: at, bytes
    const bool in_text = std::any_of(places.begin(), places.end(), [](const Place& place) {
        return place.first.kind == ValuePlace::Kind::literal && !place.first.negative;
    });
    if (in_text) {
        scanner.scan(text);
    }
    for (const auto& [at, place] : places) {
        if (at.kind == ValuePlace::Kind::parameter && at.index < parameters.size()) {
            if (auto& value = parameters[at.index]; value) {
                value = replaced(place, *value, found);
            }
            continue;
        }
        std::string recorded;
        if (at.kind != ValuePlace::Kind::literal || at.negative ||
            at.index >= scanner.literals().size() ||
            !workloads::conflicts::read_literal(scanner.literals()[at.index], recorded)) {
            continue;
        }
        const auto literal = scanner.literals()[at.index];
        if (const auto key = replaced(place, recorded, found); key != recorded) {
            written[static_cast<std::size_t>(literal.data() - text.data())] = {
                literal.size(), is_number(literal) && is_number(key)
                                    ? key
                                    : workloads::conflicts::written_literal(key)};
        }
    }
    for (auto each = written.rbegin(); each != written.rend(); ++each) {
        text.replace(each->first, each->second.first, each->second.second);
    }
    all_.replaced_calls_ += found.changed ? 1U : 0U;
    all_.missing_calls_ += found.missing ? 1U : 0U;
}

}  // namespace harness::recording
