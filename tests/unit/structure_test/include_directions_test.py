"""include_directions.py must find what it is there to find."""
import pathlib
import tempfile
import unittest

import include_directions


class IncludeDirections(unittest.TestCase):
    def found(self, path, text):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, path)
            file.parent.mkdir(parents=True)
            file.write_text(text, encoding="utf-8")
            return list(include_directions.faults(pathlib.Path(folder)))

    def assert_fault(self, path, text, expected):
        found = self.found(path, text)
        self.assertEqual(len(found), 1, found)
        self.assertIn(expected, found[0])

    def test_the_ground_floor_knows_no_one_beside_it(self):
        self.assert_fault("workloads/mix.cpp", '\n#include "reports/record.hpp"\n',
                          "workloads/mix.cpp:2: 'reports/record.hpp': workloads/ may not")
        self.assert_fault("checksum/a.cpp", '#include "workloads/mix.hpp"\n', "checksum/ may not")
        self.assert_fault("reports/a.cpp", '#include "scenarios/a.hpp"\n', "reports/ may not")

    def test_no_one_includes_the_harness_but_itself_and_tests(self):
        self.assert_fault("scenarios/a.cpp", '#include "harness/guard.hpp"\n', "scenarios/ may not")
        self.assertEqual(self.found("harness/a.cpp", '#include "harness/guard.hpp"\n'), [])
        self.assertEqual(self.found("tests/unit/a.cpp", '#include "harness/guard.hpp"\n'), [])

    def test_the_harness_and_the_scenarios_may_look_down(self):
        text = '#include "reports/record.hpp"\n#include "workloads/mix.hpp"\n'
        self.assertEqual(self.found("scenarios/a.cpp", text), [])
        self.assertEqual(self.found("harness/a.cpp", text), [])

    def test_includes_start_at_the_root(self):
        self.assert_fault("reports/a.cpp", '#include "record.hpp"\n', "from the root")
        self.assert_fault("reports/a.cpp", '#include "../reports/record.hpp"\n', "from the root")

    def test_pure_folders_have_no_sockets_threads_or_databases(self):
        self.assert_fault("workloads/a.cpp", "#include <thread>\n", "<thread>")
        self.assert_fault("workloads/a.cpp", "# include <boost/asio/post.hpp>\n", "boost/asio")
        self.assert_fault("reports/a.cpp", "#include <pqxx/pqxx>\n", "<pqxx/pqxx>")
        self.assert_fault("scenarios/a.cpp", "#include <pqxx/pqxx>\n", "<pqxx/pqxx>")
        self.assert_fault("reports/a.cpp", "#include <pg_query.h>\n", "<pg_query.h>")

    def test_only_the_engines_folder_knows_postgresql(self):
        self.assert_fault("harness/load/a.cpp", "#include <libpq-fe.h>\n", "only harness/postgres")
        self.assertEqual(self.found("harness/postgres/a.cpp", "#include <libpq-fe.h>\n"), [])

    def test_a_header_says_once(self):
        self.assert_fault("reports/a.hpp", "struct A {};\n", "#pragma once")


if __name__ == "__main__":
    unittest.main()
