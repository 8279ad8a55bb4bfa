/* What device code has of <time.h>, clock_t and clock(), is in the base header. */
