"""Makes the README's pictures, docs/match.png and docs/team.png, from recorded matches:

    python docs/make_picture.py MATCH PLY [NAME]

MATCH is what `arena export` takes, PLY may be followed by who looks, as in 380,0. Needs Chromium, and this package
beside the Python that runs it.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SIZES = {"match": "1180,860", "team": "1280,840"}
FLAGS = "--headless --no-sandbox --disable-gpu --no-first-run --hide-scrollbars --virtual-time-budget=3000"


def main(match: str, ply: str, name: str = "match") -> None:
    if name not in SIZES:
        sys.exit(f"there is no picture {name!r}; choose from: {', '.join(SIZES)}")
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("Chromium is not installed")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "match.html"
        arena = Path(sys.executable).with_name("arena")
        subprocess.run([str(arena), "export", match, "-o", str(page)], check=True)
        picture = Path(__file__).parent / f"{name}.png"
        size = [f"--window-size={SIZES[name]}", f"--screenshot={picture}", f"file://{page}#{ply}"]
        subprocess.run([browser, *FLAGS.split(), *size], check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main(*sys.argv[1:])
