#include "scenarios/trigger_effects.hpp"

#include "tests/unit/scenarios/text_matchers.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace scenarios {
namespace {

constexpr const char* before_write =
    "CREATE TRIGGER t BEFORE INSERT OR UPDATE ON public.orders FOR EACH ROW "
    "EXECUTE FUNCTION public.f()";

std::string on(const char* when, const char* each = "ROW") {
    return std::string{"CREATE TRIGGER t "} + when + " ON public.orders FOR EACH " + each +
           " EXECUTE FUNCTION public.f()";
}

std::string function(const std::string& body) {
    return "CREATE OR REPLACE FUNCTION public.f()\n RETURNS trigger\n LANGUAGE plpgsql\nAS "
           "$function$\n" +
           body + "\n$function$\n";
}

TriggerEffects of(const std::string& body, const std::string& trigger = before_write) {
    return trigger_effects_of(trigger, function(body));
}

std::vector<std::string> assigned(const std::string& body) {
    const auto effects = of(body);
    EXPECT_EQ(effects.row, "") << body;
    EXPECT_EQ(effects.beside.anything, "") << body;
    return {effects.columns.begin(), effects.columns.end()};
}

std::vector<std::string> written(const std::string& body, const std::string& trigger) {
    const auto effects = of(body, trigger);
    EXPECT_EQ(effects.beside.anything, "") << body;
    std::vector<std::string> names;
    for (const auto& write : effects.beside.writes) {
        names.push_back(write.relation);
    }
    return names;
}

TEST(TriggerEffects, ATriggerThatFillsAColumnAssignsThatOne) {
    EXPECT_THAT(assigned("BEGIN NEW.region := coalesce(NEW.region, 'eu'); RETURN NEW; END"),
                ElementsAre("region"));
}

TEST(TriggerEffects, ATriggerThatOnlyLooksAssignsNothing) {
    EXPECT_THAT(assigned("BEGIN IF NEW.total < 0 THEN RAISE EXCEPTION 'no: %', NEW.total "
                         "USING HINT = 'a' || NEW.id; END IF; ASSERT NEW.id > 0, 'x'; "
                         "RETURN NEW; END"),
                IsEmpty());
}

TEST(TriggerEffects, EveryWayToAssignAColumnIsSeen) {
    const std::pair<const char*, const char*> ways[] = {
        {"NEW.c := 1;", "c"},
        {"new.c = 1;", "c"},
        {"NEW.\"C d\" := 1;", "C d"},
        {"NEW.c[NEW.d] := 1;", "c"},
        {"NEW.c.part := 1;", "c"},
        {"IF NEW.a = 1 THEN NULL; ELSIF NEW.a = 2 THEN NULL; ELSE NEW.c := 1; END IF;", "c"},
        {"IF NEW.a = 1 THEN NULL; ELSIF NEW.a = 2 THEN NEW.c := 1; END IF;", "c"},
        {"CASE NEW.a WHEN 1, 2 THEN NULL; ELSE NEW.c := 1; END CASE;", "c"},
        {"CASE WHEN NEW.a = 1 THEN NEW.c := 1; ELSE NULL; END CASE;", "c"},
        {"FOR i IN REVERSE 3..1 BY 2 LOOP NEW.c := i; END LOOP;", "c"},
        {"WHILE NEW.c < 5 LOOP NEW.c := NEW.c + 1; EXIT WHEN NEW.c = 3; END LOOP;", "c"},
        {"LOOP NEW.c := 1; EXIT; END LOOP;", "c"},
        {"FOR NEW.c IN SELECT 1 LOOP NULL; END LOOP;", "c"},
        {"FOREACH NEW.c IN ARRAY NEW.list LOOP NULL; END LOOP;", "c"},
        {"SELECT 1 INTO NEW.c;", "c"},
        {"SELECT 1 INTO STRICT NEW.c FROM prices;", "c"},
        {"UPDATE prices SET n = 1 RETURNING n INTO NEW.c;", "c"},
        {"GET DIAGNOSTICS NEW.c = ROW_COUNT;", "c"},
        {"BEGIN NULL; EXCEPTION WHEN OTHERS THEN NEW.c := 1; END;", "c"},
        {"BEGIN NULL; EXCEPTION WHEN OTHERS THEN GET STACKED DIAGNOSTICS "
         "NEW.c = MESSAGE_TEXT; END;",
         "c"},
        {"<<inner>> DECLARE x int := 1; BEGIN NEW.c := x; END inner;", "c"}};
    for (const auto& [statement, column] : ways) {
        EXPECT_THAT(assigned(std::string{"BEGIN "} + statement + " RETURN NEW; END"),
                    ElementsAre(column))
            << statement;
    }
    EXPECT_THAT(assigned("BEGIN SELECT 1, 2 INTO NEW.c, NEW.d; RETURN NEW; END"),
                ElementsAre("c", "d"));
}

TEST(TriggerEffects, WhatIsAssignedBesideTheRowIsNobodysColumn) {
    EXPECT_THAT(assigned("DECLARE x int := 5; r record; b boolean; BEGIN x := NEW.total; "
                         "OLD.total := 3; SELECT * INTO r FROM prices; SELECT 1, 2 INTO x, b; "
                         "FOR r IN SELECT * FROM prices LOOP x := r.n; END LOOP; FOUND := true; "
                         "RETURN NEW; END"),
                IsEmpty());
}

TEST(TriggerEffects, TheRowAsAWholeMayBecomeAnything) {
    for (const auto* statement : {"NEW := OLD;", "SELECT * INTO NEW FROM other;",
                                  "FOR NEW IN SELECT * FROM other LOOP NULL; END LOOP;",
                                  "UPDATE other SET a = 1 RETURNING * INTO NEW;"}) {
        EXPECT_THAT(of(std::string{"BEGIN "} + statement + " RETURN NEW; END").row,
                    HasSubstr("assigns NEW as a whole"))
            << statement;
    }
}

TEST(TriggerEffects, WhatIsReturnedDecidesWhetherTheRowIsWritten) {
    const auto row = [](const char* what, const char* when) {
        return of(std::string{"BEGIN RETURN "} + what + "; END", on(when)).row;
    };
    EXPECT_EQ(row("NEW", "BEFORE INSERT OR UPDATE"), "");
    EXPECT_EQ(row("OLD", "BEFORE DELETE"), "");
    EXPECT_THAT(row("NULL", "BEFORE INSERT"), HasSubstr("keeps the row from being written"));
    EXPECT_THAT(row("OLD", "BEFORE UPDATE"), HasSubstr("undoes what was sent"));
    EXPECT_THAT(row("OLD", "BEFORE INSERT"), HasSubstr("undoes what was sent"));
    EXPECT_THAT(row("NEW", "BEFORE DELETE"), HasSubstr("keeps it"));
    EXPECT_THAT(row("NEW", "BEFORE UPDATE OR DELETE"), HasSubstr("keeps it"));
    EXPECT_THAT(row("(NEW)", "BEFORE UPDATE"), HasSubstr("another row"));
    EXPECT_THAT(row("ROW(1, 2)", "BEFORE UPDATE"), HasSubstr("another row"));
    EXPECT_THAT(row("CASE WHEN true THEN NEW ELSE OLD END", "BEFORE UPDATE"),
                HasSubstr("another row"));
    EXPECT_THAT(of("DECLARE r record; BEGIN r := NEW; RETURN r; END").row,
                HasSubstr("another row"));
    EXPECT_THAT(of("BEGIN IF NEW.total > 5 THEN RETURN NULL; END IF; RETURN NEW; END").row,
                HasSubstr("keeps the row from being written"));
    EXPECT_THAT(of("BEGIN NULL; EXCEPTION WHEN OTHERS THEN RETURN OLD; END").row,
                HasSubstr("undoes what was sent"));
    EXPECT_EQ(of("BEGIN RAISE EXCEPTION 'never'; END").row, "");  // without RETURN: an error
}

TEST(TriggerEffects, OnlyATriggerThatRunsBeforeEachRowAltersIt) {
    for (const auto& trigger :
         {on("AFTER INSERT"), on("BEFORE UPDATE", "STATEMENT"), on("AFTER DELETE", "STATEMENT"),
          std::string{"CREATE CONSTRAINT TRIGGER t AFTER INSERT ON public.orders DEFERRABLE "
                      "INITIALLY DEFERRED FOR EACH ROW EXECUTE PROCEDURE public.f()"}}) {
        const auto effects = of("BEGIN NEW.total := 1; RETURN NULL; END", trigger);
        EXPECT_EQ(effects.row, "") << trigger;
        EXPECT_TRUE(effects.columns.empty()) << trigger;
    }
    EXPECT_THAT(of("BEGIN RETURN NEW; END", on("INSTEAD OF INSERT")).row, HasSubstr("instead"));
    EXPECT_THAT(of("BEGIN RETURN NEW; END", "DROP TABLE orders").row, HasSubstr("parsed"));
}

TEST(TriggerEffects, WhatItsStatementsWriteIsKnown) {
    for (const auto& trigger : {on("AFTER INSERT"), std::string{before_write}}) {
        EXPECT_THAT(
            written("BEGIN INSERT INTO audit VALUES (NEW.id); UPDATE shop.stock SET n = 1; "
                    "DELETE FROM cart WHERE id = OLD.id; TRUNCATE old_ones; RETURN NEW; END",
                    trigger),
            ElementsAre("audit", "stock", "cart", "old_ones"));
        EXPECT_THAT(written("BEGIN FOR i IN 1..2 LOOP IF i = 1 THEN PERFORM 1; ELSE "
                            "WITH q AS (INSERT INTO audit VALUES (1) RETURNING 1) SELECT 1 INTO i "
                            "FROM q; END IF; END LOOP; RETURN NEW; END",
                            trigger),
                    ElementsAre("audit"));
    }
}

TEST(TriggerEffects, EveryFunctionThatItMayCallIsKnown) {
    const auto called = [](const std::string& body, const std::string& trigger = before_write) {
        return of(body, trigger).beside.functions;
    };
    for (const auto* statement : {"NEW.c := g(1);",
                                  "NEW.c[g()] := 1;",
                                  "PERFORM g();",
                                  "PERFORM shop.g();",
                                  "IF g() THEN NULL; END IF;",
                                  "IF true THEN NULL; ELSIF g() THEN NULL; END IF;",
                                  "CASE g() WHEN 1 THEN NULL; END CASE;",
                                  "CASE WHEN g() THEN NULL; END CASE;",
                                  "WHILE g() LOOP NULL; END LOOP;",
                                  "LOOP EXIT WHEN g(); END LOOP;",
                                  "LOOP CONTINUE WHEN g(); END LOOP;",
                                  "FOR i IN g()..2 LOOP NULL; END LOOP;",
                                  "FOR i IN 1..g() LOOP NULL; END LOOP;",
                                  "FOR i IN 1..2 BY g() LOOP NULL; END LOOP;",
                                  "FOR NEW.c IN SELECT g() LOOP NULL; END LOOP;",
                                  "FOREACH NEW.c IN ARRAY g() LOOP NULL; END LOOP;",
                                  "RAISE NOTICE 'x %', g();",
                                  "RAISE NOTICE 'x' USING HINT = g();",
                                  "ASSERT g();",
                                  "ASSERT true, g();",
                                  "RETURN g();",
                                  "SELECT g() INTO NEW.c;",
                                  "INSERT INTO audit VALUES (g());",
                                  "DECLARE x int := g(); BEGIN NULL; END;",
                                  "BEGIN NULL; EXCEPTION WHEN OTHERS THEN PERFORM g(); END;"}) {
        EXPECT_THAT(called(std::string{"BEGIN "} + statement + " RETURN NEW; END"),
                    ElementsAre("g"))
            << statement;
    }
    EXPECT_THAT(called("DECLARE x int := g(); BEGIN RETURN NEW; END"), ElementsAre("g"));
    EXPECT_THAT(called("BEGIN RETURN NEW; END",
                       "CREATE TRIGGER t BEFORE UPDATE OF total ON public.orders FOR EACH ROW "
                       "WHEN ((public.g(old.total) > new.total)) EXECUTE FUNCTION public.f()"),
                ElementsAre("g"));
}

TEST(TriggerEffects, AColumnThatIsCalledAliasIsNoAlias) {
    for (const auto* statement :
         {"NEW.email_alias := 'a';", "NEW.alias := 'a';", "-- an alias of a name\n NULL;",
          "NEW.region := NEW.alias; FOR i IN 1..2 LOOP NULL; END LOOP;"}) {
        const auto effects = of(std::string{"BEGIN "} + statement + " RETURN NEW; END");
        EXPECT_EQ(effects.row + effects.beside.anything, "") << statement;
    }
}

TEST(TriggerEffects, ACommentOrAQuoteDoesNotMakeAnotherRowOfNew) {
    for (const auto* row : {"NEW -- as it is\n", "/* the /* row */ */ new", "\"new\"", "NEW\n"}) {
        EXPECT_EQ(of(std::string{"BEGIN RETURN "} + row + "; END").row, "") << row;
    }
    for (const auto* row : {"\"NEW\"", "\"null\"", "NEW -- a\n, OLD", "(NEW)", "/* NEW */ OLD",
                            "/* NEW */ r", "\"new\".id", "new_one"}) {
        EXPECT_NE(of(std::string{"DECLARE r record; BEGIN RETURN "} + row + "; END").row, "")
            << row;
    }
}

TEST(TriggerEffects, WhatIsNotUnderstoodMayDoAnything) {
    const std::pair<const char*, const char*> bodies[] = {
        {"BEGIN EXECUTE 'UPDATE orders SET total = 1'; RETURN NEW; END", "EXECUTE"},
        {"DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT 1' LOOP NULL; END LOOP; RETURN NEW; END",
         "EXECUTE"},
        {"BEGIN EXECUTE 'SELECT 1' INTO NEW.c; RETURN NEW; END", "EXECUTE"},
        {"BEGIN CALL pay(NEW.total); RETURN NEW; END", "CALL"},
        {"BEGIN DO 'BEGIN END'; RETURN NEW; END", "DO"},
        {"BEGIN COMMIT; RETURN NEW; END", "PLpgSQL_stmt_commit"},
        {"BEGIN SET LOCAL search_path = x; RETURN NEW; END", "VariableSetStmt"},
        {"BEGIN PERFORM set_config('search_path', 'x', true); RETURN NEW; END", "set_config"},
        {"BEGIN PERFORM pg_catalog.set_config('search_path', 'x', true); RETURN NEW; END",
         "set_config"},
        {"BEGIN CREATE TABLE x (i int); RETURN NEW; END", "CreateStmt"},
        {"BEGIN ALTER TABLE orders DISABLE TRIGGER ALL; RETURN NEW; END", "AlterTableStmt"},
        {"BEGIN TRUNCATE orders CASCADE; RETURN NEW; END", "CASCADE"},
        {"DECLARE c CURSOR FOR SELECT 1; BEGIN OPEN c; FETCH c INTO NEW.c; RETURN NEW; END", ""},
        {"DECLARE c refcursor; BEGIN OPEN c FOR SELECT 1; FETCH c INTO NEW; RETURN NEW; END", ""},
        {"DECLARE new record; BEGIN RETURN new; END", "called new or old"},
        {"DECLARE \"old\" int; BEGIN RETURN NEW; END", "called new or old"},
        {"<<new>> DECLARE region int; BEGIN new.region := 1; RETURN NEW; END", "label"},
        {"DECLARE new ALIAS FOR OLD; BEGIN RETURN new; END", "alias"},
        {"DECLARE n ALIAS FOR NEW; BEGIN n.total := 1; RETURN NEW; END", "alias"},
        {"DECLARE n alias -- a\n/* b /* c */ d */\tFor NEW; BEGIN n.a := 1; RETURN NEW; END",
         "alias"},
        {"DECLARE \"n\"ALIAS/**/FOR\"new\"; BEGIN n.a := 1; RETURN NEW; END", "alias"},
        {"DECLARE r orders%ROWTYPE; BEGIN r.total := 1; RETURN NEW; END", "parsed"},
        {"BEGIN NEW.c /* = */ := 1; RETURN NEW; END", "assignment"},
        {"BEGIN NEW.total := ; RETURN NEW; END", ""},
        {"BEGIN NEW.total := 1", ""},
        {"", ""}};
    for (const auto& [body, why] : bodies) {
        for (const auto& trigger : {std::string{before_write}, on("AFTER UPDATE")}) {
            const auto effects = of(body, trigger);
            EXPECT_NE(effects.beside.anything, "") << body;
            EXPECT_THAT(effects.beside.anything, HasSubstr(why)) << body;
            EXPECT_EQ(effects.row, effects.beside.anything) << body;
        }
    }
}

TEST(TriggerEffects, AFunctionThatIsNotInPlpgsqlMayDoAnything) {
    for (const auto* text :
         {"CREATE FUNCTION f() RETURNS trigger LANGUAGE c AS 'lib', 'f'",
          "CREATE FUNCTION f() RETURNS trigger LANGUAGE internal AS 'f'",
          "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpython3u AS 'return \"MODIFY\"'",
          "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END",
          "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
          "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql",
          "CREATE FUNCTION f() RETURNS trigger AS 'BEGIN RETURN NEW; END'",
          "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
          "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
          "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
          "CREATE PROCEDURE f() LANGUAGE plpgsql AS 'BEGIN NULL; END'", "DO 'BEGIN END'",
          "SELECT 1", "", "not SQL", "\xff\xfe", "''''"}) {
        const auto effects = trigger_effects_of(before_write, text);
        EXPECT_NE(effects.row, "") << text;
        EXPECT_NE(effects.beside.anything, "") << text;
    }
}

TEST(RuleEffects, WhatARuleBringsInIsKnown) {
    const auto nothing =
        rule_effects_of("CREATE RULE r AS ON UPDATE TO public.orders DO INSTEAD NOTHING;");
    EXPECT_EQ(nothing.anything, "");
    EXPECT_TRUE(nothing.writes.empty());
    const auto two = rule_effects_of(
        "CREATE RULE r AS ON INSERT TO public.orders WHERE g(new.total) DO ALSO "
        "( INSERT INTO audit (id) VALUES (new.id); UPDATE stock SET n = h(); )");
    EXPECT_EQ(two.anything, "");
    ASSERT_EQ(two.writes.size(), 2U);
    EXPECT_EQ(two.writes[0].relation, "audit");
    EXPECT_EQ(two.writes[1].relation, "stock");
    EXPECT_THAT(two.functions, ElementsAre("h", "g"));
    for (const auto* other : {"", "SELECT 1", "not SQL", "CREATE TABLE t (i int)"}) {
        EXPECT_NE(rule_effects_of(other).anything, "") << other;
    }
}

TEST(TriggerEffects, WhatIsTooLongOrTooDeepMayDoAnything) {
    const auto many = [](const std::string& text, int times) {
        std::string all;
        for (int i = 0; i < times; ++i) {
            all += text;
        }
        return all;
    };
    for (const auto& middle :
         {many("NEW.a := 1; ", 100'000), many("IF true THEN ", 2'000) + many("END IF; ", 2'000),
          "NEW.a := " + many("(", 50'000) + "1" + many(")", 50'000) + ";",
          "NEW.a := " + many("1+", 29'900) + "1;", "NEW.a := " + many("1+", 200'000) + "1;"}) {
        EXPECT_NE(of("BEGIN " + middle + " RETURN NEW; END").beside.anything, "")
            << middle.substr(0, 30);
    }
}

TEST(TriggerEffects, SeveralThreadsMayAskAtOnce) {
    std::vector<std::jthread> threads;
    std::vector<int> wrong(4);
    for (std::size_t i = 0; i < wrong.size(); ++i) {
        threads.emplace_back([i, &wrong] {
            const auto name = "c" + std::to_string(i);
            for (int n = 0; n < 100; ++n) {
                const auto effects = of("BEGIN NEW." + name + " := 1; RETURN NEW; END");
                wrong[i] += effects.columns != std::set{name} || !effects.row.empty() ? 1 : 0;
                wrong[i] += of("BEGIN NEW.").beside.anything.empty() ? 1 : 0;
            }
        });
    }
    threads.clear();
    EXPECT_EQ(wrong, std::vector<int>(4));
}

}  // namespace
}  // namespace scenarios
