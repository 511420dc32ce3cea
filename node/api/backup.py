"""Backups: where they go, making and trying them, how they went."""

from typing import Protocol

from node.api.http import Runtime
from node.api.routes import Route
from node.errors import UserError
from node.model.target import Description, Kind
from node.services import backup_runs, backup_targets
from node.services.backup_customer import CustomerThen
from node.services.backup_runs import ProgressView
from node.services.backup_targets import TargetView


class Backups(Protocol):
    """What these routes need of an open node's backups."""

    async def add_target(self, description: Description, name: str) -> TargetView:
        """Make it ready, test it, keep it."""

    async def test_target(self, target: bytes) -> TargetView:
        """Write, read, delete there."""

    async def remove_target(self, target: bytes) -> TargetView:
        """Send no more backups there."""

    def progress(self) -> ProgressView:
        """What is being done now."""

    async def back_up(self, target: bytes) -> ProgressView:
        """Begin a backup."""

    async def drill(self, target: bytes) -> ProgressView:
        """Begin to try one."""

    def stop(self) -> ProgressView:
        """End what is being done."""

    async def customer_then(self, target: bytes, customer: bytes, number: int) -> CustomerThen:
        """What putting a customer back would change."""

    async def restore_customer(self, target: bytes, customer: bytes, number: int) -> CustomerThen:
        """Put a customer back."""


class BackupRuntime(Runtime, Protocol):
    """What these routes need of the node."""

    @property
    def backups(self) -> Backups:
        """Those of the open node. Raises Locked."""


async def add_target(
    runtime: BackupRuntime,
    kind: str,
    where: str = "",
    name: str = "",
    user: str = "",
    secret: str = "",
    bucket: str = "",
    region: str = "",
    prefix: str = "",
) -> TargetView:
    """Have backups go to a folder, a disk, a WebDAV folder or an S3 bucket; it is tested first."""
    if kind not in tuple(Kind):
        raise UserError("Backups go to a folder, a disk, webdav or s3.", code="bad-target")
    given = Description(Kind(kind), where.strip(), user.strip(), secret, bucket.strip(), region.strip(), prefix.strip())
    return await runtime.backups.add_target(given, name)


async def test_target(runtime: BackupRuntime, target: bytes) -> TargetView:
    """Write to it, read from it and delete from it, to see that backups can go there."""
    return await runtime.backups.test_target(target)


async def remove_target(runtime: BackupRuntime, target: bytes) -> TargetView:
    """Send no more backups there, and forget the password. What lies there stays."""
    return await runtime.backups.remove_target(target)


async def progress(runtime: BackupRuntime) -> ProgressView:
    """What is being done now, and how far it is."""
    return runtime.backups.progress()


async def back_up(runtime: BackupRuntime, target: bytes) -> ProgressView:
    """Begin a backup there, then try it; what becomes of it is in the list of runs."""
    return await runtime.backups.back_up(target)


async def drill(runtime: BackupRuntime, target: bytes) -> ProgressView:
    """Begin to try the newest backup there: it is restored into a copy that is compared and thrown away."""
    return await runtime.backups.drill(target)


async def stop(runtime: BackupRuntime) -> ProgressView:
    """End what is being done. What was put there is used when it goes on."""
    return runtime.backups.stop()


async def customer_then(runtime: BackupRuntime, target: bytes, customer: bytes, number: int = 0) -> CustomerThen:
    """What putting one customer back from a backup (0: the newest) would change; nothing is changed."""
    return await runtime.backups.customer_then(target, customer, number)


async def restore_customer(runtime: BackupRuntime, target: bytes, customer: bytes, number: int = 0) -> CustomerThen:
    """Put one customer back as a backup (0: the newest) has it; nobody else is touched."""
    return await runtime.backups.restore_customer(target, customer, number)


ROUTES = (
    Route("GET", "/backup/targets", backup_targets.list_targets, kind="read"),
    Route("POST", "/backup/targets", add_target, kind="task"),
    Route("GET", "/backup/targets/{target}", backup_targets.get_target, kind="read"),
    Route("POST", "/backup/targets/{target}", backup_targets.change_target),
    Route("POST", "/backup/targets/{target}/test", test_target, kind="task"),
    Route("POST", "/backup/targets/{target}/remove", remove_target, kind="task"),
    Route("POST", "/backup/targets/{target}/run", back_up, kind="task"),
    Route("POST", "/backup/targets/{target}/drill", drill, kind="task"),
    Route("GET", "/backup/targets/{target}/customers/{customer}", customer_then, kind="task"),
    Route("POST", "/backup/targets/{target}/customers/{customer}", restore_customer, kind="task"),
    Route("GET", "/backup/progress", progress, kind="task"),
    Route("POST", "/backup/stop", stop, kind="task"),
    Route("GET", "/backup/runs", backup_runs.list_runs, kind="read"),
)
