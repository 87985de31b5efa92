"""Hands the tests to the workers of a run in parallel."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it tells no types

# What is run by one worker alone, since it is made once for the whole file.
_TOGETHER = (
    *("tests/test_recordings.py", "tests/playground/test_terminal_demo.py"),
    *("tests/test_imports.py", "tests/deploy/test_scopes.py"),
)
# No more than two browsers at a time: a page that shares its core with two others draws too late for what is looked at.
# From the second file on, the tests take about as long as those before it.
_BROWSER, _SECOND_HALF = "tests/playground/browser/", "tests/playground/browser/test_conversation"
# Begun first, or the others would be done while one worker is still at it.
_LONG = (
    *("tests/deploy/test_install.py", "tests/serving/test_startup.py", "tests/test_crowd.py", "tests/test_memory.py"),
    *("tests/test_program.py", "tests/test_replicas.py", "tests/pacing/test_governor.py"),
)


# Into so many parts the tests of another file are told: most are over in milliseconds, and each part costs one of them.
_PARTS = 12


class Groups(LoadScopeScheduling):  # type: ignore[misc]
    """Hands a few tests of a file to a worker that is free, and those that belong together to one.

    xdist's own groups by a mark (3.8) have no effect with pytest 9.2, which lets nobody change the id of a test. Its
    own book-keeping hands out again what a dead worker had finished, and its deadly test, and waits for ever; and it
    counts all that was ever finished with each test.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(_BROWSER):
            return "browser, first half" if nodeid < _SECOND_HALF else "browser, second half"
        if nodeid.startswith(_LONG):
            return nodeid
        file = nodeid.partition("::")[0]
        return file if file in _TOGETHER else f"{file}::{crc32(nodeid.encode()) % _PARTS}"

    def schedule(self) -> None:
        """Hand out the first tests; mix the others, so that while some wait, others compute.

        They lie side by side by their kind: the dialogues would leave the cores idle, and all that computes would come
        in the end. The order is the same in every run.
        """
        begins = self.collection is None
        super().schedule()
        if begins:
            waiting = sorted(self.workqueue.items(), key=lambda unit: _turn(unit[0]))
            self.workqueue.clear()
            self.workqueue.update(waiting)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Forget a test that is done, and see that the worker has more to do."""
        nodeid = self.registered_collections[node][item_index]
        scope = self._split_scope(nodeid)
        unit = self.assigned_work[node][scope]
        del unit[nodeid]
        if not unit:
            del self.assigned_work[node][scope]
        self._reschedule(node)

    def remove_node(self, node: Any) -> str | None:
        """Give the others what a worker that has ended left; what it died of, which is returned, is not tried again."""
        left = [nodeid for unit in self.assigned_work.pop(node).values() for nodeid in unit]
        for nodeid in left[1:]:
            self.workqueue.setdefault(self._split_scope(nodeid), {})[nodeid] = False
        for other in self.assigned_work:
            self._reschedule(other)
        return left[0] if left else None

    def _reschedule(self, node: Any) -> None:
        # A worker starts a test when it knows the next one.
        while self.workqueue and not node.shutting_down and self._pending_of(self.assigned_work[node]) <= 2:
            self._assign_work_unit(node)
        if not self.workqueue:
            node.shutdown()


def _turn(scope: str) -> tuple[bool, bool, int]:
    """What is handed out sooner has the smaller one."""
    return "::" in scope, not scope.startswith(_LONG), crc32(scope.encode())
