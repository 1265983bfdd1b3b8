#include "harness/recording/replay_calls.hpp"

#include "harness/recording/recorded_statements.hpp"
#include "workloads/logs/message.hpp"
#include "workloads/replay/pipelining.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <stdexcept>

namespace harness::recording {
namespace {

using workloads::Event;
using workloads::logs::LogEntry;
using workloads::logs::Protocol;
using workloads::logs::Saying;
using workloads::replay::RecordedCall;

// Rows of a portal that are fetched at a time: the log does not tell.
constexpr const char* rows_a_fetch = "100";

std::uint64_t key_of(workloads::Place place) {
    return std::uint64_t{place.file} << 48U | place.offset;
}

// What DECLARE takes.
bool reads_rows(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n(");
    if (first == std::string_view::npos) {
        return false;
    }
    std::string word{text.substr(first, 6)};
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return word == "SELECT" || word == "VALUES";
}

std::string quoted_name(std::string_view name) {
    std::string quoted = "\"";
    for (const char c : name) {
        quoted += c;
        if (c == '"') {
            quoted += c;
        }
    }
    return quoted + '"';
}

std::string fetch_from(std::string_view portal) {
    return std::string{"FETCH FORWARD "} + rows_a_fetch + " FROM " + quoted_name(portal);
}

}  // namespace

FetchedPortals::FetchedPortals(const workloads::Recording& recording,
                               std::span<const std::uint32_t> sessions,
                               const RecordingReader& reader) {
    const auto again = reader.reread();
    LogEntry entry;
    for (const auto number : sessions) {
        const auto events = recording.events_of(recording.sessions[number]);
        if (std::none_of(events.begin(), events.end(),
                         [](const Event& event) { return event.protocol() == Protocol::fetch; })) {
            continue;
        }
        std::map<std::string, workloads::Place> executed;
        for (const auto& event : events) {
            if (event.protocol() != Protocol::extended && event.protocol() != Protocol::fetch) {
                continue;
            }
            if (!again->read(event.place(), entry)) {
                continue;
            }
            const auto said = workloads::logs::read_message(entry);
            if (said.saying == Saying::execute) {
                executed.erase(std::string{said.portal});
                if (!said.portal.empty() && reads_rows(said.text)) {
                    executed[std::string{said.portal}] = event.place();
                }
            } else if (const auto found = executed.find(std::string{said.portal});
                       found != executed.end()) {
                places_.insert(key_of(found->second));
            }
        }
    }
}

bool FetchedPortals::contains(const Event& event) const {
    return places_.contains(key_of(event.place()));
}

ReplayCalls::ReplayCalls(const workloads::Recording& recording, const RecordingReader& reader,
                         const FetchedPortals& cursors, ReplayKeys* keys)
    : recording_{recording},
      reader_{reader},
      cursors_{cursors},
      keys_{keys},
      again_{reader.reread()} {}

std::size_t ReplayCalls::index_of(const Event& event) const {
    return static_cast<std::size_t>(&event - recording_.events.data());
}

void ReplayCalls::begin_lap(std::uint32_t lap) {
    lap_ = keys_ == nullptr ? nullptr : &keys_->enter(lap);
    awaited_.clear();
}

void ReplayCalls::end_lap() {
    if (lap_ != nullptr) {
        keys_->leave(*lap_);
        lap_ = nullptr;
    }
}

bool ReplayCalls::is_ready(const Event& event) {
    if (lap_ == nullptr || awaited_.empty() || !keys_->uses_keys(index_of(event))) {
        return true;
    }
    std::erase_if(awaited_, [this](auto key) { return lap_->is_drawn(key); });
    return awaited_.empty();
}

const RecordedCall& ReplayCalls::read(const Event& event) {
    LogEntry entry;
    if (!again_->read(event.place(), entry)) {
        throw std::runtime_error{"the log " + reader_.place_text(event.place()) +
                                 " was changed while it was replayed"};
    }
    const auto [said, text] = spoken(entry);
    call_ = {};
    name_.assign(said.name);
    values_.clear();
    then_.clear();
    text_.assign(text);
    parameters_.clear();
    if (said.saying != Saying::fetch && event.protocol() == Protocol::extended) {
        static_cast<void>(workloads::logs::read_parameters(entry, &parameters_));
    }
    if (lap_ != nullptr) {
        put_keys(index_of(event));
    }
    if (said.saying == Saying::fetch) {
        text_ = fetch_from(said.portal);
    } else if (event.protocol() == Protocol::extended) {
        for (const auto& value : parameters_) {
            values_.push_back(value ? value->c_str() : nullptr);
        }
        call_.extended = true;
        if (cursors_.contains(event)) {
            text_.insert(0, "DECLARE " + quoted_name(said.portal) + " NO SCROLL CURSOR FOR ");
            then_ = fetch_from(said.portal);
            name_.clear();
        }
    }
    call_.text = text_;
    call_.name = name_;
    call_.then = then_;
    call_.parameters = values_;
    return call_;
}

void ReplayCalls::put_keys(std::size_t event) {
    lap_->replace(event, scanner_, text_, parameters_);
    keys_->want(event, wanted_);
    await_keys();
    call_.wanted = wanted_;
    call_.taker = lap_;
}

// Those of calls that are no longer under way will not come any more.
void ReplayCalls::await_keys() {
    for (const auto& each : wanted_) {
        awaited_.push_back(each.number);
    }
    constexpr auto most = workloads::replay::Pipelining::most_under_way;
    if (wanted_.empty() || awaited_.size() <= most) {
        return;
    }
    std::erase_if(awaited_, [this](auto key) { return lap_->is_drawn(key); });
    const auto kept = std::min(awaited_.size(), most + wanted_.size());
    awaited_.erase(awaited_.begin(), awaited_.end() - static_cast<std::ptrdiff_t>(kept));
}

}  // namespace harness::recording
