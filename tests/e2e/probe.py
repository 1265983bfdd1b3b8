"""What a run leaves behind outside its run directory: sessions, processes, folders."""
import glob
import os

# Other sessions of the harness in the database that is asked.
OURS = ("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'rehearse/%'"
        " AND datname = current_database()")
LOAD = OURS.replace("LIKE 'rehearse/%'", "= 'rehearse/workload'")


def processes_in(folder):
    """The processes whose command line or working folder lies in `folder`: a throwaway server."""
    found = []
    for entry in glob.glob("/proc/[0-9]*"):
        try:
            with open(f"{entry}/cmdline", "rb") as file:
                words = file.read().replace(b"\0", b" ").decode(errors="replace")
            works_in = os.readlink(f"{entry}/cwd")
        except OSError:  # it has ended meanwhile, or is another user's
            continue
        if f"{folder}/" in words or works_in.startswith(f"{folder}/"):
            found.append((int(entry.split("/")[-1]), words))
    return found


def program_of(pid):
    """What a process runs; None when it has ended, whether somebody has taken note of it or not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            name, _, rest = file.read().partition("(")[2].rpartition(")")
    except OSError:
        return None
    return None if rest.split()[0] in "ZX" else name
