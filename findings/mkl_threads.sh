#!/usr/bin/env bash
# After torch.set_num_threads(1) every thread says that it has one, but MKL starts more at the first
# matrix product in each new thread. A server with a thread for every request, as Streamlit's, pays for
# that at every request; MKL_NUM_THREADS=1 keeps MKL from it. Needs Linux on x86-64 and two cores.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 numpy==2.3.5
cat > "$folder/products.py" <<'PYTHON'
import os
import sys
import threading

import torch

torch.set_num_threads(1)
square = torch.rand(64, 64)
seen = []


def product():
    before = len(os.listdir("/proc/self/task"))
    square @ square
    more = len(os.listdir("/proc/self/task")) - before
    seen.append((torch.get_num_threads(), more))


product()
for _ in range(3):
    thread = threading.Thread(target=product)
    thread.start()
    thread.join()
print(
    f"torch {torch.__version__}, MKL_NUM_THREADS {os.environ.get('MKL_NUM_THREADS', 'not set')}: "
    f"threads by torch's word, and threads that the first product started: {seen}"
)
assert all(count == 1 for count, _ in seen)
started = [more > 0 for _, more in seen]
assert started == ([False] * 4 if sys.argv[1:] == ["one"] else [False, True, True, True])
PYTHON
unset OMP_NUM_THREADS MKL_NUM_THREADS
"$folder/env/bin/python" "$folder/products.py"
MKL_NUM_THREADS=1 "$folder/env/bin/python" "$folder/products.py" one
