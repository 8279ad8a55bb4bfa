"""The same API programs on our libcuda and on another one, the oracle: what each call answers, kept as JSON.

    calls.py        a libcuda whose every call is written down
    child.py        runs the programs of one file, in a process of its own
    programs.py     finds, runs and orders programs
    recording.py    recordings on disk, and how two differ

The programs themselves are in tests/oracle/programs; `compatlayer record` is the command.
"""
