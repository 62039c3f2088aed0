"""Rules for the whole suite."""

import asyncio
import gc
import os
import signal
import sys
import threading

import pytest

# Statistics here are of small matrices, for which numpy's threads wait for each other longer than they work.
# Read when numpy is loaded, so it stands here; the network's threads are torch's own and are left alone.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if "PYTEST_XDIST_WORKER" in os.environ:  # tests beside each other: one core each, for networks too
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# A shell ignores SIGINT in what it starts in its background, and so would every program that a test starts.
if (
    threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) == signal.SIG_IGN
):
    signal.signal(signal.SIGINT, signal.default_int_handler)
# What pytest makes of its tests, and Python of ours, is kept for the next run and for the processes that are
# started, also where the machine says that none is: making it is a third of the time until the first test.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Look for no garbage while some million objects are imported, and never look through these again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_unconfigure():
    """Let what was set aside be collected at the end: some libraries count what is left of theirs."""
    gc.unfreeze()


def pytest_collection_modifyitems(items):
    """Ask the fast tests first, so that a slip shows early, and the ones that run a model last.

    Of these the longest go first, for workers that share the files end together then.
    """

    def place(item):
        runs_a_model, is_long = item.get_closest_marker("model") is not None, "e2e" in item.nodeid
        return runs_a_model, is_long != runs_a_model

    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where nothing may be skipped (continuous integration), a skipped test has failed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("SELFSCOPE_ALLOW_SKIPS") == "0":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped where no skip is allowed: {report.longrepr}"
    return report


@pytest.fixture
def collected():
    """Collect what a test left, and that alone, while the test's own filters of warnings hold."""
    gc.freeze()  # what is there already, and what earlier tests imported, is nothing that this one left
    yield
    gc.collect()
    # Inspect's synchronous readers do this inside a running loop; after it no loop of any test is closed.
    assert not hasattr(asyncio, "_nest_patched"), "asyncio was patched for the whole process"
