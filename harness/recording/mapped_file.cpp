#include "harness/recording/mapped_file.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace harness::recording {

// Never freed, because the handler may be looking at it; taken again by a later mapping.
struct MappedFile::Guarded {
    std::atomic<std::uintptr_t> begin{0}, end{0};  // 0: of no mapping
    std::atomic<bool> cut_short{false};
    Guarded* next = nullptr;
};

// All that is mapped, and the handler that looks it up.
struct MappedFile::Guard {
    static Guarded* take(std::string_view text) {
        const std::lock_guard lock{mutex};
        install();
        Guarded* guarded = nullptr;
        if (free.empty()) {
            guarded = new Guarded;
            guarded->next = all.load();
            all = guarded;
        } else {
            guarded = free.back();
            free.pop_back();
        }
        const auto begin = reinterpret_cast<std::uintptr_t>(text.data());
        guarded->cut_short = false;
        guarded->end = begin + text.size();
        guarded->begin = begin;
        return guarded;
    }
    static void give_back(Guarded* guarded) {
        const std::lock_guard lock{mutex};
        guarded->begin = guarded->end = 0;
        free.push_back(guarded);
    }

private:
    static void install() {
        if (std::exchange(installed, true)) {
            return;
        }
        page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
        struct sigaction action {};
        action.sa_sigaction = handle;
        action.sa_flags = SA_SIGINFO;
        ::sigemptyset(&action.sa_mask);
        if (::sigaction(SIGBUS, &action, &before) != 0) {
            installed = false;
            throw std::system_error{errno, std::generic_category(), "SIGBUS cannot be handled"};
        }
    }
    // Zeros where the file ended, so that the reader goes on to its next look at whole().
    static void handle(int signal, siginfo_t* info, void* /*context*/) {
        const int saved = errno;
        const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
        for (Guarded* each = all; info->si_code > 0 && each != nullptr; each = each->next) {
            const std::uintptr_t begin = each->begin, end = each->end;
            if (begin == 0 || at < begin || at >= end) {
                continue;
            }
            const std::uintptr_t page = at / page_bytes * page_bytes;
            // NOLINTNEXTLINE(performance-no-int-to-ptr): a page is told by its number
            if (::mmap(reinterpret_cast<void*>(page), end - page, PROT_READ,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
                each->cut_short = true;
                errno = saved;
                return;
            }
        }
        ::sigaction(SIGBUS, &before, nullptr);
        if (info->si_code <= 0) {  // sent by somebody: it does not come again by itself
            ::raise(signal);
        }
        errno = saved;
    }

    static inline std::mutex mutex;
    static inline bool installed = false;
    static inline struct sigaction before {};
    static inline std::uintptr_t page_bytes = 4096;
    static inline std::atomic<Guarded*> all{nullptr};
    static inline std::vector<Guarded*> free;
};

namespace {

constexpr std::size_t end_bytes = 256;

}  // namespace

CutShort::CutShort(const std::string& name)
    : std::runtime_error{name +
                         ": was cut short while it was read (logrotate's copytruncate?): nothing "
                         "is made of it; copy the file first and give the copy"} {}

MappedFile::MappedFile(int file) {
    struct stat status {};
    if (::fstat(file, &status) != 0) {
        throw std::system_error{errno, std::generic_category()};
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size == 0) {
        return;
    }
    void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) {
        throw std::system_error{errno, std::generic_category(), "cannot be mapped"};
    }
    ::madvise(bytes, size, MADV_SEQUENTIAL);
    text_ = {static_cast<const char*>(bytes), size};
    guarded_ = Guard::take(text_);
    first_ = text_.substr(0, end_bytes);
    last_ = text_.substr(size - std::min(size, end_bytes));
}

MappedFile::MappedFile(MappedFile&& other) noexcept {
    *this = std::move(other);
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(text_, other.text_);
    std::swap(first_, other.first_);
    std::swap(last_, other.last_);
    std::swap(guarded_, other.guarded_);
    return *this;
}

MappedFile::~MappedFile() {
    if (guarded_ != nullptr) {
        Guard::give_back(guarded_);
        ::munmap(const_cast<char*>(text_.data()), text_.size());
    }
}

bool MappedFile::whole() const {
    return text_.empty() ||
           // The comparison touches both ends, so that the handler learns of what is missing.
           (text_.starts_with(first_) && text_.ends_with(last_) && !guarded_->cut_short);
}

}  // namespace harness::recording
