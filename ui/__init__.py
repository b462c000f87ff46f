"""The laboratory's front end."""

import os

# Streamlit runs a page in a new thread at every change, and MKL starts threads of its own at the first
# matrix product in each, which takes about 10 ms; torch.set_num_threads, called in another thread, does
# not keep it from that (torch 2.14.1). MKL reads this once, before its first product.
os.environ.setdefault("MKL_NUM_THREADS", "1")
