#include "harness/recording/log_files.hpp"

#include "harness/recording/recording_reader.hpp"
#include "harness/usage_error.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

namespace harness::recording {
namespace {

namespace fs = std::filesystem;

std::string record(const std::string& time, const std::string& message) {
    return "2024-03-01 " + time +
           ".250 UTC,,,4711,,65e1a2b1.1267,1,,2024-03-01 09:59:00 UTC,,0,LOG,00000,\"" + message +
           "\",,,,,,,,,\"a\"\n";
}

std::string gzip(const std::string& text) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string zstd(const std::string& text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    const std::size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3);
    EXPECT_FALSE(ZSTD_isError(size));
    out.resize(size);
    return out;
}

class LogFilesTest : public testing::Test {
protected:
    LogFilesTest() {
        std::string pattern = (fs::temp_directory_path() / "rehearse-logs-XXXXXX").string();
        folder_ = mkdtemp(pattern.data());
        options_.folder = folder_;
    }
    ~LogFilesTest() override { fs::remove_all(folder_); }

    fs::path write(const std::string& name, const std::string& content) {
        std::ofstream{folder_ / name, std::ios::binary} << content;
        return folder_ / name;
    }
    std::string refusal(const std::vector<fs::path>& paths) {
        try {
            const LogFiles files{paths, options_};
        } catch (const UsageError& error) {
            return error.what();
        }
        ADD_FAILURE() << "taken";
        return {};
    }
    void expect_refused(const std::vector<fs::path>& paths, const char* why) {
        const std::string said = refusal(paths);
        EXPECT_NE(said.find(why), std::string::npos) << said;
    }
    std::vector<std::string> messages(const std::vector<fs::path>& paths,
                                      std::vector<std::string>* warnings = nullptr) {
        const LogFiles files{paths, options_};
        std::vector<std::string> all;
        for (const auto& file : files.files()) {
            auto reader = file.reader();
            workloads::logs::LogEntry entry;
            while (reader.next(entry)) {
                all.emplace_back(entry.message);
            }
            if (warnings != nullptr) {
                warnings->insert(warnings->end(), file.warnings().begin(), file.warnings().end());
            }
        }
        if (warnings != nullptr) {
            warnings->insert(warnings->end(), files.warnings().begin(), files.warnings().end());
        }
        return all;
    }

    fs::path folder_;
    LogFiles::Options options_;
};

using Messages = std::vector<std::string>;

TEST_F(LogFilesTest, ARotatedSetIsReadInTheOrderOfItsTimes) {
    const auto a = write("1.csv", record("12:00:00", "third"));
    const auto b = write("2.csv", record("10:00:00", "first") + record("10:00:01", "second"));
    const auto c = write("3.csv", record("13:00:00", "fourth"));
    EXPECT_EQ(messages({c, a, b}), (Messages{"first", "second", "third", "fourth"}));
}

TEST_F(LogFilesTest, CompressedFilesAreReadAsTheyAre) {
    const auto a = write("1.gz", gzip(record("10:00:00", "a")) + gzip(record("10:00:01", "b")));
    const auto b = write("2.zst", zstd(record("11:00:00", "c")) + zstd(record("11:00:01", "d")));
    const auto padded = write("3.gz", gzip(record("12:00:00", "e")) + std::string(512, '\0'));
    std::vector<std::string> warnings;
    EXPECT_EQ(messages({a, b, padded}, &warnings), (Messages{"a", "b", "c", "d", "e"}));
    EXPECT_EQ(warnings, Messages{});
    // What was unpacked has no name.
    EXPECT_EQ(std::distance(fs::directory_iterator{folder_}, {}), 3);
}

TEST_F(LogFilesTest, FilesOfManyMegabytesAreUnpackedWhole) {
    std::string text = record("10:00:00", "first");
    while (text.size() < (9U << 20)) {
        text += record("10:00:01", std::string(500, 'x') + std::to_string(text.size()));
    }
    text += record("10:00:02", "last");
    std::uint64_t told = 0;
    options_.unpacked = [&](std::uint64_t bytes) { told = bytes; };
    const auto a = write("1.gz", gzip(text));
    const LogFiles one{{a}, options_};
    EXPECT_EQ(one.files()[0].text(), text);
    EXPECT_EQ(told, fs::file_size(a));
    const LogFiles other{{write("1.zst", zstd(text))}, options_};
    EXPECT_EQ(other.files()[0].text(), text);
    EXPECT_EQ(other.files()[0].warnings(), Messages{});
}

TEST_F(LogFilesTest, OfACutOffCompressedFileWhatWasBeforeIsRead) {
    std::string text;
    for (int i = 0; i < 40'000; ++i) {
        text += record("10:00:00", "message " + std::to_string(i * 7919 % 10'007));
    }
    for (const auto& whole : {gzip(text), zstd(text)}) {
        const auto path = write("cut", whole.substr(0, whole.size() * 3 / 4));
        std::vector<std::string> warnings;
        const auto read = messages({path}, &warnings);
        EXPECT_GT(read.size(), 5'000U);
        EXPECT_LT(read.size(), 40'000U);
        ASSERT_EQ(warnings.size(), 1U);
        EXPECT_NE(warnings[0].find("cut off"), std::string::npos) << warnings[0];
    }
}

TEST_F(LogFilesTest, OfADamagedCompressedFileWhatWasBeforeIsRead) {
    std::string text;
    for (int i = 0; i < 40'000; ++i) {
        text += record("10:00:00", "message " + std::to_string(i * 7919 % 10'007));
    }
    std::string damaged = gzip(text);
    for (std::size_t i = damaged.size() / 2; i < damaged.size() / 2 + 64; ++i) {
        damaged[i] = static_cast<char>(damaged[i] ^ 0x5A);
    }
    std::vector<std::string> warnings;
    EXPECT_GT(messages({write("a.gz", damaged)}, &warnings).size(), 5000U);
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("damaged"), std::string::npos) << warnings[0];
    warnings.clear();
    EXPECT_EQ(messages({write("b.gz", gzip(record("10:00:00", "a")) + "rest")}, &warnings),
              Messages{"a"});
    EXPECT_EQ(warnings.size(), 1U);
}

TEST_F(LogFilesTest, AFolderWithoutRoomIsToldWithTheRemedy) {
    options_.folder = folder_ / "missing";
    const auto path = write("a.gz", gzip(record("10:00:00", "a")));
    try {
        const LogFiles files{{path}, options_};
        FAIL() << "unpacked into nothing";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string{error.what()}.find("TMPDIR"), std::string::npos) << error.what();
    }
}

// A file that may not grow fails as one on a full disk does.
TEST_F(LogFilesTest, AFullDiskIsToldWithTheRemedy) {
    std::string text;
    while (text.size() < (4U << 20)) {
        text += record("10:00:00", "a");
    }
    const auto path = write("a.gz", gzip(text));
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit small = before;
    small.rlim_cur = 1U << 20;
    auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    std::string said;
    try {
        const LogFiles files{{path}, options_};
    } catch (const std::runtime_error& error) {
        said = error.what();
    }
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    EXPECT_NE(said.find("cannot be unpacked there: "), std::string::npos) << said;
    EXPECT_NE(said.find("TMPDIR"), std::string::npos) << said;
}

TEST_F(LogFilesTest, WhatCannotBeTakenIsNamedAllAtOnce) {
    const auto good = write("good.csv", record("10:00:00", "a"));
    const auto text = write("notes.txt", "hello\n");
    const std::string said = refusal({good, text, folder_, folder_ / "missing", good});
    EXPECT_NE(said.find("notes.txt: this is no log"), std::string::npos) << said;
    EXPECT_NE(said.find("is a folder"), std::string::npos) << said;
    EXPECT_NE(said.find("missing: No such file"), std::string::npos) << said;
    EXPECT_NE(said.find("good.csv: is given twice"), std::string::npos) << said;
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 3);
}

TEST_F(LogFilesTest, TheSameLogInAnotherFormIsRefused) {
    const std::string text = record("10:00:00", "a") + record("10:00:01", "b");
    const auto plain = write("a.csv", text), packed = write("a.csv.gz", gzip(text));
    expect_refused({plain, packed}, "the same log twice?");
    const auto link = folder_ / "link.csv";
    fs::create_symlink(plain, link);
    expect_refused({plain, link}, "is given twice");
    const auto other = write("a.log", "2024-03-01 10:00:00.250 UTC [4711] LOG:  a\n");
    expect_refused({plain, other}, "writes the same work twice");
}

TEST_F(LogFilesTest, AnEmptyFileAmongOthersIsLeftOut) {
    const auto good = write("good.csv", record("10:00:00", "a")), empty = write("empty.csv", "");
    std::vector<std::string> warnings;
    EXPECT_EQ(messages({empty, good}, &warnings), Messages{"a"});
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("empty.csv: the file is empty"), std::string::npos);
    expect_refused({empty}, "the file is empty");
    expect_refused({}, "no log file is given");
    expect_refused({write("empty.gz", gzip(""))}, "the file is empty");
}

TEST_F(LogFilesTest, APipeIsRefused) {
    const auto pipe = folder_ / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    expect_refused({pipe}, "is no regular file");
}

TEST_F(LogFilesTest, AFileThatMayNotBeReadIsRefused) {
    if (geteuid() == 0) {
        GTEST_SKIP() << "root may read everything";
    }
    const auto path = write("a.csv", record("10:00:00", "a"));
    fs::permissions(path, fs::perms::none);
    expect_refused({path}, "Permission denied");
}

TEST_F(LogFilesTest, ABackgroundOnlyFileTakesThePrefixOfTheOthers) {
    const std::string time = "2024-03-01 10:00:00.250 UTC ";
    std::string sessions;
    for (int i = 0; i < 100; ++i) {
        sessions += time + "[2] user=app,db=shop,app=psql,client=[local] LOG:  x\n";
    }
    const auto busy = write("busy.log", sessions);
    const auto quiet = write(
        "quiet.log", "2024-03-01 11:00:00.250 UTC [1] user=,db=,app=,client= LOG:  checkpoint\n");
    const LogFiles files{{quiet, busy}, options_};
    EXPECT_EQ(files.files()[0].format().prefix, "%m [%p] user=%u,db=%d,app=%a,client=%h ");
    EXPECT_EQ(files.files()[1].format().prefix, files.files()[0].format().prefix);
    options_.prefix = "%m [%p] %a ";
    const LogFiles named{{quiet, busy}, options_};
    EXPECT_EQ(named.files()[1].format().prefix, "%m [%p] %a ");
    EXPECT_FALSE(named.files()[1].format().guessed);
}

TEST_F(LogFilesTest, WhatPostgresWritesMeanwhileIsNotSeen) {
    const auto path = write("a.csv", record("10:00:00", "a"));
    const LogFiles files{{path}, options_};
    std::ofstream{path, std::ios::app} << record("10:00:01", "b");
    EXPECT_EQ(files.files()[0].text(), record("10:00:00", "a"));
}

TEST_F(LogFilesTest, OutlivesAFileThatIsCutShortWhileItIsReadAndSaysSo) {
    std::string text;
    while (text.size() < 1'000'000) {
        text += record("10:00:00", "statement: SELECT " + std::to_string(text.size()));
    }
    for (const off_t left : {off_t{0}, off_t{5000}, static_cast<off_t>(text.size()) - 1}) {
        const auto path = write("a.csv", text);
        const LogFiles files{{path}, options_};
        const auto& log = files.files().at(0);
        EXPECT_NO_THROW(log.check());
        ASSERT_EQ(truncate(path.c_str(), left), 0);
        auto reader = log.reader();
        workloads::logs::LogEntry entry;
        while (reader.next(entry)) {
        }
        try {
            log.check();
            ADD_FAILURE() << "taken with " << left << " bytes left";
        } catch (const CutShort& error) {
            const std::string said = error.what();
            EXPECT_NE(said.find("a.csv: was cut short while it was read"), std::string::npos);
            EXPECT_NE(said.find("copy the file first"), std::string::npos) << said;
        }
    }
}

TEST_F(LogFilesTest, ToldFromAFileThatWasCutShortAndGrewAgain) {
    const auto path = write("a.csv", record("10:00:00", "statement: SELECT 1"));
    const LogFiles files{{path}, options_};
    write("a.csv", record("11:00:00", "statement: SELECT 1") + record("11:00:01", "b"));
    EXPECT_THROW(files.files().at(0).check(), CutShort);
}

TEST_F(LogFilesTest, KeepsAFileToWhichTheServerAppends) {
    const auto path = write("a.csv", record("10:00:00", "statement: SELECT 1"));
    const LogFiles files{{path}, options_};
    std::ofstream{path, std::ios::app} << record("10:00:01", "statement: SELECT 2");
    EXPECT_NO_THROW(files.files().at(0).check());
}

TEST_F(LogFilesTest, MakesNoRecordingOfAFileThatWasCutShort) {
    std::string text;
    while (text.size() < 100'000) {
        text += record("10:00:00", "statement: SELECT 1");
    }
    const auto path = write("a.csv", text);
    ReadProgress progress;
    RecordingReader reader{{path}, std::nullopt, progress, {}};
    ASSERT_EQ(truncate(path.c_str(), 5000), 0);
    EXPECT_THROW((void)reader.read(), CutShort);
}

TEST_F(LogFilesTest, TellsALateRecordForWhatItWasAndWhere) {
    const auto path = write("a.csv", record("10:00:10", "one") + record("10:00:05", "two") +
                                         record("10:00:10", "three"));
    ReadProgress progress;
    RecordingReader reader{{path}, std::nullopt, progress, {}};
    (void)reader.read();
    EXPECT_EQ(reader.files().at(0).notes,
              std::vector<std::string>{"line 2: a record was written 5 s late"});
}

TEST_F(LogFilesTest, ReadsNoOtherRecordAgainThanTheOneThatIsAskedFor) {
    const auto path = write("a.csv", record("10:00:10", "one") + record("10:00:11", "two"));
    ReadProgress progress;
    RecordingReader reader{{path}, std::nullopt, progress, {}};
    workloads::logs::LogEntry entry;
    const auto again = reader.reread();
    EXPECT_TRUE(again->read({0, 0}, entry));
    EXPECT_FALSE(again->read({0, 5}, entry));
}

TEST_F(LogFilesTest, RefusesAnArchiveOfWhichNothingCanBeRead) {
    const auto good = write("good.csv", record("10:00:00", "a"));
    std::string damaged = gzip(record("11:00:00", "b"));
    damaged[10] = '\xFF';  // no kind of block
    expect_refused({good, write("1.gz", damaged)}, "1.gz: nothing of it can be read");
    expect_refused({good, write("2.gz", damaged.substr(0, 5))}, "it is cut off");
    std::string wide = zstd(record("11:00:00", "c"));
    // A header with a window of 2 GiB, none of a single segment.
    wide = std::string{"\x28\xB5\x2F\xFD\x00\xA8", 6} + wide.substr(6);
    expect_refused({good, write("3.zst", wide)}, "zstd -d --long=31");
}

TEST_F(LogFilesTest, ReadsWhatPzstdCompressed) {
    const std::string skipped{"\x50\x2A\x4D\x18\x04\x00\x00\x00\x01\x02\x03\x04", 12};
    const auto path = write("1.zst", skipped + zstd(record("10:00:00", "a")));
    EXPECT_EQ(messages({path}), Messages{"a"});
}

TEST_F(LogFilesTest, RefusesAServersStderrLogWithItsSyslog) {
    std::string plain, syslog;
    for (int i = 10; i < 30; ++i) {
        const auto line = "2024-03-01 10:00:" + std::to_string(i) + ".000 UTC [1] LOG:  a\n";
        plain += line;
        syslog += "Mar  1 10:00:00 db1 postgres[1]: [" + std::to_string(i) + "-1] " + line;
    }
    expect_refused({write("a.log", plain), write("messages", syslog)}, "is a syslog");
}

TEST_F(LogFilesTest, TellsThatTimesAreInWholeSeconds) {
    for (const char* fraction : {"", ".001"}) {
        std::string text;
        for (int i = 10; i < 30; ++i) {
            text += "2024-03-01 10:00:" + std::to_string(i) + fraction + " UTC [1] LOG:  a\n";
        }
        ReadProgress progress;
        RecordingReader reader{{write("a.log", text)}, std::nullopt, progress, {}};
        (void)reader.read();
        const bool whole = fraction[0] == '\0';
        EXPECT_EQ(reader.files().at(0).in_seconds, whole);
        EXPECT_EQ(reader.files().at(0).notes.size(), whole ? 1U : 0U);
    }
}

TEST_F(LogFilesTest, FindsTheSameLogTwiceAmongOthersOfTheSameTime) {
    const auto one = record("10:00:00", "a"), other = record("10:00:00", "b");
    expect_refused({write("1.csv", one), write("2.csv", other), write("3.csv", one + other)},
                   "3.csv: begins with the same record as");
}

}  // namespace
}  // namespace harness::recording
