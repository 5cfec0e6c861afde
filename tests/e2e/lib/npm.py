"""npm's packages beside tests: tools/install --tests brings them; a test that is run by itself brings its own."""
import fcntl
import os
import subprocess


def install(folder):
    """The folder's node_modules hold what its lock file says; gives the folder."""
    lock, there = (os.path.join(folder, name) for name in ("package-lock.json", "node_modules/.package-lock.json"))
    with open(lock) as f:
        fcntl.flock(f, fcntl.LOCK_EX)  # two tests may come at once
        if not os.path.exists(there) or os.path.getmtime(there) < os.path.getmtime(lock):
            done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
                                  capture_output=True, text=True, timeout=600)
            if done.returncode:
                raise RuntimeError(f"npm ci in {folder}: {(done.stdout + done.stderr)[-2000:]}")
            os.utime(there)
    return folder
