#include "harness/recording/log_masking.hpp"

#include "harness/private_file.hpp"
#include "harness/recording/log_files.hpp"
#include "harness/recording/recording_reader.hpp"
#include "harness/usage_error.hpp"
#include "workloads/logs/log_writer.hpp"
#include "workloads/logs/mask_entry.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <stdexcept>
#include <unordered_map>
#include <variant>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

extern "C" {
#include <pg_query.h>
}

namespace harness::recording {
namespace {

namespace fs = std::filesystem;
using workloads::logs::Envelope;
using workloads::logs::Format;
using workloads::logs::LinePrefix;
using workloads::logs::LogEntry;
using workloads::logs::LogFormat;
using workloads::logs::Masker;

constexpr std::size_t write_bytes = 1U << 20;

Masker::Digest keyed_hash(const std::string& key, std::string_view text) {
    Masker::Digest digest{};
    unsigned length = 0;
    if (::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
               reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
               &length) == nullptr ||
        length != digest.size()) {
        throw std::runtime_error{"OpenSSL could not compute a keyed hash"};
    }
    return digest;
}

// The server's own grammar. It takes long for long texts, and a statement comes again and again.
class Grammar {
public:
    bool takes(std::string_view text) {
        constexpr std::size_t longest = 1U << 20, longest_kept = 4096, most_kept = 20'000;
        if (text.size() > longest || text.find('\0') != std::string_view::npos) {
            return false;
        }
        if (text.size() > longest_kept) {
            return parses(text);
        }
        const auto found = known_.find(std::string{text});
        if (found != known_.end()) {
            return found->second;
        }
        if (known_.size() == most_kept) {
            known_.clear();
        }
        return known_.emplace(text, parses(text)).first->second;
    }

private:
    static bool parses(std::string_view text) {
        const std::string terminated{text};
        const auto result = pg_query_split_with_parser(terminated.c_str());
        const bool taken = result.error == nullptr;
        pg_query_free_split_result(result);
        return taken;
    }

    std::unordered_map<std::string, bool> known_;
};

// "a.csv.gz" becomes "a.csv".
std::string name_for(const fs::path& path) {
    const auto ending = path.extension();
    return (ending == ".gz" || ending == ".zst" ? path.stem() : path.filename()).string();
}

std::map<std::string, fs::path> targets(const LogFiles& logs, const fs::path& out) {
    std::map<std::string, fs::path> by_source;
    std::map<std::string, std::string> by_target;
    for (const auto& log : logs.files()) {
        const std::string name = name_for(log.name());
        const auto [taken, is_new] = by_target.emplace(name, log.name());
        if (!is_new) {
            throw UsageError{log.name() + ": " + taken->second +
                             " would be written under the same name; mask them one after the "
                             "other into folders of their own"};
        }
        by_source.emplace(log.name(), out / name);
    }
    return by_source;
}

// What syslog knew of the time and the process has to stand in the line.
LinePrefix written_prefix(const LogFormat& format) {
    auto parsed = LinePrefix::parse(format.prefix, LinePrefix::Needs::nothing);
    auto prefix = std::get<LinePrefix>(std::move(parsed));
    const bool whole = prefix.has("tmn") && prefix.has("pc");
    return whole ? prefix
                 : std::get<LinePrefix>(
                       LinePrefix::parse("%m [%p] " + format.prefix, LinePrefix::Needs::nothing));
}

class Writer {
public:
    Writer(const fs::path& path, const LogFormat& format)
        : path_{path}, file_{open_private_file(path)}, format_{format.format} {
        if (format_ == Format::stderr_log) {
            prefix_ = written_prefix(format);
        }
    }
    void add(const LogEntry& entry) {
        switch (format_) {
            case Format::csvlog:
                workloads::logs::write_csvlog(text_, entry);
                break;
            case Format::jsonlog:
                workloads::logs::write_jsonlog(text_, entry);
                break;
            case Format::stderr_log:
                workloads::logs::write_stderr_log(text_, entry, *prefix_);
                break;
        }
        if (text_.size() >= write_bytes) {
            flush();
        }
    }
    void finish() {
        flush();
        if (std::fflush(file_.get()) != 0) {
            fail();
        }
    }

private:
    void flush() {
        if (std::fwrite(text_.data(), 1, text_.size(), file_.get()) != text_.size()) {
            fail();
        }
        text_.clear();
    }
    [[noreturn]] void fail() const {
        throw std::runtime_error{path_.string() + ": cannot be written: " + std::strerror(errno)};
    }

    fs::path path_;
    PrivateFile file_;
    Format format_;
    std::optional<LinePrefix> prefix_;
    std::string text_;
};

// What is written is whole, or gone.
class Folder {
public:
    explicit Folder(const fs::path& path) : path_{path} {
        std::error_code error;
        if (fs::exists(path, error)) {
            const bool empty = fs::is_directory(path, error) && fs::is_empty(path, error);
            if (error) {
                throw UsageError{path.string() + ": " + error.message() +
                                 "; name another with --out"};
            }
            if (!empty) {
                throw UsageError{path.string() + " must be new or empty; name another with --out"};
            }
        }
        made_ = fs::create_directories(path, error);
        if (error) {
            throw UsageError{path.string() + ": " + error.message()};
        }
    }
    ~Folder() {
        std::error_code error;
        for (const auto& file : files_) {
            fs::remove(file, error);
        }
        if (made_ && !files_.empty()) {
            fs::remove(path_, error);
        }
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    void add(const fs::path& file) { files_.push_back(file); }
    void keep() { files_.clear(); }

private:
    fs::path path_;
    bool made_ = false;
    std::vector<fs::path> files_;
};

}  // namespace

std::vector<MaskedFile> mask_logs(const Masking& masking, MaskingProgress& progress,
                                  const std::stop_token& stop) {
    const auto end_if_asked = [&] {
        if (stop.stop_requested()) {
            throw Stopped{};
        }
    };
    const LogFiles logs{masking.logs, {masking.prefix, {}, [&](std::uint64_t bytes) {
                                           progress.unpacked = bytes;
                                           end_if_asked();
                                       }}};
    const auto paths = targets(logs, masking.out);
    for (const auto& log : logs.files()) {
        progress.all_bytes += log.text().size();
    }
    Grammar grammar;
    workloads::logs::EntryMasker masker{
        Masker{[&](std::string_view text) { return keyed_hash(masking.key, text); },
               [&](std::string_view text) { return grammar.takes(text); }},
        masking.keep_names};
    Folder folder{masking.out};
    std::vector<MaskedFile> done;
    std::uint64_t bytes_before = 0;
    for (const auto& log : logs.files()) {
        MaskedFile file{log.name(), paths.at(log.name()), 0, 0, 0, log.warnings()};
        folder.add(file.to);
        Writer writer{file.to, log.format()};
        auto reader = log.reader();
        LogEntry entry;
        while (reader.next(entry)) {
            writer.add(masker.mask(entry));
            ++file.records;
            progress.bytes = bytes_before + entry.offset;
            end_if_asked();
        }
        log.check();  // before what was made of it may stay
        writer.finish();
        bytes_before += log.text().size();
        file.left_out = reader.problems().count();
        file.left_out_bytes = reader.problems().bytes();
        done.push_back(std::move(file));
    }
    folder.keep();
    if (!done.empty()) {
        done.front().warnings.insert(done.front().warnings.end(), logs.warnings().begin(),
                                     logs.warnings().end());
    }
    return done;
}

std::string random_key() {
    std::string key(32, '\0');
    if (::RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) !=
        1) {
        throw std::runtime_error{"OpenSSL has no random numbers"};
    }
    return key;
}

}  // namespace harness::recording
