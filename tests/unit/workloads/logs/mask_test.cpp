#include "workloads/logs/mask.hpp"

#include "workloads/logs/mask_entry.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

// Spreads like a real hash; what it keeps secret is not tested here.
Masker::Digest spread(std::string_view text) {
    Masker::Digest digest{};
    std::uint64_t state = 1469598103934665603ULL;
    for (const char c : text) {
        state = (state ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
    for (auto& byte : digest) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        byte = static_cast<std::uint8_t>(state >> 56);
    }
    return digest;
}

Masker masker() {
    return Masker{spread, [](std::string_view text) { return text.find("no SQL") == text.npos; }};
}

// Digits as 9, letters as a and A.
std::string shape(std::string text) {
    for (char& c : text) {
        c = c >= '0' && c <= '9'   ? '9'
            : c >= 'a' && c <= 'z' ? 'a'
            : c >= 'A' && c <= 'Z' ? 'A'
                                   : c;
    }
    return text;
}

TEST(Mask, ValuesKeepTheirLengthAndTheirKindsOfCharacters) {
    for (const std::string text : {"John O'Hara", "a@b.example", "+49 (30) 1234-567", "x_y-Z 9!",
                                   "{\"name\": \"Smith\", \"open\": true}", ""}) {
        const std::string masked = masker().value(text);
        EXPECT_EQ(shape(masked), shape(text));
        EXPECT_TRUE(text.empty() || masked != text) << text;
        EXPECT_EQ(masker().value(text), masked);
    }
    EXPECT_NE(masker().value("{\"a\": true, \"b\": null}").find("true"), std::string::npos);
    const std::string accents = "na\xC3\xAFve \xE6\x95\xB0 \xF0\x9F\x98\x80 \xFF";
    EXPECT_EQ(masker().value(accents).size(), accents.size());
    EXPECT_EQ(masker().value(accents).back(), '?');
}

TEST(Mask, NumbersStayNumbersOfTheirType) {
    for (const std::string text :
         {"32767", "2147483647", "9223372036854775807", "10", "99", "12.50", "1e5", "3.25E-10"}) {
        const std::string masked = masker().value(text);
        EXPECT_EQ(shape(masked), shape(text));
        EXPECT_NE(masked[0], '0') << masked;
        EXPECT_TRUE(masked <= text || text[0] == '1' || text[1] == '.') << text << " " << masked;
        EXPECT_EQ(masker().value("-" + text), "-" + masked);
    }
    EXPECT_EQ(masker().value("1000")[0], '1');
}

TEST(Mask, DatesAndIdentifiersStayValid) {
    for (const std::string text :
         {"2024-03-31", "2024-12-31 23:59:59.999+02", "1999-01-01 00:00:00"}) {
        for (int i = 0; i < 200; ++i) {
            const std::string other =
                text.substr(0, 8) + std::to_string(10 + i % 20) + text.substr(10);
            const std::string masked = masker().value(other);
            EXPECT_EQ(shape(masked), shape(text));
            EXPECT_EQ(masked.substr(0, 2), "20");
            const int month = std::stoi(masked.substr(5, 2)), day = std::stoi(masked.substr(8, 2));
            EXPECT_TRUE(month >= 1 && month <= 12 && day >= 1 && day <= 28) << masked;
            if (masked.size() > 10) {
                EXPECT_LT(std::stoi(masked.substr(11, 2)), 24) << masked;
                EXPECT_LT(std::stoi(masked.substr(14, 2)), 60) << masked;
            }
        }
    }
    const std::string uuid = "6b01ef3b-481a-4c2d-9e0f-0123456789ab";
    const std::string masked = masker().value(uuid);
    EXPECT_EQ(masked.find_first_not_of("0123456789abcdef-"), std::string::npos) << masked;
    EXPECT_EQ(masker().value("\\xDEAD01").substr(0, 2), "\\x");
    EXPECT_EQ(masker().value("\\xDEAD01").find_first_not_of("0123456789ABCDEF", 2),
              std::string::npos);
}

TEST(Mask, StatementsKeepTheirWordsAndLoseTheirValues) {
    const Masker mask = masker();
    const std::string five = mask.value("57"), name = mask.value("O'Hara");
    EXPECT_EQ(mask.sql("SELECT t1.a FROM \"T 2\" t1 WHERE id = 57 AND b = $1"),
              "SELECT t1.a FROM \"T 2\" t1 WHERE id = " + five + " AND b = $1");
    EXPECT_EQ(mask.sql("SELECT 'O''Hara'"),
              "SELECT '" + name.substr(0, 1) + "''" + name.substr(2) + "'");
    EXPECT_EQ(mask.sql("SELECT E'O''Hara', N'57'"),
              "SELECT E'" + name.substr(0, 1) + "''" + name.substr(2) + "', N'" + five + "'");
    EXPECT_EQ(mask.sql("SELECT -57, a-57, '57'"),
              "SELECT -" + five + ", a-" + five + ", '" + five + "'");
    EXPECT_EQ(mask.sql(""), "");
}

TEST(Mask, NothingInsideLiteralsOrCommentsIsKept) {
    for (const std::string text :
         {"SELECT 'secret'",          "SELECT E'sec\\'secret'",
          "SELECT E'\\\\secret'",     "SELECT U&'\\0441secret'",
          "SELECT $$secret$$",        "SELECT $a$ $$ secret $a$",
          "-- secret\nSELECT 1",      "/* secret /* secret */ secret */ SELECT 1",
          "SELECT 'x' /* secret",     "SELECT 'secret",
          "SELECT E'secret\\",        "SELECT $x$secret",
          "SELECT \"a\" \"secret",    "no SQL: secret",
          "SELECT 'a' -- secret",     "/*secret='x'*/",
          "SELECT U&\"a\", 'secret'", "SELECT e'secret'",
          "SELECT 'a'\n'secret'",     "SELECT x'5ec2e7'::text || 'secret'"}) {
        const std::string masked = masker().sql(text);
        EXPECT_EQ(masked.find("secret"), std::string::npos) << masked;
        EXPECT_EQ(masked.size(), text.size()) << text << "\n" << masked;
    }
    for (const std::string text :
         {"B'0101101'", "X'1FAB09'", "0x1FAB", "0b10110101", "1_000_000"}) {
        const std::string masked = masker().sql(text);
        EXPECT_EQ(masked.size(), text.size());
        EXPECT_EQ(masked.substr(0, 1), text.substr(0, 1));
    }
}

TEST(Mask, EscapesStayValid) {
    EXPECT_EQ(masker().sql("E'\\n\\t'"), "E'\\n\\t'");
    const std::string masked = masker().sql("E'\\x41\\u0041\\U00010041\\101'");
    EXPECT_EQ(masked.substr(0, 5), "E'\\x4");
    EXPECT_EQ(masked.substr(6, 2), "\\u");
    EXPECT_EQ(masked.substr(12, 6), "\\U0000");
    EXPECT_EQ(masked.substr(22, 2), "\\1");
    EXPECT_EQ(masker().sql("U&'\\+000041'").substr(0, 7), "U&'\\+00");
}

LogEntry entry(std::string_view message, std::string_view detail = "",
               std::string_view severity = "LOG") {
    LogEntry made;
    made.severity = severity;
    made.message = message;
    made.detail = detail;
    made.sqlstate = "00000";
    return made;
}

TEST(MaskEntry, KeepsTheServersWordsAroundStatements) {
    EntryMasker mask{masker(), false};
    const std::string five = masker().value("57");
    const auto message = [&](std::string_view text) {
        return std::string{mask.mask(entry(text)).message};
    };
    EXPECT_EQ(message("statement: SELECT 57"), "statement: SELECT " + five);
    EXPECT_EQ(message("duration: 0.042 ms"), "duration: 0.042 ms");
    EXPECT_EQ(message("duration: 0.042 ms  execute S_1/C_2: SELECT 57"),
              "duration: 0.042 ms  execute S_1/C_2: SELECT " + five);
    EXPECT_EQ(message("execute fetch from <unnamed>: SELECT 57"),
              "execute fetch from <unnamed>: SELECT " + five);
    EXPECT_EQ(message("duration: 1 ms  parse <unnamed>: SELECT $1"),
              "duration: 1 ms  parse <unnamed>: SELECT $1");
    const std::string app = masker().value("app"), shop = masker().value("shop");
    EXPECT_EQ(
        message("disconnection: session time: 0:00:01.234 user=app database=shop host=[local]"),
        "disconnection: session time: 0:00:01.234 user=" + app + " database=" + shop +
            " host=[local]");
}

TEST(MaskEntry, KeepsNothingElse) {
    EntryMasker mask{masker(), false};
    for (const auto* text :
         {"secret", "duration: 1 ms  plan:\nQuery Text: SELECT secret", "statement: no SQL secret",
          "execute my secret: SELECT 1", "connection authorized: user=secret database=secret",
          "connection authorized: secret", "could not open file \"secret\"", "parse x secret"}) {
        EXPECT_EQ(mask.mask(entry(text)).message.find("secret"), std::string_view::npos) << text;
    }
    for (const auto* text :
         {"parameters: $1 = 'secret'", "parameters: $1 = 'it''s', $2 = NULL, $3 = 'secret...'",
          "Parameters: $1 = 'a', secret", "parameters: $1 = 'secret", "parameters: secret",
          "prepare: PREPARE p AS SELECT 'secret'", "Key (id)=(secret) already exists.",
          "Key (a, b)=(x, secret) is not present in table \"t\".",
          "Key (lower('secret'))=(1) already exists.", "Failing row contains (1, secret, null).",
          "secret", "Key (secret"}) {
        const LogEntry masked = mask.mask(entry("x", text));
        EXPECT_EQ(masked.detail.find("secret"), std::string_view::npos) << masked.detail;
        EXPECT_EQ(masked.detail.size(), std::string_view{text}.size());
    }
    LogEntry error = entry("value is secret", "", "ERROR");
    error.hint = "secret";
    error.context = "portal \"p\" with parameters: $1 = 'secret'\nSQL statement \"secret\"";
    error.query = "SELECT 'secret'";
    error.user = error.database = error.application = "secret";
    error.remote = "secret:5432";
    error.sqlstate = "P0001";
    const LogEntry masked = mask.mask(error);
    for (const auto text : {masked.message, masked.hint, masked.context, masked.query, masked.user,
                            masked.database, masked.application, masked.remote}) {
        EXPECT_EQ(text.find("secret"), std::string_view::npos) << text;
    }
}

TEST(MaskEntry, EqualValuesStayEqualWhereverTheyStand) {
    EntryMasker mask{masker(), false};
    const std::string value = masker().value("Hara");
    EXPECT_EQ(mask.mask(entry("statement: SELECT 'Hara'")).message,
              "statement: SELECT '" + value + "'");
    EXPECT_EQ(mask.mask(entry("x", "parameters: $1 = 'Hara'")).detail,
              "parameters: $1 = '" + value + "'");
    EXPECT_EQ(mask.mask(entry("x", "Key (a)=(Hara) already exists.")).detail,
              "Key (a)=(" + value + ") already exists.");
}

TEST(MaskEntry, KeepsNamesWhereAsked) {
    EntryMasker mask{masker(), true};
    LogEntry one = entry("connection authorized: user=app database=shop");
    one.user = "app";
    EXPECT_EQ(mask.mask(one).user, "app");
    EXPECT_EQ(mask.mask(one).message, "connection authorized: user=app database=shop");
}

TEST(MaskEntry, HarmlessMessagesOfTheServerStay) {
    EntryMasker mask{masker(), false};
    const char* text = "duplicate key value violates unique constraint \"t_pkey\"";
    EXPECT_EQ(mask.mask(entry(text, "", "ERROR")).message, text);
    LogEntry raised = entry("deadlock detected", "", "ERROR");
    raised.sqlstate = "P0001";
    EXPECT_NE(mask.mask(raised).message, "deadlock detected");
}

TEST(Mask, ALiteralThatGoesOnOnALaterLineIsOfTheSameKindThere) {
    for (const auto* text :
         {"SELECT E'a'\n'b\\'s secret word'", "SELECT E'a' -- secret\n  'b\\'s secret word', 1"}) {
        const std::string masked = masker().sql(text);
        EXPECT_EQ(masked.find("secret"), std::string::npos) << masked;
        EXPECT_EQ(masked.find("word"), std::string::npos) << masked;
        EXPECT_EQ(shape(masked), shape(text).replace(0, 6, "AAAAAA"));
    }
    EXPECT_EQ(masker().sql("SELECT 'a' AS b\n"), "SELECT '" + masker().value("a") + "' AS b\n");
}

TEST(Mask, WhatWasReadWronglyIsMaskedWhole) {
    const std::string masked = masker().sql("SELECT secret, E'\\'");
    EXPECT_EQ(masked.find("secret"), std::string::npos) << masked;
}

TEST(Mask, WordsToWhichSettingsAreSetAreValues) {
    for (const auto* text :
         {"SET app.tenant = secret", "set local app.tenant to secret", "SET app.a TO x, \"secret\"",
          "ALTER ROLE r SET app.tenant = secret", "SET application_name = secret",
          "SET app.a = 'x'; SET app.b = secret"}) {
        EXPECT_EQ(masker().sql(text).find("secret"), std::string::npos) << masker().sql(text);
    }
    for (const auto* text :
         {"UPDATE t SET a = b WHERE c = d", "SET search_path TO shop, public",
          "SET app.tenant TO DEFAULT", "SELECT a.b = c", "SET TIME ZONE LOCAL"}) {
        EXPECT_EQ(masker().sql(text), text);
    }
    EXPECT_TRUE(masker()
                    .sql("CREATE FUNCTION f() RETURNS int SET app.a = x LANGUAGE sql AS 'a'")
                    .find(" LANGUAGE sql AS ") != std::string::npos);
}

TEST(MaskEntry, ValuesInTheQuotesOfNamesAreMaskedWhereNoColumnIsCalledSo) {
    EntryMasker mask{masker(), false};
    const std::string secret = masker().value("4111 1111");
    for (const char* state : {"42703", ""}) {
        LogEntry failed = entry("column \"4111 1111\" does not exist", "", "ERROR");
        failed.sqlstate = state;
        failed.query = "SELECT 1 FROM c WHERE card = \"4111 1111\"";
        const LogEntry masked = mask.mask(failed);
        EXPECT_EQ(masked.message, "column \"" + secret + "\" does not exist");
        EXPECT_EQ(masked.query.find("4111"), std::string_view::npos);
        EXPECT_NE(masked.query.find("card = \"" + secret + "\""), std::string_view::npos);
    }
}

TEST(MaskEntry, TakesNothingOnTrustThatTheServerAloneWrites) {
    EntryMasker mask{masker(), false};
    LogEntry forged = entry("statement: SELECT 1");
    forged.severity = "LOG, a secret";
    forged.session_id = "secret.1";
    forged.sqlstate = "a sec";
    forged.virtual_transaction = "secret/1";
    forged.time = {0, "any secret text", true};
    forged.session_start = {0, "secret\n", true};
    const LogEntry masked = mask.mask(forged);
    EXPECT_EQ(masked.severity, "LOG");
    EXPECT_EQ(masked.session_id, "");
    EXPECT_EQ(masked.sqlstate, "");
    EXPECT_EQ(masked.virtual_transaction, "");
    EXPECT_EQ(masked.time.zone, "UTC");
    EXPECT_EQ(masked.session_start.zone, "UTC");

    LogEntry real = entry("statement: SELECT 1", "", "\xD0\x9E\xD0\xA8");
    real.session_id = "65e1a2b1.1267";
    real.virtual_transaction = "3/12";
    real.time = {0, "<+0330>", true};
    const LogEntry kept = mask.mask(real);
    EXPECT_EQ(kept.severity, real.severity);
    EXPECT_EQ(kept.session_id, real.session_id);
    EXPECT_EQ(kept.sqlstate, "00000");
    EXPECT_EQ(kept.virtual_transaction, real.virtual_transaction);
    EXPECT_EQ(kept.time.zone, real.time.zone);
}

TEST(MaskEntry, AKeyThatHoldsTheServersWordsIsMaskedToItsEnd) {
    EntryMasker mask{masker(), false};
    const LogEntry masked =
        mask.mask(entry("x",
                        "Key (id)=(1) is not present in table \"X secret) is still "
                        "referenced from table \"t\"."));
    EXPECT_EQ(masked.detail.find("secret"), std::string_view::npos) << masked.detail;
    EXPECT_TRUE(masked.detail.ends_with(") is still referenced from table \"t\"."));
}

TEST(MaskEntry, WhatAFunctionRaisesIsNoStatement) {
    EntryMasker mask{masker(), false};
    LogEntry raised = entry("statement: select secret");
    raised.context = "PL/pgSQL function f() line 1 at RAISE";
    EXPECT_EQ(mask.mask(raised).message.find("secret"), std::string_view::npos);
}

}  // namespace
}  // namespace workloads::logs
