"""Templates that are not used any more are freed at once: a search for garbage would stop everybody."""

from __future__ import annotations

import gc

from hookwright.core.templates import compile_body


def test_a_template_that_is_dropped_leaves_nothing_to_be_collected() -> None:
    """Compiled code refers to itself, and is cut loose."""
    compile_body.cache_clear()
    gc.collect()
    gc.disable()
    for number in range(50):
        assert compile_body(f'{{"n": "{{{{ data.id }}}} {number}"}}').constant is None
    compile_body.cache_clear()
    found = gc.collect()
    gc.enable()
    assert found < 50
