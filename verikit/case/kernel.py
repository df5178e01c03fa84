"""A fresh kernel for one notebook: this interpreter, with no IPython or Jupyter settings of the person at the desk."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verikit._files import write_bytes
from verikit.case.derived import pretty_json
from verikit.case.live import SESSION_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping

__all__ = ["execute_notebook"]

# A Unix socket's name has at most 104 bytes on macOS and 108 on Linux, and ZeroMQ appends "-" and a number to it.
_MOST_SOCKET_NAME = 90
_MOST_LOG = 500
_NO_START = "the kernel did not start"


def execute_notebook(
    notebook: Any, *, cwd: Path, seconds_per_cell: float, before: Callable[..., None], after: Callable[..., None]
) -> str:
    """What stopped a notebook, empty when all of it ran. Its outputs are written into `notebook`, an nbformat node.

    `before` is called with cell and cell_index as a cell starts, `after` with these and the kernel's execute_reply.
    """
    # Imported here: they take a second, and only running needs them.
    from nbclient import NotebookClient  # noqa: PLC0415
    from nbclient.exceptions import CellExecutionError  # noqa: PLC0415

    begun: list[int] = []

    def starting(*, cell: Any, cell_index: int) -> None:
        begun.append(cell_index)
        before(cell=cell, cell_index=cell_index)

    with _kernel_place() as place, (place / "kernel.log").open("wb") as log:
        manager = _kernel_manager(place)
        client = NotebookClient(
            notebook,
            km=manager,
            timeout_func=lambda _: seconds_per_cell,
            # A cell tagged raises-exception fails as any other, none is skipped, and streams are joined: how output is
            # cut into messages differs from run to run.
            force_raise_errors=True,
            skip_cells_with_tag="",
            coalesce_streams=True,
            # Times would make two equal runs differ.
            record_timing=False,
            store_widget_state=False,
            on_cell_execute=starting,
            on_cell_executed=after,
        )
        settings = {"cwd": str(cwd), "env": _kernel_environment(place), "stdout": log, "stderr": log}
        try:
            _in_own_thread(_with_kernel(client, manager, settings))
        except CellExecutionError as fault:
            return _said(notebook.cells[begun[-1]].outputs) or f"{fault.ename}: {fault.evalue}"
        except TimeoutError:
            return f"TimeoutError: cell {begun[-1]} ran longer than {seconds_per_cell:g} s" if begun else _NO_START
        except RuntimeError as fault:
            # nbclient's DeadKernelError, and jupyter_client's word for a kernel that does not start.
            said = (place / "kernel.log").read_bytes()[-_MOST_LOG:].decode("utf-8", "replace")
            place_of_fault = f"{fault} in cell {begun[-1]}" if begun else f"{_NO_START}: {fault}"
            return f"{place_of_fault}: {said}" if said.strip() else place_of_fault
    return ""


def _said(outputs: Any) -> str:
    """The error that a cell shows; the kernel's reply knows no name for one that came while a result was shown."""
    errors = [f"{one.ename}: {one.evalue}" for one in outputs if one.output_type == "error"]
    return errors[-1] if errors else ""


@contextlib.contextmanager
def _kernel_place() -> Iterator[Path]:
    """A folder that lives as long as the kernel."""
    with tempfile.TemporaryDirectory(prefix="verikit-kernel-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _kernel_manager(place: Path) -> Any:
    """A manager of one kernel that is this interpreter, whatever kernels are registered on the machine."""
    from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415 - takes long, and only running needs it
    from jupyter_client.manager import AsyncKernelManager  # noqa: PLC0415 - the same

    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "Python 3 (verikit)", "language": "python"}
    write_bytes(place / "kernels" / "verikit" / "kernel.json", pretty_json(spec))
    specs = KernelSpecManager(kernel_dirs=[str(place / "kernels")])
    manager = AsyncKernelManager(
        kernel_name="verikit", kernel_spec_manager=specs, connection_file=str(place / "connection.json")
    )
    socket = str(place / "socket")
    if sys.platform != "win32" and len(socket) <= _MOST_SOCKET_NAME:
        # Files that only this person can open, where a port on this machine would be open to everyone on it.
        manager.transport, manager.ip = "ipc", socket
    return manager


def _kernel_environment(place: Path) -> dict[str, str]:
    """This process's environment without what would let a person's settings change a result."""
    # A start-up file, an IPython profile or its start-up scripts run before the first cell and would leave no trace in
    # the notebook. Empty folders take their place, so a home folder that cannot be written to does no harm either.
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONSTARTUP", "PYTHONINSPECT"}}
    # An empty session name tells a notebook's `%load_ext verikit` that the run is journaled already.
    kept[SESSION_NAME] = ""
    empty = {
        name: str(place / name.lower())
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    return kept | empty | {"PYTHONHASHSEED": "0"}


async def _with_kernel(client: Any, manager: Any, settings: Mapping[str, Any]) -> None:
    """Execute all cells. The kernel is gone afterwards, however it ended."""
    try:
        await client.async_execute(cleanup_kc=True, **settings)
    finally:
        if manager.has_kernel:
            await manager.shutdown_kernel(now=True)


def _in_own_thread(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` on an event loop of its own, in a thread of its own.

    So it also runs inside a notebook, whose thread has a loop already, and Ctrl-C arrives here as KeyboardInterrupt:
    on the main thread nbclient takes the signal for itself and reports a dead kernel instead.
    """
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
        done = pool.submit(_until_done, loop, task)
        try:
            done.result()
        except KeyboardInterrupt:
            loop.call_soon_threadsafe(task.cancel)
            # Wait for the kernel to be gone; what the cancelled work says about it is not news.
            with contextlib.suppress(asyncio.CancelledError, RuntimeError):
                done.result()
            raise


def _until_done(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(task)
    finally:
        # nbclient leaves its watchers of the kernel behind.
        left = asyncio.all_tasks(loop)
        for other in left:
            other.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
