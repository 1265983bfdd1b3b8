"""What a run leaves behind outside its run directory: sessions, processes, folders."""
import glob
import os

# Other sessions of the harness in the database that is asked.
OURS = ("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'rehearse/%'"
        " AND datname = current_database()")


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


def open_to_all(folder):
    """Lets other users pass: the throwaway server runs as one of them when we are root."""
    if os.geteuid() != 0:
        return
    for parent in (folder, *folder.parents):
        mode = parent.stat().st_mode
        if mode & 0o001 == 0:
            parent.chmod(mode | 0o011)
