"""An archive on paper: all that a desk asks, in memory, with a clock that is set and a hand that slips."""

from datetime import UTC, datetime, timedelta

from selfscope.archive.journal.events import (
    ArchiveBegan,
    ContentAdded,
    DomainOpened,
    InstanceBegan,
)
from selfscope.archive.journal.moments import stamp
from selfscope.archive.journal.signing import make_key
from selfscope.archive.policy.decisions import adopt_policy, change_state, plan_destruction
from selfscope.archive.policy.desk import Desk
from selfscope.archive.policy.plans import FileRecord, Proviso
from selfscope.archive.policy.rules import default_text
from selfscope.archive.policy.signatures import sign_plan
from selfscope.errors import BadInput, CouldNot
from selfscope.values.canonical import bytes_id

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEYS = {name: make_key() for name in ("Ada", "Grace", "Alan", "Mallory")}
NAMED = ("Ada", "Grace", "Alan")


class Slip(Exception):
    """The process died here."""


def policy_text(*names, **changes):
    """The default policy with signers named and lines changed, `key="value"`."""
    people = ", ".join(f'{{name: {name}, key: "{KEYS[name].public}"}}' for name in names)
    text = default_text().replace("signers: []", f"signers: [{people}]")
    for key, value in changes.items():
        lines = [line for line in text.splitlines() if line.lstrip().startswith(f"{key}:")]
        assert len(lines) == 1, key
        text = text.replace(lines[0], lines[0].split(":")[0] + f": {value}")
    return text


class Paper:
    """See the module. `slip_at` is the number of the action before, or after, which the process dies."""

    def __init__(self, policy=None):
        self.clock, self.records, self.bytes, self.keys, self.listed = START, [], {}, {}, {}
        self.slip_at, self.actions, self.destroyed = None, [], []
        self.desk = Desk(
            self.events,
            self.append,
            self.put,
            self.read,
            lambda content: self.listed[content],
            lambda domain: [each for each, (_, where) in self.bytes.items() if where == domain],
            lambda: self.clock,
            lambda: self.records[-1][0] if self.records else None,
        )
        self.append([ArchiveBegan("archive:1", 1)])
        if policy is not None:
            adopt_policy(self.desk, policy, by="Ada")
        self.actions.clear()

    def _act(self, name, do):
        self._slip((len(self.actions), "before"))
        result = do()
        self.actions.append(name)
        self._slip((len(self.actions) - 1, "after"))
        return result

    def _slip(self, here):
        if self.slip_at == here:
            self.slip_at = None
            raise Slip(here)

    def events(self):
        return [each for _, events in self.records for each in events]

    def append(self, events, check=lambda: None):
        def do():
            check()
            self.records.append((self.clock, tuple(events)))

        self._act("append", do)

    def put(self, data, domain=""):
        def do():
            self.bytes[bytes_id(data)] = (data, domain)
            return bytes_id(data)

        return self._act("put", do)

    def read(self, identifier):
        if identifier not in self.bytes:
            raise BadInput("no such object", got=identifier)
        data, domain = self.bytes[identifier]
        if domain and domain not in self.keys:
            raise CouldNot("the key is gone")
        return data

    def destroy_key(self, domain):
        def do():
            self.keys.pop(domain, None)
            self.destroyed.append(domain)

        self._act("destroy", do)

    def wait(self, **length):
        """Let time pass; every day somebody records something."""
        end = self.clock + timedelta(**length)
        while self.clock < end:
            self.clock = min(end, self.clock + timedelta(days=1))
            self.records.append((self.clock, ()))

    def add(self, name, domain="", *, form="model", base="", source=None, files=None, own=True):
        """Put a content, its one file and this archive's instance of it on paper."""
        content, instance = bytes_id(name.encode()), f"instance:{name}-{domain}"
        body = f"the bytes of {name}".encode()
        self.listed.setdefault(content, files or (FileRecord("w", len(body), "00", bytes_id(body)),))
        events = []
        if domain and domain not in self.keys:
            self.keys[domain] = b"key"
            events.append(DomainOpened(domain, "fingerprint"))
        events += [
            InstanceBegan(
                instance, content, "here", "disk", "root", stamp(self.clock), source or "", source is None
            ),
            ContentAdded(content, form, name, 1, 1, domain, base, instance=instance if own else ""),
        ]
        self.append(events)
        return content

    def ground(self, kind="severe_hazard", **changes):
        """A finding made now, with its evidence."""
        evidence = (self.put(b"what the examiners found"),)
        return Proviso(
            **{"kind": kind, "found": stamp(self.clock), "statement": "It can.", "evidence": evidence}
            | changes
        )


def sealed(paper, name="one", domain="d"):
    content = paper.add(name, domain)
    change_state(paper.desk, content, "sealed", by="Mallory", reason="it can")
    return content


def planned(paper, content, **changes):
    return plan_destruction(
        paper.desk, content, paper.ground(**changes), by="Ada", reason="the examiners found that it can"
    )


def signed(paper, plan, *names):
    for name in names:
        sign_plan(paper.desk, plan.id, name, KEYS[name])
