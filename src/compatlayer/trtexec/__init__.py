"""The command trtexec over the module tensorrt: builds engines, runs them, tells how long it took. Texts are ours."""
