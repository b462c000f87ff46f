"""Which modules a script needs: a page that names them all has them after one round trip."""

import posixpath
import re
from collections.abc import Iterable
from pathlib import Path

UI = Path(__file__).parents[1]
# the last line of a statement, as prettier writes it
IMPORT = re.compile(r'^(?:import|export|\})(?:.* from)? "(\.[^"]+)";$', re.MULTILINE)


def with_imports(modules: Iterable[str]) -> list[str]:
    """Modules, by their paths below ui/, and what they import, each once."""
    found = dict.fromkeys(modules)
    waiting = list(found)
    while waiting:
        module = waiting.pop(0)
        for path in IMPORT.findall((UI / module).read_text("utf-8")):
            name = posixpath.normpath(posixpath.join(posixpath.dirname(module), path))
            if name not in found:
                found[name] = None
                waiting.append(name)
    return list(found)
