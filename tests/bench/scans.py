"""Whoever reads a whole table: rehearse's checksum and what it is measured against."""
import client

# 8 columns of some 130 bytes, as in micro/checksum_bench.cpp.
TABLE = """
    CREATE TABLE scanned (
        id bigint PRIMARY KEY, customer int NOT NULL, amount numeric(10, 2) NOT NULL,
        created timestamptz NOT NULL, changed timestamptz, name text NOT NULL, note text,
        active boolean NOT NULL);"""
ROWS = """
    INSERT INTO scanned
    SELECT g, g * 7919 % 50000, (g * 7919 % 999999999)::numeric / 100,
           timestamptz '2024-01-01' + g * interval '1 s',
           timestamptz '2025-01-01' + g * interval '1 s',
           left(md5(g::text), (16 + g % 9)::int),
           left(md5((g + 1)::text) || md5((g + 2)::text) || md5((g + 3)::text), (50 + g % 42)::int),
           g % 2 = 0
    FROM generate_series({first}::bigint, {last}) g;
    VACUUM (FREEZE, ANALYZE) scanned;
    CHECKPOINT;"""


class Scans:
    """A table of `rows` rows, and its readers. Each returns its client.Cost."""

    def __init__(self, program, cluster, database, rows):
        self._program = program
        self._cluster = cluster
        self._database = database
        self.rows = rows
        cluster.psql(TABLE + ROWS.format(first=1, last=rows), database)

    def grow(self, rows):
        self._cluster.psql(ROWS.format(first=self.rows + 1, last=rows), self._database)
        self.rows = rows

    def rehearse(self):
        return self._run([self._program, "checksum", "--db", self._cluster.uri(self._database),
                          "--table", "scanned", "--jobs", "2", "--json", "--quiet"])

    def psql_draining(self):
        return self._both_halves("STDOUT")

    def server_alone(self):
        return self._both_halves("'/dev/null'")

    def md5_of_all(self):
        return self._sql("SELECT md5(string_agg(md5(t::text), ',' ORDER BY id)) FROM scanned t")

    def sum_of_hashes(self):
        return self._sql("SET max_parallel_workers_per_gather = 2; "
                         "SELECT sum(hash_record_extended(t, 0)) FROM scanned t")

    def _both_halves(self, to):
        middle = int(self._cluster.psql(
            "SELECT pg_relation_size('scanned') / current_setting('block_size')::int / 2",
            self._database))
        copies = [f"COPY (SELECT * FROM scanned WHERE ctid {where}) TO {to} (FORMAT binary)"
                  for where in (f"< '({middle},0)'", f">= '({middle},0)'")]
        script = ('"$0" -XqAt -v ON_ERROR_STOP=1 -c "$1" >/dev/null & first=$!; '
                  '"$0" -XqAt -v ON_ERROR_STOP=1 -c "$2" >/dev/null && wait $first')
        return self._run(["sh", "-c", script, self._cluster.program("psql"), *copies])

    def _sql(self, sql):
        return self._run([self._cluster.program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1",
                          "-c", sql])

    def _run(self, command):
        cost = client.run(command, self._cluster.environment(self._database),
                          self._cluster.folder)
        if cost.exit_code != 0:
            raise RuntimeError(f"{' '.join(command)}: {cost.stderr.strip()}")
        return cost
