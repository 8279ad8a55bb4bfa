"""How programs are brought onto us: preloading, the environment of children, start-up files.

Everything on the way of `activation.install` runs in every Python start of an enabled environment, so it imports
nothing that a bare interpreter has not loaded already, except `_ctypes`: no typing, no collections.abc.
"""
