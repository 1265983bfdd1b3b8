#include "harness/verification/row_spill.hpp"

#include <utility>
#include <variant>

namespace harness::verification {

class RowSpill::Worker final : public RowObserver {
public:
    Worker(RowSpill& spill, checksum::SpillFile file)
        : spill_{spill}, writer_{std::in_place, spill.hasher_, spill.layout_, std::move(file)} {}

    void row(std::size_t, const checksum::RowContents& contents,
             std::span<const checksum::Value> values) override {
        if (!writer_ || !spill_.keeps(contents.key)) {
            return;
        }
        if (auto error = writer_->append(values, contents)) {
            writer_.reset();  // and its file: the room is given back
            spill_.fail(*std::move(error));
        }
    }

    void done() override {
        if (!writer_) {
            return;
        }
        auto finished = std::move(*writer_).finish();
        if (auto* error = std::get_if<checksum::SpillError>(&finished)) {
            spill_.fail(std::move(*error));
        } else {
            spill_.collect(std::get<checksum::SpillFile>(std::move(finished)));
        }
    }

private:
    RowSpill& spill_;
    std::optional<checksum::SidecarWriter> writer_;
};

RowSpill::RowSpill(checksum::RecordLayout layout, const checksum::RowHasher& hasher,
                   std::string directory, std::shared_ptr<checksum::SpillBudget> budget)
    : layout_{std::move(layout)},
      hasher_{hasher},
      directory_{std::move(directory)},
      budget_{std::move(budget)} {}

void RowSpill::keep_only(const checksum::TableDigest& digest,
                         const std::vector<std::size_t>& differing) {
    digest_ = &digest;
    kept_buckets_.assign(digest.buckets(), false);
    for (const std::size_t bucket : differing) {
        kept_buckets_[bucket] = true;
    }
}

std::unique_ptr<RowObserver> RowSpill::observer() {
    {
        const std::scoped_lock lock{mutex_};
        if (error_) {
            return nullptr;
        }
    }
    auto file = checksum::SpillFile::create({.directory = directory_, .budget = budget_});
    if (auto* error = std::get_if<checksum::SpillError>(&file)) {
        fail(std::move(*error));
        return nullptr;
    }
    return std::make_unique<Worker>(*this, std::get<checksum::SpillFile>(std::move(file)));
}

checksum::Sidecar RowSpill::take() { return {layout_, std::move(files_)}; }

void RowSpill::fail(checksum::SpillError error) {
    const std::scoped_lock lock{mutex_};
    if (!error_) {
        error_ = std::move(error);
    }
}

void RowSpill::collect(checksum::SpillFile file) {
    const std::scoped_lock lock{mutex_};
    files_.push_back(std::move(file));
}

}  // namespace harness::verification
