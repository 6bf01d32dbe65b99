"""The garbage collector of a program that runs for days leaves alone what was made at the start.

Models, forms and mappers live as long as the program; looking through them again and again for
cycles took a tenth of the time of a completed task. What a request leaves behind is freed by
reference counts; the rare cycles wait for the collector a little longer.
"""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 20_000, 20, 50  # objects; collections of the younger generation


def spare_what_stays() -> None:
    """Call once, when all that stays has been imported and made."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
