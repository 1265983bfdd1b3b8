#include "sides.hpp"

#include <stdexcept>

namespace checksum::testing {

RecordOptions record_options(const std::vector<std::string>& compared, bool keyed) {
    RecordOptions options{.keyed = keyed};
    for (const std::string& name : compared) {
        options.columns.push_back({.name = name, .is_key = !keyed || options.columns.empty()});
    }
    return options;
}

SpillFile spill_file(const TemporaryDirectory& directory) {
    return std::get<SpillFile>(SpillFile::create(
        {directory.path(), std::make_shared<SpillBudget>(std::uint64_t{1} << 30), 1U << 20}));
}

Sidecar sidecar(const TemporaryDirectory& directory, const RecordOptions& options,
                const std::vector<Row>& rows, const std::vector<std::vector<bool>>& holds,
                std::size_t files) {
    const RecordLayout layout{options};
    const RowHasher hasher = layout.hasher(seed);
    std::vector<SidecarWriter> writers;
    for (std::size_t i = 0; i < files; ++i) {
        writers.emplace_back(hasher, layout, spill_file(directory));
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto digests = digest(hasher, rows[i]);
        const auto flags = holds.empty() ? std::vector<bool>{} : holds[i];
        if (writers[i % files].append(values(rows[i]), {digests.key, digests.contents}, flags)) {
            throw std::runtime_error{"the sidecar could not be written"};
        }
    }
    std::vector<SpillFile> finished;
    for (SidecarWriter& writer : writers) {
        finished.push_back(std::get<SpillFile>(std::move(writer).finish()));
    }
    return {layout, std::move(finished)};
}

}  // namespace checksum::testing
