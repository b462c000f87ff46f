"""The laboratory's front end."""

import os

# Streamlit runs a page in a new thread at every change. MKL starts threads of its own at the first
# matrix product in each, in about 10 ms, whatever torch.set_num_threads was told in another thread
# (findings/mkl_threads.sh). It reads this once, before its first product.
os.environ.setdefault("MKL_NUM_THREADS", "1")
