"""Private names of libraries that we depend on: whoever upgrades learns here what is gone."""

import inspect

import faust


def test_faust_still_renames_the_process_by_the_method_that_we_override() -> None:
    assert list(inspect.signature(faust.Worker._setproctitle).parameters) == ["self", "info", "ident"]
    assert 'self._setproctitle("init")' in inspect.getsource(faust.Worker)
