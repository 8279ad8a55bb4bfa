"""What CUDA means: contexts, streams, events, memory, pools, modules. No vendor name, no C type.

Threads and finalisers. Any bytecode of ours may be interrupted by another thread, and any allocation may start a
garbage collection that runs a package's destructor, which calls back into core on the same thread (cuMemFree from
a finaliser inside cuMemAlloc has been seen). So:

- No Python lock is held anywhere in core. Shared state changes by single operations that the GIL makes atomic:
  a dict or deque read, write or pop, and `next()` of an itertools.count.
- Whoever ends an object first takes it away (`handles.remove`, `dict.pop`), and only the winner closes it.
- Marks ("this queue has new work") are written after the work is enqueued and read before it is waited for, so a
  race can cost a needless wait and never a lost one.
- Waits release the GIL in slices, so that Ctrl-C is seen. No wait happens on the host-callback thread: it would
  wait for itself (see host_function.py).
"""
