"""Runs a program without the right to overrule file permissions, which root has; for others nothing changes.

``python unprivileged.py program argument ...``
"""

from __future__ import annotations

import ctypes
import os
import sys

#: From linux/prctl.h and linux/capability.h.
PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE = 1

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - of a test's own making
