#include "harness/verification/row_spill.hpp"

#include <utility>
#include <variant>

namespace harness::verification {

class RowSpill::Worker final : public RowObserver {
public:
    Worker(RowSpill& spill, checksum::SpillFile file)
        : spill_{spill},
          writer_{std::in_place, spill.hasher_, spill.layout_, std::move(file)},
          contents_(spill.layout_.columns()),
          holds_(spill.layout_.added_columns().size()) {}

    void row(std::size_t, const checksum::RowContents& contents,
             std::span<const checksum::Value> values) override {
        if (!writer_ || !spill_.keeps(contents.key)) {
            return;
        }
        const auto columns = values.first(contents_.size());
        if (auto error = writer_->append(columns, of_all(columns, contents), holds(values))) {
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
    checksum::RowContents of_all(std::span<const checksum::Value> columns,
                                 const checksum::RowContents& scanned) {
        if (scanned.contents.size() == columns.size()) {
            return scanned;
        }
        spill_.hasher_.contents(columns, contents_);
        return {.key = scanned.key, .contents = contents_};
    }
    const std::vector<bool>& holds(std::span<const checksum::Value> values) {
        for (std::size_t i = 0; i < holds_.size(); ++i) {
            const auto& check = values[contents_.size() + i];
            holds_[i] = check.presence == checksum::Presence::value && check == yes();
        }
        return holds_;
    }

    static const checksum::Value& yes() {
        static checksum::Arena arena;
        static const checksum::Value one = checksum::number(1, arena);
        return one;
    }

    RowSpill& spill_;
    std::optional<checksum::SidecarWriter> writer_;
    std::vector<checksum::Digest> contents_;  // of the running row
    std::vector<bool> holds_;
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

checksum::Sidecar RowSpill::take() {
    return {layout_, std::move(files_)};
}

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
