"""usage: contender.py KIND [small]   (one contender's process; started by the suite, speaks JSON lines)"""

import sys

from suite.child import serve

if __name__ == "__main__":
    serve(sys.argv[1], "small" in sys.argv[2:])
