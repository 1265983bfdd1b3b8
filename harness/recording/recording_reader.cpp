#include "harness/recording/recording_reader.hpp"

#include "harness/recording/log_files.hpp"
#include "harness/usage_error.hpp"
#include "reports/figures.hpp"
#include "workloads/logs/log_clock.hpp"
#include "workloads/logs/session_builder.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace harness::recording {
namespace {

using workloads::logs::Format;
using workloads::logs::LogClock;
using workloads::logs::LogEntry;
using workloads::logs::LogReader;
using workloads::logs::SessionBuilder;

constexpr std::size_t most_files = 60'000;  // an event has 16 bits for its file
constexpr std::size_t most_clock_notes = 10;

const std::vector<std::filesystem::path>& at_most(const std::vector<std::filesystem::path>& paths) {
    if (paths.size() > most_files) {
        throw UsageError{"at most " + reports::count_text(most_files) +
                         " files make a recording; these are " + reports::count_text(paths.size())};
    }
    return paths;
}

std::string format_text(const workloads::logs::LogFormat& format) {
    switch (format.format) {
        case Format::csvlog:
            return "csvlog";
        case Format::jsonlog:
            return "jsonlog";
        default:
            return std::string{format.envelope == workloads::logs::Envelope::syslog
                                   ? "syslog"
                                   : "stderr log"} +
                   ", log_line_prefix '" + format.prefix + "'" +
                   (format.guessed ? " (guessed)" : "");
    }
}

// Where the events of time were met. What they were is known at the end: a step back may turn out
// to be a late record.
class ClockNotes {
public:
    void look(const LogClock& clock, std::uint16_t file, std::uint64_t line) {
        const auto count = clock.event_count();
        for (; seen_ < count; ++seen_) {
            if (places_.size() < most_clock_notes) {
                places_.push_back({file, line});
            }
        }
    }
    void tell(const LogClock& clock, std::vector<ReadFile>& files) const {
        for (std::size_t i = 0; i < places_.size(); ++i) {
            files[places_[i].file].notes.push_back("line " + std::to_string(places_[i].line) +
                                                   ": " + event_text(clock.events()[i]));
        }
        if (seen_ > most_clock_notes) {
            files.back().notes.push_back(reports::count_text(seen_) +
                                         " such events of the clock in all");
        }
    }

private:
    struct Met {
        std::uint16_t file;
        std::uint64_t line;
    };
    std::uint64_t seen_ = 0;
    std::vector<Met> places_;
};

}  // namespace

struct RecordingReader::Implementation {
    Implementation(const std::vector<std::filesystem::path>& paths,
                   const std::optional<std::string>& prefix, ReadProgress& its_progress,
                   std::stop_token its_stop)
        : progress{its_progress},
          stop{std::move(its_stop)},
          logs{at_most(paths),
               {.prefix = prefix, .folder = {}, .unpacked = [this](std::uint64_t bytes) {
                    progress.unpacked = bytes;
                    stop_if_asked();
                }}} {
        for (const auto& log : logs.files()) {
            ReadFile file;
            file.path = log.name();
            file.format = format_text(log.format());
            file.bytes = log.text().size();
            file.notes = log.warnings();
            progress.all_bytes += file.bytes;
            files.push_back(std::move(file));
        }
        if (!files.empty()) {
            files.front().notes.insert(files.front().notes.end(), logs.warnings().begin(),
                                       logs.warnings().end());
        }
    }

    void stop_if_asked() const {
        if (stop.stop_requested()) {
            throw Stopped{};
        }
    }

    void read_file(std::uint16_t number, SessionBuilder& builder) {
        auto reader = logs.files()[number].reader();
        auto& file = files[number];
        LogEntry entry;
        const auto before = progress.bytes.load();
        std::uint64_t in_seconds = 0;
        while (reader.next(entry)) {
            in_seconds += entry.time.local_us % 1'000'000 == 0 ? 1U : 0U;
            latest_us = entry.time.known ? clock.utc_us(entry.time) : latest_us;
            clock_notes.look(clock, number, entry.line);
            builder.add(entry, number, latest_us);
            if ((++file.records & 0x3ffU) == 0) {
                progress.bytes = before + entry.offset;
                progress.statements = builder.statements();
                stop_if_asked();
            }
        }
        logs.files()[number].check();
        // Of so many some would have a fraction.
        constexpr std::uint64_t enough = 4;
        file.in_seconds = file.records >= enough && in_seconds == file.records;
        if (file.in_seconds) {
            file.notes.push_back("its times are in whole seconds: each start may be up to 1 s off");
        }
        progress.bytes = before + file.bytes;
        file.problems = reader.problems().kept();
        file.problem_count = reader.problems().count();
        file.passed_over_bytes = reader.problems().bytes();
    }

    ReadProgress& progress;
    std::stop_token stop;
    LogFiles logs;
    std::vector<ReadFile> files;
    LogClock clock;
    ClockNotes clock_notes;
    std::int64_t latest_us = 0;
};

std::string ReadProgress::line() const {
    const auto all = all_bytes.load();
    if (all == 0) {
        return "unpacking: " + reports::bytes_text(static_cast<std::int64_t>(unpacked.load()));
    }
    return "reading: " +
           reports::decimal_text(
               100.0 * static_cast<double>(bytes.load()) / static_cast<double>(all), 0) +
           " %, " + reports::count_text(statements.load()) + " statements";
}

RecordingReader::RecordingReader(const std::vector<std::filesystem::path>& paths,
                                 const std::optional<std::string>& prefix, ReadProgress& progress,
                                 std::stop_token stop)
    : implementation_{std::make_unique<Implementation>(paths, prefix, progress, std::move(stop))} {}

RecordingReader::~RecordingReader() = default;

workloads::Recording RecordingReader::read() {
    auto& all = *implementation_;
    SessionBuilder builder;
    builder.expect(all.progress.all_bytes);
    for (std::size_t i = 0; i < all.files.size(); ++i) {
        all.read_file(static_cast<std::uint16_t>(i), builder);
    }
    all.clock_notes.tell(all.clock, all.files);
    return builder.finish();
}

const std::vector<ReadFile>& RecordingReader::files() const noexcept {
    return implementation_->files;
}

namespace {

class Rereader final : public RecordRereader {
public:
    explicit Rereader(const std::vector<MappedLog>& logs) : logs_{logs} {}

    bool read(workloads::Place place, LogEntry& entry) override {
        if (place.file >= logs_.size() || place.offset >= logs_[place.file].text().size()) {
            return false;
        }
        const auto& log = logs_[place.file];
        // A session's records follow each other in one file: its reader is kept. To make one for
        // each record was 13 % of a replay's thread.
        if (!reader_ || file_ != place.file) {
            reader_.emplace(log.reader());
            file_ = place.file;
        }
        reader_->move_to(place.offset);
        const bool found = reader_->next(entry) && entry.offset == place.offset;
        log.check();
        return found;
    }

    std::uint64_t line_of(workloads::Place place) const override {
        const auto before =
            logs_.at(place.file).text().substr(0, static_cast<std::size_t>(place.offset));
        return 1 + static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n'));
    }

private:
    const std::vector<MappedLog>& logs_;
    std::optional<LogReader> reader_;
    std::uint16_t file_ = 0;  // that it reads
};

}  // namespace

std::string RecordingReader::place_text(workloads::Place place) const {
    return files().at(place.file).path + ":" + std::to_string(reread()->line_of(place));
}

std::unique_ptr<RecordRereader> RecordingReader::reread() const {
    return std::make_unique<Rereader>(implementation_->logs.files());
}

}  // namespace harness::recording
