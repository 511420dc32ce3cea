"""A backup target in memory, which can be full, gone, or keep what was replaced."""

from node.errors import IntegrityError, NotFound, Unavailable
from node.services.backup_target import Stored


class MemoryTarget:
    """`room` is how many bytes it takes (None: any number); `calls` how many more it answers before it is gone."""

    def __init__(self, objects=None, *, versioned=False) -> None:
        self.objects = dict(objects or {})
        self.old = []
        self.room = None
        self.calls = None
        self._versioned = versioned

    def entries(self, prefix):
        self._answer()
        return [Stored(name, len(data)) for name, data in sorted(self.objects.items()) if name.startswith(prefix)]

    def get(self, name, most):
        self._answer()
        if name not in self.objects:
            raise NotFound(f"{name} is not at the target.")
        data = self.objects[name]
        if len(data) > most:
            raise IntegrityError(f"{name} is larger than it can be.", code="backup-damaged")
        return data

    def put(self, name, data, *, replace=False):
        self._answer()
        if name in self.objects and not replace:
            return
        held = sum(map(len, self.objects.values())) - len(self.objects.get(name, b""))
        if self.room is not None and held + len(data) > self.room:
            raise Unavailable("The target is full.", code="target-full")
        if self._versioned and name in self.objects:
            self.old.append((name, self.objects[name]))
        self.objects[name] = bytes(data)

    def delete(self, name):
        self._answer()
        data = self.objects.pop(name, None)
        if self._versioned and data is not None:
            self.old.append((name, data))

    def keeps_old_versions(self):
        self._answer()
        return self._versioned

    def _answer(self):
        if self.calls is not None:
            if self.calls == 0:
                raise Unavailable("The target is gone.", code="target-gone")
            self.calls -= 1
