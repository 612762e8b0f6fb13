# SPDX-License-Identifier: BSD-2-Clause
# lock.py: one run at a time for what all runs in one tree share: disks that a host writes to, a kernel to fetch.

import fcntl
import os
import sys
import threading

held = {}  # path → file; a lock is given back when the process ends, however it does
guard = threading.Lock()


def alone(folder):
    """Returns when no other run in this tree is past this point, says so if it has to wait, and keeps others out."""
    path = os.path.realpath(os.path.join(folder, "lock"))  # whoever names the folder, however: one lock of ours
    with guard:
        if path in held:
            return
        os.makedirs(folder, exist_ok=True)
        file = open(path, "wb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another run, which uses {folder}", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        held[path] = file
