"""When the kernel of a closed page goes."""

from jupyter_server._tz import utcnow
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyter_server.utils import ensure_async


class Kernels(AsyncMappingKernelManager):
    """A kernel that has stood ready has been idle for long; its time counts from when a page has taken it."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.taken = set()

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """What is asked of each kernel every few seconds, but for those that Voilà keeps ready."""
        if kernel_id in self.taken:
            return await ensure_async(super().cull_kernel_if_idle(kernel_id))
        self.taken.add(kernel_id)
        self.get_kernel(kernel_id).last_activity = utcnow()
