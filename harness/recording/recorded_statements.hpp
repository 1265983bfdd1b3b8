// The statements of a recording once more: their texts in a form in which their values are $n, and
// the values of each call.
#pragma once

#include "harness/recording/recording_reader.hpp"
#include "workloads/conflicts/value_places.hpp"
#include "workloads/logs/message.hpp"
#include "workloads/logs/parameters.hpp"
#include "workloads/logs/statement_scan.hpp"
#include "workloads/recording.hpp"
#include "workloads/synthesis/analysis.hpp"
#include "workloads/synthesis/statement_text.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace harness::recording {

// What a record says, and the statement's text: of one that failed and of which nothing else is
// logged the failure tells it.
struct Spoken {
    workloads::logs::Said said;
    std::string_view text;
};
[[nodiscard]] Spoken spoken(const workloads::logs::LogEntry& entry);

class RecordedStatements {
public:
    // Texts that differ in their values alone.
    struct Form {
        workloads::synthesis::StatementText statement;
        std::vector<workloads::conflicts::ValuePlace> places;  // of its $n
        std::uint64_t calls = 0;
    };
    using Values = std::vector<std::optional<std::string>>;

    // Reads every statement of these sessions that is replayed. `reader` must outlive it. Throws
    // Stopped, CutShort.
    RecordedStatements(const workloads::Recording& recording,
                       std::span<const std::uint32_t> sessions, const RecordingReader& reader,
                       const std::stop_token& stop);

    [[nodiscard]] const std::vector<Form>& forms() const noexcept { return forms_; }
    // Of the event of that index in the recording; requires that it is replayed.
    [[nodiscard]] std::size_t form_of(std::size_t event) const { return form_of_.at(event); }

    // The values of its form's $n, from $1 on. None: NULL, or not known.
    void read_values(const workloads::Event& event, const Form& form, Values& values);

    // What all forms name, for the target's catalog.
    [[nodiscard]] std::vector<workloads::synthesis::NamedTable> tables() const;
    [[nodiscard]] std::vector<std::string> functions() const;

private:
    [[nodiscard]] std::uint32_t form_of_text(std::string_view text);

    std::unique_ptr<RecordRereader> again_;
    workloads::logs::StatementScanner scanner_;
    workloads::logs::ParameterValues parameters_;
    std::vector<Form> forms_;
    std::vector<std::uint32_t> form_of_;                                      // by event
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint32_t> known_;  // by masked text
};

}  // namespace harness::recording
