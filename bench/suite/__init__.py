"""The kernel suite: cases, the contenders that run them in processes of their own, and what is made of the times."""
