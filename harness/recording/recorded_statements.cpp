#include "harness/recording/recorded_statements.hpp"

#include "workloads/conflicts/touches.hpp"
#include "workloads/replay/session_play.hpp"

#include <set>

namespace harness::recording {
namespace {

using workloads::conflicts::ValuePlace;
using workloads::logs::LogEntry;
using workloads::logs::Saying;

// What is beyond them is one form that nobody can read: a parse tree takes kilobytes.
constexpr std::size_t most_forms = 20'000;
constexpr std::uint32_t unreadable = 0, fetches = 1;
constexpr std::size_t events_between_looks = 10'000;

}  // namespace

Spoken spoken(const LogEntry& entry) {
    Spoken spoken{workloads::logs::read_message(entry), {}};
    spoken.text = spoken.said.saying == Saying::failure ? entry.query : spoken.said.text;
    return spoken;
}

RecordedStatements::RecordedStatements(const workloads::Recording& recording,
                                       std::span<const std::uint32_t> sessions,
                                       const RecordingReader& reader, const std::stop_token& stop)
    : again_{reader.reread()}, form_of_(recording.events.size(), unreadable) {
    forms_.resize(2);
    forms_[fetches].statement = workloads::synthesis::read_statement("FETCH 1 FROM c");
    std::size_t seen = 0;
    LogEntry entry;
    for (const auto number : sessions) {
        const auto& session = recording.sessions[number];
        for (auto i = session.first_event; i < session.first_event + session.events; ++i) {
            if (++seen % events_between_looks == 0 && stop.stop_requested()) {
                throw Stopped{};
            }
            const auto& event = recording.events[i];
            if (!workloads::replay::is_replayed(event) || !again_->read(event.place(), entry)) {
                continue;
            }
            const auto [said, text] = spoken(entry);
            form_of_[i] = said.saying == Saying::fetch ? fetches : form_of_text(text);
            ++forms_[form_of_[i]].calls;
        }
    }
}

std::uint32_t RecordedStatements::form_of_text(std::string_view text) {
    const auto hash = scanner_.scan(text).masked_hash;
    const auto [known, is_new] = known_.emplace(std::pair{hash.low, hash.high}, unreadable);
    if (is_new && forms_.size() < most_forms) {
        Form form;
        form.statement = workloads::synthesis::read_statement(std::string{text});
        if (!form.statement.sql.empty()) {
            form.places = workloads::conflicts::places_of_values(text, form.statement.sql);
        }
        known->second = static_cast<std::uint32_t>(forms_.size());
        forms_.push_back(std::move(form));
    }
    return known->second;
}

void RecordedStatements::read_values(const workloads::Event& event, const Form& form,
                                     Values& values) {
    values.assign(form.places.size(), std::nullopt);
    LogEntry entry;
    if (values.empty() || !again_->read(event.place(), entry)) {
        return;
    }
    static_cast<void>(workloads::logs::read_parameters(entry, &parameters_));
    const auto text = spoken(entry).text;
    scanner_.scan(text);
    const auto& literals = scanner_.literals();
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto& place = form.places[i];
        if (place.kind == ValuePlace::Kind::parameter && place.index < parameters_.size()) {
            values[i] = parameters_[place.index];
        } else if (std::string value;
                   place.kind == ValuePlace::Kind::literal && place.index < literals.size() &&
                   workloads::conflicts::read_literal(literals[place.index], value)) {
            values[i] = place.negative ? "-" + value : value;
        }
    }
}

std::vector<workloads::synthesis::NamedTable> RecordedStatements::tables() const {
    std::set<workloads::synthesis::NamedTable> all;
    for (const auto& form : forms_) {
        for (auto& table : workloads::synthesis::tables_named_by(form.statement)) {
            all.insert(std::move(table));
        }
    }
    return {all.begin(), all.end()};
}

std::vector<std::string> RecordedStatements::functions() const {
    std::set<std::string> all;
    for (const auto& form : forms_) {
        for (auto& name : workloads::conflicts::functions_called_by(form.statement)) {
            all.insert(std::move(name));
        }
    }
    return {all.begin(), all.end()};
}

}  // namespace harness::recording
