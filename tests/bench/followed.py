"""Who follows a backlog of transactions that update one row each, and what that costs."""
import dataclasses
import os

import client


@dataclasses.dataclass(frozen=True)
class Followed:
    seconds: float
    cpu_s: float  # of the follower
    server_cpu_s: float = float("nan")  # of the server's process that decodes the log for it


def ledger(program, cluster, database):
    """Ours: bench_ledger makes the table, the backlog and the ledger."""
    def follow(transactions):
        cost = client.run([program, cluster.uri(database), str(transactions)],
                          dict(os.environ), cluster.folder)
        if cost.exit_code != 0:
            raise RuntimeError(cost.stderr.strip())
        return Followed(*map(float, cost.stdout.split()))
    return follow


def recvlogical(cluster, database):
    """pg_recvlogical, which writes what comes to /dev/null and keeps no account of it: the same
    transactions of the same table (bench_ledger's) by a publication and options like ours."""
    def follow(transactions):
        cluster.psql("""
            DROP PUBLICATION IF EXISTS bench_peer;
            CREATE PUBLICATION bench_peer FOR TABLE followed;
            SELECT pg_create_logical_replication_slot('bench_peer', 'pgoutput');""", database)
        try:
            cluster.psql(f"CALL make_changes({transactions})", database)
            # Flushed, so that it comes.
            end = cluster.psql("SET synchronous_commit = local;"
                               "SELECT pg_logical_emit_message(true, 'bench', '')", database)
            cost = client.run(
                [cluster.program("pg_recvlogical"), f"--dbname={database}", "--slot=bench_peer",
                 "--start", "--no-loop", "--file=/dev/null", f"--endpos={end}",
                 "-o", "proto_version=1", "-o", "publication_names=bench_peer",
                 "-o", "messages=true", "-o", "binary=true"],
                cluster.environment(database), cluster.folder)
            if cost.exit_code != 0:
                raise RuntimeError(f"pg_recvlogical: {cost.stderr.strip()}")
            return Followed(cost.wall_s, cost.cpu_s)
        finally:
            cluster.psql("SELECT pg_drop_replication_slot('bench_peer')", database)
    return follow
