"""What all tests share: pytest's own runner of test files, one thread, and the same drawn examples every time."""

import os
import signal

# Before NumPy is imported: the matrices are small, threads would wait for each other and for the other workers.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import autograd.numpy  # noqa: F401 - loaded here, as runs of pytest within tests would unload it, which NumPy does not bear
from hypothesis import settings

pytest_plugins = "pytester"

# A process started in the background ignores Ctrl-C, and so would the programs that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A test passes or fails for its claim alone: not for how busy the machine is, nor for what happened to be drawn today.
# What is found false is printed as a line that draws it again.
settings.register_profile("tests", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("tests")

# No tests, and only to be imported where PyTorch is installed.
collect_ignore = ["torch_references"]
