"""What `compatlayer doctor` looks at: a file for each part of a machine, each check a generator of findings.

    finding.py      one line of the report
    environment.py  Python, settings, packages, activation
    compiler.py     the ziglang package
    cache.py        the folder of compiled kernels
    libraries.py    our native libraries, and others that could take their place
    system.py       processor, C library, memory and its limits, /dev/shm, memory files
    kernel.py       the whole way, with a small kernel
"""
