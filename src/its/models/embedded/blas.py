"""numpy with one BLAS thread.

The models' matrices are so small that handing them out to threads costs far more than it saves.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def pin_to_one_thread() -> None:
    """Import numpy such that its BLAS uses one thread in this process.

    Libraries read these variables when they are loaded; the environment is put back afterwards,
    so child processes see nothing of it. An OpenBLAS that was loaded before is told directly.
    """
    if "numpy" not in sys.modules:
        before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
        os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
        try:
            import numpy as np  # noqa: F401  (imported for its BLAS)
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
    else:
        _tell_openblas()


def _tell_openblas() -> None:
    """Call the thread setter of the OpenBLAS that numpy's wheels bring along, if there is one."""
    import numpy as np

    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs", package / ".libs"):
        for path in folder.glob("*openblas*"):
            library = ctypes.CDLL(str(path))
            for symbol in ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads"):
                if hasattr(library, symbol):
                    getattr(library, symbol)(1)
