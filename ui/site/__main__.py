"""The laboratory without a server: a folder that any static host serves, from any path.

    python -m ui.site OUT [--app https://lab.example.org]

The live page, Why, Transformation, Sampler, Gradient and Two digits, the lectures with their steps,
the replays and the results, in every language, with those models that fit into 12 MB; once visited,
it works offline. ``--app`` is a link back to the whole laboratory, whose own link to these pages is
``STN_SITE_URL``.
"""

import argparse
import logging
from pathlib import Path

from stn_core.files import FileError


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m ui.site",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="OUT", help="new, or one that this made")
    parser.add_argument("--app", default="", metavar="URL", help="where the whole laboratory is")
    options = parser.parse_args()
    if options.app and not options.app.startswith(("http://", "https://")):
        parser.error("--app must begin with http:// or https://")
    folder: Path = options.folder
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not ours(folder))):
        parser.error(f"{folder} is not a folder that this made: name a new one")
    logging.disable(logging.WARNING)  # Streamlit would say of each page that it has no server
    from ui.site.build import MOST, build

    try:
        size = build(folder, options.app)
    except (FileError, RuntimeError) as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f"{folder} can't be written: {error.strerror}")
    print(f"{folder}: {size / 1e6:.1f} MB of at most {MOST / 1e6:.0f}")


def ours(folder: Path) -> bool:
    return (folder / "files" / "site").is_dir()


if __name__ == "__main__":
    main()
